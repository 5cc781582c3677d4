"""The figures of reports, as data: one entry for each figure.

The page, the API, the tables and the reference all read these entries. A new figure needs only a
new entry, because ``store/reports/compute.py`` handles each kind (``Count``, ``Percentage``…).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handoff_service.rules.reports.facts import Began, BotResult
from handoff_service.rules.reports.figure_kinds import (
    AvailableTime,
    Count,
    Figure,
    Is,
    Known,
    Percentage,
    PerConversation,
    Quantile,
    Sum,
    SumPercentage,
    Unit,
)
from handoff_service.rules.reports.satisfaction_figures import SATISFACTION_FIGURES
from handoff_service.rules.reports.target_figures import TARGET_FIGURES
from handoff_service.rules.shared.phrases import joined, phrase, phrase_in


@dataclass(frozen=True, slots=True)
class _QuantileWords:
    """The heading and the definition of a quantile."""

    name: str
    q: float
    heading: Callable[[str], str]
    more: tuple[str, ...]


_HALF = phrase("Half of these times were this long or shorter.")
_NINE_TENTHS = phrase("Nine out of ten of these times were this long or shorter.")
_ONLY_OPEN = phrase("Only opening hours count.")
_CLOCK = (
    _QuantileWords(
        "median", 0.5, lambda heading: phrase("{figure}, median", figure=heading), (_HALF,)
    ),
    _QuantileWords(
        "p90",
        0.9,
        lambda heading: phrase("{figure}, 90th percentile", figure=heading),
        (_NINE_TENTHS,),
    ),
)
_BUSINESS = (
    _QuantileWords(
        "median",
        0.5,
        lambda heading: phrase("{figure}, median (business hours)", figure=heading),
        (_HALF, _ONLY_OPEN),
    ),
    _QuantileWords(
        "p90",
        0.9,
        lambda heading: phrase("{figure}, 90th percentile (business hours)", figure=heading),
        (_NINE_TENTHS, _ONLY_OPEN),
    ),
)


def _times(name: str, heading: str, definition: str, *, business: bool = False) -> list[Figure]:
    """Median and 90th percentile of a duration. ``business``: also in opening hours only."""
    clocks = [("", _CLOCK), ("_business", _BUSINESS)][: 2 if business else 1]
    return [
        Figure(
            name=f"{name}{suffix}_{words.name}",
            heading=words.heading(heading),
            definition=joined(" ", [definition, *words.more]),
            unit=Unit.SECONDS,
            how=Quantile(_COLUMN.get(name, name) + suffix, words.q),
            lower_is_better=True,
        )
        for suffix, quantiles in clocks
        for words in quantiles
    ]


_COLUMN = {"next_response": "next_responses"}
_BOT = (Is("began", (Began.VIRTUAL_AGENT,)),)
_BOT_ENDED = (Is("bot_result", (BotResult.SOLVED, BotResult.HANDED_OVER, BotResult.ABANDONED)),)


def _bot_share(name: str, heading: str, definition: str, result: BotResult, lower: bool) -> Figure:
    return Figure(
        name=name,
        heading=heading,
        definition=joined(
            " ",
            [
                definition,
                phrase(
                    "This figure counts conversations that a requester began with the virtual "
                    "agent, once they have ended or gone to a queue or an agent."
                ),
            ],
        ),
        unit=Unit.PERCENT,
        how=Percentage((Is("bot_result", (result,)),), _BOT_ENDED),
        lower_is_better=lower,
    )


_ENTRIES: tuple[Figure, ...] = (
    Figure(
        name="conversations",
        heading=phrase("Conversations"),
        definition=phrase("Conversations that began in the range."),
        unit=Unit.COUNT,
        how=Count(),
    ),
    Figure(
        name="texts_in",
        heading=phrase("Texts received"),
        definition=phrase("Texts from requesters in conversations that began in the range."),
        unit=Unit.COUNT,
        how=Sum("texts_in"),
    ),
    Figure(
        name="texts_out",
        heading=phrase("Texts sent"),
        definition=phrase(
            "Texts to requesters that the provider accepted, in conversations that began "
            "in the range."
        ),
        unit=Unit.COUNT,
        how=Sum("texts_out"),
    ),
    *_times(
        "first_response",
        phrase("First response"),
        phrase("The time from a conversation entering a queue to the first text of an agent."),
        business=True,
    ),
    *_times(
        "next_response",
        phrase("Next response"),
        phrase(
            "The time from a requester's first unanswered text to the agent's next text. "
            "Texts before the agent's first text do not count."
        ),
        business=True,
    ),
    *_times(
        "handling",
        phrase("Handling"),
        phrase("The time from an agent getting a conversation to its closing."),
    ),
    *_times(
        "resolution",
        phrase("Time to resolution"),
        phrase("The time from the beginning of a conversation to its closing."),
        business=True,
    ),
    Figure(
        name="queued",
        heading=phrase("Went to a queue"),
        definition=phrase(
            "Conversations that waited in a queue for an agent at least once. Transfers by agents "
            "do not count."
        ),
        unit=Unit.COUNT,
        how=Count((Is("was_queued", (1,)),)),
    ),
    *_times(
        "waiting",
        phrase("Waiting time"),
        phrase("The time from a conversation entering its first queue to an agent getting it."),
    ),
    Figure(
        name="abandoned_waiting",
        heading=phrase("Closed while waiting"),
        definition=phrase(
            "The share of conversations in a queue that were closed before an agent got them."
        ),
        unit=Unit.PERCENT,
        how=Percentage((Is("is_abandoned_waiting", (1,)),), (Is("was_queued", (1,)),)),
        lower_is_better=True,
    ),
    Figure(
        name="abandoned",
        heading=phrase("Abandoned"),
        definition=phrase(
            "The share of closed conversations that have the state Closed Abandoned."
        ),
        unit=Unit.PERCENT,
        how=Percentage((Is("is_abandoned", (1,)),), (Is("is_closed", (1,)),)),
        lower_is_better=True,
    ),
    Figure(
        name="offers_accepted",
        heading=phrase("Offers accepted"),
        definition=phrase("Offers that agents accepted."),
        unit=Unit.COUNT,
        how=Sum("accepted_by"),
    ),
    Figure(
        name="offers_declined",
        heading=phrase("Offers rejected"),
        definition=phrase("Offers that agents rejected."),
        unit=Unit.COUNT,
        how=Sum("declined_by"),
        lower_is_better=True,
    ),
    Figure(
        name="offers_expired",
        heading=phrase("Offers expired"),
        definition=phrase("Offers that ended because the agent did not answer in time."),
        unit=Unit.COUNT,
        how=Sum("expired_by"),
        lower_is_better=True,
    ),
    Figure(
        name="answers",
        heading=phrase("Agents' texts"),
        definition=phrase(
            "Texts that agents wrote. In a table by agent, each text counts for its writer."
        ),
        unit=Unit.COUNT,
        how=Sum("answered_by"),
    ),
    Figure(
        name="available",
        heading=phrase("Time available"),
        definition=phrase(
            "How long agents were in a presence state that gets offers, in the range."
        ),
        unit=Unit.SECONDS,
        how=AvailableTime(),
    ),
    Figure(
        name="load",
        heading=phrase("Average load"),
        definition=phrase(
            "Handling time divided by time available: how many conversations an available "
            "agent had at a time."
        ),
        unit=Unit.RATIO,
        how=AvailableTime(load=True),
    ),
    Figure(
        name="bot_began",
        heading=phrase("Began with the virtual agent"),
        definition=phrase(
            "Conversations that a requester began and that the virtual agent answered first."
        ),
        unit=Unit.COUNT,
        how=Count(_BOT),
    ),
    _bot_share(
        "contained",
        phrase("Solved without a person"),
        phrase(
            "The share of conversations that closed as complete without going to a queue "
            "or an agent."
        ),
        BotResult.SOLVED,
        lower=False,
    ),
    _bot_share(
        "handed_over",
        phrase("Handed to agents"),
        phrase("The share that went to a queue or an agent."),
        BotResult.HANDED_OVER,
        lower=True,
    ),
    _bot_share(
        "bot_abandoned",
        phrase("Abandoned with the virtual agent"),
        phrase(
            "The share of conversations that closed as abandoned without going to a queue "
            "or an agent."
        ),
        BotResult.ABANDONED,
        lower=True,
    ),
    Figure(
        name="not_understood",
        heading=phrase("Texts not understood"),
        definition=phrase(
            "Turns in which the virtual agent found no intent. One turn can answer several texts "
            "in a row."
        ),
        unit=Unit.COUNT,
        how=Sum("not_understood"),
        lower_is_better=True,
    ),
    Figure(
        name="durable",
        heading=phrase("Durable resolution"),
        definition=phrase(
            "The share of closed conversations that were closed complete and after which the "
            "requester did not begin another one on the same company number within 7 days. "
            "A conversation counts when these 7 days have passed."
        ),
        unit=Unit.PERCENT,
        how=Percentage((Is("is_durable", (1,)),), (Known("is_durable"),)),
        lower_is_better=False,
    ),
    Figure(
        name="came_back",
        heading=phrase("Requester came back"),
        definition=phrase(
            "The share of closed conversations after which the requester began another one on "
            "the same company number within 7 days. A conversation counts when these 7 days "
            "have passed."
        ),
        unit=Unit.PERCENT,
        how=Percentage((Is("came_back", (1,)),), (Known("came_back"),)),
        lower_is_better=True,
    ),
    Figure(
        name="reopened",
        heading=phrase("Reopened"),
        definition=phrase("Closed conversations that an agent or a requester's text reopened."),
        unit=Unit.COUNT,
        how=Count((Is("was_reopened", (1,)),)),
        lower_is_better=True,
    ),
    Figure(
        name="promises_kept",
        heading=phrase("Promises kept"),
        definition=phrase(
            "The share of agents' promises that were kept in time, among those that were "
            "kept or missed."
        ),
        unit=Unit.PERCENT,
        how=SumPercentage("promises_kept", ("promises_kept", "promises_missed")),
        lower_is_better=False,
    ),
    *SATISFACTION_FIGURES,
    Figure(
        name="delivered",
        heading=phrase_in("number of texts", "Delivered"),
        definition=phrase("The share of sent texts that the provider reports as delivered."),
        unit=Unit.PERCENT,
        how=SumPercentage("delivered", ("texts_out",)),
        lower_is_better=False,
    ),
    Figure(
        name="failed",
        heading=phrase("Failed texts"),
        definition=phrase("Sent texts that the provider reports as undelivered or failed."),
        unit=Unit.COUNT,
        how=Sum("failed_codes"),
        lower_is_better=True,
    ),
    Figure(
        name="segments",
        heading=phrase("Segments"),
        definition=phrase("Segments of the texts that the provider accepted."),
        unit=Unit.COUNT,
        how=Sum("segments"),
    ),
    Figure(
        name="cost",
        heading=phrase("Cost"),
        definition=phrase(
            "The prices that the provider has reported for texts in both directions, in "
            "the currency that is most frequent in the range."
        ),
        unit=Unit.MONEY,
        how=Sum("cost"),
    ),
    Figure(
        name="segments_per_durable",
        heading=phrase("Segments per durable resolution"),
        definition=phrase("All segments, divided by the conversations with a durable resolution."),
        unit=Unit.RATIO,
        how=PerConversation("segments", (Is("is_durable", (1,)),)),
        lower_is_better=True,
    ),
    Figure(
        name="cost_per_durable",
        heading=phrase("Cost per durable resolution"),
        definition=phrase(
            "The whole cost, divided by the conversations with a durable resolution."
        ),
        unit=Unit.MONEY,
        how=PerConversation("cost", (Is("is_durable", (1,)),)),
        lower_is_better=True,
    ),
)


FIGURES: Mapping[str, Figure] = {one.name: one for one in (*_ENTRIES, *TARGET_FIGURES)}

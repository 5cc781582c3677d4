"""Figures of reports: one entry each, as data.

The page, the API, the tables and the reference all read these entries. A new figure is a new entry:
``store/reports/compute.py`` handles each kind of figure (``Count``, ``Percentage``…).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from handoff_service.rules.reports.facts import Began, BotResult
from handoff_service.rules.shared.phrases import joined, phrase, phrase_in
from handoff_service.rules.shared.vocabulary import Author


class Unit(StrEnum):
    COUNT = "count"
    SECONDS = "seconds"
    PERCENT = "percent"
    MONEY = "money"  # millionths of the currency
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Is:
    """A condition on a conversation: the column has one of these values."""

    column: str
    values: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """A condition on a conversation: the column is known and greater than 0, or its list has
    entries."""

    column: str


@dataclass(frozen=True, slots=True)
class Known:
    """A condition on a conversation: the column is not null."""

    column: str


type Where = tuple[Is | Has | Known, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """The number of conversations."""

    where: Where = ()


@dataclass(frozen=True, slots=True)
class Percentage:
    """The percentage of conversations ``among`` which ``where`` also holds."""

    where: Where
    among: Where


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of a number, or the number of entries of a list."""

    column: str


@dataclass(frozen=True, slots=True)
class SumPercentage:
    """The sum of one column as a percentage of the sum of several."""

    column: str
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of all values of a column: of the values themselves, never of other medians."""

    column: str
    q: float


@dataclass(frozen=True, slots=True)
class PerConversation:
    """The sum of a column over all conversations, divided by the conversations that fit."""

    column: str
    where: Where


@dataclass(frozen=True, slots=True)
class AvailableTime:
    """The seconds for which agents were available. With ``load``: the handling time divided by
    these seconds."""

    load: bool = False


type How = Count | Percentage | Sum | SumPercentage | Quantile | PerConversation | AvailableTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """``definition``: one sentence that a supervisor reads. ``lower_is_better``: None if
    neither direction is better."""

    name: str
    heading: str
    definition: str
    unit: Unit
    how: How
    lower_is_better: bool | None = None
    #: whether a percentage is shown with its confidence interval
    with_interval: bool = False

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it is computed from."""
        return frozenset(_columns(self.how))


def _columns(how: How) -> Iterable[str]:
    match how:
        case Count(where):
            return [one.column for one in where]
        case Percentage(where, among):
            return [one.column for one in where + among]
        case SumPercentage(column, of):
            return [column, *of]
        case PerConversation(column, where):
            return [column, *(one.column for one in where), *_money(column)]
        case Sum(column):
            return [column, *_money(column)]
        case Quantile(column):
            return [column]
        case AvailableTime(load):
            return ["handling", "agent_id"] if load else []


def _money(column: str) -> list[str]:
    return ["currency"] if column == "cost" else []


@dataclass(frozen=True, slots=True)
class _QuantileWords:
    """The heading and the definition of a quantile."""

    name: str
    q: float
    heading: Callable[[str], str]
    more: tuple[str, ...]


_HALF = phrase("Half of these times were this long or shorter.")
_NINE_TENTHS = phrase("Nine of ten of these times were this long or shorter.")
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
    """Median and 90th percentile of a duration, by the clock and in opening hours."""
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


_INTERVAL = phrase("The range in parentheses contains the true share (confidence: 95%).")
_GRADED = (Known("grade"),)


def _satisfied(name: str, heading: str, definition: str, *who: Is) -> Figure:
    return Figure(
        name=name,
        heading=heading,
        definition=joined(" ", [definition, _INTERVAL]),
        unit=Unit.PERCENT,
        how=Percentage((Is("grade", (4, 5)),), _GRADED + who),
        lower_is_better=False,
        with_interval=True,
    )


_GRADES = (
    (5, phrase("Conversations with the grade 5, the best.")),
    (4, phrase("Conversations with the grade 4.")),
    (3, phrase("Conversations with the grade 3.")),
    (2, phrase("Conversations with the grade 2.")),
    (1, phrase("Conversations with the grade 1, the worst.")),
)
_SATISFACTION = (
    Figure(
        name="asked",
        heading=phrase("Questions sent"),
        definition=phrase("Conversations after which the requester was asked how it went."),
        unit=Unit.COUNT,
        how=Count((Is("was_asked", (1,)),)),
    ),
    Figure(
        name="graded",
        heading=phrase("Grades"),
        definition=phrase("Conversations that the requester graded from 1 to 5."),
        unit=Unit.COUNT,
        how=Count(_GRADED),
    ),
    Figure(
        name="response_rate",
        heading=phrase("Response rate"),
        definition=joined(" ", [phrase(
            "The share of these questions that got a grade."), _INTERVAL]),
        unit=Unit.PERCENT,
        how=Percentage(_GRADED, (Is("was_asked", (1,)),)),
        lower_is_better=False,
        with_interval=True,
    ),
    _satisfied("satisfied", phrase("Satisfied"), phrase(
        "The share of grades 4 and 5 among all grades.")),
    _satisfied(
        "satisfied_agents", phrase("Satisfied, with agents"),
        phrase(
            "The share of grades 4 and 5 among grades of conversations that an agent or a queue "
            "had."), Is("solved_by", (Author.AGENT,)),
    ),
    _satisfied(
        "satisfied_bot", phrase("Satisfied, with the virtual agent"),
        phrase(
            "The share of grades 4 and 5 among grades of conversations that no agent or queue "
            "ever had."),
        Is("solved_by", (Author.VIRTUAL_AGENT,)),
    ),
    *(
        Figure(
            name=f"grade_{grade}",
            heading=phrase("Grade {grade}", grade=grade),
            definition=meaning,
            unit=Unit.COUNT,
            how=Count((Is("grade", (grade,)),)),
        )
        for grade, meaning in _GRADES
    ),
)  # fmt: skip
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
            "The time from a requester's first unanswered text to the agent's next text, "
            "after the agent's first one."
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
        definition=phrase("Conversations that waited in a queue for an agent at least once."),
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
        definition=phrase("Texts to the virtual agent for which it found no intent."),
        unit=Unit.COUNT,
        how=Sum("not_understood"),
        lower_is_better=True,
    ),
    Figure(
        name="durable",
        heading=phrase("Durable resolution"),
        definition=phrase(
            "The share of closed conversations that were closed complete and whose "
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
            "The share of closed conversations whose requester began another one on the "
            "same company number within 7 days. A conversation counts when these 7 days "
            "have passed."
        ),
        unit=Unit.PERCENT,
        how=Percentage((Is("came_back", (1,)),), (Known("came_back"),)),
        lower_is_better=True,
    ),
    Figure(
        name="reopened",
        heading=phrase("Reopened"),
        definition=phrase("Conversations that an agent reopened after closing them."),
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
    *_SATISFACTION,
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


_TARGETS_COUNT = phrase("Targets count opening hours and leave out time on hold.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _TargetWords:
    """Headings and definitions of the figures of one target."""

    on_time: str
    share: str
    met: str
    count_met: str
    missed: str
    count_missed: str


def _met(name: str, column: str, words: _TargetWords) -> tuple[Figure, ...]:
    """The share that met a target of a conversation, and how many met and missed it."""
    met, missed, known = (Is(column, (1,)),), (Is(column, (0,)),), (Known(column),)
    return (
        _on_time(name, words.on_time, words.share, Percentage(met, known)),
        Figure(
            name=f"{name}_met",
            heading=words.met,
            definition=words.count_met,
            unit=Unit.COUNT,
            how=Count(met),
            lower_is_better=False,
        ),
        Figure(
            name=f"{name}_missed",
            heading=words.missed,
            definition=words.count_missed,
            unit=Unit.COUNT,
            how=Count(missed),
            lower_is_better=True,
        ),
    )


def _on_time(name: str, heading: str, definition: str, how: How) -> Figure:
    return Figure(
        name=f"{name}_on_time",
        heading=heading,
        definition=joined(" ", [definition, _TARGETS_COUNT]),
        unit=Unit.PERCENT,
        how=how,
        lower_is_better=False,
    )


_NEXT = ("next_responses_met", "next_responses_missed")
TARGET_FIGURES = (
    *_met(
        "first_response",
        "first_response_target",
        _TargetWords(
            on_time=phrase("First response on time"),
            share=phrase(
                "The share whose first response met the target of its queue, among those that "
                "met or missed it."
            ),
            met=phrase("First response targets met"),
            count_met=phrase("Conversations whose first response met the target of their queue."),
            missed=phrase("First response targets missed"),
            count_missed=phrase(
                "Conversations whose first response missed the target of their queue."
            ),
        ),
    ),
    _on_time(
        "next_response",
        phrase("Next response on time"),
        phrase(
            "The share of later answers that met the target of its queue, among those that met "
            "or missed it."
        ),
        SumPercentage("next_responses_met", _NEXT),
    ),
    Figure(
        name="next_response_met",
        heading=phrase("Next response targets met"),
        definition=phrase("Later answers of agents that met the target of the queue."),
        unit=Unit.COUNT,
        how=Sum("next_responses_met"),
        lower_is_better=False,
    ),
    Figure(
        name="next_response_missed",
        heading=phrase("Next response targets missed"),
        definition=phrase(
            "Later answers of agents that missed the target of the queue, or are overdue."
        ),
        unit=Unit.COUNT,
        how=Sum("next_responses_missed"),
        lower_is_better=True,
    ),
    *_met(
        "resolution",
        "resolution_target",
        _TargetWords(
            on_time=phrase("Resolution on time"),
            share=phrase(
                "The share whose resolution met the target of its queue, among those that met or "
                "missed it."
            ),
            met=phrase("Resolution targets met"),
            count_met=phrase("Conversations whose resolution met the target of their queue."),
            missed=phrase("Resolution targets missed"),
            count_missed=phrase("Conversations whose resolution missed the target of their queue."),
        ),
    ),
)
FIGURES: Mapping[str, Figure] = {one.name: one for one in (*_ENTRIES, *TARGET_FIGURES)}


def figure_conversations(how: How) -> tuple[Where, str | None]:
    """The conversations that a figure counts, and the column that sorts them: the longest time or
    the largest number comes first.
    """
    match how:
        case Count(where):
            return where, None
        case Percentage(where, among):
            return among + where, None
        case SumPercentage(column):
            return (Has(column),), column
        case Sum(column):
            return (Has(column),), column
        case Quantile(column):
            return (Known(column),), column
        case PerConversation(column):
            return (Has(column),), column
        case AvailableTime():
            return (Known("handling"),), "handling"

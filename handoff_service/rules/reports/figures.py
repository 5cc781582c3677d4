"""Figures of reports: one entry each, as data.

The page, the API, the tables and the reference all read these entries. A new figure is a new entry:
``store/reports/compute.py`` handles each kind of figure (``Count``, ``Percentage``…).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from handoff_service.rules.reports.facts import Began, BotResult
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
    """Seconds for which agents were available, or (``load``) the handling time divided by them."""

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


def _times(name: str, heading: str, definition: str, *, business: bool = False) -> list[Figure]:
    """Median and 90th percentile of a duration, by the clock and in opening hours."""
    clocks = [("", "", ""), ("_business", " (business hours)", " Only opening hours count.")]
    made = []
    for suffix, note, more in clocks[: 2 if business else 1]:
        for q, short, words in ((0.5, "median", "Half"), (0.9, "p90", "90 %")):
            label = "median" if q == 0.5 else "90th percentile"
            made.append(
                Figure(
                    name=f"{name}{suffix}_{short}",
                    heading=f"{heading}, {label}{note}",
                    definition=f"{definition} {words} of these times were this long or shorter."
                    f"{more}",
                    unit=Unit.SECONDS,
                    how=Quantile(_COLUMN.get(name, name) + suffix, q),
                    lower_is_better=True,
                )
            )
    return made


_COLUMN = {"next_response": "next_responses"}
_BOT = (Is("began", (Began.VIRTUAL_AGENT,)),)
_BOT_ENDED = (Is("bot_result", (BotResult.SOLVED, BotResult.HANDED_OVER, BotResult.ABANDONED)),)


def _bot_share(name: str, heading: str, definition: str, result: BotResult, lower: bool) -> Figure:
    return Figure(
        name=name,
        heading=heading,
        definition=f"{definition} This figure counts conversations that a requester began with "
        "the virtual agent, once they have ended or gone to a queue or an agent.",
        unit=Unit.PERCENT,
        how=Percentage((Is("bot_result", (result,)),), _BOT_ENDED),
        lower_is_better=lower,
    )


_INTERVAL = " The range in parentheses contains the true share with 95 % confidence."
_GRADED = (Known("grade"),)


def _satisfied(name: str, heading: str, whose: str, *who: Is) -> Figure:
    return Figure(
        name=name,
        heading=heading,
        definition=f"The share of grades 4 and 5 among {whose}.{_INTERVAL}",
        unit=Unit.PERCENT,
        how=Percentage((Is("grade", (4, 5)),), _GRADED + who),
        lower_is_better=False,
        with_interval=True,
    )


_SATISFACTION = (
    Figure(
        name="asked",
        heading="Questions sent",
        definition="Conversations after which the requester was asked how it went.",
        unit=Unit.COUNT,
        how=Count((Is("was_asked", (1,)),)),
    ),
    Figure(
        name="graded",
        heading="Grades",
        definition="Conversations that the requester graded from 1 to 5.",
        unit=Unit.COUNT,
        how=Count(_GRADED),
    ),
    Figure(
        name="response_rate",
        heading="Response rate",
        definition=f"The share of these questions that got a grade.{_INTERVAL}",
        unit=Unit.PERCENT,
        how=Percentage(_GRADED, (Is("was_asked", (1,)),)),
        lower_is_better=False,
        with_interval=True,
    ),
    _satisfied("satisfied", "Satisfied", "all grades"),
    _satisfied(
        "satisfied_agents", "Satisfied, with agents",
        "grades of conversations that an agent or a queue had", Is("solved_by", (Author.AGENT,)),
    ),
    _satisfied(
        "satisfied_bot", "Satisfied, with the virtual agent",
        "grades of conversations that no agent or queue ever had",
        Is("solved_by", (Author.VIRTUAL_AGENT,)),
    ),
    *(
        Figure(
            name=f"grade_{grade}",
            heading=f"Grade {grade}",
            definition=f"Conversations with the grade {grade}{meaning}.",
            unit=Unit.COUNT,
            how=Count((Is("grade", (grade,)),)),
        )
        for grade, meaning in ((5, ", the best"), (4, ""), (3, ""), (2, ""), (1, ", the worst"))
    ),
)  # fmt: skip
_ENTRIES: tuple[Figure, ...] = (
    Figure(
        name="conversations",
        heading="Conversations",
        definition="Conversations that began in the range.",
        unit=Unit.COUNT,
        how=Count(),
    ),
    Figure(
        name="texts_in",
        heading="Texts received",
        definition="Texts from requesters in conversations that began in the range.",
        unit=Unit.COUNT,
        how=Sum("texts_in"),
    ),
    Figure(
        name="texts_out",
        heading="Texts sent",
        definition="Texts to requesters that the provider accepted, in conversations that began "
        "in the range.",
        unit=Unit.COUNT,
        how=Sum("texts_out"),
    ),
    *_times(
        "first_response",
        "First response",
        "The time from a conversation entering a queue to the first text of an agent.",
        business=True,
    ),
    *_times(
        "next_response",
        "Next response",
        "The time from a requester's first unanswered text to the agent's next text, after the "
        "agent's first one.",
        business=True,
    ),
    *_times(
        "handling",
        "Handling",
        "The time from an agent getting a conversation to its closing.",
    ),
    *_times(
        "resolution",
        "Time to resolution",
        "The time from the beginning of a conversation to its closing.",
        business=True,
    ),
    Figure(
        name="queued",
        heading="Went to a queue",
        definition="Conversations that waited in a queue for an agent at least once.",
        unit=Unit.COUNT,
        how=Count((Is("was_queued", (1,)),)),
    ),
    *_times(
        "waiting",
        "Waiting",
        "The time from a conversation entering its first queue to an agent getting it.",
    ),
    Figure(
        name="abandoned_waiting",
        heading="Closed while waiting",
        definition="The share of conversations in a queue that were closed before an agent got "
        "them.",
        unit=Unit.PERCENT,
        how=Percentage((Is("is_abandoned_waiting", (1,)),), (Is("was_queued", (1,)),)),
        lower_is_better=True,
    ),
    Figure(
        name="abandoned",
        heading="Abandoned",
        definition="The share of closed conversations that have the state Closed Abandoned.",
        unit=Unit.PERCENT,
        how=Percentage((Is("is_abandoned", (1,)),), (Is("is_closed", (1,)),)),
        lower_is_better=True,
    ),
    Figure(
        name="offers_accepted",
        heading="Offers accepted",
        definition="Offers that agents accepted.",
        unit=Unit.COUNT,
        how=Sum("accepted_by"),
    ),
    Figure(
        name="offers_declined",
        heading="Offers declined",
        definition="Offers that agents rejected.",
        unit=Unit.COUNT,
        how=Sum("declined_by"),
        lower_is_better=True,
    ),
    Figure(
        name="offers_expired",
        heading="Offers expired",
        definition="Offers that ended because the agent did not answer in time.",
        unit=Unit.COUNT,
        how=Sum("expired_by"),
        lower_is_better=True,
    ),
    Figure(
        name="answers",
        heading="Agents' texts",
        definition="Texts that agents wrote. In a table by agent, each text counts for its writer.",
        unit=Unit.COUNT,
        how=Sum("answered_by"),
    ),
    Figure(
        name="available",
        heading="Time available",
        definition="The time for which agents had a presence that takes work, in the range.",
        unit=Unit.SECONDS,
        how=AvailableTime(),
    ),
    Figure(
        name="load",
        heading="Average load",
        definition="Handling time divided by time available: how many conversations an available "
        "agent had at a time.",
        unit=Unit.RATIO,
        how=AvailableTime(load=True),
    ),
    Figure(
        name="bot_began",
        heading="Began with the virtual agent",
        definition="Conversations that a requester began and that the virtual agent answered "
        "first.",
        unit=Unit.COUNT,
        how=Count(_BOT),
    ),
    _bot_share(
        "contained",
        "Solved without a person",
        "The share that was closed complete and that no agent or queue ever had.",
        BotResult.SOLVED,
        lower=False,
    ),
    _bot_share(
        "handed_over",
        "Handed to agents",
        "The share that went to a queue or an agent.",
        BotResult.HANDED_OVER,
        lower=True,
    ),
    _bot_share(
        "bot_abandoned",
        "Abandoned with the virtual agent",
        "The share that was closed as abandoned and that no agent or queue ever had.",
        BotResult.ABANDONED,
        lower=True,
    ),
    Figure(
        name="not_understood",
        heading="Texts not understood",
        definition="Texts to the virtual agent for which it found no intent.",
        unit=Unit.COUNT,
        how=Sum("not_understood"),
        lower_is_better=True,
    ),
    Figure(
        name="durable",
        heading="Durable resolution",
        definition="The share of closed conversations that were closed complete and whose "
        "requester did not begin another one on the same company number within 7 days. A "
        "conversation counts when these 7 days have passed.",
        unit=Unit.PERCENT,
        how=Percentage((Is("is_durable", (1,)),), (Known("is_durable"),)),
        lower_is_better=False,
    ),
    Figure(
        name="came_back",
        heading="Requester came back",
        definition="The share of closed conversations whose requester began another one on the "
        "same company number within 7 days. A conversation counts when these 7 days have passed.",
        unit=Unit.PERCENT,
        how=Percentage((Is("came_back", (1,)),), (Known("came_back"),)),
        lower_is_better=True,
    ),
    Figure(
        name="reopened",
        heading="Reopened",
        definition="Conversations that an agent reopened after closing them.",
        unit=Unit.COUNT,
        how=Count((Is("was_reopened", (1,)),)),
        lower_is_better=True,
    ),
    Figure(
        name="promises_kept",
        heading="Promises kept",
        definition="The share of agents' promises that were kept in time, among those that were "
        "kept or missed.",
        unit=Unit.PERCENT,
        how=SumPercentage("promises_kept", ("promises_kept", "promises_missed")),
        lower_is_better=False,
    ),
    *_SATISFACTION,
    Figure(
        name="delivered",
        heading="Delivered",
        definition="The share of sent texts that the provider reports as delivered.",
        unit=Unit.PERCENT,
        how=SumPercentage("delivered", ("texts_out",)),
        lower_is_better=False,
    ),
    Figure(
        name="failed",
        heading="Failed texts",
        definition="Sent texts that the provider reports as undelivered or failed.",
        unit=Unit.COUNT,
        how=Sum("failed_codes"),
        lower_is_better=True,
    ),
    Figure(
        name="segments",
        heading="Segments",
        definition="Segments of the texts that the provider accepted.",
        unit=Unit.COUNT,
        how=Sum("segments"),
    ),
    Figure(
        name="cost",
        heading="Cost",
        definition="The prices that the provider has reported for texts in both directions, in "
        "the currency that is most frequent in the range.",
        unit=Unit.MONEY,
        how=Sum("cost"),
    ),
    Figure(
        name="segments_per_durable",
        heading="Segments per durable resolution",
        definition="All segments, divided by the conversations with a durable resolution.",
        unit=Unit.RATIO,
        how=PerConversation("segments", (Is("is_durable", (1,)),)),
        lower_is_better=True,
    ),
    Figure(
        name="cost_per_durable",
        heading="Cost per durable resolution",
        definition="The whole cost, divided by the conversations with a durable resolution.",
        unit=Unit.MONEY,
        how=PerConversation("cost", (Is("is_durable", (1,)),)),
        lower_is_better=True,
    ),
)
FIGURES: Mapping[str, Figure] = {one.name: one for one in _ENTRIES}


def figure_conversations(how: How) -> tuple[Where, str | None]:
    """The conversations that a figure counts, and the column by which they are sorted: those with
    the longest time or the largest number come first."""
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

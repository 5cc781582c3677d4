"""The kinds of figures in reports: how each is computed from the columns of conversations."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


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
    """Among the conversations that meet ``among``, the percentage that also meets ``where``."""

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
    """A quantile of all values of a column. It is never computed from other quantiles."""

    column: str
    q: float


@dataclass(frozen=True, slots=True)
class PerConversation:
    """The sum of a column over all conversations, divided by the number that meet ``where``."""

    column: str
    where: Where


@dataclass(frozen=True, slots=True)
class AvailableTime:
    """How many seconds agents were available. ``load``: the handling time divided by that."""

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
        """The columns from which the figure is computed."""
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

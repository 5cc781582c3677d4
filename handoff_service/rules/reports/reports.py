"""The reports: which figures a page shows together, and how its table can be grouped."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from handoff_service.rules.shared.phrases import phrase


class GroupBy(StrEnum):
    """The kinds of rows in a report table. Each value is a column name."""

    QUEUE = "queue_id"
    NUMBER = "provider_number_id"
    AGENT = "agent_id"
    TOPIC = "topic"
    LABEL = "labels"
    LANGUAGE = "language"
    REASON = "handoff_reason"
    PRIORITY = "priority"
    ERROR = "failed_codes"
    SOLVER = "solved_by"
    ATTRIBUTE = "attribute_values"


#: the name of a grouping in URLs -> its column and its heading
GROUPS: Mapping[str, tuple[GroupBy, str]] = {
    "queue": (GroupBy.QUEUE, phrase("Queue")),
    "number": (GroupBy.NUMBER, phrase("Company number")),
    "agent": (GroupBy.AGENT, phrase("Agent")),
    "topic": (GroupBy.TOPIC, phrase("Topic")),
    "label": (GroupBy.LABEL, phrase("Label")),
    "language": (GroupBy.LANGUAGE, phrase("Language")),
    "reason": (GroupBy.REASON, phrase("Handoff reason")),
    "priority": (GroupBy.PRIORITY, phrase("Priority")),
    "error": (GroupBy.ERROR, phrase("Delivery error")),
    "solver": (GroupBy.SOLVER, phrase("Solver")),
    "attribute": (GroupBy.ATTRIBUTE, phrase("Attribute")),
}

#: the table's heading for each grouping
TABLE_HEADINGS: Mapping[str, str] = {
    "queue": phrase("By queue"),
    "number": phrase("By company number"),
    "agent": phrase("By agent"),
    "topic": phrase("By topic"),
    "label": phrase("By label"),
    "language": phrase("By language"),
    "reason": phrase("By handoff reason"),
    "priority": phrase("By priority"),
    "error": phrase("By delivery error"),
    "solver": phrase("By solver"),
    "attribute": phrase("By attribute"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A page of figures. ``charts``: the figures of each chart, which have the same unit.
    ``groups``: names in ``GROUPS``, the default first."""

    name: str
    heading: str
    figures: tuple[str, ...]
    charts: tuple[tuple[str, ...], ...]
    groups: tuple[str, ...]


_ENTRIES = (
    Report(
        name="volume",
        heading=phrase("Volume"),
        figures=("conversations", "texts_in", "texts_out"),
        charts=(("conversations",), ("texts_in", "texts_out")),
        groups=("queue", "number", "topic", "label", "language", "attribute"),
    ),
    Report(
        name="responses",
        heading=phrase("Response times"),
        figures=(
            "first_response_median", "first_response_p90", "first_response_business_median",
            "first_response_business_p90", "next_response_median", "next_response_p90",
            "next_response_business_median", "next_response_business_p90",
        ),
        charts=(("first_response_median", "first_response_p90"),
                ("next_response_median", "next_response_p90")),
        groups=("queue", "agent", "topic", "number"),
    ),
    Report(
        name="resolution",
        heading=phrase("Handling and resolution"),
        figures=(
            "handling_median", "handling_p90", "resolution_median", "resolution_p90",
            "resolution_business_median", "resolution_business_p90",
        ),
        charts=(("handling_median", "handling_p90"), ("resolution_median", "resolution_p90")),
        groups=("queue", "agent", "topic", "label", "attribute"),
    ),
    Report(
        name="waiting",
        heading=phrase("Waiting and offers"),
        figures=(
            "queued", "waiting_median", "waiting_p90", "abandoned_waiting", "abandoned",
            "offers_accepted", "offers_declined", "offers_expired",
        ),
        charts=(("waiting_median", "waiting_p90"), ("abandoned_waiting",),
                ("offers_accepted", "offers_declined")),
        groups=("queue", "number", "topic"),
    ),
    Report(
        name="targets",
        heading=phrase("Targets"),
        figures=(
            "first_response_on_time", "first_response_met", "first_response_missed",
            "next_response_on_time", "next_response_met", "next_response_missed",
            "resolution_on_time", "resolution_met", "resolution_missed",
        ),
        charts=(("first_response_on_time", "next_response_on_time"), ("resolution_on_time",)),
        groups=("queue", "agent", "priority"),
    ),
    Report(
        name="agents",
        heading=phrase("Agents"),
        figures=(
            "conversations", "answers", "handling_median", "offers_accepted", "offers_declined",
            "offers_expired", "available", "load",
        ),
        charts=(("answers",),),
        groups=("agent",),
    ),
    Report(
        name="bot",
        heading=phrase("Virtual agent"),
        figures=("bot_began", "contained", "handed_over", "bot_abandoned", "not_understood"),
        charts=(("contained", "handed_over"), ("not_understood",)),
        groups=("topic", "reason", "language", "number"),
    ),
    Report(
        name="lasting",
        heading=phrase("Durable resolution"),
        figures=("durable", "came_back", "reopened", "promises_kept"),
        charts=(("durable", "came_back"),),
        groups=("queue", "agent", "topic"),
    ),
    Report(
        name="satisfaction",
        heading=phrase("Satisfaction"),
        figures=(
            "asked", "graded", "response_rate", "satisfied", "satisfied_agents", "satisfied_bot",
            "grade_5", "grade_4", "grade_3", "grade_2", "grade_1",
        ),
        charts=(("satisfied",), ("response_rate",), ("asked", "graded")),
        groups=("queue", "agent", "topic", "solver", "attribute"),
    ),
    Report(
        name="delivery",
        heading=phrase("Delivery"),
        figures=("texts_out", "delivered", "failed"),
        charts=(("texts_out",), ("failed",)),
        groups=("error", "number"),
    ),
    Report(
        name="cost",
        heading=phrase("Cost"),
        figures=("segments", "cost", "durable", "segments_per_durable", "cost_per_durable"),
        charts=(("segments",), ("cost",)),
        groups=("topic", "number", "queue"),
    ),
)  # fmt: skip
REPORTS: Mapping[str, Report] = {one.name: one for one in _ENTRIES}

"""The form of a queue: converts its lists (groups, skills, conditions) to form fields and back."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs

from sanic import Request

from handoff_service.errors import BadInput
from handoff_service.operations.routing.queue_fields import QueueEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.system_messages import QUEUES_OWN
from handoff_service.rules.routing import queue_conditions
from handoff_service.rules.routing.queue_conditions import USER
from handoff_service.rules.routing.queues import QueueFields
from handoff_service.rules.shared.conditions import Operator
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.admin import condition_rows
from handoff_service.web.admin.condition_rows import Fields, Row
from handoff_service.web.admin.pages import Form, lines
from handoff_service.web.shared import target_rows

TAB = "\t"  # separates the columns in a line of a list
CLOSED = ("provider_number",)  # fields for which the admin cannot type a value
LABELS = {
    "provider_number": phrase("Company number"),
    "topic": phrase("Topic"),
    "language": phrase("Language"),
}
NEW_ROW = Row("topic", "topic", Operator.IS, ())
EVERY_DAYS = "30"  # days between two satisfaction questions, if the field is empty
PLAIN = (
    "name",
    "match",
    "schedule",
    "time_zone",
    "country",
    "language",
    "assignment",
    "accept_seconds",
    "affinity_days",
)
NEW = {
    "name": "",
    "groups": "",
    "skills": "",
    "optional_skills": "",
    "conditions": "",
    "match": "all",
    "schedule": "",
    "time_zone": "",
    "country": "",
    "language": "en",
    "assignment": "most_capacity",
    "accept_seconds": "60",
    "auto_assign": "",
    "satisfaction_after_hours": "",
    "satisfaction_every_days": EVERY_DAYS,
    "affinity_days": "7",
    "alarm_seconds": "",
    **target_rows.NEW,
    "texts": "",
    **{f"{message}_text": "" for message in QUEUES_OWN},
}


def shown(queue: QueueFields) -> dict[str, str]:
    """Return the form's values for a stored queue."""
    return {
        **{name: str(getattr(queue, name) or "") for name in (*PLAIN, "alarm_seconds")},
        "affinity_days": str(queue.affinity_days),
        "satisfaction_after_hours": _number(queue.satisfaction_after_hours),
        "satisfaction_every_days": str(queue.satisfaction_every_days),
        "auto_assign": "1" if queue.auto_assign else "",
        "groups": "\n".join(f"{pool.after_seconds}{TAB}{pool.group}" for pool in queue.pools),
        "skills": "\n".join(skill.name for skill in queue.skills if skill.mandatory),
        "optional_skills": "\n".join(skill.name for skill in queue.skills if not skill.mandatory),
        "conditions": "\n".join(condition_rows.from_condition(c).flat() for c in queue.conditions),
        **target_rows.shown(queue.targets),
        "texts": "",
        **{f"{message}_text": queue.texts.get(message, "") for message in QUEUES_OWN},
    }


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def with_lists(request: Request, form: Form) -> Form:
    """Add the groups and conditions in the request to the form. Read blank fields, too, because
    each row needs all its columns."""
    sent = parse_qs(request.body.decode(errors="replace"), keep_blank_values=True)
    groups = [
        f"{sent.get(f'after {name}', ['0'])[0] or '0'}{TAB}{name}"
        for name in sent.get("groups", [])
    ]
    rows = condition_rows.changed(request, condition_rows.from_request(request), NEW_ROW)
    conditions = "\n".join(row.flat() for row in rows)
    return replace(
        form, values={**form.values, "groups": "\n".join(groups), "conditions": conditions}
    )


def fields(offers: Mapping[str, Mapping[str, str]]) -> Fields:
    """Return the fields that conditions of queues can compare. ``offers``: field -> value ->
    label."""
    labels = {**LABELS, **{name: _label(name) for name in offers if name not in LABELS}}
    return Fields(
        labels=labels,
        offers=offers,
        find=queue_conditions.field_of,
        parse=queue_conditions.parse,
        free=lambda name: name not in CLOSED,
    )


def _label(name: str) -> str:
    return phrase("Requester's {attribute}", attribute=name.removeprefix(USER))


def entry(form: Form, known: Fields) -> QueueEntry:
    """Convert the form to a queue. Raises BadInput, which names each wrong field and its
    requirement."""
    given, errors = form.values, dict[str, str]()
    typed = condition_rows.from_flat(given["conditions"])
    conditions = condition_rows.read(typed, known, errors)
    if errors:
        raise BadInput(errors=errors)
    return read_as(
        QueueEntry,
        {
            **{
                name: given[name]
                for name in (
                    *("name", "match", "language", "assignment", "accept_seconds"),
                    "affinity_days",
                )
            },
            **{
                name: given[name] or None
                for name in (
                    *("schedule", "time_zone", "country", "alarm_seconds"),
                    "satisfaction_after_hours",
                )
            },
            "groups": [
                {"name": name, "after_seconds": after} for after, name in rows(given["groups"])
            ],
            "skills": [
                {"name": name, "mandatory": field == "skills"}
                for field in ("skills", "optional_skills")
                for name in lines(given[field])
            ],
            "satisfaction_every_days": given["satisfaction_every_days"] or EVERY_DAYS,
            "conditions": conditions,
            "auto_assign": bool(given["auto_assign"]),
            "targets": target_rows.read(given),
            "texts": {message: given[f"{message}_text"] or None for message in QUEUES_OWN},
        },
    )


def rows(text: str) -> list[list[str]]:
    """Split a list into its lines, and each line into its columns."""
    return [line.split(TAB) for line in text.split("\n") if line]

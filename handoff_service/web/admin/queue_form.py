"""The form of a queue: converts its lists (groups, skills, conditions) to form fields and back."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from sanic import Request

from handoff_service.errors import BadInput
from handoff_service.operations.routing.queue_fields import QueueEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.system_messages import QUEUES_OWN
from handoff_service.rules.routing.queues import QueueFields
from handoff_service.rules.shared.conditions import Condition, Operator
from handoff_service.web.admin.pages import Form, lines

TAB = "\t"  # separates the columns in a line of a list
PLAIN = (
    "name",
    "match",
    "schedule",
    "time_zone",
    "country",
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
    "assignment": "most_capacity",
    "accept_seconds": "60",
    "auto_assign": "",
    "affinity_days": "7",
    "alarm_seconds": "",
    "texts": "",
    **{f"{message}_text": "" for message in QUEUES_OWN},
}


def shown(queue: QueueFields) -> dict[str, str]:
    """Return the form's values for a queue."""
    return {
        **{name: str(getattr(queue, name) or "") for name in (*PLAIN, "alarm_seconds")},
        "affinity_days": str(queue.affinity_days),
        "auto_assign": "1" if queue.auto_assign else "",
        "groups": "\n".join(f"{pool.after_seconds}{TAB}{pool.group}" for pool in queue.pools),
        "skills": "\n".join(skill.name for skill in queue.skills if skill.mandatory),
        "optional_skills": "\n".join(skill.name for skill in queue.skills if not skill.mandatory),
        "conditions": "\n".join(TAB.join(_parts(c)) for c in queue.conditions),
        "texts": "",
        **{f"{message}_text": queue.texts.get(message, "") for message in QUEUES_OWN},
    }


def with_lists(request: Request, form: Form) -> Form:
    """Return the sent form with its lists. Blank fields count, because they keep the columns of a
    row together."""
    sent = parse_qs(request.body.decode(errors="replace"), keep_blank_values=True)
    groups = [
        f"{sent.get(f'after {name}', ['0'])[0] or '0'}{TAB}{name}"
        for name in sent.get("groups", [])
    ]
    rows = zip(
        *(sent.get(f"condition_{part}", []) for part in ("field", "operator", "value")),
        strict=False,
    )
    conditions = [
        TAB.join(part.strip().replace(TAB, " ") for part in row) for row in rows if any(row[::2])
    ]
    return Form(
        values={**form.values, "groups": "\n".join(groups), "conditions": "\n".join(conditions)}
    )


def entry(form: Form) -> QueueEntry:
    """Return the queue that the form describes. BadInput names each wrong field and what it
    requires."""
    given = form.values
    return read_as(
        QueueEntry,
        {
            **{
                name: given[name]
                for name in ("name", "match", "assignment", "accept_seconds", "affinity_days")
            },
            **{
                name: given[name] or None
                for name in ("schedule", "time_zone", "country", "alarm_seconds")
            },
            "groups": [
                {"name": name, "after_seconds": after} for after, name in rows(given["groups"])
            ],
            "skills": [
                {"name": name, "mandatory": field == "skills"}
                for field in ("skills", "optional_skills")
                for name in lines(given[field])
            ],
            "conditions": [_condition(row) for row in rows(given["conditions"])],
            "auto_assign": bool(given["auto_assign"]),
            "texts": {message: given[f"{message}_text"] or None for message in QUEUES_OWN},
        },
    )


def rows(text: str) -> list[list[str]]:
    """Split a list into its lines, and each line into its columns."""
    return [line.split(TAB) for line in text.split("\n") if line]


def _parts(condition: Condition) -> Iterable[str]:
    value = condition.value
    return (
        condition.field,
        condition.operator,
        ", ".join(map(str, value)) if isinstance(value, list) else str(value),
    )


def _condition(row: list[str]) -> dict[str, Any]:
    name, operator, value = row
    if not name or not value:
        raise BadInput(
            errors={
                "conditions": f"needs a field and a value in each row; “{name or value}” is alone"
            }
        )
    several = operator in (Operator.IN, Operator.NOT_IN)
    values = [part.strip() for part in value.split(",") if part.strip()]
    return {"field": name, "operator": operator, "value": values if several else value}

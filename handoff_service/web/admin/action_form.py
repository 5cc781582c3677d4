"""The form of a messaging action: its fields, the choices that it offers, and the action that it
describes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

from sanic import Request

from handoff_service.errors import BadInput
from handoff_service.rules.messaging_actions.action_sentence import COMPARES
from handoff_service.rules.messaging_actions.messaging_actions import MessagingAction, faults
from handoff_service.rules.shared import conditions, durations
from handoff_service.rules.shared.conditions import Condition, Match, Operator
from handoff_service.rules.shared.vocabulary import Action, State, Unanswered
from handoff_service.web.admin.pages import Form, lines, number, typed

MOST_CONDITIONS = 20
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
NAMES = ("name", "event", "number", "unit", "business_hours", "match", "action", "text", "state",
    "queues",
         "provider_numbers", "active")  # fmt: skip
OFFERED = {  # the label of each field in a condition
    "state": "State",
    "owner": "Owner",
    "priority": "Priority",
    "queue": "Queue",
    "provider_number": "Company number",
    "assigned": "Assigned to an agent",
    "guest": "Requester is a guest",
}
SEVERAL = (Operator.IN, Operator.NOT_IN)
NEW = {"event": Unanswered.REQUESTER_MESSAGE, "number": "30", "unit": "m", "match": Match.ALL,
    "active": "1",
       "action": Action.PROMPT_AGENT, "state": State.ON_HOLD}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A condition as typed in the form."""

    field: str
    was: str  #: the field that ``values`` were chosen for; ``field`` may have changed since
    operator: str
    values: tuple[str, ...]

    def fitting(self, offers: Mapping[str, Mapping[str, str]]) -> Self:
        """Return the row with an operator and values that are valid for its field."""
        field = self.field if self.field in conditions.FIELDS else next(iter(conditions.FIELDS))
        operators = operators_of(field)
        operator = self.operator if self.operator in operators else next(iter(operators))
        values = self.values if self.was == field else ()
        if operator not in SEVERAL:
            values = values[:1] or tuple(offers[field])[:1]
        return type(self)(field, field, operator, values)

    def meant(self) -> Condition:
        """Return the condition. Raises ValueError with the sentence to show."""
        if self.field != self.was:
            raise ValueError("Choose a value to compare with.")
        if not self.values:
            raise ValueError("Choose at least one.")
        if self.field not in conditions.FIELDS:
            raise ValueError("Choose a field.")
        kind = conditions.FIELDS[self.field].kind
        read = [_typed(value, kind) for value in self.values]
        value = read if self.operator in SEVERAL else read[0]
        return conditions.parse({"field": self.field, "operator": self.operator, "value": value})


TAB = "\t"  # separates the parts of a condition in a form's value


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionForm:
    """The whole form: the plain fields and the rows of conditions."""

    form: Form
    rows: tuple[Row, ...] = ()

    def flat(self) -> Form:
        """The form with its conditions as one more value, a line for each."""
        written = [TAB.join((r.field, r.was, r.operator, *r.values)) for r in self.rows]
        return replace(self.form, values={**self.form.values, "conditions": "\n".join(written)})

    @classmethod
    def of_flat(cls, form: Form) -> Self:
        lines_of = [line.split(TAB) for line in form.values["conditions"].split("\n") if line]
        rows = tuple(Row(p[0], p[1], p[2], tuple(p[3:])) for p in lines_of)
        values = {name: value for name, value in form.values.items() if name != "conditions"}
        return cls(form=replace(form, values=values), rows=rows)

    def read(self) -> MessagingAction:
        """Return the action that the form describes. BadInput names each wrong field."""
        values, errors = self.form.values, dict[str, str]()
        duration = _duration(values, errors)
        meant = [_condition(row, n, errors) for n, row in enumerate(self.rows)]
        event = _one_of(Unanswered, values, "event", "Choose when it starts.", errors)
        does = _one_of(Action, values, "action", "Choose what it does.", errors)
        if not values["name"]:
            errors["name"] = "Write a name, such as “Remind the agent”."
        elif len(values["name"]) > 200:
            errors["name"] = "Write at most 200 characters."
        if errors or duration is None or event is None or does is None:
            raise BadInput("Something is missing or cannot be used.", errors=errors)
        return checked(
            MessagingAction(
                name=values["name"],
                event=event,
                duration=duration,
                action=does,
                conditions=tuple(one for one in meant if one is not None),
                match=Match.ANY if values["match"] == Match.ANY else Match.ALL,
                text=(values["text"] or None)
                if does in (Action.PROMPT_AGENT, Action.PROMPT_REQUESTER)
                else None,
                state=_state(values) if does is Action.SET_STATE else None,
                business_hours=bool(values["business_hours"]),
                queues=tuple(lines(values["queues"])),
                provider_numbers=tuple(lines(values["provider_numbers"])),
                active=bool(values["active"]),
            )
        )

    def changed(self, request: Request) -> Self:
        """Return the form with one condition added or removed, if the pressed button asks for
        that."""
        sent: Any = request.form or {}
        rows, taken = list(self.rows), str(sent.get("remove") or "")
        if taken.isdigit() and int(taken[:3]) < len(rows):
            del rows[int(taken[:3])]
        if sent.get("add") and len(rows) < MOST_CONDITIONS:
            rows.append(Row("state", "state", Operator.IS, (State.WORK_IN_PROGRESS,)))
        return type(self)(form=self.form, rows=tuple(rows))

    def fitting(self, offers: Mapping[str, Mapping[str, str]]) -> Self:
        return type(self)(form=self.form, rows=tuple(row.fitting(offers) for row in self.rows))


def sent(request: Request) -> ActionForm:
    """Read the form that the browser sent."""
    given: Any = request.form or {}
    rows = [
        Row(
            given.get(f"field-{n}"),
            given.get(f"was-{n}") or "",
            given.get(f"operator-{n}") or "",
            values,
        )
        for n in range(MOST_CONDITIONS)
        if given.get(f"field-{n}")
        for values in [tuple(given.getlist(f"value-{n}", []))]
    ]
    return ActionForm(form=typed(request, NAMES), rows=tuple(rows))


def of(action: MessagingAction | None) -> ActionForm:
    """Return the form of an existing action, or of a new one for None."""
    if action is None:
        return ActionForm(form=Form(values=dict.fromkeys(NAMES, "") | NEW))
    written = durations.write(action.duration)
    values = {
        "name": action.name,
        "event": action.event,
        "number": written[:-1],
        "unit": written[-1],
        "business_hours": "1" if action.business_hours else "",
        "match": action.match,
        "action": action.action,
        "text": action.text or "",
        "state": action.state or NEW["state"],
        "queues": "\n".join(action.queues),
        "provider_numbers": "\n".join(action.provider_numbers),
        "active": "1" if action.active else "",
    }
    return ActionForm(form=Form(values=values), rows=tuple(_row(one) for one in action.conditions))


def checked(action: MessagingAction) -> MessagingAction:
    """Return the action if it can be saved, else raise BadInput."""
    if wrong := faults(action):
        raise BadInput(errors={name: f"This {what}." for name, what in wrong.items()})
    return action


def operators_of(field: str) -> dict[str, str]:
    """Return the operators that a field can be compared by, with their labels."""
    return {
        str(one): COMPARES[one] for one in Operator if one in conditions.FIELDS[field].operators
    }


def _row(condition: Condition) -> Row:
    values = condition.value if isinstance(condition.value, list) else [condition.value]
    return Row(
        condition.field, condition.field, condition.operator, tuple(_written(one) for one in values)
    )


def _written(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(value: str, kind: type) -> Any:
    if kind is int:
        return int(value) if value.isascii() and value.isdigit() and len(value) < 4 else value
    return value == "true" if kind is bool and value in ("true", "false") else value


def _condition(row: Row, place: int, errors: dict[str, str]) -> Condition | None:
    try:
        return row.meant()
    except ValueError as error:
        errors[f"condition-{place}"] = str(error)
        return None


def _duration(values: Mapping[str, str], errors: dict[str, str]) -> timedelta | None:
    try:
        unit = values["unit"] if values["unit"] in UNITS else "m"
        return durations.parse(
            f"{number(values['number'], 'number', least=1, most=999_999_999)}{unit}"
        )
    except BadInput:
        errors["number"] = "Write a whole number, such as 30."
    except ValueError:
        errors["number"] = f"Write a time of at most {durations.LONGEST.days} days."
    return None


def _one_of[E: (Unanswered, Action)](
    kind: type[E], values: Mapping[str, str], name: str, message: str, errors: dict[str, str]
) -> E | None:
    if values[name] in list(kind):
        return kind(values[name])
    errors[name] = message
    return None


def _state(values: Mapping[str, str]) -> State | None:
    return State(values["state"]) if values["state"] in list(State) else None

"""The form of a messaging action: its fields, their choices, and the conversion between the form
and the action."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

from sanic import Request

from handoff_service.errors import BadInput
from handoff_service.rules.desk.attributes import AttributeFields, AttributeOwner
from handoff_service.rules.messaging_actions.attribute_conditions import (
    field_for,
    fitting,
    plain,
)
from handoff_service.rules.messaging_actions.messaging_actions import (
    DEFAULT_TEXTS,
    PROMPTS,
    MessagingAction,
    errors,
)
from handoff_service.rules.shared import conditions, durations
from handoff_service.rules.shared.conditions import (
    TARGET_FIELDS,
    USER,
    Condition,
    Field,
    Match,
    Operator,
)
from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.rules.shared.vocabulary import Action, State, Unanswered
from handoff_service.web.admin import condition_rows
from handoff_service.web.admin.condition_rows import Fields, Row
from handoff_service.web.admin.pages import LONGEST_NUMBER, Form, lines, number, typed
from handoff_service.web.shared.page_language import shown

UNITS = {"s": phrase("seconds"), "m": phrase("minutes"), "h": phrase("hours"), "d": phrase("days")}
NAMES = ("name", "event", "number", "unit", "business_hours", "match", "action", "text", "state",
    "queues",
         "provider_numbers", "active")  # fmt: skip
OFFERED = {  # field of a condition -> its label
    "state": phrase("State"),
    "owner": phrase("Owner"),
    "priority": phrase("Priority"),
    "queue": phrase("Queue"),
    "provider_number": phrase("Company number"),
    "assigned": phrase("Assigned to an agent"),
    "guest": phrase("Requester is a guest"),
    "first_response_left": phrase("Minutes left: first response"),
    "next_response_left": phrase("Minutes left: next response"),
    "resolution_left": phrase("Minutes left: resolution"),
}
OF_OWNER = {
    AttributeOwner.USER: phrase("User: {attribute}"),
    AttributeOwner.CONVERSATION: phrase("Conversation: {attribute}"),
}
NEW = {"event": Unanswered.REQUESTER_MESSAGE, "number": "30", "unit": "m", "match": Match.ALL,
    "active": "1",
       "action": Action.PROMPT_AGENT, "state": State.ON_HOLD}  # fmt: skip


def fields(
    offers: Mapping[str, Mapping[str, str]], defined: Mapping[str, AttributeFields]
) -> Fields:
    """Return the fields that conditions of messaging actions can compare. ``offers``: field ->
    value -> label. ``defined``: the attributes by field."""

    def find(name: str) -> Field:
        return field_for(defined[name]) if name in defined else conditions.FIELDS[name]

    def parse(written: Mapping[str, Any]) -> Condition:
        return fitting(conditions.parse(written), defined)

    def free(name: str) -> bool:
        return name in TARGET_FIELDS or (name in defined and not find(name).words)

    labels = {
        name: filled(OF_OWNER[one.owner], attribute=one.name) for name, one in defined.items()
    }
    return Fields(labels=OFFERED | labels, offers=offers, find=find, parse=parse, free=free)


def attribute_offers(defined: Mapping[str, AttributeFields]) -> dict[str, dict[str, str]]:
    """Return the values that the form offers for each attribute. An attribute without a fixed list
    of values offers none, because the admin types the value."""
    return {name: {word: word for word in field_for(one).words} for name, one in defined.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionForm:
    """The whole form: the plain fields, and the conditions as rows."""

    form: Form
    rows: tuple[Row, ...] = ()
    #: the attributes that conditions can compare, by field
    defined: Mapping[str, AttributeFields] = field(default_factory=dict)

    def with_attributes(self, defined: Mapping[str, AttributeFields]) -> Self:
        """Return the form for a desk with these attributes. A condition can also compare a
        user attribute that has no definition. Its values are then treated as text."""
        named = (row.field for row in self.rows if row.field.startswith(USER))
        loose = {name: plain(name) for name in named if name not in defined}
        return replace(self, defined={**defined, **loose})

    def flat(self) -> Form:
        """Return the plain fields and a field ``conditions`` with one line per condition."""
        written = [row.flat() for row in self.rows]
        return replace(self.form, values={**self.form.values, "conditions": "\n".join(written)})

    @classmethod
    def of_flat(cls, form: Form, defined: Mapping[str, AttributeFields] | None = None) -> Self:
        rows = condition_rows.from_flat(form.values["conditions"])
        values = {name: value for name, value in form.values.items() if name != "conditions"}
        made = cls(form=replace(form, values=values), rows=rows)
        return made.with_attributes(defined or {})

    def read(self) -> MessagingAction:
        """Return the action that the form describes. Raises BadInput, which names each wrong
        field."""
        values, errors = self.form.values, dict[str, str]()
        duration = _duration(values, errors)
        meant = condition_rows.read(self.rows, fields({}, self.defined), errors)
        event = _one_of(Unanswered, values, "event", phrase("Choose when it starts."), errors)
        does = _one_of(Action, values, "action", phrase("Choose what it does."), errors)
        if not values["name"]:
            errors["name"] = phrase("Enter a name, such as “Remind the agent”.")
        elif len(values["name"]) > 200:
            errors["name"] = phrase("Enter at most 200 characters.")
        if errors or duration is None or event is None or does is None:
            raise BadInput(phrase("Correct the marked fields."), errors=errors)
        return checked(
            MessagingAction(
                name=values["name"],
                event=event,
                duration=duration,
                action=does,
                conditions=meant,
                match=Match.ANY if values["match"] == Match.ANY else Match.ALL,
                text=(values["text"] or None) if does in PROMPTS else None,
                state=_state(values) if does is Action.SET_STATE else None,
                business_hours=bool(values["business_hours"]),
                queues=tuple(lines(values["queues"])),
                provider_numbers=tuple(lines(values["provider_numbers"])),
                active=bool(values["active"]),
            )
        )

    def changed(self, request: Request) -> Self:
        """Return the form after the button Add or Remove, if one of them was pressed."""
        new = Row("state", "state", Operator.IS, (State.WORK_IN_PROGRESS,))
        return replace(self, rows=condition_rows.changed(request, self.rows, new))

    def fitting(self, offers: Mapping[str, Mapping[str, str]]) -> Self:
        known = fields(offers, self.defined)
        return replace(self, rows=tuple(row.fitting(known) for row in self.rows))


def sent(request: Request) -> ActionForm:
    """Read the form that the browser sent."""
    form = typed(request, NAMES)
    values = {**form.values, "text": _stored_text(form.values["text"])}
    return ActionForm(form=replace(form, values=values), rows=condition_rows.from_request(request))


def _stored_text(text: str) -> str:
    """Return the stored English text if the page showed a default text in its own language. Return
    any other text unchanged."""
    return next((one for one, words in DEFAULT_TEXTS.items() if shown(words) == text), text)


def of(action: MessagingAction | None) -> ActionForm:
    """Return the form of a stored action, or an empty form for None."""
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
    return ActionForm(
        form=Form(values=values), rows=tuple(map(condition_rows.from_condition, action.conditions))
    )


def checked(action: MessagingAction) -> MessagingAction:
    """Return the action unchanged. Raises BadInput if it cannot be saved."""
    if wrong := errors(action):
        raise BadInput(errors=wrong)
    return action


def _duration(values: Mapping[str, str], errors: dict[str, str]) -> timedelta | None:
    typed_number = values["number"]
    unit = values["unit"] if values["unit"] in UNITS else "m"
    try:
        if typed_number.isdecimal() and len(typed_number) > LONGEST_NUMBER:
            raise ValueError
        return durations.parse(f"{number(typed_number, 'number', least=1, most=999_999_999)}{unit}")
    except BadInput:
        errors["number"] = phrase("Enter a whole number of at least 1, such as 30.")
    except ValueError:
        errors["number"] = phrase(
            "Enter a time of at most {days} days.", days=durations.LONGEST.days
        )
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

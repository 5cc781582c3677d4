"""The panels beside the form of a messaging action. While the admin types, they show the action as
a sentence, the text as its reader sees it, and the escalation ladder."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.lib.opening_hours import Schedule, in_words
from handoff_service.rules.delivery import sms_text
from handoff_service.rules.delivery.sms_characters import described
from handoff_service.rules.desk.attributes import AttributeFields, example
from handoff_service.rules.messaging_actions import messaging_actions as rules
from handoff_service.rules.messaging_actions.action_sentence import sentence, time_words
from handoff_service.rules.messaging_actions.messaging_actions import (
    DEFAULT_PROMPT,
    ActionPlaceholders,
    MessagingAction,
)
from handoff_service.rules.shared.conditions import TARGET_FIELDS
from handoff_service.rules.shared.phrases import count_phrase, joined, phrase
from handoff_service.rules.shared.stored_sentences import stored
from handoff_service.rules.shared.vocabulary import Action, Owner, State
from handoff_service.store.desk import attributes
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.engine.database import read_at
from handoff_service.store.messaging_actions import messaging_actions
from handoff_service.store.messaging_actions.messaging_actions import StoredAction
from handoff_service.store.routing import queue_hours, queues
from handoff_service.web.admin.action_form import ActionForm, attribute_offers
from handoff_service.web.shared.template_filters import phone, unbroken, words

DOES = {
    Action.PROMPT_AGENT: (phrase("Prompt the agent"), phrase("A notification in the workspace")),
    Action.PROMPT_REQUESTER: (phrase("Prompt the requester"), phrase("A system message by SMS")),
    Action.REASSIGN: (phrase("Reassign"), phrase("Returns it to its queue")),
    Action.SET_STATE: (phrase("Set the state"), phrase("For example, to “Closed abandoned”")),
    Action.ALERT_SUPERVISORS: (
        phrase("Alert the supervisors"),
        phrase("A notification for all of them"),
    ),
}
PRIORITIES = {
    "1": phrase("1, highest"),
    "2": "2",
    "3": phrase("3, normal"),
    "4": "4",
    "5": phrase("5, lowest"),
}
SCHEDULES_SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelDesk:
    """The objects that an action can refer to, and the stored actions."""

    queues: Mapping[str, Schedule]  #: queue's name -> its schedule
    numbers: Mapping[str, str]  #: company number -> its label
    attributes: Mapping[str, AttributeFields]  #: field of conditions -> the attribute
    stored: Mapping[int, StoredAction]  #: by id
    now: datetime


def desk(conn: Connection) -> PanelDesk:
    names = {queue_id: queue.name for queue_id, queue in queues.list_(conn).items()}
    known = queue_hours.of_queues(conn, names)
    return PanelDesk(
        queues={name: known[key] for key, name in names.items()},
        numbers={one.number: one.label for one in list_provider_numbers(conn)},
        attributes=attributes.by_field(conn),
        stored=messaging_actions.list_(conn),
        now=read_at(conn),
    )


def offers(desk: PanelDesk, form: ActionForm) -> dict[str, dict[str, str]]:
    """Return the choices for the fields of conditions: field -> value -> label. Include deleted
    values that a condition still uses."""
    found = {
        "state": {str(one): words(one) for one in State},
        "owner": {str(one): words(one) for one in Owner},
        "priority": PRIORITIES,
        "queue": {name: name for name in desk.queues},
        "provider_number": {
            number: f"{label}, {phone(number)}" for number, label in desk.numbers.items()
        },
        "assigned": {"true": "yes", "false": "no"},
        "guest": {"true": "yes", "false": "no"},
        **attribute_offers(form.defined),
        **{name: {"60": "", "15": "", "0": "", "-60": ""} for name in TARGET_FIELDS},
    }
    for row in form.rows:
        if row.field in ("queue", "provider_number") and row.was == row.field:
            found[row.field] |= {
                one: phrase("{name} (missing)", name=one)
                for one in row.values
                if one not in found[row.field]
            }
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """One step of the ladder."""

    after: str  #: how long after the start of the wait
    does: str  #: what the action does
    name: str
    this: bool  #: whether this is the action in the form


@dataclass(frozen=True, slots=True, kw_only=True)
class Panels:
    """The content of the panels."""

    missing: str = ""  #: the first error in the form; if set, the panels show nothing else
    sentence: str = ""  #: the action as a sentence
    reader: str = ""  #: the heading above the text, which names its reader
    reads: str = ""  #: the text as its reader sees it
    counted: str = ""  #: the length of the text, from ``length_words``
    long: bool = False  #: whether the text needs more than one segment
    ladder: tuple[LadderStep, ...] = ()
    never_opens: tuple[str, ...] = ()  #: the chosen queues that never open


def panels(desk: PanelDesk, form: ActionForm, action_id: int | None) -> Panels:
    """Describe the action in the form. ``action_id``: the stored action that the form edits."""
    try:
        action = replace(form, form=named(form)).read()
    except BadInput as wrong:
        return Panels(missing=next(iter(wrong.errors.values())))
    reader, reads, length, long = _read_by(desk, action)
    never = [name for name in action.queues or desk.queues if _never_opens(desk, name)]
    return Panels(
        sentence=sentence(action, format_number=phone),
        reader=reader,
        reads=reads,
        counted=length,
        long=long,
        ladder=_ladder(desk, action, action_id),
        never_opens=tuple(never) if action.business_hours else (),
    )


def named(form: ActionForm) -> Any:
    """Return the form with a placeholder name if the name is empty, because the panels also
    describe actions without a name."""
    values = dict(form.form.values)
    return type(form.form)(values=values | {"name": values["name"][:200] or phrase("This action")})


def schedule_words(desk: PanelDesk, form: ActionForm) -> list[str]:
    """Describe the opening hours that count as business hours for the action: those of the chosen
    queues or, if none is chosen, of all queues."""
    chosen = [
        name for name in form.form.values["queues"].splitlines() if name in desk.queues
    ] or list(desk.queues)
    sentences: list[str] = [
        phrase("{queue}: {hours}", queue=name, hours=_open(desk.queues[name]))
        for name in chosen[:SCHEDULES_SHOWN]
    ]
    more = len(chosen) - SCHEDULES_SHOWN
    if more <= 0:
        return sentences
    others = count_phrase(
        "There is {count} more schedule", "There are {count} more schedules", more
    )
    return [*sentences, others]


def _open(schedule: Schedule) -> str:
    """Describe a schedule, such as ``Mon to Fri, 08:00 to 18:00, New York``."""
    if schedule.expression is None:
        return in_words(None)
    place = schedule.time_zone.split("/")[-1].replace("_", " ")
    return joined(", ", (in_words(schedule.expression), place))


def ladder_of(stored: Mapping[int, StoredAction], action: MessagingAction) -> list[StoredAction]:
    """Return the active actions for the same event, in the order in which they fire."""
    same = [
        one for one in stored.values() if one.action.event is action.event and one.action.active
    ]
    return sorted(same, key=lambda one: (one.action.duration, one.position, one.id))


def _ladder(
    desk: PanelDesk, action: MessagingAction, action_id: int | None
) -> tuple[LadderStep, ...]:
    here = desk.stored.get(action_id or 0)
    last = max((one.position for one in desk.stored.values()), default=0) + 1
    this = StoredAction(id=action_id or 0, position=here.position if here else last, action=action)
    others = {key: one for key, one in desk.stored.items() if key != action_id}
    return tuple(
        LadderStep(
            after=time_words(one.action),
            does=DOES[one.action.action][0],
            name=phrase("This action") if one is this else one.action.name,
            this=one is this,
        )
        for one in ladder_of(others | {this.id: this}, action)
    )


def _read_by(desk: PanelDesk, action: MessagingAction) -> tuple[str, str, str, bool]:
    """Return the heading above the text, the text for an example requester (Ann Lee), its length as
    ``length_words`` describes it, and whether it needs more than one segment. All are empty if
    nobody gets a text."""
    who = ActionPlaceholders(
        requester="Ann Lee",
        agent="Mia Chen",
        number="INT0004127",
        attributes={name: example(one) for name, one in desk.attributes.items()},
        waiting=action.duration,
    )
    if action.action is Action.PROMPT_AGENT:
        return (
            phrase("The agent reads"),
            stored(rules.for_agents(action.text or DEFAULT_PROMPT[action.event], who)),
            "",
            False,
        )
    if action.action is Action.ALERT_SUPERVISORS:
        text = rules.for_agents(action.text or DEFAULT_PROMPT[action.event], who)
        return phrase("A supervisor reads"), stored(text), "", False
    if action.action is Action.PROMPT_REQUESTER and action.text:
        length = sms_text.segments(sms_text.narrowed(rules.for_agents(action.text, who)))
        return (
            phrase("The requester reads"),
            rules.for_requester(action.text, who),
            length_words(length),
            length.count > 1,
        )
    return "", "", "", False


def length_words(length: sms_text.Segments) -> str:
    """Describe the length of a text, such as ``132 / 160 · 1 segment · GSM-7``."""
    encoding = unbroken(length.encoding)
    if length.forced_by:
        encoding = phrase(
            "{encoding} because of {character}",
            encoding=encoding,
            character=described(length.forced_by),
        )
    many = count_phrase("{count} segment", "{count} segments", length.count)
    return joined(" · ", (f"{length.units} / {length.per_segment * length.count}", many, encoding))


def _never_opens(desk: PanelDesk, name: str) -> bool:
    schedule = desk.queues.get(name)
    return schedule is not None and schedule.opens_at(desk.now) is None

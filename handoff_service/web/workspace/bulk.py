"""Actions on several conversations of the list at once, and their undo.

If anything can be undone, the answer has an Undo button, which sends the inverse operations back
(``bulk_undo.py``).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.phrases import count_phrase, phrase, phrase_in
from handoff_service.store.conversations import live_group
from handoff_service.store.desk import labels
from handoff_service.store.desk import macros as stored
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.routing import supervision
from handoff_service.web.shared.attribute_fields import sent_values
from handoff_service.web.shared.bulk_actions import (
    ActOnOne,
    assign_each,
    attributes_each,
    close_each,
    hold_each,
    label_each,
    macro_each,
    on_each,
    undo_each,
)
from handoff_service.web.shared.bulk_undo import (
    MOST_CONVERSATIONS,
    BulkResult,
    read_inverses,
    write_inverses,
)
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.request_bytes import A_LABEL, id_field
from handoff_service.web.shared.session import LIVE, csrf_token, desk_of, page, supervises
from handoff_service.web.workspace import macros, time_choices
from handoff_service.web.workspace.attributes import attributes_to_set
from handoff_service.web.workspace.labels import asked_topics

#: action -> the label of its button
TITLES = {
    "assign": phrase("Assign"),
    "label": phrase("Label"),
    "attributes": phrase("Set attributes"),
    "snooze": phrase("Put on hold"),
    "close": phrase_in("conversation", "Close"),
    "macro": phrase("Run the macro"),
}
#: action -> the heading of its dialog
HEADINGS: Mapping[str, Callable[[int], str]] = {
    "assign": lambda n: count_phrase(
        "Assign {count} conversation", "Assign {count} conversations", n
    ),
    "label": lambda n: count_phrase("Label {count} conversation", "Label {count} conversations", n),
    "attributes": lambda n: count_phrase(
        "Set attributes of {count} conversation", "Set attributes of {count} conversations", n
    ),
    "snooze": lambda n: count_phrase(
        "Put {count} conversation on hold", "Put {count} conversations on hold", n
    ),
    "close": lambda n: count_phrase("Close {count} conversation", "Close {count} conversations", n),
    "macro": lambda n: count_phrase(
        "Run a macro on {count} conversation", "Run a macro on {count} conversations", n
    ),
}
#: action -> the sentence that confirms it; ``macros.py`` has the sentence for a macro
DONE: Mapping[str, Callable[[int], str]] = {
    "assign": lambda n: count_phrase(
        "{count} conversation assigned.", "{count} conversations assigned.", n
    ),
    "label": lambda n: count_phrase(
        "{count} conversation labeled.", "{count} conversations labeled.", n
    ),
    "attributes": lambda n: count_phrase(
        "{count} conversation changed.", "{count} conversations changed.", n
    ),
    "snooze": lambda n: count_phrase(
        "{count} conversation put on hold.", "{count} conversations put on hold.", n
    ),
    "close": lambda n: count_phrase(
        "{count} conversation closed.", "{count} conversations closed.", n
    ),
}


@page(*LIVE)
async def bulk_dialog(request: Request, action: str, agent: CurrentAgent) -> HTTPResponse:
    """Return the dialog with the fields that the action needs."""
    if action not in TITLES:
        raise BadInput(phrase("Choose an action from the bar."))
    shell = await shell_context(request, agent, place="ongoing")
    asked = request.args.get("ids") or ""
    ids = _ids(asked) if asked or action == "macro" else []

    def read(conn: Connection) -> dict[str, Any]:
        found = {"colleagues": live_group.colleagues_of(conn, ids, agent.id)}
        if action == "macro":
            return found | dict(macros.bulk_choices(conn, ids, agent))
        if action == "attributes":
            return found | attributes_to_set(conn)
        agents = supervision.agents(conn)
        return found | {"labels": labels.list_(conn), "agents": agents} | asked_topics(conn)

    shown = await desk_of(request).store.read(read)
    return render(
        "bulk_dialog.html",
        **shell | shown,
        action=action,
        heading=HEADINGS[action](len(ids)),
        button=TITLES[action],
        interaction=None,  # the time picker shows no requester's time, because there are several
        time_choices=time_choices.CHOICES,
        supervises=supervises(agent),
    )


@page(*LIVE)
async def act_on_several(request: Request, action: str, agent: CurrentAgent) -> HTTPResponse:
    """Run the action on each conversation in ``ids``."""
    if action not in ACT_ON_ONE:
        raise BadInput(phrase("Choose an action from the bar."))
    ids = _ids(form_field(request, "ids"))
    act_on_one = await ACT_ON_ONE[action](request, agent)
    outcome = await on_each(ids, act_on_one)
    return _answer(request, outcome, await _done(request, action, outcome.done))


@page(*LIVE)
async def undo_several(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Undo an action on several conversations: run its inverse operations."""
    inverses = read_inverses(form_field(request, "undo"))
    outcome = await undo_each(desk_of(request).store, agent, inverses)
    done = count_phrase(
        "{count} conversation restored.", "{count} conversations restored.", outcome.done
    )
    return _answer(request, outcome, done)


def _ids(listed: str) -> list[int]:
    """Parse the ids of conversations, which the page sends as ``1,2,3``. Raises BadInput for an
    invalid id, for no ids and for too many."""
    each = filter(None, listed.split(","))
    ids = [id_field(one, "ids", phrase("must be conversations of the list")) for one in each]
    if not 0 < len(ids) <= MOST_CONVERSATIONS:
        raise BadInput(phrase("Select 1 to {most} conversations.", most=MOST_CONVERSATIONS))
    return ids


async def _done(request: Request, action: str, number: int) -> str:
    if action != "macro":
        return DONE[action](number)
    macro = await desk_of(request).store.read(stored.get, _macro_id(request))
    return macros.done(macro.name, number)


def _answer(request: Request, outcome: BulkResult, done: str) -> HTTPResponse:
    if "hx-request" not in request.headers:
        return done_or_redirect(request)
    return render(
        "bulk_done.html",
        csrf=csrf_token(request),
        done=done,
        outcome=outcome,
        undo=write_inverses(outcome.undo),
    )


async def _label(request: Request, agent: CurrentAgent) -> ActOnOne:
    label_id = id_field(form_field(request, "label_id"), "label_id", A_LABEL)
    return label_each(desk_of(request).store, agent, label_id)


async def _attributes(request: Request, agent: CurrentAgent) -> ActOnOne:
    """Set the attributes that the form fills in. Empty fields change nothing."""
    values = {key: value for key, value in sent_values(request).items() if value is not None}
    if not values:
        raise BadInput(phrase("Fill in at least one attribute."))
    return attributes_each(desk_of(request).store, agent, values)


async def _snooze(request: Request, agent: CurrentAgent) -> ActOnOne:
    desk = desk_of(request)
    choice, own = form_field(request, "until"), time_choices.written(request)
    zone = ZoneInfo(await desk.store.read(desk_time_zone))
    until = time_choices.chosen(choice, own, zone, desk.clock()) if choice else None
    reason = form_field(request, "words").strip()[:200] or None
    return hold_each(desk.store, agent, until, reason)


async def _close(request: Request, agent: CurrentAgent) -> ActOnOne:
    topic = form_field(request, "topic_id")
    topic_id = id_field(topic, "topic_id", A_LABEL) if topic else None
    closing_text = None if form_field(request, "says") == "1" else ""
    return close_each(desk_of(request).store, agent, topic_id, closing_text)


async def _assign(request: Request, agent: CurrentAgent) -> ActOnOne:
    to = id_field(form_field(request, "agent_id"), "agent_id", phrase("must be an agent's id"))
    return assign_each(desk_of(request).store, agent, to)


async def _macro(request: Request, agent: CurrentAgent) -> ActOnOne:
    return macro_each(desk_of(request).store, agent, _macro_id(request))


def _macro_id(request: Request) -> int:
    return id_field(form_field(request, "macro_id"), "macro_id", phrase("must be a macro's id"))


ACT_ON_ONE: Mapping[str, Callable[[Request, CurrentAgent], Awaitable[ActOnOne]]] = {
    "assign": _assign,
    "label": _label,
    "attributes": _attributes,
    "snooze": _snooze,
    "close": _close,
    "macro": _macro,
}


PAGES: dict[str, Any] = {"/bulk/<action:str>": bulk_dialog}
POST_HANDLERS: dict[str, Any] = {"/bulk/undo": undo_several, "/bulk/<action:str>": act_on_several}

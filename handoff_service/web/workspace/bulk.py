"""Act on several conversations of the list at once, and undo that.

Each conversation is changed by the operation that changes one, in a transaction of its own, so one
that is refused does not stop the others. The answer holds the inverse operations
(``bulk_undo.py``), which its Undo button sends back.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput, Refusal
from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    CloseInteraction,
    change_interaction,
    close_interaction,
)
from handoff_service.operations.conversations.label_conversation import (
    LabelConversation,
    label_conversation,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.rules.shared.vocabulary import Owner, State
from handoff_service.store.conversations import conversations, interactions, live_group
from handoff_service.store.desk import labels
from handoff_service.store.desk import macros as stored
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.routing import supervision
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.request_bytes import id_field
from handoff_service.web.shared.session import LIVE, csrf_token, desk_of, page, supervises
from handoff_service.web.workspace import macros, time_choices
from handoff_service.web.workspace.bulk_undo import (
    MOST,
    UNDO_WITHIN,
    BulkResult,
    Inverse,
    inverse_command,
    of_macro,
    read_inverses,
    write_inverses,
)
from handoff_service.web.workspace.labels import asked_topics

TITLES = {
    "assign": "Assign",
    "label": "Label",
    "snooze": "Put on hold",
    "close": "Close",
    "macro": "Run a macro on",
}
DID = {"assign": "assigned", "label": "labeled", "snooze": "put on hold", "close": "closed"}

type ActOnOne = Callable[[int], Awaitable[Inverse | None]]


@page(*LIVE)
async def bulk_dialog(request: Request, action: str, agent: CurrentAgent) -> HTTPResponse:
    """Return the dialog that asks what the action needs."""
    if action not in TITLES:
        raise BadInput("Choose an action from the bar.")
    around = await shell_context(request, agent, place="ongoing")
    asked = request.args.get("ids") or ""
    ids = _ids(asked) if asked or action == "macro" else []

    def read(conn: Connection) -> dict[str, Any]:
        found = {"colleagues": live_group.colleagues_of(conn, ids, agent.id)}
        if action == "macro":
            return found | dict(macros.bulk_choices(conn, ids, agent))
        agents = supervision.agents(conn)
        return found | {"labels": labels.list_(conn), "agents": agents} | asked_topics(conn)

    shown = await desk_of(request).store.read(read)
    return render(
        "bulk_dialog.html",
        **around | shown,
        action=action,
        title=TITLES[action],
        interaction=None,  # the time picker shows no requester's clock
        time_choices=time_choices.CHOICES,
        supervises=supervises(agent),
    )


@page(*LIVE)
async def act_on_several(request: Request, action: str, agent: CurrentAgent) -> HTTPResponse:
    """Carry the action out on each conversation in ``ids``."""
    if action not in ACT_ON_ONE:
        raise BadInput("Choose an action from the bar.")
    ids = _ids(form_field(request, "ids"))
    act_on_one = await ACT_ON_ONE[action](request, agent)
    return _answer(request, await _each(ids, act_on_one), await _did(request, action))


@page(*LIVE)
async def undo_several(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Carry out the inverse operations of an action on several conversations."""
    outcome = BulkResult()
    store = desk_of(request).store
    for inverse in read_inverses(form_field(request, "undo")):
        interaction_id = inverse[1]
        try:
            operation, command = inverse_command(inverse, agent)
            await store.write(operation, command, near=interaction_id)
            outcome.done += 1
        except Refusal as refusal:
            outcome.refused.append(_why(interaction_id, refusal))
    return _answer(request, outcome, "restored")


def _ids(listed: str) -> list[int]:
    """The conversations, ``1,2,3``."""
    each = filter(None, listed.split(","))
    ids = [id_field(one, "ids", "conversations: select some in the list") for one in each]
    if not 0 < len(ids) <= MOST:
        raise BadInput(f"Select 1 to {MOST} conversations.")
    return ids


async def _did(request: Request, action: str) -> str:
    if action != "macro":
        return DID[action]
    return macros.did((await desk_of(request).store.read(stored.get, _macro_id(request))).name)


async def _each(ids: list[int], act_on_one: ActOnOne) -> BulkResult:
    outcome = BulkResult()
    for interaction_id in dict.fromkeys(ids):
        try:
            inverse = await act_on_one(interaction_id)
        except Refusal as refusal:
            outcome.refused.append(_why(interaction_id, refusal))
            continue
        outcome.done += 1
        if inverse is not None:
            outcome.undo.append(inverse)
    return outcome


def _why(interaction_id: int, refusal: Refusal) -> str:
    errors = "; ".join(f"{name} {what}" for name, what in refusal.errors.items())
    return f"{interactions.number(interaction_id)}: {errors or refusal.detail}"


def _answer(request: Request, outcome: BulkResult, did: str) -> HTTPResponse:
    if "hx-request" not in request.headers:
        return done_or_redirect(request)
    return render(
        "bulk_done.html",
        csrf=csrf_token(request),
        did=did,
        outcome=outcome,
        undo=write_inverses(outcome.undo),
    )


async def _label(request: Request, agent: CurrentAgent) -> ActOnOne:
    label_id = id_field(form_field(request, "label_id"), "label_id", "a label's id; choose a label")
    store = desk_of(request).store

    async def one(interaction_id: int) -> Inverse | None:
        command = LabelConversation(
            interaction_id=interaction_id, agent_id=agent.id, label_id=label_id
        )
        changed = await store.write(label_conversation, command, near=interaction_id)
        return ("unlabel", interaction_id, label_id) if changed else None

    return one


async def _snooze(request: Request, agent: CurrentAgent) -> ActOnOne:
    desk = desk_of(request)
    choice, own = form_field(request, "until"), time_choices.written(request)
    zone = ZoneInfo(await desk.store.read(desk_time_zone))
    until = time_choices.chosen(choice, own, zone, desk.clock()) if choice else None

    async def one(interaction_id: int) -> Inverse:
        before = await desk.store.read(conversations.get, interaction_id)
        command = ChangeInteraction(
            interaction_id=interaction_id,
            agent_id=agent.id,
            state=State.ON_HOLD,
            state_reason=form_field(request, "words").strip()[:200] or None,
            hold_until=until,
        )
        await desk.store.write(change_interaction, command, near=interaction_id)
        if before.state is not State.ON_HOLD:
            return ("resume", interaction_id)
        return ("hold", interaction_id, before.hold_until, before.state_reason)

    return one


async def _close(request: Request, agent: CurrentAgent) -> ActOnOne:
    topic = form_field(request, "topic_id")
    topic_id = id_field(topic, "topic_id", "a label's id") if topic else None
    says = form_field(request, "says") == "1"
    store = desk_of(request).store

    async def one(interaction_id: int) -> Inverse:
        command = CloseInteraction(
            interaction_id=interaction_id,
            agent_id=agent.id,
            closing_text=None if says else "",
            topic_id=topic_id,
            undo_within=UNDO_WITHIN,
        )
        await store.write(close_interaction, command, near=interaction_id)
        return ("reopen", interaction_id)

    return one


async def _assign(request: Request, agent: CurrentAgent) -> ActOnOne:
    """Supervisors assign. Agents transfer: the other agent is asked."""
    to = id_field(form_field(request, "agent_id"), "agent_id", "an agent's id; choose an agent")
    store = desk_of(request).store

    async def assign(interaction_id: int) -> Inverse | None:
        before = (await store.read(conversations.get, interaction_id)).owner
        command = AssignTo(interaction_id=interaction_id, agent_id=to, by=agent.id)
        await store.write(assign_by_hand, command, near=interaction_id)
        return (
            ("assign", interaction_id, before.id)
            if before.kind is Owner.AGENT and before.id
            else None
        )

    async def ask(interaction_id: int) -> Inverse:
        command = Transfer(interaction_id=interaction_id, agent_id=agent.id, to_agent=to)
        await store.write(transfer, command, near=interaction_id)
        return ("cancel_transfer", interaction_id)

    return assign if supervises(agent) else ask


async def _macro(request: Request, agent: CurrentAgent) -> ActOnOne:
    macro_id = _macro_id(request)

    async def one(interaction_id: int) -> Inverse | None:
        run = await macros.run_one(request, agent, macro_id, interaction_id)
        return of_macro(interaction_id, run)

    return one


def _macro_id(request: Request) -> int:
    return id_field(form_field(request, "macro_id"), "macro_id", "a macro: choose one")


ACT_ON_ONE: Mapping[str, Callable[[Request, CurrentAgent], Awaitable[ActOnOne]]] = {
    "assign": _assign,
    "label": _label,
    "snooze": _snooze,
    "close": _close,
    "macro": _macro,
}


PAGES: dict[str, Any] = {"/bulk/<action:str>": bulk_dialog}
POST_HANDLERS: dict[str, Any] = {"/bulk/undo": undo_several, "/bulk/<action:str>": act_on_several}

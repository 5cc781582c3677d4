"""The supervisor's page: current queues, agents and conversations, the day's numbers, and the
supervisor's actions.

When the event stream reports a change, the page fetches its live part, at most once a second. At
each heartbeat, it fetches the live part and the day's numbers. A supervisor who opens a
conversation only observes it. Nothing is marked as read, and the live group does not change."""

from collections.abc import Sequence
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.join_group import Member, join_group, leave_group
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.conversations import conversations
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.routing import day_report, inbox, presence, supervision
from handoff_service.store.routing.offer_facts import offer_facts
from handoff_service.store.views.supervision import Now, Today
from handoff_service.web.shared.charts import bars, spark
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.session import LIVE, desk_of, page

AT_FIRST, MOST_CONVERSATIONS = 50, 500  # conversations on the page before and after "Show all"


@page(Role.SUPERVISOR)
async def supervisor_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    shell = await shell_context(request, agent, place="supervisor")
    queue, most = _shown(request)

    def read(conn: Connection) -> tuple[Now, Today]:
        return supervision.now(conn, agent.id, queue_id=queue, most=most), day_report.today(conn)

    now, today = await desk_of(request).store.read(read)
    return render(
        "supervisor.html",
        **shell | _of_now(now, queue, most) | _of_today(today) | {"watches_desk": True},
    )


@page(Role.SUPERVISOR)
async def now_fragment(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the live part of the page: queues, agents and conversations."""
    desk, (queue, most) = desk_of(request), _shown(request)
    now = await desk.store.read(supervision.now, agent.id, queue_id=queue, most=most)
    facts = await desk.store.read(desk_facts)
    return render(
        "supervisor_now.html", zone=facts.zone, now=desk.clock(), **_of_now(now, queue, most)
    )


@page(Role.SUPERVISOR)
async def today_fragment(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the day's numbers."""
    desk = desk_of(request)
    today = await desk.store.read(day_report.today)
    facts = await desk.store.read(desk_facts)
    return render("supervisor_today.html", zone=facts.zone, now=desk.clock(), **_of_today(today))


@page(Role.SUPERVISOR)
async def one_conversation(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the dialog of a conversation, with its owner, the reason for its handoff, and the
    agents who can take it over."""
    shell = await shell_context(request, agent, place="supervisor")

    def read(conn: Connection) -> dict[str, Any]:
        item = inbox.handoff_of(conn, interaction_id)
        waits = item is not None and item.ended_at is None
        return {
            "interaction": conversations.get(conn, interaction_id, agent.id),
            "item": item,
            "offer": offer_facts(conn, [interaction_id])[interaction_id] if waits else None,
            "agents": supervision.agents(conn),
        }

    found = await desk_of(request).store.read(read)
    here = request.args.get("here") == "1"
    return render("supervise_dialog.html", **shell | found | {"here": here})


@page(Role.SUPERVISOR)
async def one_agent(request: Request, agent_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Return the dialog with an agent's presence history."""
    shell = await shell_context(request, agent, place="supervisor")

    def read(conn: Connection) -> dict[str, Any]:
        history = presence.history(conn, agent_id)
        return {"history": history, "whose": agents_by_id(conn, [agent_id])[agent_id]}

    return render("agent_dialog.html", **shell | await desk_of(request).store.read(read))


@page(*LIVE)
async def join(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = Member(interaction_id=interaction_id, agent_id=agent.id)
    await desk_of(request).store.write(join_group, command, near=interaction_id)
    return _done(request, interaction_id)


@page(*LIVE)
async def leave(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = Member(interaction_id=interaction_id, agent_id=agent.id)
    await desk_of(request).store.write(leave_group, command, near=interaction_id)
    return _done(request, interaction_id)


@page(Role.SUPERVISOR)
async def assign(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Assign the conversation to the chosen agent, who may be the supervisor."""
    to = form_field(request, "agent_id")
    if not to.isdecimal() or len(to) > 15:
        raise BadInput(phrase("Choose the agent who gets this conversation."))
    command = AssignTo(interaction_id=interaction_id, agent_id=int(to), by=agent.id)
    await desk_of(request).store.write(assign_by_hand, command, near=interaction_id)
    return _done(request, interaction_id)


def _done(request: Request, interaction_id: int) -> HTTPResponse:
    """Answer an action. If the form has the field ``open``, open the conversation. If not, a script
    gets an empty answer, because the page already shows the conversation."""
    if "hx-request" in request.headers and not form_field(request, "open"):
        return done_or_redirect(request)
    return done_or_redirect(request, f"/workspace/conversations/{interaction_id}")


def _shown(request: Request) -> tuple[int | None, int]:
    """Return the id of the queue to show, or None for all queues, and the maximum number of
    conversations."""
    queue = request.args.get("queue") or ""
    most = MOST_CONVERSATIONS if request.args.get("all") == "1" else AT_FIRST
    return (int(queue) if queue.isdecimal() and len(queue) < 16 else None), most


def _of_now(now: Now, queue: int | None, most: int) -> dict[str, Any]:
    return {"seen": now, "queue": queue, "all": most == MOST_CONVERSATIONS}


def _of_today(today: Today) -> dict[str, Any]:
    hours = today.hours
    lines: dict[str, Sequence[int | None]] = {
        "opened": [hour.opened for hour in hours],
        "first_answer": [hour.first_answer for hour in hours],
        "waiting": [hour.waiting for hour in hours],
        "handed": [hour.handed for hour in hours],
        "handling": [hour.handling for hour in hours],
        "abandoned": [hour.abandoned for hour in hours],
    }
    return {
        "today": today,
        "lines": {name: spark(values) for name, values in lines.items()},
        "chart": bars([(hour.opened, hour.handed) for hour in hours], places=24),
    }


ONE = "/conversations/<interaction_id:int>"
PAGES: dict[str, Any] = {
    "/supervisor": supervisor_page,
    "/supervisor/now": now_fragment,
    "/supervisor/today": today_fragment,
    f"/supervisor{ONE}": one_conversation,
    "/supervisor/agents/<agent_id:int>": one_agent,
}
POST_HANDLERS: dict[str, Any] = {
    f"{ONE}/join": join,
    f"{ONE}/leave": leave,
    f"{ONE}/assign": assign,
}

"""The workspace: the list pane, a conversation, the agents' actions, and the stream that keeps both
current.

Each page is complete and works without the script. Fragments (``/workspace/lists``, ``.../news``)
use the same templates, and the script merges them by id. To the script, actions return an empty
response, because the stream reports the change.
"""

from collections.abc import Sequence
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, redirect
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.change_interaction import (
    ReadInteraction,
    read_interaction,
)
from handoff_service.operations.conversations.send_sms import Write, send_sms, write_note
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.identity.verify_by_hand import verify_by_hand
from handoff_service.operations.identity.verify_requester import Undo, Verify, undo_verification
from handoff_service.operations.routing import presence as presences
from handoff_service.operations.routing.answer_offer import Accept, Reject, accept_work, reject_work
from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.store.desk import texts
from handoff_service.store.desk.set_up import is_empty
from handoff_service.store.desk.users import find_active_users
from handoff_service.store.virtual_agent.spoken_language import spoken_language
from handoff_service.web import admin, setup
from handoff_service.web.shared import assets, page_queries, suggested_replies
from handoff_service.web.shared.page_queries import DeskFacts, Thread
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render, went_back, went_well
from handoff_service.web.shared.request_bytes import id_field
from handoff_service.web.shared.session import (
    ANYONE,
    LIVE,
    csrf_token,
    desk_of,
    home_of,
    page,
    signed_in,
    supervises,
)
from handoff_service.web.shared.uploads import MAY_ATTACH, attached
from handoff_service.web.supervisor import report_files, reports, supervisor
from handoff_service.web.trainer import intents, models, teach, train
from handoff_service.web.workspace import (
    account,
    brief,
    bulk,
    cases,
    closing,
    command_palette,
    consent,
    earlier_messages,
    hold,
    labels,
    list_views,
    live_updates,
    macros,
    mentions,
    misunderstood,
    new_conversation,
    notifications,
    offer_preview,
    passwords,
    promises,
    resolve_send,
    search,
    send_later,
    sign_in,
    template_picker,
    time_choices,
    timeline,
    timers,
    transfer,
)

ONE = "/conversations/<interaction_id:int>"
MOST_WATCHED = 50  # lines with receipts that may still change


def blueprint() -> Blueprint:
    """Return the workspace's pages, signing in, and the static files."""
    made = Blueprint("workspace")

    @made.get("/")
    async def start(request: Request) -> HTTPResponse:
        if await signed_in(request):
            return redirect("/workspace")
        return redirect("/setup" if await desk_of(request).store.read(is_empty) else "/sign-in")

    # Without an explicit error format, Sanic would read and parse each handler's source to find
    # one, which takes a millisecond.
    inside = Blueprint("desk", url_prefix="/workspace")
    for path, handler in PAGES.items():
        inside.add_route(handler, path, methods=["GET"], name=handler.__name__, error_format="text")
    for path, handler in ACTS.items():
        inside.add_route(
            handler, path, methods=["POST"], name=handler.__name__, error_format="text"
        )
    outside = (
        sign_in.blueprint(),
        passwords.blueprint(),
        setup.blueprint(),
        assets.blueprint(),
        assets.root_blueprint(),
    )
    return Blueprint.group(made, inside, admin.blueprint(), *outside)  # type: ignore[return-value]


@page(*ANYONE)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the list without an open conversation. Agents who do not answer requesters start
    elsewhere."""
    if (home := home_of(agent)) != "/workspace":
        return redirect(home)
    return render("list_page.html", **await _around(request, agent))


@page(*LIVE)
async def conversation_page(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return a conversation with the list and the requester's details beside it."""
    desk = desk_of(request)
    around = await _around(request, agent, opened=interaction_id)
    facts: DeskFacts = around["desk"]
    line = next(iter(_numbers(request, "line")), None)
    thread = await desk.store.read(
        page_queries.thread,
        interaction_id,
        agent.id,
        facts.zone,
        whole=request.args.get("all") == "1",
        line=line,
    )
    return render(
        "conversation_page.html",
        **around | _thread_context(request, thread, agent),
        conversation=thread.interaction,
        earlier=await earlier_messages.earlier_than(request, thread),
        attach=MAY_ATTACH,
        closing_text=await desk.store.read(_closing_text, interaction_id, agent.name),
        suggested=await suggested_replies.suggest(desk, thread.interaction, agent.id),
        **await desk.store.read(labels.asked_topics),
    )


def _closing_text(conn: Connection, interaction_id: int, agent_name: str) -> str:
    """The closing text in the requester's language."""
    return texts.closing_line(conn, agent_name, spoken_language(conn, interaction_id))


@page(*LIVE)
async def list_fragment(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the parts of the list pane and the counts. ``shown``: offers on the page; ``open``:
    the open conversation."""
    on_page = _numbers(request, "shown")
    around = await _around(
        request, agent, on_page=on_page, opened=next(iter(_numbers(request, "open")), None)
    )
    return render("lists.html", **around)


@page(*ANYONE)
async def counts_fragment(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the rail's counts, for pages without a list."""
    return render("counts.html", **await shell_context(request, agent, place=""))


@page(*LIVE)
async def news_fragment(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Return the lines after ``after``, the ``watch``-ed lines as they are now, and the surrounding
    parts."""
    desk = desk_of(request)
    facts = await desk.store.read(page_queries.desk_facts)
    thread = await desk.store.read(
        page_queries.news,
        interaction_id,
        agent.id,
        facts.zone,
        after=next(iter(_numbers(request, "after")), 0),
        watched=_numbers(request, "watch")[:MOST_WATCHED],
    )
    return render(
        "news.html",
        zone=facts.zone,
        now=desk.clock(),
        csrf=csrf_token(request),
        suggested=await suggested_replies.suggest(desk, thread.interaction, agent.id),
        **_thread_context(request, thread, agent),
    )


@page(*LIVE)
async def accept(request: Request, work_item_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = Accept(work_item_id=work_item_id, agent_id=agent.id)
    interaction_id = await desk_of(request).store.write(accept_work, command, near=work_item_id)
    return went_well(request, f"/workspace/conversations/{interaction_id}")


@page(*LIVE)
async def reject(request: Request, work_item_id: int, agent: CurrentAgent) -> HTTPResponse:
    reason = (_field(request, "words") or _field(request, "reason"))[:200]
    if not reason:
        raise BadInput("Write why, for the next agent and the supervisor.")
    command = Reject(work_item_id=work_item_id, agent_id=agent.id, reason=reason)
    await desk_of(request).store.write(reject_work, command, near=work_item_id)
    return went_well(request)


@page(*LIVE)
async def text_requester(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = Write(
        interaction_id=interaction_id,
        agent_id=agent.id,
        body=_field(request, "body"),
        media=attached(request),
    )
    await desk_of(request).store.write(send_sms, command, near=interaction_id)
    return went_back(request, interaction_id)


@page(*LIVE)
async def note(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = Write(interaction_id=interaction_id, agent_id=agent.id, body=_field(request, "body"))
    await desk_of(request).store.write(write_note, command, near=interaction_id)
    return went_back(request, interaction_id)


@page(*LIVE)
async def read(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    up_to = id_field(_field(request, "up_to"), "up_to", "the seq of a message in the conversation")
    command = ReadInteraction(interaction_id=interaction_id, agent_id=agent.id, up_to=up_to)
    await desk_of(request).store.write(read_interaction, command, near=interaction_id)
    return went_back(request, interaction_id)


@page(*LIVE)
async def verify(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    user = _field(request, "user_id")
    user_id = id_field(user, "user_id", "a user's id, or empty for nobody") if user else None
    command = Verify(interaction_id=interaction_id, agent_id=agent.id, user_id=user_id)
    await desk_of(request).store.write(verify_by_hand, command, near=interaction_id)
    return went_back(request, interaction_id)


@page(*LIVE)
async def undo(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = Undo(interaction_id=interaction_id, agent_id=agent.id)
    await desk_of(request).store.write(undo_verification, command, near=interaction_id)
    return went_back(request, interaction_id)


@page(*LIVE)
async def found_users(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Find users by name, employee number or the end of a number, so that an agent can say who the
    requester is."""
    q = (request.args.get("q") or "").strip()[:100]
    found = await desk_of(request).store.read(find_active_users, q, 8)
    return render("found_users.html", users=found, q=q, interaction_id=interaction_id)


@page(*LIVE)
async def presence(request: Request, agent: CurrentAgent) -> HTTPResponse:
    wanted = _field(request, "presence")
    await desk_of(request).store.write(
        set_presence, SetPresence(agent_id=agent.id, presence=wanted)
    )
    return went_well(request)


@page(*LIVE)
async def at_work(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """The page of an agent with an open offer reports that its agent types or clicks. Like every
    act, the request itself is recorded."""
    return went_well(request)


@page()
async def dismiss_notice(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Dismiss the notice that the product set the agent to Away."""
    await desk_of(request).store.write(presences.dismiss_notice, agent.id)
    return went_well(request)


PAGES: dict[str, Any] = {
    "/": list_page,
    ONE: conversation_page,
    "/lists": list_fragment,
    "/counts": counts_fragment,
    f"{ONE}/news": news_fragment,
    f"{ONE}/earlier": earlier_messages.earlier_fragment,
    "/search": search.search_page,
    f"{ONE}/users": found_users,
    "/events": live_updates.events,
    **account.PAGES,
    **template_picker.PAGES,
    **new_conversation.PAGES,
    **supervisor.PAGES,
    **report_files.PAGES,
    **reports.PAGES,
    **train.PAGES,
    **models.PAGES,
    **teach.PAGES,
    **intents.PAGES,
    **transfer.PAGES,
    **brief.PAGES,
    **timeline.PAGES,
    **offer_preview.PAGES,
    **cases.PAGES,
    **consent.PAGES,
    **labels.PAGES,
    **bulk.PAGES,
    **macros.PAGES,
    **command_palette.PAGES,
    **mentions.PAGES,
    **send_later.PAGES,
    **time_choices.PAGES,
}
ACTS: dict[str, Any] = {
    "/offers/<work_item_id:int>/accept": accept,
    "/offers/<work_item_id:int>/reject": reject,
    f"{ONE}/messages": text_requester,
    f"{ONE}/notes": note,
    f"{ONE}/read": read,
    f"{ONE}/writing": live_updates.writing,
    f"{ONE}/prompts/dismiss": live_updates.dismiss,
    f"{ONE}/notice/dismiss": live_updates.seen,
    f"{ONE}/verify": verify,
    f"{ONE}/verify/undo": undo,
    "/presence": presence,
    "/presence/active": at_work,
    "/presence/notice": dismiss_notice,
    **account.ACTS,
    **notifications.ACTS,
    **new_conversation.ACTS,
    **closing.ACTS,
    **hold.ACTS,
    **timers.ACTS,
    **labels.ACTS,
    **list_views.ACTS,
    **bulk.ACTS,
    **macros.ACTS,
    **promises.ACTS,
    **send_later.ACTS,
    **supervisor.ACTS,
    **train.ACTS,
    **models.ACTS,
    **teach.ACTS,
    **intents.ACTS,
    **transfer.ACTS,
    **cases.ACTS,
    **consent.ACTS,
    **resolve_send.ACTS,
    **misunderstood.ACTS,
}


async def _around(
    request: Request, agent: CurrentAgent, *, on_page: Sequence[int] = (), opened: int | None = None
) -> dict[str, Any]:
    """Return the variables of the pages and fragments with a list: the frame and the lists."""
    others = request.args.get("others") == "1"
    around = await shell_context(request, agent, place="ongoing" if opened else "inbox")
    lists = await desk_of(request).store.read(
        page_queries.lists, agent.id, others=others, on_page=on_page
    )
    return around | {"lists": lists, "others": others, "opened": opened}


def _thread_context(request: Request, thread: Thread, agent: CurrentAgent) -> dict[str, Any]:
    who_answers, sending = page_queries.answers(thread.interaction, agent.id)
    return {
        "thread": thread,
        "lines": thread.lines,
        "time_choices": time_choices.CHOICES,
        "interaction": thread.interaction,
        "opened": thread.interaction.id,
        "me_id": agent.id,
        "joined": agent.id in {one.id for one in thread.interaction.live_group},
        "colleague": page_queries.colleague(thread.interaction, agent.id),
        "must_join": page_queries.must_join(thread.interaction, agent.id),
        "supervises": supervises(agent),
        "has_bot": bool(desk_of(request).settings.bot_urls),
        "who_answers": who_answers,
        "sending": sending,
    }


def _field(request: Request, name: str) -> str:
    return form_field(request, name).strip()


def _numbers(request: Request, name: str) -> list[int]:
    """Return the numbers in the address, ``?name=1&name=2`` or ``?name=1,2``, without other
    values."""
    parts = ",".join(request.args.getlist(name) or []).split(",")
    return [int(part) for part in parts if part.isdecimal() and len(part) < 16]

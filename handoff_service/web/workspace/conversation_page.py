"""The page of a conversation: shows its messages, stores the agent's texts and notes, and records
how far the agent has read."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.gateways.providers import provider_of
from handoff_service.operations.conversations.change_interaction import (
    ReadInteraction,
    read_interaction,
)
from handoff_service.operations.conversations.send_sms import Write, send_sms, write_note
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import texts
from handoff_service.store.virtual_agent.spoken_language import spoken_language
from handoff_service.web.shared import reply_owner, suggested_replies, thread_query
from handoff_service.web.shared.desk_facts import DeskFacts, desk_facts
from handoff_service.web.shared.rendering import back_to_conversation, form_field, render
from handoff_service.web.shared.request_bytes import id_field
from handoff_service.web.shared.session import LIVE, csrf_token, desk_of, page, supervises
from handoff_service.web.shared.thread_query import Thread
from handoff_service.web.shared.uploads import MAY_ATTACH, NO_PICTURES, attached
from handoff_service.web.workspace import attributes, earlier_messages, labels, time_choices
from handoff_service.web.workspace.list_pane import list_context, numbers_in

MOST_WATCHED = 50  # messages that one request can read again


@page(*LIVE)
async def conversation_page(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the page: the list, the conversation, and the requester's details."""
    desk = desk_of(request)
    shell = await list_context(request, agent, opened=interaction_id)
    facts: DeskFacts = shell["desk"]
    line = next(iter(numbers_in(request, "line")), None)
    thread = await desk.store.read(
        thread_query.thread,
        interaction_id,
        agent.id,
        facts.zone,
        whole=request.args.get("all") == "1",
        line=line,
    )
    return render(
        "conversation_page.html",
        **shell | _thread_context(request, thread, agent),
        conversation=thread.interaction,
        earlier=await earlier_messages.earlier_than(request, thread),
        attach=MAY_ATTACH if provider_of(desk.settings).sends_pictures else NO_PICTURES,
        closing_text=await desk.store.read(_closing_text, interaction_id, agent.name),
        suggested=await suggested_replies.suggest(desk, thread.interaction, agent.id),
        **await desk.store.read(labels.asked_topics),
        **await desk.store.read(attributes.required_attributes),
    )


def _closing_text(conn: Connection, interaction_id: int, agent_name: str) -> str:
    """Return the default closing text in the requester's language."""
    return texts.closing_line(conn, agent_name, spoken_language(conn, interaction_id))


@page(*LIVE)
async def news_fragment(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Return the lines after the seq ``after``, the current state of the lines ``watch``, and the
    other parts of the page that may have changed."""
    desk = desk_of(request)
    facts = await desk.store.read(desk_facts)
    thread = await desk.store.read(
        thread_query.news,
        interaction_id,
        agent.id,
        facts.zone,
        after=next(iter(numbers_in(request, "after")), 0),
        watched=numbers_in(request, "watch")[:MOST_WATCHED],
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
async def text_requester(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = Write(
        interaction_id=interaction_id,
        agent_id=agent.id,
        body=form_field(request, "body").strip(),
        media=attached(request),
    )
    await desk_of(request).store.write(send_sms, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def note(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = Write(
        interaction_id=interaction_id, agent_id=agent.id, body=form_field(request, "body").strip()
    )
    await desk_of(request).store.write(write_note, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def read(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    up_to = id_field(
        form_field(request, "up_to").strip(),
        "up_to",
        phrase("must be the seq of a message in the conversation"),
    )
    command = ReadInteraction(interaction_id=interaction_id, agent_id=agent.id, up_to=up_to)
    await desk_of(request).store.write(read_interaction, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


def _thread_context(request: Request, thread: Thread, agent: CurrentAgent) -> dict[str, Any]:
    who_answers, sending = reply_owner.answers(thread.interaction, agent.id)
    return {
        "thread": thread,
        "messages": thread.messages,
        "time_choices": time_choices.CHOICES,
        "interaction": thread.interaction,
        "opened": thread.interaction.id,
        "me_id": agent.id,
        "joined": agent.id in {one.id for one in thread.interaction.live_group},
        "colleague": reply_owner.colleague(thread.interaction, agent.id),
        "must_join": reply_owner.must_join(thread.interaction, agent.id),
        "supervises": supervises(agent),
        "has_bot": bool(desk_of(request).settings.bot_urls),
        "who_answers": who_answers,
        "sending": sending,
    }


ONE = "/conversations/<interaction_id:int>"
PAGES: dict[str, Any] = {ONE: conversation_page, f"{ONE}/news": news_fragment}
POST_HANDLERS: dict[str, Any] = {
    f"{ONE}/messages": text_requester,
    f"{ONE}/notes": note,
    f"{ONE}/read": read,
}

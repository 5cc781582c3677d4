"""The dialog in which an agent records a requester's opt-out or opt-in."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput
from handoff_service.operations.consent.change_consent import NOTE, ConsentRequest, change_consent
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.message_text import checked_text
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.conversations import conversations
from handoff_service.web.shared.opt_out import until_nothing_leaves
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import back_to_conversation, form_field, render
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def consent_dialog(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    shell = await shell_context(request, agent, place="ongoing")
    interaction = await desk_of(request).store.read(conversations.get, interaction_id, agent.id)
    return render("consent_dialog.html", **shell, interaction=interaction)


@page(*LIVE)
async def record(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    opted_out = bool(form_field(request, "opted_out"))
    note = form_field(request, "note").strip()
    if not opted_out and not note:
        raise BadInput(phrase("Write how the requester asked. The consent ledger stores it."))
    interaction = await desk_of(request).store.read(conversations.get, interaction_id)
    ask = ConsentRequest(
        number=interaction.requester_number,
        # an opt-out applies to all company numbers; an opt-in for one number ends it for that
        # number
        provider_number=None if opted_out else interaction.provider_number,
        opted_out=opted_out,
        source=Source.AGENT,
        agent_id=agent.id,
        note=checked_text(note, most=NOTE, may_be_empty=True, field="note") or None,
    )
    await desk_of(request).store.write(change_consent, ask, near=ask.number)
    if ask.opted_out:
        await until_nothing_leaves(desk_of(request).store, ask.number)
    return back_to_conversation(request, interaction_id)


HERE = "/conversations/<interaction_id:int>/consent"
PAGES: dict[str, Any] = {HERE: consent_dialog}
POST_HANDLERS: dict[str, Any] = {HERE: record}

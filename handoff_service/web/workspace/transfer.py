"""Transfers a conversation to an agent or a queue, cancels a transfer, or hands the conversation
back to the virtual agent, for good or only for an identity check."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.identity.ask_for_proof import AskForProof, ask_for_proof
from handoff_service.operations.routing.transfer import (
    CancelTransfer,
    Transfer,
    cancel_transfer,
    transfer,
)
from handoff_service.operations.virtual_agent.return_to_virtual_agent import (
    ReturnToBot,
    return_to_bot,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.conversations import conversations
from handoff_service.store.routing import live_queues, supervision
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import back_to_conversation, form_field, render
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def transfer_dialog(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the dialog. It lists all agents with their presence and load, and all queues with
    their opening hours."""
    shell = await shell_context(request, agent, place="ongoing")

    def read(conn: Connection) -> dict[str, Any]:
        return {
            "interaction": conversations.get(conn, interaction_id, agent.id),
            "agents": supervision.agents(conn),
            "queues": live_queues.queues(conn),
        }

    return render("transfer_dialog.html", **shell | await desk_of(request).store.read(read))


@page(*LIVE)
async def send_on(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    to = form_field(request, "to")
    if to not in ("agent", "queue"):
        raise BadInput(errors={"to": phrase("must be agent or queue")})
    chosen = form_field(request, f"{to}_id")
    if not chosen.isdecimal() or len(chosen) > 15:
        raise BadInput(
            phrase("Choose the agent who gets this conversation.")
            if to == "agent"
            else phrase("Choose the queue that gets this conversation.")
        )
    command = Transfer(
        interaction_id=interaction_id,
        agent_id=agent.id,
        to_agent=int(chosen) if to == "agent" else None,
        to_queue=int(chosen) if to == "queue" else None,
        note=form_field(request, "note"),
    )
    await desk_of(request).store.write(transfer, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def take_back(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = CancelTransfer(interaction_id=interaction_id, agent_id=agent.id)
    await desk_of(request).store.write(cancel_transfer, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def hand_back(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    outcome = form_field(request, "outcome")
    if not outcome.strip():
        raise BadInput(phrase("Write what you did. The virtual agent continues from there."))
    command = ReturnToBot(interaction_id=interaction_id, agent_id=agent.id, outcome=outcome)
    await desk_of(request).store.write(return_to_bot, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def ask_proof(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = AskForProof(interaction_id=interaction_id, agent_id=agent.id)
    await desk_of(request).store.write(ask_for_proof, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


ONE = "/conversations/<interaction_id:int>"
PAGES: dict[str, Any] = {f"{ONE}/transfer": transfer_dialog}
POST_HANDLERS: dict[str, Any] = {
    f"{ONE}/transfer": send_on,
    f"{ONE}/transfer/cancel": take_back,
    f"{ONE}/return-to-bot": hand_back,
    f"{ONE}/ask-for-proof": ask_proof,
}

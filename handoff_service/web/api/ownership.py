"""API calls that change an interaction's owner, live group or verified requester."""

from typing import Any, Literal

from pydantic import Field

from handoff_service.operations.conversations.join_group import Member, join_group, leave_group
from handoff_service.operations.identity.ask_for_proof import AskForProof, ask_for_proof
from handoff_service.operations.identity.verify_by_hand import verify_by_hand
from handoff_service.operations.identity.verify_requester import Undo, Verify, undo_verification
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
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
from handoff_service.rules.identity.identity_level import Method
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.views import Interaction
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ApiRequest, delete, post
from handoff_service.web.api.conversations import after


class VerifyBody(Body):
    """``user_id``: the verified user. Null: the requester is not the user that the number is linked
    to. ``method``: always ``agent``, because an agent has verified the requester."""

    user_id: int | None
    method: Literal[Method.AGENT] = Method.AGENT
    note: str | None = Field(None, max_length=500)


class TransferBody(Body):
    """Transfers an interaction to an agent, who can reject the transfer, or to a queue, where the
    transfer takes effect immediately. Exactly one of the two ids is required. ``note``: for the
    next agent."""

    agent_id: int | None = None
    queue_id: int | None = None
    note: str | None = Field(None, max_length=1000)


class ReturnBody(Body):
    """``outcome``: what the agents did for the requester. The virtual agent gets it."""

    outcome: str = Field(min_length=1, max_length=200)


class AssignBody(Body):
    """``agent_id``: the agent who gets the interaction, whatever its owner or queue. Send your own
    id to take the interaction over."""

    agent_id: int


@post(
    "/interactions/{id}/transfer",
    summary="Transfer an interaction to an agent, who accepts or rejects it, or to a queue",
)
async def hand_over(asked: ApiRequest[TransferBody, Any]) -> Interaction:
    command = Transfer(
        interaction_id=asked.id,
        agent_id=asked.agent.id,
        to_agent=asked.body.agent_id,
        to_queue=asked.body.queue_id,
        note=asked.body.note,
    )
    return await after(asked, transfer, command)


@delete("/interactions/{id}/transfer", summary="Cancel a transfer that nobody has accepted yet")
async def take_back(asked: ApiRequest[None, Any]) -> Interaction:
    command = CancelTransfer(interaction_id=asked.id, agent_id=asked.agent.id)
    return await after(asked, cancel_transfer, command)


@post("/interactions/{id}/join", summary="Join the live group without writing")
async def join(asked: ApiRequest[None, Any]) -> Interaction:
    command = Member(interaction_id=asked.id, agent_id=asked.agent.id)
    return await after(asked, join_group, command)


@post("/interactions/{id}/leave", summary="Leave the live group")
async def leave(asked: ApiRequest[None, Any]) -> Interaction:
    command = Member(interaction_id=asked.id, agent_id=asked.agent.id)
    return await after(asked, leave_group, command)


@post(
    "/interactions/{id}/assign",
    summary="Assign an interaction to an agent, or take it over",
    roles=(Role.SUPERVISOR,),
)
async def assign(asked: ApiRequest[AssignBody, Any]) -> Interaction:
    command = AssignTo(interaction_id=asked.id, agent_id=asked.body.agent_id, by=asked.agent.id)
    return await after(asked, assign_by_hand, command)


@post("/interactions/{id}/return-to-bot", summary="Hand the interaction back to the virtual agent")
async def give_back(asked: ApiRequest[ReturnBody, Any]) -> Interaction:
    command = ReturnToBot(
        interaction_id=asked.id, agent_id=asked.agent.id, outcome=asked.body.outcome
    )
    return await after(asked, return_to_bot, command)


@post(
    "/interactions/{id}/verify", summary="Link the interaction and its profile to a verified user"
)
async def verify(asked: ApiRequest[VerifyBody, Any]) -> Interaction:
    command = Verify(interaction_id=asked.id, agent_id=asked.agent.id, **asked.body.model_dump())
    return await after(asked, verify_by_hand, command)


@post(
    "/interactions/{id}/ask-for-proof",
    summary="Ask the virtual agent to check the requester's identity and return the conversation",
)
async def ask_proof(asked: ApiRequest[None, Any]) -> Interaction:
    command = AskForProof(interaction_id=asked.id, agent_id=asked.agent.id)
    return await after(asked, ask_for_proof, command)


@post("/interactions/{id}/verify/undo", summary="Undo the last verification")
async def undo(asked: ApiRequest[None, Any]) -> Interaction:
    command = Undo(interaction_id=asked.id, agent_id=asked.agent.id)
    return await after(asked, undo_verification, command)

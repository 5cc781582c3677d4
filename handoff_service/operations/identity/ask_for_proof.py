"""A live agent asks the virtual agent for an identity proof.

The virtual agent gets the conversation and starts the proof. The conversation returns to the agent
who had it, without an offer, when the proof ends or the requester has not answered for a while. If
that agent is away, it returns to work assignment (``leave_virtual_agent``).
"""

from dataclasses import dataclass

from sqlalchemy import select, update

from handoff_service.errors import Conflict
from handoff_service.operations.identity.proof_steps import can_prove
from handoff_service.operations.shared import change_owner
from handoff_service.operations.shared.cancel_work_item import cancel_work_item
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.participation import active, lock_for, notify_owner
from handoff_service.operations.shared.running_proof import wait_for_answer
from handoff_service.operations.virtual_agent.leave_virtual_agent import leave_virtual_agent
from handoff_service.operations.virtual_agent.open_turn import open_turn
from handoff_service.operations.virtual_agent.redact_secrets import OPENING
from handoff_service.rules.conversations import states
from handoff_service.rules.conversations.states import Transition
from handoff_service.rules.identity.proof import ANSWERS_WITHIN, Expects
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Owner, Work
from handoff_service.store.conversations import interactions
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.provider_numbers import why_unanswerable
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity import proofs

NO_BOT = phrase("This desk has no virtual agent to check identity.")
NO_MEANS = phrase(
    "The virtual agent cannot check identity: this desk sends no e-mail, and "
    "no user has an identity fact."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskForProof:
    interaction_id: int
    agent_id: int


@dataclass(frozen=True, slots=True)
class RanOut:
    """The requester may not have answered within ``ANSWERS_WITHIN``."""

    interaction_id: int


def ask_for_proof(tx: Transaction, command: AskForProof) -> None:
    """Give the conversation to the virtual agent, which starts the proof. Raises Conflict when
    there is no virtual agent or no way to prove identity, when the conversation is closed or no
    live agent owns it, and when no text can reach the requester."""
    interaction = active(lock_for(tx, command.interaction_id, command.agent_id))
    if not tx.settings.bot_answers:
        raise Conflict(NO_BOT)
    if not can_prove(tx):
        raise Conflict(NO_MEANS)
    if interaction.owner is Owner.VIRTUAL_AGENT:
        raise Conflict(phrase("The virtual agent already has this conversation."))
    if why := why_unanswerable(tx.conn, interaction.requester_number):
        raise Conflict(why)
    if interaction.owner is not Owner.AGENT:
        raise Conflict(phrase("No live agent has this conversation. Take it over first."))
    cancel_work_item(tx, interaction.id)  # a pending transfer
    interactions.put_state(
        tx.conn, interaction.id, states.TRANSITIONS[interaction.state][Transition.HANDED_BACK]
    )
    by = agent_name(tx.conn, command.agent_id)
    did = "asked for an identity check"
    changed = change_owner.change_owner(
        tx, interaction, owner=Owner.VIRTUAL_AGENT, sentence=f"{by} {did}"
    )
    proofs.begin(tx, changed.id, changed.epoch, changed.requester_number, command.agent_id)
    tx.conn.execute(
        update(t.interactions)
        .where(t.interactions.c.id == changed.id)
        .values(expects=Expects.OPENING, back_to=interaction.assigned_to)
    )
    open_turn(tx, changed, OPENING)
    wait_for_answer(tx, changed)
    notify_owner(tx, interaction, command.agent_id, did, taken=True)


def proof_ran_out(tx: Transaction, command: RanOut) -> None:
    """Return the conversation without a result, unless the requester has answered or the
    conversation now has another owner."""
    interaction = interactions.lock(tx.conn, command.interaction_id)
    key = str(interaction.id)
    work = (t.due_work.c.kind == Work.PROOF_LIMIT, t.due_work.c.key == key)
    until = tx.conn.execute(select(t.due_work.c.due_at).where(*work)).scalar()
    if until is not None and until > tx.now:
        return due_work.release(tx, Work.PROOF_LIMIT, key, until)
    due_work.cancel(tx, Work.PROOF_LIMIT, [key])
    if interaction.owner is Owner.VIRTUAL_AGENT and interaction.back_to is not None:
        waited = durations.describe(ANSWERS_WITHIN)
        leave_virtual_agent(
            tx, interaction, f"Identity check not finished: no answer for {waited}.", {}
        )
    return None


async def when_due(job: Job) -> None:
    await job.write(proof_ran_out, RanOut(int(job.key)))

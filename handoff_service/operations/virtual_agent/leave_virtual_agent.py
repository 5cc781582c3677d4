"""Move a conversation from the virtual agent to a queue, or after a proof to the live agent who had
it before. A case is opened first for an unfinished report."""

from collections.abc import Mapping
from dataclasses import replace

from handoff_service.operations.routing.assign import assign_agent
from handoff_service.operations.routing.hand_off import hand_off
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.messages_to_many import prompt_each
from handoff_service.operations.shared.new_message import system_line
from handoff_service.operations.shared.running_proof import end_running
from handoff_service.operations.virtual_agent.save_report import PROBLEM, save_report
from handoff_service.rules.shared.translations import translatable
from handoff_service.rules.shared.vocabulary import Author, Event, Work
from handoff_service.rules.virtual_agent.bot_replies import opened, short
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import candidates
from handoff_service.store.virtual_agent.spoken_language import spoken_language

CASE = "Case"
LONGEST_QUOTE = 60  # the confirmation quotes at most this many characters of the report
THEN = translatable("A person will continue with you here.")


def leave_virtual_agent(
    tx: Transaction, interaction: InteractionRow, reason: str, collected: Mapping[str, str]
) -> InteractionRow:
    """Move a locked, active interaction from the virtual agent to live agents. A running proof
    fails. ``collected``: the facts that the bot has collected: name -> value."""
    known = _with_case(tx, interaction, collected)
    if interaction.expects is not None:
        known |= end_running(tx, interaction, reason.rstrip("."))
    returned = (
        _return_to_agent(tx, interaction, reason) if interaction.back_to is not None else None
    )
    return returned or hand_off(tx, interaction, reason, known)


def _with_case(
    tx: Transaction, interaction: InteractionRow, collected: Mapping[str, str]
) -> dict[str, str]:
    """Return the collected facts. For an unfinished report, open a case, confirm it to the
    requester, and add its number to the facts."""
    number = save_report(tx, interaction, collected)
    if number is None:
        return dict(collected)
    about = short(collected[PROBLEM], LONGEST_QUOTE)
    reply = opened("case", number, about, THEN, spoken_language(tx.conn, interaction.id))
    messages.send_text(tx, interaction, reply, Author.VIRTUAL_AGENT)
    numbers = [collected[CASE], number] if CASE in collected else [number]
    return {**collected, CASE: ", ".join(numbers)}


def _return_to_agent(
    tx: Transaction, interaction: InteractionRow, reason: str
) -> InteractionRow | None:
    """Return the conversation to the live agent who had it before the proof, without an offer.
    Returns None if the agent is deactivated or takes no work."""
    agent = candidates.candidate(tx.conn, interaction.back_to or 0)
    due_work.cancel(tx, Work.PROOF_LIMIT, [interaction.id])
    if agent is None or not agent.takes_work:
        return None
    changed = assign_agent(
        tx, interaction, agent.agent_id, sentence=f"Back with {agent.name}", reason=reason
    )
    prompt = system_line(f"Back with you. {reason}", event=Event.PROMPT)
    prompt_each(tx, [(replace(changed, assigned_to=agent.agent_id), prompt)])
    return changed

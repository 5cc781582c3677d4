"""Finish a turn of the virtual agent. If the conversation is still in the turn's epoch, the answer
is sent. If not, it becomes a note that only agents see.

A handoff that the bot requested during the turn is carried out after the bot's texts.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from handoff_service.operations.shared import messages
from handoff_service.operations.shared.new_message import NewMessage
from handoff_service.operations.virtual_agent import teach_turns
from handoff_service.operations.virtual_agent.follow_up import schedule_follow_up
from handoff_service.operations.virtual_agent.leave_virtual_agent import leave_virtual_agent
from handoff_service.operations.virtual_agent.open_turn import RESTART
from handoff_service.operations.virtual_agent.save_report import PROBLEM
from handoff_service.operations.virtual_agent.turn_rows import (
    TurnRow,
    locked_turn,
    schedule_next_turn,
    update_turn,
)
from handoff_service.ports.bot import BotReply, HowUnderstood, Understood
from handoff_service.rules.delivery.sms_text import split
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Owner, TurnOutcome
from handoff_service.rules.virtual_agent.bot_text import with_choices
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import desk, texts
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent import bot_turns
from handoff_service.store.virtual_agent.spoken_language import spoken_language

# Rasa returns no answer when an action or a model fails
NO_ANSWER = "The virtual agent had no answer."
SAME_ANSWERS = "The virtual agent gave the same answer {} times in a row."


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishTurn:
    """The bot's answer. ``failure``: why there is no answer, as a sentence that agents see."""

    turn_id: int
    replies: Sequence[BotReply] = ()
    understood: Understood | None = None
    how: HowUnderstood | None = None
    failure: str | None = None


def finish_turn(tx: Transaction, command: FinishTurn) -> TurnOutcome:
    """Store the bot's answer and send it. If the turn's epoch has ended, the answer becomes a note
    instead. A repeated call for an answered turn sends nothing."""
    interaction, turn = locked_turn(tx.conn, command.turn_id)
    if turn.answered_at is not None:
        schedule_next_turn(tx, interaction.id)
        return TurnOutcome(turn.outcome)
    outcome = _outcome(tx, interaction, turn, command)
    _put_answer(tx, turn, command)
    if command.understood is not None and turn.opening is None:
        teach_turns.keep_turn(tx, interaction, turn.id)
    match outcome:
        case TurnOutcome.LATE:
            _keep_late(tx, interaction, command.replies)
        case TurnOutcome.FAILED:
            reason = command.failure or (
                SAME_ANSWERS.format(desk.same_answers(tx.conn)) if command.replies else NO_ANSWER
            )
            leave_virtual_agent(
                tx, interaction, reason, bot_turns.collected(tx.conn, interaction.id)
            )
        case TurnOutcome.ANSWERED:
            _answer(tx, interaction, turn, command.replies)
            if command.understood is not None and PROBLEM in command.understood.collected:
                schedule_follow_up(tx, interaction)
    update_turn(tx, turn.id, outcome=outcome)
    schedule_next_turn(tx, interaction.id)
    return outcome


def keep_late_answer(tx: Transaction, command: FinishTurn) -> TurnOutcome | None:
    """Handle an answer after another process has claimed the work.

    If the turn's epoch has ended, the answer becomes a note. If not, this stores nothing and
    returns None, because the other process answers the turn.
    """
    interaction, turn = locked_turn(tx.conn, command.turn_id)
    outcome = _outcome(tx, interaction, turn, command)
    if turn.answered_at is not None or outcome is not TurnOutcome.LATE:
        return None
    _put_answer(tx, turn, command)
    _keep_late(tx, interaction, command.replies)
    update_turn(tx, turn.id, outcome=outcome)
    return outcome


def _put_answer(tx: Transaction, turn: TurnRow, command: FinishTurn) -> None:
    if command.understood is not None:
        update_turn(tx, turn.id, understood=asdict(command.understood))
    elif command.replies:
        update_turn(tx, turn.id, said=_words(command.replies))
    if (how := command.how) is not None:
        asked = {**(turn.asked or {}), "form": how.form, "slot": how.slot}
        update_turn(tx, turn.id, model=how.model, ranking=list(how.ranking), asked=asked)
    last_choices = command.replies[-1].choices if command.replies else ()
    update_turn(
        tx, turn.id, answered_at=tx.now, choices=[[c.title, c.payload] for c in last_choices]
    )


def _outcome(
    tx: Transaction, interaction: InteractionRow, turn: TurnRow, command: FinishTurn
) -> TurnOutcome:
    if interaction.owner is not Owner.VIRTUAL_AGENT or interaction.epoch != turn.epoch:
        return TurnOutcome.LATE
    if turn.hand_off is not None:
        return TurnOutcome.ANSWERED
    if turn.outcome == TurnOutcome.SILENT and command.failure is None and not command.replies:
        return TurnOutcome.SILENT
    if command.failure is not None or (not command.replies and not _restarts(turn)):
        return TurnOutcome.FAILED
    if command.understood is None and _is_lost(tx, interaction, command.replies):
        return TurnOutcome.FAILED
    return TurnOutcome.ANSWERED


def _is_lost(tx: Transaction, interaction: InteractionRow, replies: Sequence[BotReply]) -> bool:
    """Whether the bot has given the same answer too many times in a row. The caller checks this
    only for a bot that does not report what it has understood.
    """
    most = desk.same_answers(tx.conn)
    if most == 0 or not replies:
        return False
    before = bot_turns.earlier_replies(tx.conn, interaction.id, interaction.epoch, most - 1)
    return len(before) == most - 1 and set(before) <= {_words(replies)}


def _answer(
    tx: Transaction, interaction: InteractionRow, turn: TurnRow, replies: Sequence[BotReply]
) -> None:
    for reply in replies:
        for part in split(with_choices(reply.text, reply.choices)):
            messages.send_text(tx, interaction, part, Author.VIRTUAL_AGENT)
    if turn.hand_off:
        leave_virtual_agent(tx, interaction, turn.hand_off["reason"], turn.hand_off["collected"])
    elif _restarts(turn) and not replies:
        restarted = texts.restarted(tx.conn, spoken_language(tx.conn, interaction.id))
        messages.send_text(tx, interaction, restarted, Author.SYSTEM)


def _restarts(turn: TurnRow) -> bool:
    return turn.opening is not None and turn.opening["payload"] == RESTART


def _words(replies: Sequence[BotReply]) -> str:
    return "\n".join(with_choices(reply.text, reply.choices) for reply in replies)


def _keep_late(tx: Transaction, interaction: InteractionRow, replies: Sequence[BotReply]) -> None:
    for reply in replies:
        line = NewMessage(
            kind=Kind.NOTE,
            author=Author.VIRTUAL_AGENT,
            body=with_choices(reply.text, reply.choices),
            event=Event.LATE_REPLY,
            reason="because the conversation had moved on",
        )
        messages.append(tx, interaction, line)

"""One turn of the virtual agent: ask under an epoch, store the answer only if that epoch still stands.

The turn is a row before the bot is asked, so that a repeat after a crash carries the same ``turn_id`` and the same
texts. What the bot wants besides words (a handoff) is kept on the turn and done when it ends, after its words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy import insert as insert_into

from handoff_service.operations import hide_answers, say
from handoff_service.operations.leave_bot import leave_bot
from handoff_service.operations.ports import BotReply, Question
from handoff_service.rules.bot_text import Choice, for_bot, with_choices
from handoff_service.rules.sms_text import split
from handoff_service.rules.vocabulary import Author, Direction, Event, Kind, Owner, TurnOutcome, Work
from handoff_service.store import due, interactions
from handoff_service.store import tables as t
from handoff_service.store.interactions import Interaction
from handoff_service.store.lanes import Transaction

EMPTY = "The virtual agent had no answer."  # Rasa says nothing when an action or a model fails
PICTURE = "(picture)"  # what the bot gets for a picture without words


@dataclass(frozen=True, slots=True)
class BeginTurn:
    interaction_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishTurn:
    """The bot's answer; or ``failure``, why there is none, in words for an agent."""

    turn_id: int
    replies: Sequence[BotReply] = ()
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHandOff:
    """Asked by an action while a turn runs; done when the turn ends."""

    turn_id: int
    reason: str
    collected: dict[str, str] = field(default_factory=dict)


def begin_turn(tx: Transaction, command: BeginTurn) -> Question | None:
    """The question to ask the bot now. None when there is nothing to ask; the work is then taken away."""
    interaction = interactions.lock(tx.conn, command.interaction_id)
    if interaction.owner is not Owner.VIRTUAL_AGENT:
        due.disarm(tx, Work.BOT_TURN, [interaction.id])
        return None
    turn = tx.conn.execute(
        select(*t.bot_turns.c["id", "up_to_seq"]).where(
            t.bot_turns.c.interaction_id == interaction.id,
            t.bot_turns.c.epoch == interaction.epoch,
            t.bot_turns.c.answered_at.is_(None),
        )
    ).one_or_none()
    answered = _answered_up_to(tx, interaction)
    texts = _texts(tx, interaction, after=answered, up_to=turn.up_to_seq if turn else interaction.last_seq)
    proving = hide_answers.instead_of_texts(tx, interaction, after=answered)
    if not texts and not proving:
        due.disarm(tx, Work.BOT_TURN, [interaction.id])
        return None
    turn_id = turn.id if turn else _new_turn(tx, interaction)
    return Question(
        sender=str(interaction.id),
        message=proving or for_bot("\n".join(texts), _choices(tx, interaction)),
        turn_id=str(turn_id),
        metadata={"interaction_id": interaction.id, "epoch": interaction.epoch, **_handed_back(tx, interaction)},
    )


def finish_turn(tx: Transaction, command: FinishTurn) -> TurnOutcome:
    """Store the bot's answer and send it; under an old epoch keep it as a line that only agents see."""
    turn = tx.conn.execute(select(t.bot_turns).where(t.bot_turns.c.id == command.turn_id)).one()
    interaction = interactions.lock(tx.conn, turn.interaction_id)
    stands = interaction.owner is Owner.VIRTUAL_AGENT and interaction.epoch == turn.epoch
    if not stands:
        outcome = TurnOutcome.LATE
        for reply in command.replies:
            _keep_late(tx, interaction, reply, turn.epoch)
    elif not command.replies and turn.hand_off is None:
        outcome = TurnOutcome.FAILED
        leave_bot(tx, interaction, command.failure or EMPTY, {})
    else:
        outcome = TurnOutcome.ANSWERED
        for reply in command.replies:
            for part in split(with_choices(reply.text, reply.choices)):
                say.text(tx, interaction, part, Author.VIRTUAL_AGENT)
        if turn.hand_off:
            leave_bot(tx, interaction, turn.hand_off["reason"], turn.hand_off["collected"])
    last_choices = command.replies[-1].choices if command.replies else ()
    tx.conn.execute(
        update(t.bot_turns)
        .where(t.bot_turns.c.id == command.turn_id)
        .values(
            answered_at=tx.now,
            outcome=outcome,
            choices=[[c.title, c.payload] for c in last_choices],
        )
    )
    _next_turn(tx, interaction.id)
    return outcome


def request_hand_off(tx: Transaction, command: RequestHandOff) -> None:
    """Keep on the turn that the conversation goes to live agents when it ends. The same again changes nothing."""
    tx.conn.execute(
        update(t.bot_turns)
        .where(t.bot_turns.c.id == command.turn_id, t.bot_turns.c.answered_at.is_(None))
        .values(hand_off={"reason": command.reason, "collected": command.collected})
    )


def _handed_back(tx: Transaction, interaction: Interaction) -> dict[str, Any]:
    """What the bot is told in every turn of an epoch that began when somebody gave the conversation back to it."""
    if interaction.epoch == 1:
        return {}
    m = t.messages
    line = tx.conn.execute(
        select(m.c.body, m.c.reason).where(
            m.c.interaction_id == interaction.id, m.c.event == Event.OWNER_CHANGED, m.c.epoch == interaction.epoch
        )
    ).first()
    return {"handed_back": {"said": line.body, "outcome": line.reason}} if line else {}


def _answered_up_to(tx: Transaction, interaction: Interaction) -> int:
    turns = t.bot_turns
    return (
        tx.conn.execute(
            select(func.max(turns.c.up_to_seq)).where(
                turns.c.interaction_id == interaction.id, turns.c.answered_at.is_not(None)
            )
        ).scalar()
        or 0
    )


def _texts(tx: Transaction, interaction: Interaction, *, after: int, up_to: int) -> list[str]:
    """The requester's texts of this epoch that no turn has answered, in order."""
    m = t.messages
    bodies = tx.conn.execute(
        select(m.c.body)
        .where(
            m.c.interaction_id == interaction.id,
            m.c.direction == Direction.INBOUND,
            m.c.epoch == interaction.epoch,
            m.c.seq > after,
            m.c.seq <= up_to,
        )
        .order_by(m.c.seq)
    ).scalars()
    return [body.strip() or PICTURE for body in bodies]


def _new_turn(tx: Transaction, interaction: Interaction) -> int:
    return tx.conn.execute(
        insert_into(t.bot_turns)
        .values(
            interaction_id=interaction.id,
            epoch=interaction.epoch,
            up_to_seq=interaction.last_seq,
            asked_at=tx.now,
            choices=[],
        )
        .returning(t.bot_turns.c.id)
    ).scalar_one()


def _choices(tx: Transaction, interaction: Interaction) -> list[Choice]:
    """The numbered lines that the requester has before them: those of the last answer in this epoch."""
    last = tx.conn.execute(
        select(t.bot_turns.c.choices)
        .where(
            t.bot_turns.c.interaction_id == interaction.id,
            t.bot_turns.c.epoch == interaction.epoch,
            t.bot_turns.c.answered_at.is_not(None),
        )
        .order_by(t.bot_turns.c.id.desc())
        .limit(1)
    ).scalar()
    return [Choice(title, payload) for title, payload in last or []]


def _keep_late(tx: Transaction, interaction: Interaction, reply: BotReply, epoch: int) -> None:
    say.append(
        tx,
        interaction,
        say.Line(
            kind=Kind.SYSTEM,
            author=Author.SYSTEM,
            body=with_choices(reply.text, reply.choices),
            event=Event.LATE_REPLY,
            reason=f"epoch {epoch} had ended",
        ),
    )


def _next_turn(tx: Transaction, interaction_id: int) -> None:
    """A text that came while the bot worked is the next turn; else there is nothing to do."""
    interaction = interactions.lock(tx.conn, interaction_id)
    after = _answered_up_to(tx, interaction)
    if interaction.owner is Owner.VIRTUAL_AGENT and _texts(tx, interaction, after=after, up_to=interaction.last_seq):
        due.release(tx, Work.BOT_TURN, interaction.id, tx.now + tx.terms.burst_window)
    else:
        due.disarm(tx, Work.BOT_TURN, [interaction.id])

"""Takes one turn of the virtual agent: asks the bot in an epoch, and sends the answer only if the
conversation is still in that epoch.

The turn's row is stored before the bot is asked, so a retry after a crash has the same ``turn_id``
and texts. A handoff that the bot requests is stored with the turn, and carried out at its end,
after the bot's texts.

``open_turn`` opens a turn without a requester's text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import insert as insert_into
from sqlalchemy import select, update

from handoff_service import log
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.job import Job
from handoff_service.operations.virtual_agent import redact_secrets, teach_turns
from handoff_service.operations.virtual_agent.follow_up import schedule_follow_up
from handoff_service.operations.virtual_agent.leave_virtual_agent import leave_virtual_agent
from handoff_service.operations.virtual_agent.save_report import PROBLEM
from handoff_service.operations.virtual_agent.turn_input import (
    asked_before,
    language_payload,
    told_to_bot,
    unanswered_texts,
)
from handoff_service.ports import (
    BotAnswer,
    BotFailed,
    BotReply,
    HowUnderstood,
    Question,
    Understood,
)
from handoff_service.rules.delivery.sms_text import split
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Owner, TurnOutcome, Work
from handoff_service.rules.virtual_agent.automated_texts import AutomatedText, all_automated
from handoff_service.rules.virtual_agent.bot_text import Choice, for_bot, with_choices, without_bot
from handoff_service.rules.virtual_agent.spanish_replies import in_language
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import desk, texts
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.virtual_agent import bot_turns
from handoff_service.store.virtual_agent.spoken_language import spoken_language

EMPTY = "The virtual agent had no answer."  # Rasa returns nothing when an action or a model fails
LOST = "The virtual agent gave the same answer {} times in a row."
TOO_MANY = (
    "The virtual agent sent this number too many replies in ten minutes. It may be a machine."
)
A_WHILE = timedelta(minutes=10)
RESTART = "/restart"  # Rasa's own payload for a restart, to which it replies nothing


type _Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class BeginTurn:
    interaction_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishTurn:
    """The bot's answer. ``failure``: the reason why there is none, as a text for agents."""

    turn_id: int
    replies: Sequence[BotReply] = ()
    understood: Understood | None = None
    how: HowUnderstood | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHandOff:
    """An action's request for a handoff, which is carried out when the turn ends."""

    turn_id: int
    reason: str
    collected: dict[str, str] = field(default_factory=dict)


def open_turn(
    tx: Transaction,
    interaction: InteractionRow,
    payload: str,
    slots: Mapping[str, object] | None = None,
) -> None:
    """Ask the bot immediately, without a requester's text, in a locked interaction. This turn must
    be the first of its epoch.

    ``payload``: a payload as a button sends it (``/prove_identity``). ``slots``: the bot sets them
    before the payload runs.
    """
    _new_turn(tx, interaction, {"payload": payload, "slots": dict(slots or {})})
    work = due_work.Due(
        kind=Work.BOT_TURN, key=str(interaction.id), line=interaction.line, due_at=tx.now
    )
    due_work.schedule(tx, [work])


def begin_turn(tx: Transaction, command: BeginTurn) -> Question | None:
    """The question for the bot. None when there is nothing to ask; the due work is then
    canceled."""
    interaction = interactions.lock(tx.conn, command.interaction_id)
    if interaction.owner is not Owner.VIRTUAL_AGENT:
        due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
        return None
    turn = _under_way(tx, interaction)
    if turn is not None and turn.opening:
        message = turn.opening["payload"]
    else:
        answered = bot_turns.answered_up_to(tx.conn, interaction.id)
        found = unanswered_texts(
            tx, interaction, after=answered, up_to=turn.up_to_seq if turn else interaction.last_seq
        )
        if not found:
            due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
            return None
        if turn is None and bot_turns.answers_to(
            tx.conn, interaction.requester_number, tx.now - A_WHILE
        ) >= (desk.most_answers(tx.conn)):
            leave_virtual_agent(
                tx, interaction, TOO_MANY, bot_turns.collected(tx.conn, interaction.id)
            )
            due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
            return None
        choices = _choices(tx, interaction)
        if turn is None and interaction.expects is None and (kind := all_automated(found)):
            _leave_unanswered(tx, interaction, kind, choices)
            return None
        if (
            turn is None
            and interaction.expects is None
            and (answer := without_bot(found, choices)) is not None
        ):
            _answer_without_bot(tx, interaction, answer, choices)
            return None
        message = (
            redact_secrets.instead_of_texts(tx, interaction, after=answered)
            or language_payload(found)
            or for_bot("\n".join(text for text in found if text), choices)
        )
    asked = asked_before(tx, interaction)
    turn_id = turn.id if turn is not None else _new_turn(tx, interaction, asked=asked.get("asked"))
    told = told_to_bot(tx, interaction, turn.opening if turn is not None else None)
    told |= asked
    metadata = {"interaction_id": interaction.id, "epoch": interaction.epoch, **told}
    return Question(
        sender=str(interaction.id), message=message, turn_id=str(turn_id), metadata=metadata
    )


def finish_turn(tx: Transaction, command: FinishTurn) -> TurnOutcome:
    """Store the bot's answer and send it. If the epoch has ended, the answer becomes a note for
    agents. A repeated call for an answered turn sends nothing."""
    interaction, turn = _locked_turn(tx, command.turn_id)
    if turn.answered_at is not None:
        _next_turn(tx, interaction.id)
        return TurnOutcome(turn.outcome)
    outcome = _outcome(tx, interaction, turn, command)
    _put_answer(tx, turn, command)
    if command.understood is not None and turn.opening is None:
        teach_turns.keep_turn(tx, interaction, turn.id)
    match outcome:
        case TurnOutcome.LATE:
            _keep_late(tx, interaction, command.replies, turn.epoch)
        case TurnOutcome.FAILED:
            reason = command.failure or (
                LOST.format(desk.same_answers(tx.conn)) if command.replies else EMPTY
            )
            leave_virtual_agent(
                tx, interaction, reason, bot_turns.collected(tx.conn, interaction.id)
            )
        case TurnOutcome.ANSWERED:
            _answer(tx, interaction, turn, command.replies)
            if command.understood is not None and PROBLEM in command.understood.collected:
                schedule_follow_up(tx, interaction)
    _put(tx, turn.id, outcome=outcome)
    _next_turn(tx, interaction.id)
    return outcome


def keep_late_answer(tx: Transaction, command: FinishTurn) -> TurnOutcome | None:
    """Handle an answer after another process has claimed the work.

    If the turn's epoch has ended, the answer becomes a note for agents. Otherwise this returns None
    and stores nothing, because the other process answers the turn.
    """
    interaction, turn = _locked_turn(tx, command.turn_id)
    outcome = _outcome(tx, interaction, turn, command)
    if turn.answered_at is not None or outcome is not TurnOutcome.LATE:
        return None
    _put_answer(tx, turn, command)
    _keep_late(tx, interaction, command.replies, turn.epoch)
    _put(tx, turn.id, outcome=outcome)
    return outcome


def _locked_turn(tx: Transaction, turn_id: int) -> tuple[InteractionRow, _Row]:
    b = t.bot_turns
    found = tx.conn.execute(select(b.c.interaction_id).where(b.c.id == turn_id)).scalar_one()
    interaction = interactions.lock(tx.conn, found)
    return interaction, tx.conn.execute(select(b).where(b.c.id == turn_id)).one()


def _put_answer(tx: Transaction, turn: _Row, command: FinishTurn) -> None:
    if command.understood is not None:
        _put(tx, turn.id, understood=asdict(command.understood))
    elif command.replies:
        _put(tx, turn.id, said=_words(command.replies))
    if (how := command.how) is not None:
        asked = {**(turn.asked or {}), "form": how.form, "slot": how.slot}
        _put(tx, turn.id, model=how.model, ranking=list(how.ranking), asked=asked)
    last_choices = command.replies[-1].choices if command.replies else ()
    _put(tx, turn.id, answered_at=tx.now, choices=[[c.title, c.payload] for c in last_choices])


def _outcome(
    tx: Transaction, interaction: InteractionRow, turn: _Row, command: FinishTurn
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
    """Whether a bot that reports no ``understood`` is lost, which shows by the same answer several
    times in a row."""
    most = desk.same_answers(tx.conn)
    if most == 0 or not replies:
        return False
    before = bot_turns.said_before(tx.conn, interaction.id, interaction.epoch, most - 1)
    return len(before) == most - 1 and set(before) <= {_words(replies)}


def _answer(
    tx: Transaction, interaction: InteractionRow, turn: _Row, replies: Sequence[BotReply]
) -> None:
    for reply in replies:
        for part in split(with_choices(reply.text, reply.choices)):
            messages.send_text(tx, interaction, part, Author.VIRTUAL_AGENT)
    if turn.hand_off:
        leave_virtual_agent(tx, interaction, turn.hand_off["reason"], turn.hand_off["collected"])
    elif _restarts(turn) and not replies:
        said = texts.restarted(tx.conn, spoken_language(tx.conn, interaction.id))
        messages.send_text(tx, interaction, said, Author.SYSTEM)


def _answer_without_bot(
    tx: Transaction, interaction: InteractionRow, answer: str, choices: Sequence[Choice]
) -> None:
    """Answer texts without words, and do not ask the bot, so that its state does not change."""
    turn_id = _new_turn(tx, interaction)
    answer = in_language(answer, spoken_language(tx.conn, interaction.id))
    for part in split(with_choices(answer, choices)):
        messages.send_text(tx, interaction, part, Author.VIRTUAL_AGENT)
    shown = [[c.title, c.payload] for c in choices]
    _put(tx, turn_id, answered_at=tx.now, choices=shown, outcome=TurnOutcome.ANSWERED)
    due_work.cancel(tx, Work.BOT_TURN, [interaction.id])


def _leave_unanswered(
    tx: Transaction, interaction: InteractionRow, kind: AutomatedText, choices: Sequence[Choice]
) -> None:
    """End the turn without an answer. A system line shows the reason, and the next text starts
    another turn."""
    turn_id = _new_turn(tx, interaction)
    said = f"Not answered: it looks like {kind}."
    messages.append(
        tx, interaction, messages.NewLine(kind=Kind.SYSTEM, author=Author.SYSTEM, body=said)
    )
    shown = [[c.title, c.payload] for c in choices]
    _put(tx, turn_id, answered_at=tx.now, choices=shown, outcome=TurnOutcome.SILENT)
    due_work.cancel(tx, Work.BOT_TURN, [interaction.id])


def _restarts(turn: _Row) -> bool:
    return turn.opening is not None and turn.opening["payload"] == RESTART


def _words(replies: Sequence[BotReply]) -> str:
    return "\n".join(with_choices(reply.text, reply.choices) for reply in replies)


def _put(tx: Transaction, turn_id: int, **values: object) -> None:
    tx.conn.execute(update(t.bot_turns).where(t.bot_turns.c.id == turn_id).values(**values))


def told_today(tx: Transaction, asked: tuple[int, str]) -> bool:
    """Whether this action answered a text of the turn's number in the last 24 hours. ``asked``: the
    turn's id and the action."""
    turn_id, action = asked
    _, turn = _locked_turn(tx, turn_id)
    number = interactions.lock(tx.conn, turn.interaction_id).requester_number
    return bot_turns.did_since(tx.conn, number, action, tx.now - timedelta(days=1))


def request_hand_off(tx: Transaction, command: RequestHandOff) -> None:
    """Store with the turn that its end hands the conversation to live agents. A repeated call with
    the same request changes nothing."""
    tx.conn.execute(
        update(t.bot_turns)
        .where(t.bot_turns.c.id == command.turn_id, t.bot_turns.c.answered_at.is_(None))
        .values(hand_off={"reason": command.reason, "collected": command.collected})
    )


def _under_way(tx: Transaction, interaction: InteractionRow) -> _Row | None:
    """The unanswered turn of the present epoch. None: there is none."""
    b = t.bot_turns.c
    query = select(b.id, b.up_to_seq, b.opening).where(
        b.interaction_id == interaction.id, b.epoch == interaction.epoch, b.answered_at.is_(None)
    )
    return tx.conn.execute(query).one_or_none()


def _new_turn(
    tx: Transaction,
    interaction: InteractionRow,
    opening: Mapping[str, object] | None = None,
    asked: Mapping[str, object] | None = None,
) -> int:
    return tx.conn.execute(
        insert_into(t.bot_turns)
        .values(
            interaction_id=interaction.id,
            epoch=interaction.epoch,
            up_to_seq=interaction.last_seq,
            asked_at=tx.now,
            choices=[],
            opening=dict(opening) if opening else None,
            asked=dict(asked) if asked else None,
            expected=interaction.expects,
        )
        .returning(t.bot_turns.c.id)
    ).scalar_one()


def _choices(tx: Transaction, interaction: InteractionRow) -> list[Choice]:
    return [Choice(*pair) for pair in bot_turns.choices(tx.conn, interaction.id, interaction.epoch)]


def _keep_late(
    tx: Transaction, interaction: InteractionRow, replies: Sequence[BotReply], epoch: int
) -> None:
    for reply in replies:
        line = messages.NewLine(
            kind=Kind.NOTE,
            author=Author.VIRTUAL_AGENT,
            body=with_choices(reply.text, reply.choices),
            event=Event.LATE_REPLY,
            reason="because the conversation had moved on",
        )
        messages.append(tx, interaction, line)


def _next_turn(tx: Transaction, interaction_id: int) -> None:
    """Schedule the next turn if a turn is open or texts have arrived meanwhile. Otherwise cancel
    the due work."""
    interaction = interactions.lock(tx.conn, interaction_id)
    after = bot_turns.answered_up_to(tx.conn, interaction.id)
    if interaction.owner is not Owner.VIRTUAL_AGENT:
        due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
    elif _under_way(tx, interaction):
        due_work.release(tx, Work.BOT_TURN, interaction.id, tx.now)
    elif unanswered_texts(tx, interaction, after=after, up_to=interaction.last_seq):
        ends, at_latest = tx.settings.burst_ends(tx.now)
        due_work.release(tx, Work.BOT_TURN, interaction.id, ends, latest=at_latest)
    else:
        due_work.cancel(tx, Work.BOT_TURN, [interaction.id])


async def when_due(job: Job) -> None:
    question = await job.write(begin_turn, BeginTurn(int(job.key)))
    if question is None:
        return
    answer, failure = await _ask(job, question)
    finish = FinishTurn(
        turn_id=int(question.turn_id),
        replies=answer.replies,
        understood=answer.understood,
        how=answer.how,
        failure=failure,
    )
    outcome = await job.write(finish_turn, finish, late=keep_late_answer)
    job.deps.metrics.turns.labels(outcome).inc()
    log.info("bot_turn", interaction=job.key, turn=question.turn_id, outcome=outcome, why=failure)


async def _ask(job: Job, question: Question) -> tuple[BotAnswer, str | None]:
    """The bot's answer. After a failed try, ask once more with the same turn id."""
    failure = ""
    for _ in range(2):
        try:
            with job.deps.metrics.turn_seconds.time():
                return await job.deps.bot.ask(question), None
        except BotFailed as error:
            failure = str(error)
    return BotAnswer(), failure

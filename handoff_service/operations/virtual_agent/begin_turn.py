"""Begin a turn of the virtual agent: decide whether to call the bot, and with which input.

The turn's row is stored before the call, so a retry after a crash has the same ``turn_id`` and the
same texts. Some texts are answered without the bot, and some are not answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from handoff_service.operations.shared import messages
from handoff_service.operations.virtual_agent import redact_secrets
from handoff_service.operations.virtual_agent.leave_virtual_agent import leave_virtual_agent
from handoff_service.operations.virtual_agent.turn_input import (
    asked_before,
    facts_for_bot,
    language_payload,
    unanswered_texts,
)
from handoff_service.operations.virtual_agent.turn_rows import (
    choices_of,
    new_turn,
    unanswered_turn,
    update_turn,
)
from handoff_service.ports.bot import Question
from handoff_service.rules.delivery.sms_text import split
from handoff_service.rules.shared.translations import in_language
from handoff_service.rules.shared.vocabulary import Author, Owner, TurnOutcome, Work
from handoff_service.rules.virtual_agent.automated_texts import AutomatedText, all_automated
from handoff_service.rules.virtual_agent.bot_text import Choice, for_bot, with_choices, without_bot
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import desk
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent import bot_turns
from handoff_service.store.virtual_agent.spoken_language import spoken_language

TOO_MANY_REPLIES = (
    "The virtual agent sent this number too many replies in ten minutes. The sender may be a bot."
)
REPLY_PERIOD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class BeginTurn:
    interaction_id: int


def begin_turn(tx: Transaction, command: BeginTurn) -> Question | None:
    """The question for the bot. If there is nothing to ask, this cancels the due work and returns
    None."""
    interaction = interactions.lock(tx.conn, command.interaction_id)
    if interaction.owner is not Owner.VIRTUAL_AGENT:
        due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
        return None
    turn = unanswered_turn(tx.conn, interaction)
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
            tx.conn, interaction.requester_number, tx.now - REPLY_PERIOD
        ) >= (desk.most_answers(tx.conn)):
            leave_virtual_agent(
                tx, interaction, TOO_MANY_REPLIES, bot_turns.collected(tx.conn, interaction.id)
            )
            due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
            return None
        choices = choices_of(tx, interaction)
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
    turn_id = turn.id if turn is not None else new_turn(tx, interaction, asked=asked.get("asked"))
    facts = facts_for_bot(tx, interaction, turn.opening if turn is not None else None, message)
    facts |= asked
    metadata = {"interaction_id": interaction.id, "epoch": interaction.epoch, **facts}
    return Question(
        sender=str(interaction.id), message=message, turn_id=str(turn_id), metadata=metadata
    )


def _answer_without_bot(
    tx: Transaction, interaction: InteractionRow, answer: str, choices: Sequence[Choice]
) -> None:
    """Answer texts without words. The bot does not get these texts, so its state does not
    change."""
    turn_id = new_turn(tx, interaction)
    answer = in_language(answer, spoken_language(tx.conn, interaction.id))
    for part in split(with_choices(answer, choices)):
        messages.send_text(tx, interaction, part, Author.VIRTUAL_AGENT)
    same_choices = [[c.title, c.payload] for c in choices]
    update_turn(tx, turn_id, answered_at=tx.now, choices=same_choices, outcome=TurnOutcome.ANSWERED)
    due_work.cancel(tx, Work.BOT_TURN, [interaction.id])


def _leave_unanswered(
    tx: Transaction, interaction: InteractionRow, kind: AutomatedText, choices: Sequence[Choice]
) -> None:
    """End the turn without an answer. A system line shows agents the reason. The next text starts
    another turn."""
    turn_id = new_turn(tx, interaction)
    sentence = f"Not answered: it looks like {kind}."
    messages.append_line(tx, interaction, sentence)
    same_choices = [[c.title, c.payload] for c in choices]
    update_turn(tx, turn_id, answered_at=tx.now, choices=same_choices, outcome=TurnOutcome.SILENT)
    due_work.cancel(tx, Work.BOT_TURN, [interaction.id])

"""Carry out a requester's command in the transaction that stores the text. This does not involve
the bot, so commands work while the bot is down.

Commands work while the virtual agent owns the conversation. BYE and RESTART also work while it is
in a queue. While a live agent owns it, these commands are ordinary texts. BYE and RESTART count
only as the last of several texts, and first open a case for an unfinished report or request. HELP
also works in a queue and with a live agent, because ``receive_sms`` already answers it there.
"""

from collections.abc import Mapping, Sequence

from handoff_service.operations.shared import change_owner, messages
from handoff_service.operations.shared.end_interaction import end_interaction
from handoff_service.operations.virtual_agent.leave_virtual_agent import leave_virtual_agent
from handoff_service.operations.virtual_agent.open_turn import RESTART, open_turn
from handoff_service.operations.virtual_agent.return_to_virtual_agent import (
    BY_REQUESTER,
    return_to_virtual_agent,
)
from handoff_service.operations.virtual_agent.save_report import (
    ITEM,
    PROBLEM,
    save_report,
    save_request,
)
from handoff_service.operations.virtual_agent.teach_turns import keep_last
from handoff_service.operations.virtual_agent.turn_input import RESTARTED
from handoff_service.rules.shared.translations import translatable
from handoff_service.rules.shared.vocabulary import Author, ItemSource, Owner, State
from handoff_service.rules.virtual_agent.bot_replies import opened, short
from handoff_service.rules.virtual_agent.commands import Command, find_command, may_be
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import desk, texts
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent import bot_turns
from handoff_service.store.virtual_agent.spoken_language import spoken_language

ASKED = "Asked for a person."
SAID_GOODBYE = "The requester said goodbye"
LONGEST_QUOTE = 60  # the confirmation quotes at most this many characters of the report
THEN = translatable("We'll text you updates. Ask me for its status any time.")
# these commands apply only when no other text follows in the same batch
LAST = frozenset({Command.BYE, Command.RESTART})


def apply_commands(tx: Transaction, texts: Mapping[int, Sequence[str]]) -> None:
    """Carry out the commands in new texts. ``texts``: interaction id -> its new texts, in order."""
    if not any(may_be(text) for its_texts in texts.values() for text in its_texts):
        return
    words = desk.commands(tx.conn)
    for interaction_id, its_texts in texts.items():
        found = [find_command(text, words) for text in its_texts]
        for n, command in enumerate(found, start=1):
            if command is not None and (command not in LAST or n == len(found)):
                _apply(tx, interaction_id, command)


def _apply(tx: Transaction, interaction_id: int, command: Command) -> None:
    interaction = interactions.lock(tx.conn, interaction_id)
    if interaction.owner is Owner.QUEUE:
        _leave_queue(tx, interaction, command)
    if interaction.owner is not Owner.VIRTUAL_AGENT:
        return
    # the command ends a proof that a live agent waits for
    if command in LAST and interaction.back_to is not None:
        leave_virtual_agent(tx, interaction, f"The requester texted {command.upper()}.", {})
        return
    match command:
        case Command.AGENT:
            keep_last(tx, interaction, ItemSource.HANDOFF)
            leave_virtual_agent(
                tx, interaction, ASKED, bot_turns.collected(tx.conn, interaction.id)
            )
        case Command.BYE:
            _save_unfinished(tx, interaction)
            _bye(tx, interaction)
        case Command.HELP:
            reply = texts.help_text(tx.conn, spoken_language(tx.conn, interaction.id))
            messages.send_text(tx, interaction, reply, Author.SYSTEM)
        case Command.RESTART:
            _save_unfinished(tx, interaction)
            _restart(tx, interaction)


def _save_unfinished(tx: Transaction, interaction: InteractionRow) -> None:
    """Open a case for an unfinished report or request, and text its number to the requester."""
    known = bot_turns.collected(tx.conn, interaction.id)
    language = spoken_language(tx.conn, interaction.id)
    for what, fact, save in (("case", PROBLEM, save_report), ("request", ITEM, save_request)):
        if (number := save(tx, interaction, known)) is not None:
            confirmation = opened(what, number, short(known[fact], LONGEST_QUOTE), THEN, language)
            messages.send_text(tx, interaction, confirmation, Author.VIRTUAL_AGENT)


def _leave_queue(tx: Transaction, interaction: InteractionRow, command: Command) -> None:
    if command is Command.BYE:
        _bye(tx, interaction)
    elif command is Command.RESTART and tx.settings.bot_answers:
        _restart(tx, return_to_virtual_agent(tx, interaction, sentence=BY_REQUESTER, outcome=None))


def _bye(tx: Transaction, interaction: InteractionRow) -> None:
    reply = texts.goodbye(tx.conn, spoken_language(tx.conn, interaction.id))
    messages.send_text(tx, interaction, reply, Author.SYSTEM)
    end_interaction(tx, interaction, State.CLOSED_COMPLETE, sentence=SAID_GOODBYE)


def _restart(tx: Transaction, interaction: InteractionRow) -> None:
    """Restart the bot in the next epoch. An answer that the bot is still computing is then not
    sent, and the numbers of earlier choices no longer work."""
    keep_last(tx, interaction, ItemSource.GAVE_UP)
    changed = change_owner.change_owner(
        tx, interaction, owner=Owner.VIRTUAL_AGENT, sentence=RESTARTED
    )
    open_turn(tx, changed, RESTART)

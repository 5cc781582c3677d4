"""Apply a text that matters for consent, such as a keyword, in the transaction that stores it.
``rules/consent/consent_keywords.py`` decides the steps."""

from dataclasses import dataclass

from sqlalchemy import select

from handoff_service.operations.consent.ledger import ConsentChange, record_in
from handoff_service.operations.consent.resume_topic import is_unfinished, resume_topic
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.end_interaction import end_interaction
from handoff_service.operations.virtual_agent.leave_virtual_agent import leave_virtual_agent
from handoff_service.rules.consent.consent_keywords import (
    TABLE,
    ConsentSituation,
    ConsentStep,
    Source,
)
from handoff_service.rules.consent.opt_out_requests import OptOutIntent, folded, opt_out_intent
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.shared.translations import in_language, translatable
from handoff_service.rules.shared.vocabulary import Author, Direction, Event, Owner, State
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import texts
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent import bot_turns
from handoff_service.store.virtual_agent.spoken_language import spoken_language

OPTED_OUT = "The requester opted out"
OPTED_IN = "The requester opted in"
ONLY_REPORT = translatable('To cancel only your report, text START, then "never mind".')
MAY_WANT_OPT_OUT = (
    "The requester may want to opt out: we asked them to reply STOP, and they wrote again."
)


@dataclass(frozen=True, slots=True)
class ConsentWord:
    """A text that matters for consent: a keyword, or other words about texts from the company."""

    means: ConsentSituation
    words: str  #: the text as the requester wrote it
    sid: str  #: the provider's id of the text
    answered: bool  #: whether the provider has already sent its own reply


def apply_consent(tx: Transaction, interaction_id: int, word: ConsentWord) -> None:
    """Carry out the steps that ``consent_keywords.TABLE`` lists for this text. The caller holds the
    locks on the interaction and on the number's profile."""
    interaction = interactions.lock(tx.conn, interaction_id)
    steps = TABLE[word.means]
    opts_in = word.means is ConsentSituation.OPTS_IN
    language = spoken_language(tx.conn, interaction_id)
    if ConsentStep.RECORD in steps:
        _record(tx, interaction, word, opted_out=not opts_in)
    if ConsentStep.CONFIRM in steps and not word.answered:
        confirmation = (
            texts.opted_in(tx.conn, language) if opts_in else _opted_out(tx, interaction, word)
        )
        messages.send_text(
            tx, interaction, confirmation, Author.SYSTEM, event=None if opts_in else Event.CONSENT
        )
    if ConsentStep.HELP in steps and not word.answered:
        messages.send_text(
            tx, interaction, texts.help_text(tx.conn, language), Author.SYSTEM, event=Event.CONSENT
        )
    if ConsentStep.ASK_OPT_OUT in steps and interaction.owner is Owner.VIRTUAL_AGENT:
        _ask_opt_out(tx, interaction, word.sid)
    if ConsentStep.EXPLAIN_NUMBER in steps and interaction.owner is Owner.VIRTUAL_AGENT:
        messages.send_text(tx, interaction, texts.wrong_number(tx.conn, language), Author.SYSTEM)
    if opts_in and interaction.active and resume_topic(tx, interaction):
        return
    if ConsentStep.CLOSE in steps and interaction.active and interaction.owner is not Owner.AGENT:
        state = State.CLOSED_COMPLETE if opts_in else State.CLOSED_ABANDONED
        end_interaction(tx, interaction, state, sentence=OPTED_IN if opts_in else OPTED_OUT)


def _opted_out(tx: Transaction, interaction: InteractionRow, word: ConsentWord) -> str:
    """The opt-out confirmation. A requester who texts CANCEL, END or QUIT in the middle of a report
    may want to cancel only the report, so the confirmation then explains how to do that."""
    language = spoken_language(tx.conn, interaction.id)
    reply = texts.opted_out(tx.conn, language)
    may_mean_report = folded(word.words) in ("cancel", "end", "quit")
    if may_mean_report and is_unfinished(tx, interaction.id):
        return f"{reply} {in_language(ONLY_REPORT, language)}"
    return reply


def _ask_opt_out(tx: Transaction, interaction: InteractionRow, sid: str) -> None:
    """Ask whether the requester wants to opt out. If the question was sent before and the requester
    did not reply STOP, a live agent decides.
    """
    if _was_asked(tx, interaction, sid):
        leave_virtual_agent(
            tx, interaction, MAY_WANT_OPT_OUT, bot_turns.collected(tx.conn, interaction.id)
        )
    else:
        asks = texts.ask_opt_out(tx.conn, spoken_language(tx.conn, interaction.id))
        messages.send_text(tx, interaction, asks, Author.SYSTEM)


def _was_asked(tx: Transaction, interaction: InteractionRow, sid: str) -> bool:
    """Whether an earlier text of this conversation led to the question. No row records the
    question, so this applies its rule to the earlier texts again."""
    m = t.messages
    before = select(m.c.seq).where(m.c.provider_sid == sid).scalar_subquery()
    earlier = select(*m.c["body", "seq"]).where(
        m.c.interaction_id == interaction.id,
        m.c.direction == Direction.INBOUND,
        m.c.owner == Owner.VIRTUAL_AGENT,
        m.c.seq < before,
    )
    return any(
        opt_out_intent(r.body, first=r.seq == 1) is OptOutIntent.LIKELY
        for r in tx.conn.execute(earlier)
    )


def _record(
    tx: Transaction, interaction: InteractionRow, word: ConsentWord, *, opted_out: bool
) -> None:
    change = ConsentChange(
        number=interaction.requester_number,
        opted_out=opted_out,
        source=Source.KEYWORD,
        provider_number_id=None if opted_out else interaction.provider_number_id,
        words=without_signature(word.words).strip(),
    )
    record_in(tx, interaction, change)

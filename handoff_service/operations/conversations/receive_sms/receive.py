"""Receive the waiting texts, all in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from handoff_service.operations.consent.apply_consent import ConsentWord, apply_consent
from handoff_service.operations.conversations.receive_sms.aside import Aside, find_aside, keep_aside
from handoff_service.operations.conversations.receive_sms.decide import is_ending, put
from handoff_service.operations.conversations.receive_sms.facts import Conversation, TextingProfile
from handoff_service.operations.conversations.receive_sms.load_facts import load_facts
from handoff_service.operations.conversations.receive_sms.reported_again import reopen_reported
from handoff_service.operations.conversations.receive_sms.text import Text
from handoff_service.operations.conversations.receive_sms.write import write
from handoff_service.operations.routing.choose_queue import QueueChooser
from handoff_service.operations.routing.hand_off import hand_off
from handoff_service.operations.shared.conversation_hints import notify, notify_onlookers
from handoff_service.operations.virtual_agent.apply_command import apply_commands
from handoff_service.operations.virtual_agent.return_to_virtual_agent import return_by_requester
from handoff_service.rules.consent import consent_keywords
from handoff_service.rules.desk.system_message_texts import wants_bot
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.conversations import interactions
from handoff_service.store.desk.availability import PRESENCE, TAKES_WORK
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import SetBased, Transaction

OPTS_OUT = frozenset(
    {consent_keywords.ConsentSituation.OPTS_OUT, consent_keywords.ConsentSituation.OPTS_OUT_AGAIN}
)


class ReceiveOutcome(StrEnum):
    """The result of receiving a text."""

    STORED = "stored"
    REPEAT = "repeat"  #: the text is already stored; for example, its webhook came twice
    UNKNOWN_NUMBER = "unknown_number"  #: the desk does not have the provider number


@dataclass(frozen=True, slots=True)
class Received:
    """The result for one text. ``opted_out``: the text opted its number out."""

    outcome: ReceiveOutcome
    interaction_id: int | None = None
    opted_out: bool = False


def _receive(tx: Transaction, texts: Sequence[Text]) -> list[Received]:
    reopen_reported(tx, texts)
    facts = load_facts(tx, texts)
    tied: dict[str, TextingProfile] = {}
    queues = QueueChooser(tx.conn)
    answers: list[tuple[ReceiveOutcome, Conversation | None] | Text | Aside] = []
    for text in texts:
        provider = facts.providers.get(text.provider_number)
        if provider is None:
            answers.append((ReceiveOutcome.UNKNOWN_NUMBER, None))
        elif text.sid in facts.seen:
            answers.append((ReceiveOutcome.REPEAT, None))
        elif is_ending(facts, text, provider):
            # an earlier STOP in this batch closes the conversation, so this text starts a new one
            answers.append(text)
        elif (aside := find_aside(tx, text, provider, facts)) is not None:
            facts.seen.add(text.sid)
            answers.append(aside)
        else:
            facts.seen.add(text.sid)
            answers.append((ReceiveOutcome.STORED, put(tx, text, provider, facts, tied, queues)))
    touched = {
        id(a[1]): a[1] for a in answers if isinstance(a, tuple) and a[1] is not None
    }.values()
    write(tx, facts.profiles, tied, touched)
    _return_to_bot(tx, touched)
    apply_commands(
        tx, {c.id: [text.body for _, text in c.texts] for c in touched if _takes_commands(c)}
    )
    for c in touched:
        for text, means in c.about_consent:
            apply_consent(
                tx,
                c.id,
                ConsentWord(means, text.body, text.sid, answered=text.answered_as is not None),
            )
    _reassign(tx, [c.id for c in touched if c.owner is Owner.AGENT])
    notify(tx, [c.id for c in touched if c.owner is Owner.AGENT])
    for c in touched:
        if c.owner is not Owner.AGENT:
            notify_onlookers(tx, c.id, c.number)
    kept = {a.text.sid: keep_aside(tx, a) for a in answers if isinstance(a, Aside)}
    behind = [a for a in answers if isinstance(a, Text)]
    received = iter(_receive(tx, behind) if behind else ())
    out = {text.sid for c in touched for text, means in c.about_consent if means in OPTS_OUT}
    return [
        next(received)
        if isinstance(a, Text)
        else Received(ReceiveOutcome.STORED, kept[text.sid])
        if isinstance(a, Aside)
        else Received(
            a[0], a[1].id if a[1] else None, opted_out=a[1] is not None and text.sid in out
        )
        for text, a in zip(texts, answers, strict=True)
    ]


receive_sms: SetBased[Text, Received] = SetBased(_receive)


def _takes_commands(conversation: Conversation) -> bool:
    """Whether commands apply: no agent owns the conversation, and its sender can be answered."""
    return conversation.owner is not Owner.AGENT and conversation.unanswerable is None


def _return_to_bot(tx: Transaction, conversations: Iterable[Conversation]) -> None:
    """Return conversations in a queue to the virtual agent if the requester has asked for it by
    texting BOT."""
    if not tx.settings.bot_answers:
        return
    for c in conversations:
        if (
            c.owner is Owner.QUEUE
            and c.unanswerable is None
            and any(wants_bot(text.body) for _, text in c.texts)
        ):
            return_by_requester(tx, interactions.lock(tx.conn, c.id))


_UNATTENDED = (
    select(t.interactions.c.id, t.agents.c.name, PRESENCE.label("presence"))
    .join(t.agents, t.agents.c.id == t.interactions.c.assigned_to)
    .join(t.desk, t.desk.c.reassign_when_away)
    .where(one_of(t.interactions.c.id, "ids"), ~TAKES_WORK)
)


def _reassign(tx: Transaction, ids: list[int]) -> None:
    """If the desk's settings say so, return these conversations to work assignment when their agent
    is away."""
    for r in tx.conn.execute(_UNATTENDED, {"ids": ids}).all() if ids else ():
        hand_off(
            tx, interactions.lock(tx.conn, r.id), f"{r.name} is {r.presence.replace('_', ' ')}.", {}
        )

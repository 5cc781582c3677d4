"""Store reactions, blank texts to live agents, and thanks and grades after closing.

Each text is stored in the active or closed conversation that it belongs to. It starts no bot turn,
work item or timer, and changes no state. The agent of a closed conversation sees thanks as unread.
A blank text gives an agent nothing to answer, so a conversation begins only with a text that shows
something.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update

from handoff_service.operations.conversations.receive_sms.closed_conversation import (
    new_closed_conversation,
)
from handoff_service.operations.conversations.receive_sms.facts import LoadedFacts, Provider
from handoff_service.operations.conversations.receive_sms.reacted_message import (
    emoji_after,
    on_line,
    reacted_to,
)
from handoff_service.operations.conversations.receive_sms.reported_again import announced
from handoff_service.operations.conversations.receive_sms.satisfaction_answers import (
    SatisfactionAnswer,
    answer_in,
    answered,
    keep_answer,
)
from handoff_service.operations.conversations.receive_sms.text import Text
from handoff_service.operations.shared import conversation_hints
from handoff_service.operations.shared.events_at_end import of_lines
from handoff_service.rules.conversations import reactions
from handoff_service.rules.conversations.reactions import Reaction
from handoff_service.rules.conversations.thanks import has_thanks, is_thanks, stays_closed
from handoff_service.rules.delivery.sms_characters import is_visible
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    FirstResponder,
    Kind,
    Status,
)
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.messages import REACTS_TO
from handoff_service.store.conversations.satisfaction import question_waits
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

i, m = t.interactions, t.messages
_TEXT = {"kind": Kind.MESSAGE, "direction": Direction.INBOUND, "status": Status.RECEIVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A text that starts nothing. It is stored after the other texts of its transaction.

    - ``reaction``, ``message``: the reaction in the text, and the message that it is about.
    - ``closed``: the closed conversation for which the requester thanks us.
    - ``answer``: the text's answer to the satisfaction question.

    If all four are None, the text is blank.
    """

    text: Text
    provider: Provider
    facts: LoadedFacts
    reaction: Reaction | None = None
    message: Row[*tuple[Any, ...]] | None = None
    closed: int | None = None
    answer: SatisfactionAnswer | None = None


def find_aside(tx: Transaction, text: Text, provider: Provider, facts: LoadedFacts) -> Aside | None:
    """Recognize a text that must not start a conversation, such as a reaction. None for all other
    texts. Most texts need no database query here."""
    if text.media or text.answered_as is not None:
        return None
    reaction = reactions.read(text.body)
    if reaction is not None:
        message = reacted_to(tx, reaction, text, provider)
        if message is None and not reaction.sure:
            return None
        return Aside(text=text, provider=provider, facts=facts, reaction=reaction, message=message)
    if (text.requester_number, provider.id) in facts.active:
        return None
    answer = _answer(tx, text, provider, facts)
    if answer is not None or (not is_visible(text.body) and _would_wait(tx, provider)):
        return Aside(text=text, provider=provider, facts=facts, answer=answer)
    if not has_thanks(text.body):
        return None
    question = facts.questions.get((text.requester_number, provider.id))
    closed = (
        (question.interaction_id if question else None)
        or _just_closed(tx, text, provider)
        or _announced(tx, text, provider)
    )
    if closed is None or not is_thanks(text.body, _names(tx, closed)):
        return None
    return Aside(text=text, provider=provider, facts=facts, closed=closed)


def _answer(
    tx: Transaction, text: Text, provider: Provider, facts: LoadedFacts
) -> SatisfactionAnswer | None:
    line = text.requester_number, provider.id
    question = facts.questions.get(line)
    if question is None:
        return None
    answer = answer_in(text, question, _names(tx, question.interaction_id))
    if answer is not None:
        facts.questions[line] = answered(question, answer)
    return answer


def _would_wait(tx: Transaction, provider: Provider) -> bool:
    """Whether a new conversation would wait for a live agent."""
    return provider.first_responder is FirstResponder.LIVE_AGENT or not tx.settings.bot_answers


def _names(tx: Transaction, closed: int) -> list[str]:
    """The names of the agents who took part in a closed conversation. Thanks may contain them."""
    a, g = t.agents, t.live_group
    took_part = select(a.c.name).join(g, g.c.agent_id == a.c.id).where(g.c.interaction_id == closed)
    assigned = select(a.c.name).join(i, i.c.assigned_to == a.c.id).where(i.c.id == closed)
    return list(tx.conn.execute(took_part.union(assigned)).scalars())


def keep_aside(tx: Transaction, aside: Aside) -> int:
    """Store the text. Returns the id of its interaction."""
    reaction, message = aside.reaction, aside.message
    if aside.answer is not None:
        interaction_id = aside.answer.interaction_id
        seq = _store(tx, aside, interaction_id, **_TEXT, **aside.answer.message_columns)
        keep_answer(tx, aside.answer, aside.text.body, seq)
        return interaction_id
    if reaction is None:
        interaction_id = aside.closed or _newest(tx, aside) or _closed_from_the_start(tx, aside)
        seq = _store(tx, aside, interaction_id, **_TEXT)
        if aside.closed is not None:
            tx.conn.execute(
                update(i)
                .where(i.c.id == interaction_id)
                .values(thanked_seq=seq, last_message_at=tx.now)
            )
        return interaction_id
    if message is not None:
        tx.conn.execute(
            update(m)
            .where(m.c.id == message.id)
            .values(reaction=emoji_after(reaction, message), changed_at=tx.now)
        )
        interaction_id, reason = message.interaction_id, f"{REACTS_TO}{message.seq}"
    else:
        interaction_id, reason = _newest(tx, aside) or _closed_from_the_start(tx, aside), None
    _store(tx, aside, interaction_id, kind=Kind.SYSTEM, event=Event.REACTION, reason=reason)
    return interaction_id


def _store(tx: Transaction, aside: Aside, interaction_id: int, **values: object) -> int:
    """Add the text to the conversation. Returns its position there (``seq``)."""
    interaction = interactions.lock(tx.conn, interaction_id)
    seq = interaction.last_seq + 1
    tx.conn.execute(update(i).where(i.c.id == interaction_id).values(last_seq=seq))
    row = {
        "interaction_id": interaction_id,
        "seq": seq,
        "author": Author.REQUESTER,
        "body": aside.text.body,
        "owner": interaction.owner,
        "epoch": interaction.epoch,
        "provider_sid": aside.text.sid,
        "created_at": tx.now,
    }
    tx.conn.execute(insert(m).values(row | values))
    tx.at_end(of_lines, [(interaction_id, seq)])
    conversation_hints.notify(tx, [interaction_id])
    return seq


def _announced(tx: Transaction, text: Text, provider: Provider) -> int | None:
    """The line's conversation with our text that a problem is resolved. None without such a
    text."""
    found = announced(tx, text.requester_number, text.provider_number)
    return found.interaction_id if found else None


def _just_closed(tx: Transaction, text: Text, provider: Provider) -> int | None:
    """The line's newest conversation, if it was closed recently enough for thanks to belong to it.
    The virtual agent answers thanks itself, unless the satisfaction question is not sent yet."""
    minutes = tx.conn.execute(select(t.desk.c.thanks_minutes)).scalar() or 0
    if provider.first_responder is not FirstResponder.LIVE_AGENT:
        minutes = 0
    query = (
        select(i.c.id, i.c.closed_at, question_waits(i).label("question_waits"))
        .where(*on_line(text, provider))
        .order_by(i.c.opened_at.desc(), i.c.id.desc())
    )
    newest = tx.conn.execute(query.limit(1)).one_or_none()
    if newest is None or not stays_closed(
        newest.closed_at, tx.now, minutes, question_waits=newest.question_waits
    ):
        return None
    return int(newest.id)


def _newest(tx: Transaction, aside: Aside) -> int | None:
    query = (
        select(i.c.id)
        .where(*on_line(aside.text, aside.provider))
        .order_by(i.c.opened_at.desc(), i.c.id.desc())
    )
    return tx.conn.execute(query.limit(1)).scalar()


def _closed_from_the_start(tx: Transaction, aside: Aside) -> int:
    number, users = aside.text.requester_number, aside.facts.users
    return new_closed_conversation(tx, number, aside.provider.id, users.get(number, ()))

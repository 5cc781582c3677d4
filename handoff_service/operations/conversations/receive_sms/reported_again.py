"""Handle answers to our text that a case is resolved or that a service works again.

"Still broken" reopens the case and the conversation, and hands the conversation to live agents with
the context. Thanks stay in the closed conversation (see ``aside.py``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select, update

from handoff_service.operations.cases.change_case import write_change
from handoff_service.operations.conversations.receive_sms.text import Text
from handoff_service.operations.routing.hand_off import hand_off
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.future_times import in_words
from handoff_service.operations.virtual_agent.leave_virtual_agent import leave_virtual_agent
from handoff_service.rules.cases.cases import case_id, number
from handoff_service.rules.cases.still_broken import ANSWERED_WITHIN, MOST_TEXTS, is_still_broken
from handoff_service.rules.conversations.states import Transition, next_state
from handoff_service.rules.shared.vocabulary import (
    Author,
    CaseState,
    Direction,
    Event,
    Owner,
    Status,
)
from handoff_service.store.consent import consents
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

LONGEST_QUOTE = 120  # the reason for live agents quotes at most this many characters of our text
i, m, c, r = t.interactions, t.messages, t.cases, t.outage_recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """Our last text on a line that a case is resolved or that a service works again."""

    message_id: int
    interaction_id: int
    body: str
    sent_at: Any
    case_id: int | None


def announced(tx: Transaction, requester_number: str, provider_number: str) -> Announced | None:
    """Our last text on this line that something is resolved. None without one, if it is older than
    ``ANSWERED_WITHIN``, or if the requester has sent more than ``MOST_TEXTS`` texts since."""
    p = t.provider_numbers
    line = (
        i.c.requester_number == requester_number,
        i.c.provider_number_id
        == select(p.c.id).where(p.c.number == provider_number).scalar_subquery(),
    )
    last = (
        select(*m.c["id", "interaction_id", "body", "created_at", "event", "reason"])
        .join(i, i.c.id == m.c.interaction_id)
        .where(
            *line,
            i.c.last_message_at >= tx.now - ANSWERED_WITHIN,
            t.SAYS_RESOLVED,
            m.c.created_at >= tx.now - ANSWERED_WITHIN,
            m.c.status != Status.CANCELED,
        )
        .order_by(m.c.id.desc())
        .limit(1)
    )
    row = tx.conn.execute(last).one_or_none()
    if row is None:
        return None
    since = (
        select(func.count())
        .join_from(m, i, i.c.id == m.c.interaction_id)
        .where(*line, m.c.id > row.id, m.c.direction == Direction.INBOUND)
    )
    if tx.conn.execute(since).scalar_one() > MOST_TEXTS:
        return None
    if row.event == Event.CASE_TEXT:
        case = case_id(row.reason or "")
    else:
        case = tx.conn.execute(select(r.c.case_id).where(r.c.message_id == row.id)).scalar()
    return Announced(
        message_id=row.id,
        interaction_id=row.interaction_id,
        body=row.body,
        sent_at=row.created_at,
        case_id=case,
    )


def reopen_reported(tx: Transaction, texts: Sequence[Text]) -> None:
    """Reopen the case and the conversation for each text that answers "still broken" to our text
    that something is resolved. Call this before the texts are stored, so that they are added to the
    reopened conversation."""
    likely = [one for one in texts if one.answered_as is None and is_still_broken(one.body)]
    numbers = _numbers_informed(tx, {text.requester_number for text in likely}) if likely else set()
    for text in likely:
        if text.requester_number in numbers:
            _reopen(tx, text)


def _numbers_informed(tx: Transaction, numbers: Collection[str]) -> set[str]:
    """The numbers in ``numbers`` that may have got our text that something is resolved. This one
    query for all texts spares most of them further queries, because most requesters report new
    problems."""
    query = (
        select(i.c.requester_number)
        .join(m, m.c.interaction_id == i.c.id)
        .where(
            one_of(i.c.requester_number, numbers),
            i.c.last_message_at >= tx.now - ANSWERED_WITHIN,
            t.SAYS_RESOLVED,
        )
    )
    return set(tx.conn.execute(query).scalars())


def _reopen(tx: Transaction, text: Text) -> None:
    active = [
        one
        for one in interactions.lock_active(tx.conn, [text.requester_number])
        if one.provider_number_id == _provider(tx, text)
    ]
    found = announced(tx, text.requester_number, text.provider_number)
    if found is None or not is_still_broken(text.body, found.body) or _seen(tx, text):
        return
    interaction = active[0] if active else interactions.lock(tx.conn, found.interaction_id)
    if consents.opted_out_of(tx.conn, [interaction.id]):
        return
    case = _reopen_case(tx, found.case_id, text.body)
    quoted = found.body[:LONGEST_QUOTE] + "…" * (len(found.body) > LONGEST_QUOTE)
    reason = f"Still broken, after our text of {in_words(tx.conn, found.sent_at)}: “{quoted}”"
    collected = {"Case": case} if case else {}
    if not interaction.active:
        hand_off(tx, _open_again(tx, interaction), reason, collected)
    elif interaction.owner is Owner.VIRTUAL_AGENT:
        leave_virtual_agent(tx, interaction, reason, collected)
    else:
        messages.append_line(tx, interaction, reason, event=Event.CASE_CHANGED)


def _provider(tx: Transaction, text: Text) -> int | None:
    p = t.provider_numbers
    return tx.conn.execute(select(p.c.id).where(p.c.number == text.provider_number)).scalar()


def _seen(tx: Transaction, text: Text) -> bool:
    return tx.conn.execute(select(m.c.id).where(m.c.provider_sid == text.sid)).first() is not None


def _open_again(tx: Transaction, interaction: InteractionRow) -> InteractionRow:
    state = next_state(interaction.state, Transition.REPORTED_AGAIN)
    assert state is not None  # the transition exists for every closed state
    values = {"closed_at": None, "thanked_seq": None}
    tx.conn.execute(update(i).where(i.c.id == interaction.id).values(values))
    interactions.put_state(tx.conn, interaction.id, state)
    return replace(interaction, state=state, owner=Owner.NONE, closed_at=None)


def _reopen_case(tx: Transaction, found: int | None, reason: str) -> str | None:
    """Reopen the case if it is resolved. ``found``: the case's id. Returns the case's number, or
    None if there is no case."""
    row = tx.conn.execute(select(c).where(c.c.id == found).with_for_update()).one_or_none()
    if row is None:
        return None
    if row.state == CaseState.RESOLVED:
        changes = {"state": (row.state, CaseState.OPEN.value)}
        write_change(tx, row, Author.REQUESTER, None, changes, reason)
    return number(row.id)

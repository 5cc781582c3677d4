"""Searches for the rows that an erasure's steps change, except the rows of conversations.

The searches run outside the lane. The steps in the lane then only write the rows with these keys.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, or_, select

from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.privacy.counts import at_provider

#: Kinds of due work whose key is the interaction's id.
_OF_INTERACTION = (
    Work.BOT_TURN,
    Work.END_HOLD,
    Work.TIMER,
    Work.FOLLOW_UP,
    Work.ASK_SATISFACTION,
    Work.PROOF_LIMIT,
)
#: The columns that refer to a user, in tables whose rows an erasure keeps.
_OF_USER = (
    t.associations.c.user_id,
    t.associations.c.old_user_id,
    t.proofs.c.user_id,
    t.cases.c.user_id,
    t.messaging_profiles.c.user_id,
    t.messaging_profiles.c.not_user_id,
    t.interactions.c.user_id,
)
c, d, i, m, w = t.erased_copies, t.deleted_records, t.interactions, t.messages, t.due_work


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """A piece of due work."""

    kind: Work
    key: str


@dataclass(frozen=True, slots=True)
class UserRows:
    """Rows of a table in which a column refers to one of these users."""

    table: str
    column: str
    user_ids: Collection[int]
    keys: Sequence[int]


def queued_texts(conn: Connection, ids: Collection[int]) -> list[int]:
    """Return the ids of these conversations' messages that wait to be sent."""
    query = select(m.c.id).where(one_of(m.c.interaction_id, ids), m.c.status == Status.QUEUED)
    return list(conn.execute(query.order_by(m.c.id)).scalars())


def waiting_work(conn: Connection, ids: Collection[int]) -> list[WaitingWork]:
    """Return the due work of these conversations, such as reminders, without their queued texts."""
    lines = select(m.c.id).where(one_of(m.c.interaction_id, ids))
    found = [one for kind in _OF_INTERACTION for one in _work(conn, kind, ids)]
    for kind, key, where in (
        (Work.PROMISE, t.promises.c.id, one_of(t.promises.c.interaction_id, ids)),
        (Work.SEND_LATER, t.scheduled_texts.c.id, one_of(t.scheduled_texts.c.interaction_id, ids)),
        (Work.FETCH_MEDIA, t.media.c.id, t.media.c.message_id.in_(lines)),
    ):
        found += _work(conn, kind, conn.execute(select(key).where(where)).scalars())
    return found


def _work(conn: Connection, kind: Work, keys: Iterable[int]) -> list[WaitingWork]:
    these = (w.c.kind == kind, one_of(w.c.key, map(str, keys)))
    return [WaitingWork(kind, key) for key in conn.execute(select(w.c.key).where(*these)).scalars()]


def copies(conn: Connection, erasure_id: int, ids: Collection[int]) -> list[str]:
    """Return the provider's ids of these conversations' texts that are not in ``erased_copies``
    yet."""
    known = select(c.c.provider_sid).where(c.c.erasure_id == erasure_id)
    query = select(m.c.provider_sid).where(
        one_of(m.c.interaction_id, ids), at_provider(), m.c.provider_sid.not_in(known)
    )
    return list(conn.execute(query.order_by(m.c.id)).scalars())


def user_rows(conn: Connection, user_ids: Collection[int]) -> list[UserRows]:
    """Return the rows that refer to these users."""
    found = []
    for column in _OF_USER:
        key = column.table.c.id
        keys = conn.execute(select(key).where(one_of(column, user_ids)).order_by(key)).scalars()
        if row_keys := list(keys):
            found.append(UserRows(column.table.name, column.name, user_ids, row_keys))
    return found


def user_changes(conn: Connection, user_ids: Collection[int]) -> list[int]:
    """Return the ids of the entries in these users' change histories."""
    r = t.record_changes.c
    query = select(r.id).where(r.noun == Noun.USER, one_of(r.record, map(str, user_ids)))
    return list(conn.execute(query.order_by(r.id)).scalars())


def deleted_users(conn: Connection, words: Collection[str]) -> list[int]:
    """Return the ids of the records of users who were deleted earlier and had one of these numbers,
    addresses or employee numbers."""
    if not words:
        return []
    text = sa.cast(d.c.changes, sa.Text)
    matches = or_(*(text.contains(f'"{word}"', autoescape=True) for word in words))
    query = select(d.c.id).where(d.c.noun == Noun.USER, matches)
    return list(conn.execute(query.order_by(d.c.id)).scalars())


def work_on_line(conn: Connection, number: str) -> list[int]:
    """Return the ids of the due work of a number's conversations. Return none if the number has a
    conversation that is newer than the erasure."""
    newer = select(i.c.id).where(i.c.requester_number == number).exists()
    query = select(w.c.id).where(w.c.line.contains(number, autoescape=True), ~newer)
    return list(conn.execute(query.order_by(w.c.id)).scalars())


def profiles(conn: Connection, number: str) -> list[int]:
    """Return the ids of this number's messaging profiles."""
    p = t.messaging_profiles.c
    return list(conn.execute(select(p.id).where(p.number == number)).scalars())


def unknown_replies(conn: Connection, number: str) -> list[int]:
    """Return the message ids of the automatic replies to this number while it was unknown."""
    u = t.unknown_replies.c
    return list(conn.execute(select(u.message_id).where(u.number == number)).scalars())

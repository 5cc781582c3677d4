"""Find people and conversations by names, numbers and texts.

Conversations come newest first. Each way of finding gives interactions below a cursor in that order, and is asked for
no more than a page needs; of a word that is everywhere, at most ``MOST_LOOKED_AT`` lines are looked at for one page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.conversations.search_query import Wanted
from handoff_service.store.conversations import conversations, text_index
from handoff_service.store.desk import people
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Interaction, Message, User

type Where = Sequence[sa.ColumnElement[bool]]
i, m, u = t.interactions, t.messages, t.users
MOST_PEOPLE = 200  # whose conversations a name finds
CHUNK = 1000
MOST_LOOKED_AT = 20 * CHUNK
BEYOND = 1 << 42  # higher than any interaction's id


@dataclass(frozen=True, slots=True)
class Result:
    """An interaction, and the seq of its newest line that fits; None: found by a name or a number."""

    interaction_id: int
    seq: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """One page. ``below``: what to ask for the next page with; None: this is the last."""

    items: list[Result]
    below: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundConversation:
    """``line`` is None when the conversation was found by a name or a number."""

    interaction: Interaction
    line: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPerson:
    """A user, with the newest of their conversations."""

    user: User
    conversations: int
    newest: int | None


def finds(conn: Connection, wanted: Wanted, *, where: Where = (), below: int | None = None, limit: int) -> ResultPage:
    """The newest interactions that fit, below an id and within ``where``."""
    below = below or BEYOND
    if wanted.nothing:
        return ResultPage(items=[], below=None)
    fresh = _newest_lines(conn, text_index.newest_matches(conn, wanted, text_index.place(below, 0)), where)
    by_text, looked_to = _by_text(conn, wanted, where, below, limit + 1)
    others = set(_by_name(conn, wanted, where, below, limit + 1)) | _by_reference(conn, wanted, where, below)
    lines = {find.interaction_id: find for find in (*by_text, *fresh)}
    found = sorted({*lines, *others}, reverse=True)
    if looked_to is not None:  # what is older than what was looked at comes with the next page
        found = [one for one in found if one >= looked_to]
    items = [lines.get(one, Result(one, None)) for one in found[:limit]]
    if len(found) > limit:
        return ResultPage(items=items, below=items[-1].interaction_id)
    return ResultPage(items=items, below=looked_to)


def found_conversations(conn: Connection, found: ResultPage, agent_id: int) -> list[FoundConversation]:
    """What a page shows of them, in their order."""
    shown = conversations.list_(
        conn, [one_of(i.c.id, [f.interaction_id for f in found.items])], agent_id=agent_id, order=(i.c.id.desc(),)
    )
    pairs = [(f.interaction_id, f.seq) for f in found.items if f.seq]
    each = sa.or_(*((m.c.interaction_id == a) & (m.c.seq == b) for a, b in pairs)) if pairs else sa.false()
    lines = {line.interaction_id: line for line in conversations.some_messages(conn, [each])} if pairs else {}
    return [FoundConversation(interaction=one, line=lines.get(one.id)) for one in shown]


def found_people(conn: Connection, wanted: Wanted, limit: int = 6) -> list[FoundPerson]:
    """Users by every word of a name, an employee number, or the end of a phone number."""
    if wanted.nothing:
        return []
    users = people.users(conn, people.found_by(conn, wanted.typed).where, limit=limit)
    query = select(i.c.user_id, func.count(), func.max(i.c.id)).where(one_of(i.c.user_id, [one.id for one in users]))
    counts = {r[0]: (r[1], r[2]) for r in conn.execute(query.group_by(i.c.user_id))}
    return [
        FoundPerson(user=one, conversations=counts.get(one.id, (0, None))[0], newest=counts.get(one.id, (0, None))[1])
        for one in users
    ]


def _by_text(conn: Connection, wanted: Wanted, where: Where, below: int, most: int) -> tuple[list[Result], int | None]:
    """Interactions with a line that fits, newest first; and how far down was looked, None: to the end."""
    at = text_index.place(below, 0)
    found: list[Result] = []
    looked_to = below
    for _ in range(MOST_LOOKED_AT // CHUNK):
        places = text_index.matches(conn, wanted, at, CHUNK)
        found += _newest_lines(conn, places, where)
        if len(places) < CHUNK:
            return found, None
        looked_to = text_index.interaction_of(places[-1])[0]
        at = text_index.place(looked_to, 0)
        if len(found) >= most:
            break
    return found, looked_to


def _newest_lines(conn: Connection, places: Sequence[int], where: Where) -> list[Result]:
    """The interactions of these places (highest first) that are within ``where``, each with its newest line."""
    newest: dict[int, int] = {}
    for place in places:
        interaction_id, seq = text_index.interaction_of(place)
        newest.setdefault(interaction_id, seq)
    kept = set(newest)
    if where and newest:
        kept = set(conn.execute(select(i.c.id).where(one_of(i.c.id, newest), *where)).scalars())
    return [Result(one, seq or None) for one, seq in newest.items() if one in kept]


def _by_name(conn: Connection, wanted: Wanted, where: Where, below: int, most: int) -> list[int]:
    """Interactions of the users that fit."""
    users = list(
        conn.execute(select(u.c.id).where(people.found_by(conn, wanted.typed).where).limit(MOST_PEOPLE)).scalars()
    )
    if not users:
        return []
    query = select(i.c.id).where(one_of(i.c.user_id, users), i.c.id < below, *where).order_by(i.c.id.desc())
    return list(conn.execute(query.limit(most)).scalars())


def _by_reference(conn: Connection, wanted: Wanted, where: Where, below: int) -> set[int]:
    """The interaction that is called so, or that this case was made in."""
    if wanted.interaction is not None:
        query = select(i.c.id).where(i.c.id == wanted.interaction)
    elif wanted.case is not None:
        query = select(i.c.id).join(t.cases, t.cases.c.interaction_id == i.c.id).where(t.cases.c.id == wanted.case)
    else:
        return set()
    return set(conn.execute(query.where(i.c.id < below, *where)).scalars())

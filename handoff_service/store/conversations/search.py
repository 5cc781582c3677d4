"""Search for people and conversations by names, numbers and texts.

Results are sorted with the newest conversation first. Each kind of search stops when it has enough
interactions below a cursor for a page. For a very frequent word, one page reads at most
``MAX_LINES_READ`` rows of the text index.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.search_query import SearchQuery
from handoff_service.store.conversations import conversations, messages, text_index, text_matches
from handoff_service.store.desk import labels
from handoff_service.store.desk.user_search import PageRequest
from handoff_service.store.desk.users import search_user_ids, select_users
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Interaction, Message, User

type Where = Sequence[sa.ColumnElement[bool]]
i, m = t.interactions, t.messages
MAX_PEOPLE = 200  # a name search covers the conversations of this many people
SHOWN_PEOPLE = 6
CHUNK = 1000
MAX_LINES_READ = 20 * CHUNK
BEYOND = 1 << 42  # higher than any interaction's id


@dataclass(frozen=True, slots=True)
class Result:
    """A matching interaction. ``seq``: its newest matching message; None if no message matched, but
    a name, a number or a label."""

    interaction_id: int
    seq: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """A page of results. ``below``: the cursor for the next page; None on the last page."""

    items: list[Result]
    below: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundConversation:
    """A matching conversation. ``line``: its newest matching message; None if no message matched,
    but a name, a number or a label."""

    interaction: Interaction
    line: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPerson:
    """A user and their newest conversation."""

    user: User
    conversations: int
    newest: int | None


def people_ids(conn: Connection, wanted: SearchQuery) -> list[int]:
    """Return the ids of at most ``MAX_PEOPLE`` users who match (see ``find_user_ids`` in
    desk/user_search.py). A query that is too short matches nobody."""
    return (
        []
        if wanted.is_too_short
        else search_user_ids(conn, wanted.typed, PageRequest(limit=MAX_PEOPLE))
    )


def find_interactions(
    conn: Connection,
    wanted: SearchQuery,
    *,
    people: Sequence[int] | None = None,
    where: Where = (),
    below: int | None = None,
    limit: int,
) -> ResultPage:
    """Return the newest matching interactions below an id that fulfill ``where``. ``people``: the
    matching users, if the caller already has them."""
    below = below or BEYOND
    if wanted.is_too_short:
        return ResultPage(items=[], below=None)
    if people is None:
        people = people_ids(conn, wanted)
    not_indexed = _newest_lines(
        conn, text_matches.newest_matches(conn, wanted, text_index.place(below, 0)), where
    )
    by_text, read_to = _by_text(conn, wanted, where, below, limit + 1)
    others = set(_of_people(conn, people, where, below, limit + 1)) | _by_reference(
        conn, wanted, where, below
    )
    others |= set(_by_label(conn, wanted, where, below, limit + 1))
    lines = {find.interaction_id: find for find in (*by_text, *not_indexed)}
    found = sorted({*lines, *others}, reverse=True)
    if read_to is not None:  # the next page returns older interactions
        found = [one for one in found if one >= read_to]
    items = [lines.get(one, Result(one, None)) for one in found[:limit]]
    if len(found) > limit:
        return ResultPage(items=items, below=items[-1].interaction_id)
    return ResultPage(items=items, below=read_to)


def found_conversations(
    conn: Connection, found: ResultPage, agent_id: int
) -> list[FoundConversation]:
    """Read the fields that pages show for these results, in the same order."""
    shown = conversations.list_(
        conn,
        [one_of(i.c.id, [f.interaction_id for f in found.items])],
        agent_id=agent_id,
        order=(i.c.id.desc(),),
    )
    pairs = [(f.interaction_id, f.seq) for f in found.items if f.seq]
    each = (
        sa.or_(*((m.c.interaction_id == a) & (m.c.seq == b) for a, b in pairs))
        if pairs
        else sa.false()
    )
    lines = {line.interaction_id: line for line in messages.matching(conn, [each])} if pairs else {}
    return [FoundConversation(interaction=one, line=lines.get(one.id)) for one in shown]


def found_people(
    conn: Connection, people: Sequence[int], limit: int = SHOWN_PEOPLE
) -> list[FoundPerson]:
    """Return the first ``limit`` of these users, with the number of their conversations and the
    newest one."""
    if not people:
        return []
    users = select_users(conn, one_of(t.users.c.id, people[:limit]))
    query = select(i.c.user_id, func.count(), func.max(i.c.id)).where(
        one_of(i.c.user_id, [one.id for one in users])
    )
    counts = {r[0]: (r[1], r[2]) for r in conn.execute(query.group_by(i.c.user_id))}
    return [
        FoundPerson(
            user=one,
            conversations=counts.get(one.id, (0, None))[0],
            newest=counts.get(one.id, (0, None))[1],
        )
        for one in users
    ]


def _by_text(
    conn: Connection, wanted: SearchQuery, where: Where, below: int, most: int
) -> tuple[list[Result], int | None]:
    """Return interactions below ``below`` with a matching message, newest first, and the oldest
    interaction that was read. The latter is None if no older message matches."""
    at = text_index.place(below, 0)
    found: list[Result] = []
    read_to = below
    for _ in range(MAX_LINES_READ // CHUNK):
        places = text_matches.matches(conn, wanted, at, CHUNK)
        found += _newest_lines(conn, places, where)
        if len(places) < CHUNK:
            return found, None
        read_to = text_index.interaction_of(places[-1])[0]
        at = text_index.place(read_to, 0)
        if len(found) >= most:
            break
    return found, read_to


def _newest_lines(conn: Connection, places: Sequence[int], where: Where) -> list[Result]:
    """Return the interactions at these places of the index that fulfill ``where``, each with its
    newest message. ``places``: highest first."""
    newest: dict[int, int] = {}
    for place in places:
        interaction_id, seq = text_index.interaction_of(place)
        newest.setdefault(interaction_id, seq)
    allowed = set(newest)
    if where and newest:
        allowed = set(conn.execute(select(i.c.id).where(one_of(i.c.id, newest), *where)).scalars())
    return [Result(one, seq or None) for one, seq in newest.items() if one in allowed]


def _of_people(
    conn: Connection, people: Sequence[int], where: Where, below: int, most: int
) -> list[int]:
    """Return the ids of the newest interactions of these users."""
    if not people:
        return []
    query = (
        select(i.c.id)
        .where(one_of(i.c.user_id, people), i.c.id < below, *where)
        .order_by(i.c.id.desc())
    )
    return list(conn.execute(query.limit(most)).scalars())


def _by_label(
    conn: Connection, wanted: SearchQuery, where: Where, below: int, most: int
) -> list[int]:
    """Return the ids of the newest interactions with a label of exactly this name. Case does not
    matter."""
    typed = folded(wanted.typed)
    named = [one.id for one in labels.list_(conn) if folded(one.name) == typed]
    if not named:
        return []
    c = t.conversation_labels
    query = (
        select(i.c.id)
        .where(i.c.id.in_(select(c.c.interaction_id).where(one_of(c.c.label_id, named))))
        .where(i.c.id < below, *where)
        .order_by(i.c.id.desc())
    )
    return list(conn.execute(query.limit(most)).scalars())


def _by_reference(conn: Connection, wanted: SearchQuery, where: Where, below: int) -> set[int]:
    """Return the interaction with this number, or the one in which this case was opened."""
    if wanted.interaction is not None:
        query = select(i.c.id).where(i.c.id == wanted.interaction)
    elif wanted.case is not None:
        query = (
            select(i.c.id)
            .join(t.cases, t.cases.c.interaction_id == i.c.id)
            .where(t.cases.c.id == wanted.case)
        )
    else:
        return set()
    return set(conn.execute(query.where(i.c.id < below, *where)).scalars())

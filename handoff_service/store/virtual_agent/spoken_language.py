"""Finds the language of the replies to a requester."""

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import Connection, bindparam, func, select

from handoff_service.rules.shared.language import LANGUAGE_NAMES, Language
from handoff_service.rules.shared.language_of_text import conversation_language, language_of
from handoff_service.rules.shared.vocabulary import Direction
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i, m = t.interactions, t.messages
LAST_TEXTS = 30  # older texts do not show which language the requester uses now


def spoken_language(conn: Connection, interaction_id: int) -> Language:
    """Return the language of the replies. It is the first of these that is known:

    - the language that the requester's texts show or ask for (a text such as "START" has none),
    - the language of the number's previous conversation,
    - the attribute ``language`` of the requester's user,
    - the language of the conversation's queue, or else of the provider number's queue."""
    return spoken_languages(conn, [interaction_id])[interaction_id]


def spoken_languages(conn: Connection, ids: Collection[int]) -> Mapping[int, Language]:
    """Return the language of each of these conversations. One query reads their newest texts, which
    are enough for most conversations."""
    clear = {
        one: language
        for one, newest in _newest_texts(conn, ids).items()
        if (language := language_of(newest)) is not None
    }
    unclear = [one for one in ids if one not in clear]
    if not unclear:
        return clear
    earlier, on_record = _conversations_before(conn, unclear), _on_record(conn, unclear)
    return clear | {
        one: conversation_language(
            _texts(conn, one), _texts(conn, earlier.get(one)), on_record.get(one, Language.ENGLISH)
        )
        for one in unclear
    }


def _on_record(conn: Connection, ids: Collection[int]) -> Mapping[int, Language]:
    """Return the language of each conversation's user, or else of its queue."""
    of_number = t.queues.alias("of_number")
    queue = func.coalesce(t.queues.c.language, of_number.c.language)
    rows = conn.execute(
        select(i.c.id, t.users.c.attributes, queue.label("queue"))
        .join(t.provider_numbers, t.provider_numbers.c.id == i.c.provider_number_id)
        .join(of_number, of_number.c.id == t.provider_numbers.c.queue_id)
        .outerjoin(t.queues, t.queues.c.id == i.c.queue_id)
        .outerjoin(t.users, t.users.c.id == i.c.user_id)
        .where(one_of(i.c.id, ids))
    )
    return {r.id: _known((r.attributes or {}).get("language")) or Language(r.queue) for r in rows}


def _known(written: object) -> Language | None:
    """Parse a language that an admin has entered as its code or its English name, such as es or
    Spanish. None for any other text."""
    named = {name.casefold(): code for code, name in LANGUAGE_NAMES.items()}
    text = str(written or "").strip().casefold()
    return Language(text) if text in set(Language) else named.get(text)


def _newest_texts(conn: Connection, ids: Collection[int]) -> dict[int, str]:
    """Return the requester's newest text in each conversation."""
    texts = m.alias("texts")
    last = (
        select(func.max(texts.c.seq))
        .where(texts.c.interaction_id == i.c.id, texts.c.direction == Direction.INBOUND)
        .scalar_subquery()
    )
    query = (
        select(i.c.id, m.c.body)
        .select_from(i)
        .join(m, (m.c.interaction_id == i.c.id) & (m.c.seq == last))
        .where(one_of(i.c.id, ids))
    )
    return {r.id: r.body for r in conn.execute(query)}


def _conversations_before(conn: Connection, ids: Collection[int]) -> Mapping[int, int]:
    """Return the number's previous conversation for each conversation, if there is one."""
    before = i.alias()
    rows = conn.execute(
        select(i.c.id, func.max(before.c.id).label("before"))
        .join(before, (before.c.requester_number == i.c.requester_number) & (before.c.id < i.c.id))
        .where(one_of(i.c.id, ids))
        .group_by(i.c.id)
    )
    return {r.id: r.before for r in rows}


def _texts(conn: Connection, interaction_id: int | None) -> Iterator[str]:
    """Yield the requester's last texts, newest first. The query runs only if the caller needs a
    text."""
    if interaction_id is not None:
        yield from conn.execute(_LAST_TEXTS, {"id": interaction_id}).scalars()


_LAST_TEXTS = (
    select(m.c.body)
    .where(m.c.interaction_id == bindparam("id"), m.c.direction == Direction.INBOUND)
    .order_by(m.c.seq.desc())
    .limit(LAST_TEXTS)
)

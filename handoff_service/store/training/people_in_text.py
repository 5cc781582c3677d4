"""Finds the names and employee numbers of known people in texts, so that they can be masked."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.conversations.person_words import exact, person_words
from handoff_service.rules.training.masking import words_of
from handoff_service.store.engine import tables as t

u, w = t.users, t.user_words
_NO_ID = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """People whom some texts may mention. ``names``: words of known people's names. ``own``: words
    of the names of the requester and of the agents in the conversation. ``ids``: employee numbers.
    All are normalized."""

    names: frozenset[str]
    own: frozenset[str]
    ids: frozenset[str]


def people_in(conn: Connection, texts: list[str], interaction_id: int) -> People:
    """Look up the words of these texts, which must belong to one conversation."""
    words = {word for text in texts for word in words_of(text)}
    numbers = {exact(part): part for text in texts for part in _numbers(text)}
    found = _known(conn, {*words, *numbers})
    return People(
        names=frozenset(words & found) | frozenset(words & _agents(conn)),
        own=frozenset(_own(conn, interaction_id)),
        ids=frozenset(exact(part)[1:] for key, part in numbers.items() if key in found),
    )


def _numbers(text: str) -> list[str]:
    """Return the parts of a text that could be employee numbers: they contain a digit or have only
    capital letters."""
    return [
        part
        for part in text.replace(",", " ").replace(".", " ").split()
        if any(c.isdigit() for c in part) or (part.isupper() and len(part) > 1)
    ]


def _known(conn: Connection, words: set[str]) -> set[str]:
    """Return the words that belong to any user. This takes one index lookup per word."""
    if not words:
        return set()
    other = w.alias("of_somebody")
    searched = (
        sa.func.json_each(sa.bindparam("words", sorted(words), type_=sa.JSON))
        if conn.dialect.name == "sqlite"
        else sa.func.json_array_elements_text(sa.bindparam("words", sorted(words), type_=sa.JSON))
    ).table_valued("value", name="sought")
    is_known = sa.exists().where(other.c.word == searched.c.value)
    return set(conn.execute(select(searched.c.value).where(is_known)).scalars())


def _own(conn: Connection, interaction_id: int) -> set[str]:
    i, m = t.interactions, t.messages
    user = (
        select(u.c.name, u.c.external_id)
        .join(i, i.c.user_id == u.c.id)
        .where(i.c.id == interaction_id)
    )
    found: set[str] = set()
    for name, external_id in conn.execute(user):
        found |= person_words(name, external_id, ())
    spoke = select(m.c.agent_id).where(
        m.c.interaction_id == interaction_id, m.c.agent_id.is_not(None)
    )
    agents = select(t.agents.c.name).where(t.agents.c.id.in_(spoke))
    for (name,) in conn.execute(agents):
        found |= person_words(name, _NO_ID, ())
    return {word for word in found if not word.startswith(exact(_NO_ID))}


def _agents(conn: Connection) -> set[str]:
    found: set[str] = set()
    for name in conn.execute(select(t.agents.c.name)).scalars():
        found |= person_words(name, _NO_ID, ())
    return found

"""The names, numbers and attributes for the placeholders in texts."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, select

from handoff_service.rules.desk.attributes import AttributeFields, AttributeOwner, in_text
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import all_of, count_phrase
from handoff_service.rules.shared.placeholders import Placeholders, attributes_in
from handoff_service.store.conversations.interactions import number
from handoff_service.store.desk import attributes
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.virtual_agent.spoken_language import spoken_languages

i, u = t.interactions, t.users
_NAMES = (
    select(i.c.id, u.c.name)
    .outerjoin(u, u.c.id == i.c.user_id)
    .where(one_of(i.c.id, "ids"))
    .order_by(i.c.id)
)


def of_interactions(
    conn: Connection, ids: Collection[int], agent: str, texts: Iterable[str]
) -> dict[int, Placeholders]:
    """Return the placeholder values for each interaction, by id. Unknown ids are left out.
    ``agent``: the name of the agent who sends the texts. ``texts``: the texts to fill. If none of
    them names an attribute, no attributes are read."""
    known = attributes_of(conn, ids, texts)
    return {
        r.id: Placeholders(
            requester=r.name, agent=agent, number=number(r.id), attributes=known.get(r.id, {})
        )
        for r in conn.execute(_NAMES, {"ids": list(ids)})
    }


def attributes_of(
    conn: Connection, ids: Collection[int], texts: Iterable[str]
) -> Mapping[int, Mapping[str, str]]:
    """Return each interaction's attributes by field, with values in the requester's language. Empty
    if no text names an attribute."""
    if not any(map(attributes_in, texts)):
        return {}
    languages, defined = spoken_languages(conn, ids), attributes.by_field(conn)
    return {
        one: in_words(defined, values, languages[one])
        for one, values in attributes.facts(conn, ids).items()
    }


def attributes_of_user(conn: Connection, user_id: int | None) -> Mapping[str, str]:
    """Return the attributes of a user who has no conversation yet, by field; empty for None."""
    if user_id is None:
        return {}
    theirs = attributes.of_user(conn, user_id)
    named = {f"{AttributeOwner.USER}.{key}": value for key, value in theirs.items()}
    return in_words(attributes.by_field(conn), named)


def in_words(
    defined: Mapping[str, AttributeFields],
    values: Mapping[str, str],
    language: Language = Language.ENGLISH,
) -> dict[str, str]:
    """Format attribute values for a text: dates, yes and no are in this language."""
    return {name: in_text(defined.get(name), value, language) for name, value in values.items()}


def not_set(conn: Connection, fields: Collection[str]) -> str:
    """Return the error for a text with attributes that are not set."""
    defined = attributes.by_field(conn)
    named = [f"“{defined[one].name if one in defined else one}”" for one in fields]
    return count_phrase(
        "The text names the attribute {names}, which is not set here.",
        "The text names the attributes {names}, which are not set here.",
        len(named),
        names=all_of(named),
    )

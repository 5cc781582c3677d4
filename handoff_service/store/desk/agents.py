"""Agents, their capacity and presence, and their groups."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection, exists, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Presence, Role
from handoff_service.store.desk.availability import LOAD, PRESENCE
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Agent, Group, MailReader, PresenceChoice

a, g = t.agents, t.groups


def _values(kind: str, table: sa.Table, value: sa.ColumnElement[str]) -> sa.Select[int, str, str]:
    """Build a part of the query for the roles, skills and groups of agents."""
    of_kind: sa.Label[str] = sa.literal_column(f"'{kind}'").label("kind")
    query = select(table.c.agent_id, of_kind, value.label("value"))
    return query.where(one_of(table.c.agent_id, "ids"))


# Build each statement once, because building it costs more than running it.
_AGENTS = select(
    *t.agents.c["id", "email", "name", "capacity", "active", "returned_from", "always_password"],
    t.agents.c.language,
    PRESENCE.label("presence"),
    t.agents.c.automatic_reason.label("presence_reason"),
    LOAD.label("load"),
).order_by(t.agents.c.name, t.agents.c.id)
_AGENTS_OF = _AGENTS.where(one_of(t.agents.c.id, "ids"))
_MEMBERSHIPS = sa.union_all(
    _values("role", t.agent_roles, t.agent_roles.c.role),
    _values("skill", t.agent_skills, t.agent_skills.c.skill),
    _values("group", t.agent_groups, g.c.name).join(g, g.c.id == t.agent_groups.c.group_id),
).order_by("value")
_PRESENCES = select(*t.presence_states.c["name", "takes_work"]).order_by(
    t.presence_states.c.position, t.presence_states.c.id
)
_MAIL_READERS = select(*t.agents.c["email", "language"]).where(t.agents.c.active)


def agent_name(conn: Connection, agent_id: int) -> str:
    """Return the agent's full name. Raises NotFound for an unknown id."""
    found = conn.execute(select(t.agents.c.name).where(t.agents.c.id == agent_id)).scalar()
    if found is None:
        raise NotFound(phrase("There is no agent {id}.", id=agent_id))
    return found


def emails(conn: Connection) -> dict[int, str]:
    """Return all e-mail addresses of agents, by agent id."""
    return {r.id: r.email for r in conn.execute(select(*t.agents.c["id", "email"]))}


def admins_to_mail(conn: Connection) -> list[MailReader]:
    """Return the address and language of each active admin."""
    r = t.agent_roles
    admins = select(r.c.agent_id).where(r.c.role == Role.ADMIN)
    rows = conn.execute(_MAIL_READERS.where(a.c.id.in_(admins)).order_by(a.c.id))
    return [_reader(row.email, row.language) for row in rows]


def agent_to_mail(conn: Connection, email: str) -> MailReader:
    """Return this address and the language of the active agent who has it. The language is English
    if no active agent has the address, or if the agent has not chosen a language."""
    known = _MAIL_READERS.where(func.lower(a.c.email) == email.strip().lower())
    row = conn.execute(known).one_or_none()
    return _reader(email, None if row is None else row.language)


def _reader(email: str, language: str | None) -> MailReader:
    return MailReader(email=email, language=Language(language or Language.ENGLISH))


def agents_by_id(conn: Connection, ids: Collection[int] | None = None) -> dict[int, Agent]:
    """Return agents by id, sorted by name. If ``ids`` is None, return all agents except the
    technical agents of service tokens.
    """
    if ids is not None and not ids:
        return {}
    people = _AGENTS.where(~a.c.is_service)
    rows = (conn.execute(people) if ids is None else conn.execute(_AGENTS_OF, {"ids": ids})).all()
    of: dict[tuple[int, str], list[str]] = {}  # in the order of the values
    for r in conn.execute(_MEMBERSHIPS, {"ids": [r.id for r in rows]}):
        of.setdefault((r.agent_id, r.kind), []).append(r.value)
    return {
        r.id: Agent(
            id=r.id,
            email=r.email,
            name=r.name,
            roles=[Role(x) for x in of.get((r.id, "role"), ())],
            groups=of.get((r.id, "group"), []),
            skills=of.get((r.id, "skill"), []),
            capacity=r.capacity,
            presence=r.presence,
            presence_reason=r.presence_reason,
            returned_from=r.returned_from,
            load=r.load,
            active=r.active,
            always_password=r.always_password,
            language=Language(r.language) if r.language else None,
        )
        for r in rows
    }


def presence_choices(conn: Connection) -> list[PresenceChoice]:
    """Return the presences to choose from: the three built-in ones, then the admin's own in
    order."""
    own = conn.execute(_PRESENCES)
    built_in = [PresenceChoice(name=one, takes_work=one is Presence.AVAILABLE) for one in Presence]
    return built_in + [PresenceChoice(name=r.name, takes_work=r.takes_work) for r in own]


def list_(conn: Connection, *, words: str | None, after: int, limit: int) -> list[Agent]:
    """Return a page of agents, sorted by id. ``words``: only agents with this text in their name or
    e-mail address."""
    where = (a.c.id > after) & ~a.c.is_service
    if words:
        typed = words.strip()
        where &= a.c.name.icontains(typed, autoescape=True) | a.c.email.icontains(
            typed, autoescape=True
        )
    ids = conn.execute(select(a.c.id).where(where).order_by(a.c.id).limit(limit)).scalars().all()
    return sorted(agents_by_id(conn, ids).values(), key=lambda agent: agent.id)


def get(conn: Connection, agent_id: int) -> Agent:
    """Return this agent. Raises NotFound for an unknown id and for the technical agent of a service
    token."""
    found = agents_by_id(conn, [agent_id])
    if agent_id not in found or is_service(conn, agent_id):
        raise NotFound(phrase("There is no agent {id}.", id=agent_id))
    return found[agent_id]


def is_service(conn: Connection, agent_id: int) -> bool:
    """Return whether this is the technical agent of a service token."""
    found = select(exists().where(a.c.id == agent_id, a.c.is_service))
    return bool(conn.execute(found).scalar())


def without_password(conn: Connection) -> frozenset[int]:
    """Return the ids of the agents who have no password."""
    return frozenset(conn.execute(select(a.c.id).where(a.c.password_hash == "")).scalars())


def groups(conn: Connection, *, after: int = 0, limit: int | None = None) -> list[Group]:
    """Return groups, sorted by id, each with the number of its active agents."""
    return _groups(conn, g.c.id > after, limit)


def group(conn: Connection, group_id: int) -> Group:
    """Return this group. Raises NotFound for an unknown id."""
    found = _groups(conn, g.c.id == group_id, 1)
    if not found:
        raise NotFound(phrase("There is no group {id}.", id=group_id))
    return found[0]


def _groups(conn: Connection, where: sa.ColumnElement[bool], limit: int | None) -> list[Group]:
    m = t.agent_groups
    members = (
        select(func.count())
        .select_from(m.join(a, a.c.id == m.c.agent_id))
        .where(m.c.group_id == g.c.id)
    )
    counted = members.where(a.c.active).correlate(g).scalar_subquery()
    query = select(g, counted.label("agents")).where(where).order_by(g.c.id).limit(limit)
    return [
        Group(id=r.id, name=r.name, capacity=r.capacity, agents=r.agents)
        for r in conn.execute(query)
    ]

"""Users, agents and provider numbers for decisions, pages and the API."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.delivery import senders
from handoff_service.rules.shared.vocabulary import FirstResponder, Presence, Role
from handoff_service.store.desk import user_words
from handoff_service.store.desk.availability import LOAD, PRESENCE, TAKES_WORK
from handoff_service.store.desk.user_words import Fit
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Agent, Named, PresenceChoice, ProviderNumber, Room, User

_DESK = select(*t.desk.c["name", "time_zone"])


def desk_name_and_zone(conn: Connection) -> tuple[str, str]:
    """The desk's name and the IANA name of the time zone in which its pages show times."""
    found = conn.execute(_DESK).one_or_none()
    return (found.name, found.time_zone) if found else ("Patchboard", "UTC")


def desk_time_zone(conn: Connection) -> str:
    """The IANA name of the desk's time zone, in which pages show times."""
    return conn.execute(select(t.desk.c.time_zone)).scalar() or "UTC"


def desk_country(conn: Connection) -> str:
    """The ISO code of the country for reading national numbers."""
    return conn.execute(select(t.desk.c.country)).scalar() or "US"


def agent_name(conn: Connection, agent_id: int) -> str:
    """The agent's full name."""
    found = conn.execute(select(t.agents.c.name).where(t.agents.c.id == agent_id)).scalar()
    if found is None:
        raise NotFound(f"There is no agent {agent_id}.")
    return found


def active_user_name(conn: Connection, user_id: int) -> str:
    """The name of an active user. NotFound for unknown and deactivated users."""
    found = conn.execute(
        select(t.users.c.name).where(t.users.c.id == user_id, t.users.c.active)
    ).scalar()
    if found is None:
        raise NotFound(f"There is no active user {user_id}.")
    return found


def _by(
    key: sa.ColumnElement[int], value: sa.ColumnElement[str], source: sa.FromClause | None = None
) -> sa.Select[int, str]:
    """Sorted values by key."""
    query = select(key, value).where(one_of(key, "keys")).order_by(value)
    return query if source is None else query.select_from(source)


# Built once: building a statement costs more than running it.
_AGENTS = select(
    *t.agents.c["id", "email", "name", "capacity", "active", "returned_from"],
    PRESENCE.label("presence"),
    t.agents.c.automatic_reason.label("presence_reason"),
    LOAD.label("load"),
).order_by(t.agents.c.name, t.agents.c.id)
_AGENTS_OF = _AGENTS.where(one_of(t.agents.c.id, "ids"))
_ROLES = _by(t.agent_roles.c.agent_id, t.agent_roles.c.role)
_SKILLS = _by(t.agent_skills.c.agent_id, t.agent_skills.c.skill)
_GROUPS = _by(
    t.agent_groups.c.agent_id,
    t.groups.c.name,
    t.agent_groups.join(t.groups, t.groups.c.id == t.agent_groups.c.group_id),
)
_NUMBERS = _by(t.user_numbers.c.user_id, t.user_numbers.c.number)
_PRESENCES = select(*t.presence_states.c["name", "takes_work"]).order_by(
    t.presence_states.c.position, t.presence_states.c.id
)


def agents(conn: Connection, ids: Collection[int] | None = None) -> dict[int, Agent]:
    """Agents by id, in order of their names. ``ids`` None: all agents."""
    if ids is not None and not ids:
        return {}
    rows = (conn.execute(_AGENTS) if ids is None else conn.execute(_AGENTS_OF, {"ids": ids})).all()
    found = [r.id for r in rows]
    roles = _values_by_key(conn, _ROLES, found)
    skills = _values_by_key(conn, _SKILLS, found)
    groups = _values_by_key(conn, _GROUPS, found)
    return {
        r.id: Agent(
            id=r.id,
            email=r.email,
            name=r.name,
            roles=[Role(x) for x in roles.get(r.id, ())],
            groups=groups.get(r.id, []),
            skills=skills.get(r.id, []),
            capacity=r.capacity,
            presence=r.presence,
            presence_reason=r.presence_reason,
            returned_from=r.returned_from,
            load=r.load,
            active=r.active,
        )
        for r in rows
    }


_ROOM = select(
    (t.agents.c.capacity - LOAD).label("room"),
    TAKES_WORK.label("takes_work"),
).where(t.agents.c.id == sa.bindparam("me"))


def room(conn: Connection, agent_id: int) -> Room:
    """Whether this agent can be offered work now, and how much."""
    found = conn.execute(_ROOM, {"me": agent_id}).one()
    return Room(places=max(found.room, 0), takes_work=found.takes_work)


def presences(conn: Connection) -> list[PresenceChoice]:
    """The desk's presences: the three built-in ones, then the admin's own in order."""
    own = conn.execute(_PRESENCES)
    three = [PresenceChoice(name=one, takes_work=one is Presence.AVAILABLE) for one in Presence]
    return three + [PresenceChoice(name=r.name, takes_work=r.takes_work) for r in own]


def users(
    conn: Connection,
    where: sa.ColumnElement[bool],
    *,
    order: Sequence[sa.ColumnElement[object]] = (t.users.c.id,),
    limit: int | None = None,
) -> list[User]:
    """The matching users, by id unless another order is given."""
    u = t.users
    rows = conn.execute(select(u).where(where).order_by(*order).limit(limit)).all()
    numbers = _values_by_key(conn, _NUMBERS, [r.id for r in rows])
    return [
        User(
            id=r.id,
            external_id=r.external_id,
            name=r.name,
            email=r.email,
            numbers=numbers.get(r.id, []),
            attributes=r.attributes,
            active=r.active,
        )
        for r in rows
    ]


def has_number(number: str) -> sa.ColumnElement[bool]:
    """Users who have this number."""
    n = t.user_numbers
    return t.users.c.id.in_(select(n.c.user_id).where(n.c.number == number))


def found_by(conn: Connection, words: str) -> Fit:
    """Users by words of their name in any order, employee number, or phone number (also its last
    digits)."""
    return user_words.found_by(conn, words, desk_country(conn))


def active_found_by(conn: Connection, words: str, limit: int) -> list[User]:
    """Like ``found_by``, for active users only."""
    return users(conn, found_by(conn, words).where & t.users.c.active, limit=limit) if words else []


def was_verified_in(conn: Connection, interaction_id: int) -> bool:
    """Whether this interaction has an association that can be undone."""
    a = t.associations
    stands = (
        select(a.c.id).where(a.c.interaction_id == interaction_id, a.c.undone_at.is_(None)).limit(1)
    )
    return conn.execute(stands).first() is not None


def users_on(conn: Connection, numbers: Collection[str]) -> dict[str, list[User]]:
    """requester number -> the users who have it."""
    n = t.user_numbers
    on = select(n.c.user_id).where(one_of(n.c.number, numbers))
    found: dict[str, list[User]] = {}
    for user in users(conn, t.users.c.id.in_(on)):
        for number in set(user.numbers) & set(numbers):
            found.setdefault(number, []).append(user)
    return found


_OWN = select(t.provider_numbers.c.id).where(t.provider_numbers.c.number == sa.bindparam("number"))


def why_unanswerable(conn: Connection, number: str) -> str | None:
    """Why a text to this number is refused: it is a name, withheld or the company's own. None when
    it can be texted."""
    return senders.why_unanswerable(
        number, is_own=conn.execute(_OWN, {"number": number}).first() is not None
    )


def has_texted(conn: Connection, number: str) -> bool:
    """Whether this number has a conversation with the desk. If so, it can be texted back whatever
    its type."""
    i = t.interactions
    return (
        conn.execute(select(i.c.id).where(i.c.requester_number == number).limit(1)).first()
        is not None
    )


def provider_numbers(conn: Connection) -> list[ProviderNumber]:
    """The company numbers, by id."""
    p, q = t.provider_numbers, t.queues
    rows = conn.execute(
        select(p, q.c.name.label("queue_name")).join(q, q.c.id == p.c.queue_id).order_by(p.c.id)
    )
    return [
        ProviderNumber(
            id=r.id,
            number=r.number,
            label=r.label,
            first_responder=FirstResponder(r.first_responder),
            queue=Named(id=r.queue_id, name=r.queue_name),
            segments_per_second=r.segments_per_second,
            messaging_service=r.messaging_service,
        )
        for r in rows
    ]


def _values_by_key(
    conn: Connection, query: sa.Select[int, str], keys: Collection[int]
) -> dict[int, list[str]]:
    """key -> its sorted values."""
    found: dict[int, list[str]] = {}
    for row in conn.execute(query, {"keys": keys}) if keys else ():
        found.setdefault(row[0], []).append(row[1])
    return found

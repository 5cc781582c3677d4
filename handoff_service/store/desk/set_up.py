"""The progress of the setup in the browser."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, func, select

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Direction, Owner, Role
from handoff_service.store.engine import tables as t


class Step(StrEnum):
    """The steps of the setup, in order."""

    ACCOUNT = "account"
    DESK = "desk"
    NUMBER = "number"
    AGENTS = "agents"
    QUEUE = "queue"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupText:
    """The newest text to the desk, and its answer. ``answered_by`` and ``answer`` are empty before
    anybody answers."""

    interaction_id: int
    number: str
    body: str
    at: datetime
    owner: Owner
    by_agent: bool
    answered_by: str
    answer: str


def has_admin(conn: Connection) -> bool:
    """Return whether there is an active admin. While there is none, anybody with the setup link can
    create one."""
    a, r = t.agents, t.agent_roles
    found = select(a.c.id).join(r, r.c.agent_id == a.c.id).where(a.c.active)
    return conn.execute(found.where(r.c.role == Role.ADMIN).limit(1)).scalar() is not None


def is_empty(conn: Connection) -> bool:
    """Return whether the desk has no agents, so nobody could sign in."""
    return not conn.execute(select(func.count()).select_from(t.agents)).scalar()


def steps_done(conn: Connection) -> list[str]:
    """Return the steps that an admin has done or skipped."""
    found: list[str] = conn.execute(select(t.installation.c.setup_steps)).scalar() or []
    return found


def next_step(conn: Connection) -> Step:
    """Return the first step that is not done; the last step if all are done."""
    done = steps_done(conn)
    return next((step for step in Step if step not in done), Step.TEST)


def is_under_way(conn: Connection) -> bool:
    """Return whether somebody has started the setup but not finished it."""
    done = steps_done(conn)
    return bool(done) and Step.TEST not in done


def test_text(conn: Connection) -> SetupText | None:
    """Return the newest text to the desk, and its first answer from an agent, or else from the
    virtual agent. None before the first text."""
    m, i, a = t.messages, t.interactions, t.agents
    newest = conn.execute(
        select(*m.c["interaction_id", "seq", "body", "created_at"], i.c.requester_number, i.c.owner)
        .join(i, i.c.id == m.c.interaction_id)
        .where(m.c.direction == Direction.INBOUND)
        .order_by(m.c.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return None
    answer = conn.execute(
        select(m.c.author, m.c.body, a.c.name)
        .outerjoin(a, a.c.id == m.c.agent_id)
        .where(m.c.interaction_id == newest.interaction_id, m.c.seq > newest.seq)
        .where(m.c.direction == Direction.OUTBOUND)
        .where(m.c.author.in_([Author.AGENT, Author.VIRTUAL_AGENT]))
        .order_by(m.c.author != Author.AGENT, m.c.seq)
        .limit(1)
    ).one_or_none()
    return SetupText(
        interaction_id=newest.interaction_id,
        number=newest.requester_number,
        body=newest.body,
        at=newest.created_at,
        owner=Owner(newest.owner),
        by_agent=answer is not None and answer.author == Author.AGENT,
        answered_by=(answer.name or phrase("The virtual agent")) if answer else "",
        answer=answer.body if answer else "",
    )

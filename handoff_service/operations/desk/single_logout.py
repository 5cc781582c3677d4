"""An identity provider ends a person's sessions here (OpenID Connect back-channel logout)."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select

from handoff_service.errors import Conflict
from handoff_service.operations.desk.sign_in import token_hash
from handoff_service.operations.desk.sign_in_steps import LASTS, StepKind, forget_expired
from handoff_service.operations.shared.audit import AuditEntry, audit_many
from handoff_service.ports.identity_providers import EndedElsewhere
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.store.desk import identity_providers
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

s, i, steps = t.sessions, t.agent_identities, t.sign_in_steps
REPEATED = "This logout token was used already."


@dataclass(frozen=True, slots=True)
class EndElsewhere:
    """``ended``: the content of a verified logout token."""

    provider_id: int
    ended: EndedElsewhere


def end_elsewhere(tx: Transaction, command: EndElsewhere) -> int:
    """End the sessions that the logout token names. Returns how many there were. Raises Conflict
    for a token that was already used."""
    _use_once(tx, command)
    over = delete(s).where(s.c.provider_id == command.provider_id, _which(command))
    agents = list(tx.conn.execute(over.returning(s.c.agent_id)).scalars())
    provider = identity_providers.get(tx.conn, command.provider_id).name
    for agent_id in set(agents):
        tx.hint(f"agent:{agent_id}")
    entries = [
        AuditEntry(
            action=AuditAction.SIGNED_OUT,
            subject=Noun.AGENT,
            record=str(agent_id),
            details={"identity_provider": provider},
            agent_id=agent_id,
        )
        for agent_id in agents
    ]
    audit_many(tx, entries)
    return len(agents)


def _which(command: EndElsewhere) -> ColumnElement[bool]:
    """The sessions to end. A token without a provider session ends all sessions of the person here.
    A token with a provider session ends only the sessions here that belong to that session. If the
    token also names the person, only the person's sessions end, including those without a provider
    session."""
    ended = command.ended
    theirs = s.c.agent_id.in_(
        select(i.c.agent_id).where(
            i.c.provider_id == command.provider_id, i.c.subject == ended.subject
        )
    )
    if ended.session is None:
        return theirs
    same = s.c.provider_session == ended.session
    if ended.subject is None:
        return same
    return and_(theirs, or_(same, s.c.provider_session.is_(None)))


def _use_once(tx: Transaction, command: EndElsewhere) -> None:
    """Store the token for longer than it is valid, so that it works only once. Raises Conflict when
    it was already used."""
    forget_expired(tx)
    key = token_hash(f"logout|{command.provider_id}|{command.ended.token_id}")
    same = select(steps.c.key).where(steps.c.key == key)
    if tx.conn.execute(same).first() is not None:
        raise Conflict(REPEATED)
    row = {"key": key, "kind": StepKind.LOGOUT, "data": {}, "expires_at": tx.now + LASTS}
    tx.conn.execute(insert(steps).values(row))

"""Interactions for operations: the facts that decisions need, and the lock that makes writers wait
for each other."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, select, update

from handoff_service.errors import NotFound
from handoff_service.rules.identity.proof import Expects
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Direction, Owner, State, Unanswered
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRow:
    """The fields of one row of ``interactions`` that decisions need.

    - ``unanswered``: the open unanswered streak.
    - ``expects``: what a running proof expects.
    - ``back_to``: the live agent who asked for the proof.
    """

    id: int
    requester_number: str
    provider_number_id: int
    profile_id: int
    user_id: int | None
    state: State
    owner: Owner
    epoch: int
    assigned_to: int | None
    queue_id: int | None
    last_seq: int
    short_description: str | None
    closed_at: datetime | None
    unanswered: Unanswered | None
    expects: Expects | None = None
    back_to: int | None = None

    @property
    def active(self) -> bool:
        return self.closed_at is None

    @property
    def line(self) -> str:
        return line(self.provider_number_id, self.requester_number)


COLUMNS = [t.interactions.c[name] for name in InteractionRow.__dataclass_fields__]
_ONE = select(*COLUMNS).where(t.interactions.c.id == bindparam("id")).with_for_update()
# This statement locks the active interactions of some requester numbers, so that writers on one
# line wait for each other.
ACTIVE = (
    select(*COLUMNS)
    .where(
        one_of(t.interactions.c.requester_number, "numbers"),
        t.interactions.c.closed_at.is_(None),
    )
    .order_by(t.interactions.c.id)
    .with_for_update()
)


def number(interaction_id: int) -> str:
    """The interaction's display number: INT0000012."""
    return f"INT{interaction_id:07d}"


def line(provider_number_id: int, requester_number: str) -> str:
    """The key of a line. The worker does the work of one line in order."""
    return f"{provider_number_id}:{requester_number}"


def of_row(row: sa.Row[tuple[object, ...]]) -> InteractionRow:
    facts: dict[str, Any] = dict(row._mapping)
    facts["state"], facts["owner"] = State(facts["state"]), Owner(facts["owner"])
    if facts["unanswered"]:
        facts["unanswered"] = Unanswered(facts["unanswered"])
    if facts["expects"]:
        facts["expects"] = Expects(facts["expects"])
    return InteractionRow(**facts)


def lock(conn: Connection, interaction_id: int) -> InteractionRow:
    """The interaction, locked until the transaction ends. Raises NotFound for an unknown id."""
    row = conn.execute(_ONE, {"id": interaction_id}).one_or_none()
    if row is None:
        raise NotFound(
            phrase("There is no conversation {interaction_id}.", interaction_id=interaction_id)
        )
    return of_row(row)


def has_requesters_text(conn: Connection, interaction_id: int) -> bool:
    """Whether the requester has written in the interaction."""
    return interaction_id in with_requesters_text(conn, [interaction_id])


def with_requesters_text(conn: Connection, ids: Collection[int]) -> set[int]:
    """The interactions among ``ids`` in which the requester has written."""
    i, m = t.interactions, t.messages
    written = sa.exists().where(m.c.interaction_id == i.c.id, m.c.direction == Direction.INBOUND)
    return set(conn.execute(select(i.c.id).where(one_of(i.c.id, ids), written)).scalars())


def is_open(conn: Connection, interaction_id: int) -> bool:
    """Whether the interaction is active. Raises NotFound for an unknown id."""
    row = conn.execute(
        select(t.interactions.c.closed_at).where(t.interactions.c.id == interaction_id)
    ).one_or_none()
    if row is None:
        raise NotFound(
            phrase("There is no conversation {interaction_id}.", interaction_id=interaction_id)
        )
    return row.closed_at is None


def lock_active(conn: Connection, numbers: Collection[str]) -> list[InteractionRow]:
    """The active interactions of these requester numbers, locked, lowest id first."""
    return [of_row(row) for row in conn.execute(ACTIVE, {"numbers": list(numbers)})]


def lock_each(conn: Connection, ids: Collection[int]) -> dict[int, InteractionRow]:
    """These interactions by id, locked, lowest id first."""
    query = (
        select(*COLUMNS)
        .where(one_of(t.interactions.c.id, ids))
        .order_by(t.interactions.c.id)
        .with_for_update()
    )
    return {row.id: of_row(row) for row in conn.execute(query)}


def put_state(
    conn: Connection,
    interaction_id: int,
    state: State,
    reason: str | None = None,
    *,
    hold_until: datetime | None = None,
) -> None:
    """Write the next state, its reason, and when a hold ends by itself. They replace the previous
    reason and end."""
    values = {"state": state, "state_reason": reason, "hold_until": hold_until}
    conn.execute(update(t.interactions).where(t.interactions.c.id == interaction_id).values(values))


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an interaction is on hold, and when that ends by itself."""

    reason: str | None
    until: datetime | None


_HOLD = select(*t.interactions.c["state_reason", "hold_until"]).where(
    t.interactions.c.id == bindparam("id")
)


def hold(conn: Connection, interaction_id: int) -> Hold:
    """The hold of an interaction that is on hold."""
    row = conn.execute(_HOLD, {"id": interaction_id}).one()
    return Hold(row.state_reason, row.hold_until)


def put_expects(conn: Connection, interaction_id: int, expects: Expects | None) -> None:
    """Set the next answer that the running proof expects from the requester. None: the proof is
    over.
    """
    conn.execute(
        update(t.interactions).where(t.interactions.c.id == interaction_id).values(expects=expects)
    )


def has_texted(conn: Connection, number: str) -> bool:
    """Whether this number has a conversation with the desk. If so, it can receive texts, even if
    its type suggests otherwise."""
    i = t.interactions
    return (
        conn.execute(select(i.c.id).where(i.c.requester_number == number).limit(1)).first()
        is not None
    )

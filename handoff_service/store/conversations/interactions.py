"""Interactions as operations need them: the facts for decisions, and the row lock that serializes
writers."""

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
    """The fields of a row of ``interactions`` that decisions need.

    - ``unanswered``: the open unanswered streak.
    - ``expects``: the answer that a running proof expects.
    - ``back_to``: the live agent who gets the conversation back after the proof.
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
# Locks the active interactions of these requester numbers, so that writers on one line wait for
# each other.
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
    """Return the interaction's display number, such as INT0000012."""
    return f"INT{interaction_id:07d}"


def line(provider_number_id: int, requester_number: str) -> str:
    """Return the key of a line. The worker does the work of one line in order."""
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
    """Lock the interaction until the transaction ends, and return it. Raises NotFound for an
    unknown id."""
    row = conn.execute(_ONE, {"id": interaction_id}).one_or_none()
    if row is None:
        raise NotFound(
            phrase("There is no conversation {interaction_id}.", interaction_id=interaction_id)
        )
    return of_row(row)


def has_requesters_text(conn: Connection, interaction_id: int) -> bool:
    """Return whether the requester has texted in the interaction."""
    return interaction_id in with_requesters_text(conn, [interaction_id])


def with_requesters_text(conn: Connection, ids: Collection[int]) -> set[int]:
    """Return the interactions among ``ids`` in which the requester has texted."""
    i, m = t.interactions, t.messages
    written = sa.exists().where(m.c.interaction_id == i.c.id, m.c.direction == Direction.INBOUND)
    return set(conn.execute(select(i.c.id).where(one_of(i.c.id, ids), written)).scalars())


def is_open(conn: Connection, interaction_id: int) -> bool:
    """Return whether the interaction is active. Raises NotFound for an unknown id."""
    row = conn.execute(
        select(t.interactions.c.closed_at).where(t.interactions.c.id == interaction_id)
    ).one_or_none()
    if row is None:
        raise NotFound(
            phrase("There is no conversation {interaction_id}.", interaction_id=interaction_id)
        )
    return row.closed_at is None


def lock_active(conn: Connection, numbers: Collection[str]) -> list[InteractionRow]:
    """Lock the active interactions of these requester numbers, lowest id first, and return them."""
    return [of_row(row) for row in conn.execute(ACTIVE, {"numbers": list(numbers)})]


def lock_each(conn: Connection, ids: Collection[int]) -> dict[int, InteractionRow]:
    """Lock these interactions, lowest id first, and return them by id."""
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
    """Write the new state, its reason, and the time when a hold ends automatically. This replaces
    the earlier reason and time, even with None."""
    values = {"state": state, "state_reason": reason, "hold_until": hold_until}
    conn.execute(update(t.interactions).where(t.interactions.c.id == interaction_id).values(values))


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an interaction is on hold, and when the hold ends automatically; None: never."""

    reason: str | None
    until: datetime | None


_HOLD = select(*t.interactions.c["state_reason", "hold_until"]).where(
    t.interactions.c.id == bindparam("id")
)


def hold(conn: Connection, interaction_id: int) -> Hold:
    """Return the hold of an interaction that is on hold."""
    row = conn.execute(_HOLD, {"id": interaction_id}).one()
    return Hold(row.state_reason, row.hold_until)


def put_expects(conn: Connection, interaction_id: int, expects: Expects | None) -> None:
    """Set the answer that the running proof expects next from the requester. None: no proof is
    running.
    """
    conn.execute(
        update(t.interactions).where(t.interactions.c.id == interaction_id).values(expects=expects)
    )


def had_conversation(conn: Connection, number: str) -> bool:
    """Return whether there is a conversation with this number, open or closed. Pages then do not
    warn that the number may not get texts."""
    i = t.interactions
    return (
        conn.execute(select(i.c.id).where(i.c.requester_number == number).limit(1)).first()
        is not None
    )

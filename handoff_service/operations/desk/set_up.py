"""Setup in the browser: create the first admin, the first number and its queue, and record the
finished steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, update

from handoff_service.errors import Conflict
from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.provider_numbers import (
    ChangeProviderNumber,
    MakeProviderNumber,
    change_provider_number,
    is_used,
    put_provider_number,
)
from handoff_service.operations.routing.queues import ChangeQueue, change_queue, make_queue
from handoff_service.rules.desk.setup_token import setup_token
from handoff_service.rules.routing.queues import QueueFields, QueuePool
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.desk import desk_id
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.set_up import Step, has_admin, is_under_way, steps_done
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import queues

#: the default name of the first queue and the first group; pages translate it
FIRST = phrase("Service desk")
#: names in a new database; setup translates them into the language of the page
SHIPPED_NAMES = (
    phrase("Remind the agent"),
    phrase("Close when abandoned"),
    phrase("Busy with another conversation"),
    phrase("Not my subject"),
    phrase("About to leave"),
)
CAPACITY = 4  # conversations at a time, the default for new agents
HAS_ADMIN = phrase("This desk has an admin already. Sign in instead.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAdmin:
    """``answers``: whether the admin also answers requesters. ``first``: the name of the first
    group. ``names``: a name in SHIPPED_NAMES -> its translation."""

    name: str
    email: str
    password_hash: str
    answers: bool
    first: str = FIRST
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteAgent:
    """``first``: the name of the first group, if the desk has no group yet."""

    name: str
    email: str
    first: str = FIRST


@dataclass(frozen=True, slots=True)
class SaveStep:
    """``values``: the fields that the step writes. ``first``: the name of the first queue and its
    group, if they do not exist yet."""

    values: Mapping[str, Any]
    first: str = FIRST


def make_first_admin(tx: Transaction, command: FirstAdmin) -> int:
    """Create the first admin and return their id. Raises Conflict once the desk has an admin, and
    for an e-mail address in use."""
    # a concurrent second request waits for this lock, and then sees the admin of the first request
    tx.conn.execute(select(t.installation.c.id).with_for_update())
    if has_admin(tx.conn):
        raise Conflict(HAS_ADMIN)
    agent_id = make_agent(
        tx,
        MakeAgent(
            email=command.email,
            name=command.name,
            password_hash=command.password_hash,
            capacity=CAPACITY if command.answers else 0,
            roles=[Role.ADMIN, *([Role.AGENT] if command.answers else [])],
            groups=[command.first] if command.answers else [],
        ),
    )
    _rename_shipped(tx, command.names)
    finish_step(tx, Step.ACCOUNT)
    return agent_id


def _rename_shipped(tx: Transaction, names: Mapping[str, str]) -> None:
    actions, reasons = t.messaging_actions, t.reject_reasons
    for column in (actions.c.name, reasons.c.words):
        for english, name in names.items():
            tx.conn.execute(update(column.table).where(column == english).values({column: name}))


def save_number(tx: Transaction, command: SaveStep) -> None:
    """Add the first number to the first queue, and create the queue if there is none. Until setup
    is finished, a second number replaces the first one, unless the first one has conversations."""
    queue = next(iter(queues.list_(tx.conn).values()), None)
    if queue is None:
        make_queue(tx, QueueFields(name=command.first, pools=_pools(tx, command.first)))
    values = {**command.values, "queue": queue.name if queue else command.first}
    there = list_provider_numbers(tx.conn)
    if is_under_way(tx.conn) and len(there) == 1 and not is_used(tx.conn, there[0].id):
        change_provider_number(tx, ChangeProviderNumber(id=there[0].id, values=values))
    else:
        put_provider_number(tx, MakeProviderNumber(**values))
    finish_step(tx, Step.NUMBER)


def invite_agent(tx: Transaction, command: InviteAgent) -> int:
    """Add an agent without a password and return their id. The agent chooses a password with a
    mailed link. Raises Conflict for an e-mail address in use."""
    invited = MakeAgent(
        email=command.email,
        name=command.name,
        password_hash="",
        capacity=CAPACITY,
        groups=[_first_group(tx, command.first)],
    )
    return make_agent(tx, invited)


def save_queue(tx: Transaction, command: SaveStep) -> None:
    """Set the name and hours of the first queue. Its other fields keep their values."""
    found = next(iter(queues.list_(tx.conn)), None)
    if found is None:
        make_queue(tx, QueueFields(pools=_pools(tx, command.first), **command.values))
    else:
        change_queue(tx, ChangeQueue(id=found, values=command.values))
    finish_step(tx, Step.QUEUE)


def _pools(tx: Transaction, first: str) -> tuple[QueuePool, ...]:
    return (QueuePool(group=_first_group(tx, first)),)


def _first_group(tx: Transaction, name: str) -> str:
    """The name of the first group, or ``name`` if the desk has no group yet."""
    g = t.groups
    return tx.conn.execute(select(g.c.name).order_by(g.c.id)).scalars().first() or name


def finish_step(tx: Transaction, step: Step) -> None:
    """Record that this step is done. A repeated call changes nothing."""
    done = steps_done(tx.conn)
    if step not in done:
        tx.conn.execute(update(t.installation).values(setup_steps=[*done, str(step)]))


def setup_link(conn: Connection, public_url: str, key: str) -> str | None:
    """The link that opens setup. None once the desk has an admin."""
    if has_admin(conn):
        return None
    return f"{public_url}/setup?token={setup_token(key, desk_id(conn))}"

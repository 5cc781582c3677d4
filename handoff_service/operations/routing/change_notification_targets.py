"""An agent adds or removes a target of their notifications: a browser, an e-mail address or a
webhook."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.routing.notify_agents import NO_LONGER, look_again
from handoff_service.rules.routing.notifications import NotificationMethod
from handoff_service.rules.shared.outside_addresses import address_error
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import notification_targets

n = t.notification_targets
MOST_TARGETS = 10  # the most targets of an agent
LONGEST = 2000  # the most characters of an address


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTarget:
    """``name``: the browser's name. ``p256dh``, ``auth``: the browser's keys, for push."""

    agent_id: int
    way: NotificationMethod
    address: str = ""
    name: str = ""
    p256dh: str = ""
    auth: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTarget:
    agent_id: int
    target_id: int


def add_target(tx: Transaction, command: AddTarget) -> int:
    """Add a target, or replace the keys of an existing one. Returns its id. Raises BadInput for an
    invalid address, and for a browser without keys. Raises Conflict for an agent who has
    ``MOST_TARGETS`` targets."""
    _check(tx, command)
    keys = (
        {"p256dh": command.p256dh, "auth": command.auth}
        if command.way is NotificationMethod.PUSH
        else {}
    )
    mark = notification_targets.mark_of(command.address)
    # a browser belongs to the last agent who signed in with it
    if command.way is NotificationMethod.PUSH:
        others = (n.c.way == NotificationMethod.PUSH, n.c.mark == mark)
        tx.conn.execute(delete(n).where(*others, n.c.agent_id != command.agent_id))
    this = (
        n.c.agent_id == command.agent_id,
        n.c.way == command.way,
        n.c.mark == mark,
    )
    known = tx.conn.execute(select(n.c.id).where(*this)).scalar()
    values: dict[str, Any] = {"keys": keys, "error": None}
    if known is not None:
        tx.conn.execute(update(n).where(n.c.id == known).values(values))
        return known
    count = select(func.count()).where(n.c.agent_id == command.agent_id)
    if tx.conn.execute(count).scalar_one() >= MOST_TARGETS:
        raise Conflict(
            phrase(
                "You already have {most} notification addresses. Remove one first.",
                most=MOST_TARGETS,
            )
        )
    values |= {
        "agent_id": command.agent_id,
        "way": command.way,
        "address": tx.settings.sealer.seal(n.c.address, command.address),
        "mark": mark,
        "name": command.name[:100] or urlsplit(command.address).hostname or "your address",
        "created_at": tx.now,
        "noticed_at": tx.now,
    }
    made = tx.conn.execute(n.insert().values(values).returning(n.c.id)).scalar_one()
    look_again(tx)
    return made


def _check(tx: Transaction, command: AddTarget) -> None:
    if command.way is NotificationMethod.MAIL:
        return
    if not _is_web_address(command.address):
        raise BadInput(
            errors={"address": phrase("must be a web address, such as https://chat.example/hook")}
        )
    if wrong := address_error(command.address, tx.settings.outside):
        raise BadInput(errors={"address": wrong})
    if command.way is NotificationMethod.PUSH and not (command.p256dh and command.auth):
        raise BadInput(errors={"keys": phrase("must have the browser's p256dh and auth keys")})


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_web = parts.scheme in ("https", "http") and bool(parts.hostname)
    return is_web and len(address) <= LONGEST


def remove_target(tx: Transaction, command: RemoveTarget) -> None:
    """Remove a target. Raises NotFound for a target that this agent does not have."""
    this = (n.c.id == command.target_id, n.c.agent_id == command.agent_id)
    if not tx.conn.execute(delete(n).where(*this)).rowcount:
        raise NotFound(NO_LONGER)

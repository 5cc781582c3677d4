"""Second factors: add, use, remove and reset authenticator apps, backup codes and passkeys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.lib import one_time_codes
from handoff_service.lib.passkey_checks import NewPasskey
from handoff_service.operations.desk.sign_in import end_sessions
from handoff_service.operations.shared.audit import AuditEntry, audit
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.second_factors import authenticator
from handoff_service.store.desk.sign_in_policy import needs
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

app, codes, keys = t.authenticators, t.backup_codes, t.passkeys
MOST_PASSKEYS = 20


@dataclass(frozen=True, slots=True)
class BeginAuthenticator:
    """``made``: a new random secret for the app. It is not used if the agent has already begun with
    an earlier secret."""

    agent_id: int
    made: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AgentCode:
    """A code that an agent has typed."""

    agent_id: int
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReplaceBackupCodes:
    """``codes``: the new codes in plain text."""

    agent_id: int
    codes: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPasskey:
    agent_id: int
    name: str
    passkey: NewPasskey


@dataclass(frozen=True, slots=True)
class PasskeyUsed:
    """``sign_count``: the number of uses that the passkey reports now."""

    id: int
    sign_count: int


@dataclass(frozen=True, slots=True)
class RemovePasskey:
    agent_id: int
    id: int


def begin_authenticator(tx: Transaction, command: BeginAuthenticator) -> str:
    """Return the secret for the agent's app. The app counts as a second factor only after a code
    has confirmed it. Raises Conflict for an agent who already has an app."""
    found = authenticator(tx.conn, command.agent_id)
    if found is None:
        sealed = tx.settings.sealer.seal(app.c.secret, command.made)
        tx.conn.execute(insert(app).values(agent_id=command.agent_id, secret=sealed))
        return command.made
    if found.confirmed_at is not None:
        raise Conflict(
            phrase("You already have an authenticator app. Remove it before you add another.")
        )
    return tx.settings.sealer.open(app.c.secret, found.sealed)


def confirm_authenticator(tx: Transaction, command: AgentCode) -> bool:
    """Check the first code of the agent's app. If it is right, sign-ins require a code from now on.
    Returns whether it is right."""
    is_right = _accept(tx, command, confirmed=False)
    if is_right:
        _audit(tx, command.agent_id, {"authenticator": ["off", "on"]}, own=True)
    return is_right


def use_code(tx: Transaction, command: AgentCode) -> bool:
    """Use a code of the agent's app, or a backup code. Each code works once. Returns whether the
    code is right."""
    return _accept(tx, command, confirmed=True) or _use_backup_code(tx, command)


def _accept(tx: Transaction, command: AgentCode, *, confirmed: bool) -> bool:
    found = authenticator(tx.conn, command.agent_id)
    if found is None or (found.confirmed_at is not None) != confirmed:
        return False
    secret = tx.settings.sealer.open(app.c.secret, found.sealed)
    step = one_time_codes.matching_step(secret, command.code, tx.now, after=found.last_step)
    if step is None:
        return False
    # the condition on last_step lets only the first of two requests with the same code succeed
    mine = (app.c.agent_id == command.agent_id, app.c.last_step < step)
    values = {"last_step": step, "confirmed_at": found.confirmed_at or tx.now}
    return bool(tx.conn.execute(update(app).where(*mine).values(values)).rowcount)


def _use_backup_code(tx: Transaction, command: AgentCode) -> bool:
    hashed = one_time_codes.backup_hash(command.code)
    if hashed is None:
        return False
    mine = (codes.c.agent_id == command.agent_id, codes.c.code_hash == hashed)
    return bool(tx.conn.execute(delete(codes).where(*mine)).rowcount)


def replace_backup_codes(tx: Transaction, command: ReplaceBackupCodes) -> None:
    """Store new backup codes. The earlier codes stop working. Raises NotFound for an agent without
    a second factor."""
    needed = needs(tx.conn, command.agent_id)
    if needed is None or not needed.has_second_factor:
        raise NotFound(phrase("Set up an authenticator app or a passkey first."))
    tx.conn.execute(delete(codes).where(codes.c.agent_id == command.agent_id))
    rows = [
        {"agent_id": command.agent_id, "code_hash": one_time_codes.backup_hash(one)}
        for one in command.codes
    ]
    tx.conn.execute(insert(codes), rows)
    _audit(tx, command.agent_id, {"backup_codes": ["", "new"]}, own=True)


def remove_authenticator(tx: Transaction, agent_id: int) -> None:
    """Remove the agent's app. Raises NotFound for an agent without an app. Raises Conflict when the
    role requires a second factor and this is the last one."""
    tx.conn.execute(delete(app).where(app.c.agent_id == agent_id, app.c.confirmed_at.is_(None)))
    if not tx.conn.execute(delete(app).where(app.c.agent_id == agent_id)).rowcount:
        raise NotFound(phrase("You have no authenticator app. Reload the page."))
    _still_enough(tx, agent_id)
    _audit(tx, agent_id, {"authenticator": ["on", "off"]}, own=True)


def add_passkey(tx: Transaction, command: AddPasskey) -> None:
    """Add a passkey. Raises Conflict for a passkey that was already added, and for an agent who has
    ``MOST_PASSKEYS`` passkeys."""
    mine = select(keys.c.id).where(keys.c.agent_id == command.agent_id)
    if len(tx.conn.execute(mine).all()) >= MOST_PASSKEYS:
        raise Conflict(
            phrase(
                "You can have at most {most} passkeys. Remove one first.",
                most=MOST_PASSKEYS,
            )
        )
    new = command.passkey
    same = select(keys.c.id).where(keys.c.credential_id == new.credential_id)
    if tx.conn.execute(same).first() is not None:
        raise Conflict(
            phrase("This passkey was already added. Use another device or security key.")
        )
    tx.conn.execute(
        insert(keys).values(
            agent_id=command.agent_id,
            credential_id=new.credential_id,
            public_key=new.public_key,
            sign_count=new.sign_count,
            name=command.name,
            created_at=tx.now,
        )
    )
    _audit(tx, command.agent_id, {"passkey": ["", command.name]}, own=True)


def record_passkey_use(tx: Transaction, command: PasskeyUsed) -> None:
    used = update(keys).where(keys.c.id == command.id)
    tx.conn.execute(used.values(sign_count=command.sign_count, last_used_at=tx.now))


def remove_passkey(tx: Transaction, command: RemovePasskey) -> None:
    """Remove a passkey. Raises NotFound for an unknown id. Raises Conflict when it is the last
    second factor and the role requires one."""
    mine = (keys.c.agent_id == command.agent_id, keys.c.id == command.id)
    removed = tx.conn.execute(delete(keys).where(*mine).returning(keys.c.name)).scalar()
    if removed is None:
        raise NotFound(phrase("This passkey was already removed. Reload the page."))
    _still_enough(tx, command.agent_id)
    _audit(tx, command.agent_id, {"passkey": [removed, ""]}, own=True)


def _still_enough(tx: Transaction, agent_id: int) -> None:
    """Raise Conflict when the role requires a second factor and the agent has none left. If the
    role requires none and the agent has none left, delete the agent's backup codes."""
    needed = needs(tx.conn, agent_id)
    if needed is None or needed.has_second_factor:
        return
    if needed.second_factor_required:
        raise Conflict(
            phrase("Your role needs a second factor. Add another before you remove this one.")
        )
    tx.conn.execute(delete(codes).where(codes.c.agent_id == agent_id))


def reset_second_factor(tx: Transaction, agent_id: int) -> None:
    """Remove an agent's app, backup codes and passkeys. End the agent's sessions too, because
    somebody else may have the agent's phone. Raises NotFound for an unknown agent."""
    _audit(tx, agent_id, {"second_factor": ["", "reset"]})
    for table in (app, codes, keys):
        tx.conn.execute(delete(table).where(table.c.agent_id == agent_id))
    end_sessions(tx, agent_id)


def _audit(
    tx: Transaction, agent_id: int, changes: Mapping[str, list[str]], *, own: bool = False
) -> None:
    """Record the change in the audit log. ``own``: the agent made the change, perhaps during
    sign-in."""
    entry = AuditEntry(
        action=AuditAction.CHANGED,
        subject=Noun.AGENT,
        record=str(agent_id),
        name=agent_name(tx.conn, agent_id),
        details=changes,
        agent_id=agent_id if own else None,
    )
    audit(tx, entry)

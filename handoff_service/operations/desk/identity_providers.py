"""An admin sets up, changes or deletes an identity provider."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from handoff_service.errors import BadInput, CannotOpen, Conflict
from handoff_service.operations.shared.audit import AuditEntry, audit
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.ports.identity_providers import ProviderAccess
from handoff_service.rules.desk import identity_providers as rules
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.identity_providers import IdentityProviderFields
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import identity_providers
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.identity_providers import FIELDS
from handoff_service.store.desk.sign_in_policy import policy
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from handoff_service.store.views import IdentityProvider

p = t.identity_providers
NEEDED = phrase(
    "Passwords are off for some roles, so one identity provider must stay active. First allow "
    "passwords for all roles under Admin, Sign-in."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PutIdentityProvider:
    """``id`` None: create a provider. ``client_secret`` None: keep the stored secret; empty: the
    client has no secret."""

    fields: IdentityProviderFields
    client_secret: str | None = field(default=None, repr=False)
    id: int | None = None


def save_identity_provider(tx: Transaction, command: PutIdentityProvider) -> int:
    """Create or change a provider, and return its id. Raises BadInput with the wrong fields. Raises
    NotFound for an unknown id. Raises Conflict for a name in use, and when agents need a provider
    and no active one would remain."""
    if wrong := rules.errors(command.fields):
        raise BadInput(errors=wrong)
    _name_is_free(tx, command.fields.name, command.id)
    values: dict[str, Any] = {name: getattr(command.fields, name) for name in FIELDS}
    values |= {name: {k: list(v) for k, v in values[name].items()} for name in ("roles", "groups")}
    values["domains"] = list(values["domains"])
    if command.id is None:
        values["client_secret"] = _sealed(tx, command.client_secret, None)
        new = insert(p).values(**values).returning(p.c.id)
        made: int = tx.conn.execute(new).scalar_one()
        created(tx, Noun.IDENTITY_PROVIDER, made)
        return made
    stored = identity_providers.get(tx.conn, command.id)
    if stored.active and not command.fields.active and blockers(tx.conn, command.id):
        raise Conflict.at("active", NEEDED)
    there = identity_providers.sealed_secret(tx.conn, command.id)
    values["client_secret"] = _sealed(tx, command.client_secret, there)
    with recorded(tx, Noun.IDENTITY_PROVIDER, command.id):
        tx.conn.execute(update(p).where(p.c.id == command.id).values(**values))
    return command.id


def put_identity_provider(tx: Transaction, command: PutIdentityProvider) -> None:
    """Create the provider with this name, or change it."""
    found = tx.conn.execute(select(p.c.id).where(p.c.name == command.fields.name)).scalar()
    save_identity_provider(
        tx,
        PutIdentityProvider(fields=command.fields, client_secret=command.client_secret, id=found),
    )


def delete_identity_provider(tx: Transaction, provider_id: int) -> None:
    """Delete a provider. Its agents lose their links to it and keep their accounts. Raises NotFound
    for an unknown id, and Conflict for the last active provider while agents need it."""
    identity_providers.get(tx.conn, provider_id)
    if found := blockers(tx.conn, provider_id):
        raise Conflict(found[0].sentence)
    with deletes(tx, Noun.IDENTITY_PROVIDER, provider_id):
        tx.conn.execute(delete(p).where(p.c.id == provider_id))


def blockers(conn: Connection, provider_id: int) -> list[Blocker]:
    """The reason why a provider cannot be deleted: it is the last active one, and passwords are off
    for some roles."""
    others = select(func.count()).select_from(p).where(p.c.active, p.c.id != provider_id)
    if not policy(conn).password_off or conn.execute(others).scalar_one():
        return []
    return [Blocker(sentence=NEEDED)]


def unlink_agent(tx: Transaction, agent_id: int) -> None:
    """Remove the agent's links to all providers. The next sign-in with a provider links the account
    again by its e-mail address.
    """
    names = identity_providers.of_agent(tx.conn, agent_id)
    tx.conn.execute(delete(t.agent_identities).where(t.agent_identities.c.agent_id == agent_id))
    unlinked = AuditEntry(
        action=AuditAction.CHANGED,
        subject=Noun.AGENT,
        record=str(agent_id),
        name=agent_name(tx.conn, agent_id),
        details={"identities": [names, []]},
    )
    audit(tx, unlinked)


def access_to(
    conn: Connection, settings: OperationSettings, one: IdentityProvider
) -> ProviderAccess:
    """The settings for calls to the provider. Raises CannotOpen when the secret key that sealed the
    client secret is not set."""
    sealed = identity_providers.sealed_secret(conn, one.id)
    return ProviderAccess(
        name=one.name,
        issuer=one.issuer,
        client_id=one.client_id,
        client_secret=settings.sealer.open(p.c.client_secret, sealed) if sealed else None,
        scopes=one.scopes,
    )


def _sealed(tx: Transaction, given: str | None, there: str | None) -> str | None:
    """The sealed secret to store. An unchanged secret keeps its stored value, because sealing it
    again would look like a change.
    """
    if given is None:
        return there
    with suppress(CannotOpen):
        if there is not None and tx.settings.sealer.open(p.c.client_secret, there) == given:
            return there
    return tx.settings.sealer.seal(p.c.client_secret, given) if given else None


def _name_is_free(tx: Transaction, name: str, except_id: int | None) -> None:
    found = tx.conn.execute(select(p.c.id).where(p.c.name == name)).scalar()
    if found not in (None, except_id):
        sentence = phrase(
            "An identity provider named “{name}” already exists. Choose another name.", name=name
        )
        raise Conflict.at("name", sentence)


def entry_of(conn: Connection, provider_id: int) -> Mapping[str, Any]:
    """The provider's fields, with the names that a desk file uses."""
    one = identity_providers.get(conn, provider_id)
    return {name: getattr(one, name) for name in FIELDS}

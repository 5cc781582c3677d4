"""An admin creates, changes or deletes a webhook, and shows or replaces its secret."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import delete, insert, select, update

from handoff_service.errors import BadInput, CannotOpen, Conflict, NotFound
from handoff_service.operations.shared.audit import audit, viewed
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.operations.webhooks.switch_off import give_up_waiting
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.outside_addresses import address_error
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import WebhookEvent
from handoff_service.rules.webhooks import signature
from handoff_service.rules.webhooks import webhooks as rules
from handoff_service.rules.webhooks.events import EVENTS
from handoff_service.rules.webhooks.webhooks import WebhookFields
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.webhooks import webhooks

w = t.webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeWebhook:
    """``secret``: the secret that signs the calls."""

    fields: WebhookFields
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWebhook:
    """``values``: the fields of WebhookFields to change. Other fields keep their values. ``secret``
    None: keep the stored secret."""

    id: int
    values: Mapping[str, Any]
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutWebhook:
    """``secret`` None: an existing webhook keeps its secret."""

    fields: WebhookFields
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceSecret:
    id: int
    secret: str


def make_webhook(tx: Transaction, command: MakeWebhook) -> int:
    """Create a webhook and return its id. Raises BadInput with the wrong fields. Raises Conflict
    for a name in use."""
    fields = command.fields
    _check(tx, fields, command.secret)
    _name_is_free(tx, fields.name)
    sealed = tx.settings.sealer.seal(w.c.secret, command.secret)
    new = insert(w).values(**_row(fields), secret=sealed).returning(w.c.id)
    made: int = tx.conn.execute(new).scalar_one()
    created(tx, Noun.WEBHOOK, made)
    return made


def change_webhook(tx: Transaction, command: ChangeWebhook) -> None:
    """Change a webhook. Switching it on checks its address again. Switching it off gives up its
    waiting events. Raises NotFound for an unknown id, and the same errors as ``make_webhook``.
    """
    stored = stored_fields(tx, command.id)
    fields = replace(stored, **command.values)
    # a webhook with an address that is no longer allowed can still be switched off
    is_old = fields.url == stored.url and (stored.active or not fields.active)
    _check(tx, fields, command.secret, is_old=is_old)
    if fields.name != stored.name:
        _name_is_free(tx, fields.name)
    values = _row(fields)
    if fields.active and not stored.active:
        values |= {"failing_since": None, "switched_off_at": None}
    if stored.active and not fields.active:
        give_up_waiting(tx, command.id)
    with recorded(tx, Noun.WEBHOOK, command.id):
        tx.conn.execute(update(w).where(w.c.id == command.id).values(**values))
        if command.secret is not None:
            _put_secret(tx, command.id, command.secret)


def put_webhook(tx: Transaction, command: PutWebhook) -> None:
    """Create the webhook with this name, or replace it. Raises BadInput for a new webhook without a
    secret, and the same errors as ``make_webhook``."""
    fields = command.fields
    found = tx.conn.execute(select(w.c.id).where(w.c.name == fields.name)).scalar()
    if found is not None:
        change = ChangeWebhook(id=found, values=asdict(fields), secret=command.secret)
        return change_webhook(tx, change)
    if command.secret is None:
        raise BadInput(errors={"secret": phrase("is required for a new webhook")})
    make_webhook(tx, MakeWebhook(fields=fields, secret=command.secret))
    return None


def replace_secret(tx: Transaction, command: ReplaceSecret) -> str:
    """Sign with this secret from now on, and also with the former secret for another day. Returns
    the secret, so that the stored answer has it: a repeated request brings another random secret,
    and gets the stored answer. Raises NotFound for an unknown id."""
    stored_fields(tx, command.id)
    with recorded(tx, Noun.WEBHOOK, command.id):
        _put_secret(tx, command.id, command.secret)
    return command.secret


def show_secret(tx: Transaction, webhook_id: int) -> str:
    """Return the secret, which an admin copies to the receiver. The audit log records who has seen
    it. Raises NotFound, or CannotOpen when the key that sealed the secret is not set."""
    secret = current_secret(tx, webhook_id)
    audit(tx, viewed(Noun.WEBHOOK, webhook_id, webhooks.get(tx.conn, webhook_id).name))
    return secret


def current_secret(tx: Transaction, webhook_id: int) -> str:
    """The secret that signs the calls. Raises NotFound, or CannotOpen when the key that sealed the
    secret is not set."""
    stored = webhooks.secret(tx.conn, webhook_id)
    if stored is None:
        raise NotFound(phrase("There is no webhook {id}.", id=webhook_id))
    return tx.settings.sealer.open(w.c.secret, stored)


def delete_webhook(tx: Transaction, webhook_id: int) -> None:
    """Delete the webhook and all its events. Raises NotFound for an unknown id."""
    stored_fields(tx, webhook_id)
    give_up_waiting(tx, webhook_id)
    with deletes(tx, Noun.WEBHOOK, webhook_id):
        tx.conn.execute(delete(w).where(w.c.id == webhook_id))


def stored_fields(tx: Transaction, webhook_id: int) -> WebhookFields:
    """Lock the webhook and return its fields. Raises NotFound for an unknown id."""
    row = tx.conn.execute(select(w).where(w.c.id == webhook_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no webhook {id}.", id=webhook_id))
    return WebhookFields(
        name=row.name,
        url=row.url,
        events=tuple(WebhookEvent(one) for one in row.events),
        with_texts=row.with_texts,
        active=row.active,
    )


def _put_secret(tx: Transaction, webhook_id: int, secret: str) -> None:
    was = None
    # if the former secret cannot be opened, calls are signed only with the new one
    with suppress(CannotOpen):
        was = current_secret(tx, webhook_id)
    if secret == was:
        return
    seal = tx.settings.sealer.seal
    values = {
        "secret": seal(w.c.secret, secret),
        "former_secret": seal(w.c.former_secret, was) if was else None,
        "former_until": tx.now + signature.OVERLAP if was else None,
    }
    tx.conn.execute(update(w).where(w.c.id == webhook_id).values(**values))


def _check(
    tx: Transaction, fields: WebhookFields, secret: str | None, *, is_old: bool = False
) -> None:
    """Raise BadInput for a webhook that cannot be saved. ``is_old``: the address need not be
    checked again, because it is unchanged."""
    wrong = rules.errors(fields)
    refused = None if is_old or "url" in wrong else address_error(fields.url, tx.settings.outside)
    if refused:
        wrong["url"] = refused
    if secret is not None and (fault := signature.secret_error(secret)):
        wrong["secret"] = fault
    if wrong:
        raise BadInput(errors=wrong)


def _row(fields: WebhookFields) -> dict[str, Any]:
    events = [str(one) for one in EVENTS if one in fields.events]
    return asdict(fields) | {"events": events}


def _name_is_free(tx: Transaction, name: str) -> None:
    if tx.conn.execute(select(w.c.id).where(w.c.name == name)).first() is not None:
        raise Conflict.at(
            "name",
            phrase("A webhook named “{name}” already exists. Choose another name.", name=name),
        )

"""An admin sets the outgoing webhook's address and signing secret."""

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import insert, update

from handoff_service.errors import BadInput, CannotOpen, NotFound
from handoff_service.operations.shared.record_changes import ONLY, created, recorded
from handoff_service.rules.cases import webhook as rules
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.store.cases import webhook
from handoff_service.store.cases.webhook import WebhookTarget
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

w = t.case_webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class PutWebhook:
    """``url`` None: stop sending events. ``secret`` None: keep the current one. ``made``: a random
    secret, used if a new webhook comes without one."""

    url: str | None
    secret: str | None = None
    made: str | None = None


def put_webhook(tx: Transaction, command: PutWebhook) -> str | None:
    """Returns ``made`` if it was used. BadInput names each wrong field. A new webhook needs a
    secret."""
    errors = {}
    if command.url is not None and (wrong := rules.address_error(command.url)):
        errors["url"] = wrong
    if command.secret is not None and (wrong := rules.secret_error(command.secret)):
        errors["secret"] = wrong
    there = webhook.webhook(tx.conn)
    made = command.made if there is None and command.secret is None and command.url else None
    if there is None and (command.secret or made) is None and command.url is not None:
        errors["secret"] = "is required for a new webhook"  # noqa: S105  # a sentence
    if errors:
        raise BadInput(errors=errors)
    if there is not None:
        secret = _sealed(tx, command.secret, there)
        with recorded(tx, Noun.CASE_WEBHOOK, ONLY):
            tx.conn.execute(update(w).values(url=command.url, secret=secret))
    elif (first := command.secret or made) is not None:
        tx.conn.execute(
            insert(w).values(
                id=1, url=command.url, secret=tx.settings.sealer.seal(w.c.secret, first)
            )
        )
        created(tx, Noun.CASE_WEBHOOK, ONLY)
    return made


def replace_secret(tx: Transaction, made: str) -> str:
    """Sign with this secret from now on. Returns it, so that a repeat of the command returns the
    one that is stored. NotFound without a webhook."""
    sealed = tx.settings.sealer.seal(w.c.secret, made)
    with recorded(tx, Noun.CASE_WEBHOOK, ONLY):
        found = tx.conn.execute(update(w).values(secret=sealed)).rowcount
    if found == 0:
        raise NotFound("There is no case webhook yet. Save its address first.")
    return made


def _sealed(tx: Transaction, given: str | None, there: WebhookTarget) -> str:
    """The secret to store. Equal secrets differ when they are sealed, so the same one stays."""
    if given is None:
        return there.sealed
    with suppress(CannotOpen):
        if webhook.secret_of(tx.settings, there) == given:
            return there.sealed
    return tx.settings.sealer.seal(w.c.secret, given)

"""An admin sets the outgoing webhook's address and signing secret."""

from dataclasses import dataclass

from sqlalchemy import insert, update

from handoff_service.errors import BadInput
from handoff_service.rules.cases import webhook as rules
from handoff_service.store.cases import webhook
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction

w = t.case_webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class PutWebhook:
    """``url`` None: stop sending events. ``secret`` None: keep the current one."""

    url: str | None
    secret: str | None = None


def put_webhook(tx: Transaction, command: PutWebhook) -> None:
    """BadInput names each wrong field. A new webhook needs a secret."""
    errors = {}
    if command.url is not None and (wrong := rules.address_fault(command.url)):
        errors["url"] = wrong
    if command.secret is not None and (wrong := rules.secret_fault(command.secret)):
        errors["secret"] = wrong
    there = webhook.webhook(tx.conn)
    if there is None and command.secret is None and command.url is not None:
        errors["secret"] = "is required for a new webhook"  # noqa: S105  # a sentence
    if errors:
        raise BadInput(errors=errors)
    if there is not None:
        secret = command.secret or there.secret
        tx.conn.execute(update(w).values(url=command.url, secret=secret))
    elif command.secret is not None:
        tx.conn.execute(insert(w).values(id=1, url=command.url, secret=command.secret))

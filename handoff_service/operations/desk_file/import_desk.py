"""Import a desk file. An import creates or updates the records that the file names by key, and
leaves all other records. Importing the same file again changes nothing."""

from collections.abc import Sequence

from sqlalchemy import select

from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.cases.outages import put_outage
from handoff_service.operations.consent.change_consent import ConsentRequest, import_opt_outs
from handoff_service.operations.desk import provider_numbers
from handoff_service.operations.desk.attributes import fit_stored, put_attribute
from handoff_service.operations.desk.check_admin_sign_in import check_sign_in
from handoff_service.operations.desk.desk_settings import put_desk
from handoff_service.operations.desk.groups import group_id
from handoff_service.operations.desk.identity_provider_fields import IdentityProviderEntry
from handoff_service.operations.desk.identity_providers import (
    PutIdentityProvider,
    put_identity_provider,
)
from handoff_service.operations.desk.labels import MakeLabel, put_label
from handoff_service.operations.desk.provider_numbers import put_provider_number
from handoff_service.operations.desk.templates import MakeTemplate, put_template
from handoff_service.operations.desk.texts import ChangeText, change_text
from handoff_service.operations.desk_file.desk_file import (
    DeskFile,
    ProviderNumberEntry,
    WebhookEntry,
)
from handoff_service.operations.desk_file.desk_file_errors import errors_named
from handoff_service.operations.desk_file.import_agents import import_agent
from handoff_service.operations.desk_file.import_references import import_list_views, import_macros
from handoff_service.operations.desk_file.import_rows import put_in_order, put_row
from handoff_service.operations.desk_file.import_secrets import (
    HashedFile,
    hash_secrets,
    stored_secrets,
)
from handoff_service.operations.desk_file.import_users import import_users
from handoff_service.operations.messaging_actions.messaging_action_fields import (
    MessagingActionEntry,
)
from handoff_service.operations.messaging_actions.messaging_actions import put_messaging_action
from handoff_service.operations.routing.queue_fields import QueueEntry
from handoff_service.operations.routing.queues import check_schedules, put_queue
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.operations.webhooks.webhooks import PutWebhook, put_webhook
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction


async def import_file(store: Store, file: DeskFile) -> dict[str, int]:
    """Import a whole file, or nothing if there is an error, while the desk runs. Returns kind ->
    number of entries.

    This reads the stored hashes first and writes later. If the file does not change an identity
    fact, and an admin changes that fact in the meantime, the admin's change stays.
    """
    stored = await store.read(stored_secrets, file)
    return await store.write(
        import_desk, await run_slow(hash_secrets, file, stored, store.settings.link_key)
    )


def import_desk(tx: Transaction, given: HashedFile | DeskFile) -> dict[str, int]:
    """Like ``import_file``, inside a transaction. A file that is not hashed yet is hashed here,
    which blocks all other writes, so pass one only before the desk is in service."""
    if isinstance(given, DeskFile):
        given = hash_secrets(given, stored_secrets(tx.conn, given), tx.settings.link_key)
    file, hashed = given.file, given.hashed
    if file.desk is not None:
        put_desk(tx, file.desk.model_dump())
    for message, body in file.texts.items():
        change_text(tx, ChangeText(name=message, body=body))
    _attributes(tx, file)  # before templates and conditions, which use attributes
    for template in file.templates:
        with errors_named(f"templates.{template.name}"):
            put_template(tx, MakeTemplate(name=template.name, body=template.body))
    _identity_providers(tx, file.identity_providers)
    for label in file.labels:
        put_label(tx, MakeLabel(**label.model_dump()))
    put_in_order(tx, Noun.PRESENCE_STATE, "name", file.presence_states)
    put_in_order(tx, Noun.REJECT_REASON, "words", file.reject_reasons)
    import_users(tx, file.users, hashed.facts)
    _fit_attributes(tx, file)
    for group in file.groups:
        put_row(tx, Noun.GROUP, {"name": group.name}, {"capacity": group.capacity})
    for agent in file.agents:
        import_agent(tx, agent, hashed.passwords.get(agent.email))
    for queue in file.queues:
        _queue(tx, queue)
    for number in file.provider_numbers:
        _provider_number(tx, number)
    for place, action in enumerate(file.messaging_actions, start=1):
        _messaging_action(tx, action, place)
    import_macros(tx, file.macros)
    import_list_views(tx, file.list_views)
    for outage in file.outages:
        with errors_named(f"outages.{outage.title}"):
            put_outage(tx, outage.to_fields())
    _webhooks(tx, file)
    import_opt_outs(
        tx,
        [
            ConsentRequest(
                opted_out=True, source=Source.IMPORT, agent_id=None, **entry.model_dump()
            )
            for entry in file.opt_outs
        ],
    )
    check_schedules(tx)
    check_sign_in(tx)
    schedule_offers(tx)
    return {
        "users": len(file.users),
        "agents": len(file.agents),
        "groups": len(file.groups),
        "queues": len(file.queues),
        "provider_numbers": len(file.provider_numbers),
        "messaging_actions": len(file.messaging_actions),
        "templates": len(file.templates),
        "identity_providers": len(file.identity_providers),
        "labels": len(file.labels),
        "attributes": len(file.attributes),
        "macros": len(file.macros),
        "list_views": len(file.list_views),
        "outages": len(file.outages),
        "webhooks": len(file.webhooks),
        "opt_outs": len(file.opt_outs),
    }


def _identity_providers(tx: Transaction, entries: Sequence[IdentityProviderEntry]) -> None:
    for entry in entries:
        put = PutIdentityProvider(fields=entry.to_fields(), client_secret=entry.client_secret)
        with errors_named(f"identity_providers.{entry.name}"):
            put_identity_provider(tx, put)


def _attributes(tx: Transaction, file: DeskFile) -> None:
    for entry in file.attributes:
        with errors_named(f"attributes.{entry.owner}.{entry.key}"):
            put_attribute(tx, entry.to_fields())


def _fit_attributes(tx: Transaction, file: DeskFile) -> None:
    """Check the stored values. Call this after the file's users are imported, because the file may
    correct their values."""
    for entry in file.attributes:
        with errors_named(f"attributes.{entry.owner}.{entry.key}"):
            fit_stored(tx, entry.to_fields())


def _webhooks(tx: Transaction, file: DeskFile) -> None:
    for webhook in file.webhooks:
        _webhook(tx, webhook, f"webhooks.{webhook.name}")
    if file.case_webhook is not None and file.case_webhook.url:
        _webhook(tx, file.case_webhook.to_webhook(), "case_webhook")


def _webhook(tx: Transaction, entry: WebhookEntry, where: str) -> None:
    w = t.webhooks
    active = tx.conn.execute(select(w.c.active).where(w.c.name == entry.name)).scalar()
    with errors_named(where):
        fields = entry.to_fields(active=active is not False)
        put_webhook(tx, PutWebhook(fields=fields, secret=entry.secret))


def _queue(tx: Transaction, entry: QueueEntry) -> None:
    """Create or update a queue, and create its groups that do not exist yet."""
    for group in entry.groups:
        group_id(tx, group.name)
    with errors_named(f"queues.{entry.name}"):
        put_queue(tx, entry.to_fields())


def _provider_number(tx: Transaction, entry: ProviderNumberEntry) -> None:
    with errors_named(f"provider_numbers.{entry.number}"):
        put_provider_number(tx, provider_numbers.MakeProviderNumber(**entry.model_dump()))


def _messaging_action(tx: Transaction, entry: MessagingActionEntry, place: int) -> None:
    """Create or update the action. ``place``: its place in the file, which becomes its place in the
    order of actions."""
    with errors_named(f"messaging_actions.{entry.name}"):
        put_messaging_action(tx, entry.to_action(), place)

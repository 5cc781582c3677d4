"""Import a desk file. Idempotent: entries are created or updated by key; everything else stays."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Column, insert, select, update

from handoff_service.errors import BadInput
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.cases.outages import put_outage
from handoff_service.operations.consent.change_consent import ConsentRequest, import_opt_outs
from handoff_service.operations.conversations.list_views import SaveView, save_view
from handoff_service.operations.desk import provider_numbers
from handoff_service.operations.desk.agents import ChangeAgent, MakeAgent, change_agent, make_agent
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
from handoff_service.operations.desk.macros import put_macro
from handoff_service.operations.desk.provider_numbers import put_provider_number
from handoff_service.operations.desk.templates import MakeTemplate, put_template
from handoff_service.operations.desk.texts import ChangeText, change_text
from handoff_service.operations.desk_file.desk_file import (
    AgentEntry,
    DeskFile,
    ListViewEntry,
    MacroEntry,
    ProviderNumberEntry,
    WebhookEntry,
)
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
from handoff_service.operations.shared.record_changes import created, recorded
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.operations.webhooks.webhooks import PutWebhook, put_webhook
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.sign_in_policy import password_allowed
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction

TABLES = {
    Noun.GROUP: t.groups,
    Noun.PRESENCE_STATE: t.presence_states,
    Noun.REJECT_REASON: t.reject_reasons,
}


async def import_file(store: Store, file: DeskFile) -> dict[str, int]:
    """Import a whole file, or none of it, while the desk runs. Returns the number of entries of
    each kind.

    It reads the stored hashes first and writes later. If an admin changes an identity fact in
    between, the admin's change wins.
    """
    stored = await store.read(stored_secrets, file)
    return await store.write(
        import_desk, await run_slow(hash_secrets, file, stored, store.settings.link_key)
    )


def import_desk(tx: Transaction, given: HashedFile | DeskFile) -> dict[str, int]:
    """Like ``import_file``, inside a transaction. If the file's passwords are not hashed yet, it
    hashes them. That blocks every other write, so use it only before the desk is in service."""
    if isinstance(given, DeskFile):
        given = hash_secrets(given, stored_secrets(tx.conn, given), tx.settings.link_key)
    file, hashed = given.file, given.hashed
    if file.desk is not None:
        put_desk(tx, file.desk.model_dump())
    for message, body in file.texts.items():
        change_text(tx, ChangeText(name=message, body=body))
    _attributes(tx, file)  # first, because texts and conditions use them
    for template in file.templates:
        with _named(f"templates.{template.name}"):
            put_template(tx, MakeTemplate(name=template.name, body=template.body))
    _identity_providers(tx, file.identity_providers)
    for label in file.labels:
        put_label(tx, MakeLabel(**label.model_dump()))
    _in_order(tx, Noun.PRESENCE_STATE, "name", file.presence_states)
    _in_order(tx, Noun.REJECT_REASON, "words", file.reject_reasons)
    import_users(tx, file.users, hashed.facts)
    _fit_attributes(tx, file)
    for group in file.groups:
        _put(tx, Noun.GROUP, {"name": group.name}, {"capacity": group.capacity})
    for agent in file.agents:
        _agent(tx, agent, hashed.passwords.get(agent.email))
    for queue in file.queues:
        _queue(tx, queue)
    for number in file.provider_numbers:
        _provider_number(tx, number)
    for place, action in enumerate(file.messaging_actions, start=1):
        _messaging_action(tx, action, place)
    _macros(tx, file.macros)
    _list_views(tx, file.list_views)
    for outage in file.outages:
        with _named(f"outages.{outage.title}"):
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
        with _named(f"identity_providers.{entry.name}"):
            put_identity_provider(tx, put)


def _attributes(tx: Transaction, file: DeskFile) -> None:
    for entry in file.attributes:
        with _named(f"attributes.{entry.owner}.{entry.key}"):
            put_attribute(tx, entry.to_fields())


def _fit_attributes(tx: Transaction, file: DeskFile) -> None:
    """Check the stored values after the file's users, because the file may correct them."""
    for entry in file.attributes:
        with _named(f"attributes.{entry.owner}.{entry.key}"):
            fit_stored(tx, entry.to_fields())


def _agent(tx: Transaction, entry: AgentEntry, password_hash: str | None) -> None:
    """``password_hash``: the hash of a new password; None: the password stays."""
    values: dict[str, Any] = entry.model_dump(
        include={"name", "capacity", "roles", "groups", "skills", "always_password"}
    )
    there = tx.conn.execute(
        select(t.agents.c.id).where(t.agents.c.email == entry.email)
    ).one_or_none()
    if password_hash is not None:
        values["password_hash"] = password_hash
    if there is None and not password_allowed(tx.conn, entry.roles):
        values.setdefault("password_hash", "")
    if there is None and "password_hash" not in values:
        raise BadInput(
            errors={f"agents.{entry.email}.password": phrase("is required for a new agent")}
        )
    agent_id = there.id if there else make_agent(tx, MakeAgent(email=entry.email, **values))
    if entry.active is not None:
        values["active"] = entry.active
    if entry.language is not None:
        values["language"] = entry.language
    change_agent(tx, ChangeAgent(id=agent_id, by=None, values=values))


def _webhooks(tx: Transaction, file: DeskFile) -> None:
    for webhook in file.webhooks:
        _webhook(tx, webhook, f"webhooks.{webhook.name}")
    if file.case_webhook is not None and file.case_webhook.url:
        _webhook(tx, file.case_webhook.to_webhook(), "case_webhook")


def _webhook(tx: Transaction, entry: WebhookEntry, where: str) -> None:
    w = t.webhooks
    active = tx.conn.execute(select(w.c.active).where(w.c.name == entry.name)).scalar()
    with _named(where):
        fields = entry.to_fields(active=active is not False)
        put_webhook(tx, PutWebhook(fields=fields, secret=entry.secret))


@contextmanager
def _named(where: str) -> Iterator[None]:
    """Add the entry's name to the keys of its errors."""
    try:
        yield
    except BadInput as error:
        raise BadInput(
            errors={f"{where}.{key}": what for key, what in error.errors.items()}
        ) from error


def _queue(tx: Transaction, entry: QueueEntry) -> None:
    """Create or update a queue, and create its groups that do not exist yet."""
    for group in entry.groups:
        group_id(tx, group.name)
    with _named(f"queues.{entry.name}"):
        put_queue(tx, entry.to_fields())


def _provider_number(tx: Transaction, entry: ProviderNumberEntry) -> None:
    with _named(f"provider_numbers.{entry.number}"):
        put_provider_number(tx, provider_numbers.MakeProviderNumber(**entry.model_dump()))


def _in_order(tx: Transaction, noun: Noun, key: str, entries: Sequence[BaseModel]) -> None:
    """Put the admin's own entries into the file's order. Entries that the file does not name
    follow."""
    table = TABLES[noun]
    for place, entry in enumerate(entries, start=1):
        values = entry.model_dump()
        _put(tx, noun, {key: values.pop(key)}, values | {"position": place})
    if entries:
        named = [getattr(entry, key) for entry in entries]
        rest = table.c[key].not_in(named)
        ids = (
            tx.conn.execute(select(table.c.id).where(rest).order_by(table.c.position, table.c.id))
            .scalars()
            .all()
        )
        for place, row_id in enumerate(ids, start=len(entries) + 1):
            tx.conn.execute(update(table).where(table.c.id == row_id).values(position=place))


def _messaging_action(tx: Transaction, entry: MessagingActionEntry, place: int) -> None:
    """Create or update the action. ``place``: its place in the file, which becomes its place in the
    admin's order."""
    with _named(f"messaging_actions.{entry.name}"):
        put_messaging_action(tx, entry.to_action(), place)


def _macros(tx: Transaction, entries: Sequence[MacroEntry]) -> None:
    for entry in entries:
        _macro(tx, entry)


def _macro(tx: Transaction, entry: MacroEntry) -> None:
    """BadInput when the desk does not have what it names."""
    columns = {
        "template": t.templates.c.name,
        "label": t.labels.c.name,
        "to_agent": t.agents.c.email,
        "to_queue": t.queues.c.name,
    }
    with _named(f"macros.{entry.name}"):
        put_macro(tx, entry.to_fields(_ids(tx, entry, columns)))


def _list_views(tx: Transaction, entries: Sequence[ListViewEntry]) -> None:
    for entry in entries:
        _list_view(tx, entry)


def _list_view(tx: Transaction, entry: ListViewEntry) -> None:
    """Share the view, or replace the agent's view with the same name. BadInput when the desk does
    not have what it names."""
    with _named(f"list_views.{entry.name}"):
        ids = _ids(tx, entry, {"agent": t.agents.c.email, "label": t.labels.c.name})
        how = entry.to_sort_and_filter(ids.get("label"))
        save_view(tx, SaveView(agent_id=ids["agent"], name=entry.name, how=how, shared=True))


def _ids(
    tx: Transaction, entry: BaseModel, columns: Mapping[str, Column[str]]
) -> Mapping[str, int]:
    """The ids of the records that an entry names. ``columns``: key -> the column that holds the
    name. BadInput for a name that the desk does not have."""
    ids = {}
    for key, column in columns.items():
        if (name := getattr(entry, key)) is None:
            continue
        found = tx.conn.execute(select(column.table.c.id).where(column == name)).scalar()
        if found is None:
            raise BadInput(errors={key: phrase("there is no “{name}”", name=name)})
        ids[key] = found
    return ids


def _put(tx: Transaction, noun: Noun, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Create or update the row with this key."""
    table = TABLES[noun]
    where = [table.c[name] == value for name, value in key.items()]
    found = tx.conn.execute(select(table.c.id).where(*where)).scalar()
    if found is None:
        made = insert(table).values(**key, **values).returning(table.c.id)
        created(tx, noun, tx.conn.execute(made).scalar_one())
    else:
        with recorded(tx, noun, found):
            tx.conn.execute(update(table).where(*where).values(**values))

"""Preview an import: run it in a transaction, list the changes, and roll back. The preview
therefore also shows changes that the file does not list, such as a new group that an agent names.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk_file.desk_file import DeskFile
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.operations.desk_file.import_secrets import (
    NO_HASHES,
    Hashed,
    HashedFile,
    hash_secrets,
    stored_secrets,
)
from handoff_service.rules.desk.attributes import AttributeOwner
from handoff_service.rules.desk.record_changes import Changes, Entry, difference
from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.store.desk_file.export_desk import desk_content
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction

OF_OWNER = {
    AttributeOwner.USER: phrase("{key} of users"),
    AttributeOwner.CONVERSATION: phrase("{key} of conversations"),
}
#: A part of a desk file -> the field that identifies its entries. Other parts are a single entry.
KEYS = {
    "templates": "name",
    "identity_providers": "name",
    "labels": "name",
    "attributes": "key",
    "macros": "name",
    "webhooks": "name",
    "list_views": "name",
    "presence_states": "name",
    "reject_reasons": "words",
    "users": "external_id",
    "groups": "name",
    "agents": "email",
    "queues": "name",
    "provider_numbers": "number",
    "messaging_actions": "name",
    "outages": "title",
    "opt_outs": "number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPreview:
    """The changes in one part of a desk file. ``created``: keys of new entries. ``changed``: key ->
    the changes. ``unchanged``: the number of entries on the desk that the import does not change.
    Of the users, only those in the file are counted.
    """

    created: Sequence[str] = ()
    changed: Mapping[str, Changes] = field(default_factory=dict)
    unchanged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPreview:
    """``fingerprint``: a hash of the changes."""

    parts: Mapping[str, PartPreview]
    fingerprint: str

    @property
    def changes_nothing(self) -> bool:
        return not any(part.created or part.changed for part in self.parts.values())


async def preview_file(store: Store, file: DeskFile) -> ImportPreview:
    """Preview the import of a file, without changing anything. Raises the same errors as
    ``import_file``."""
    stored = await store.read(stored_secrets, file)
    key = store.settings.link_key
    named = await run_slow(hash_secrets, file, stored, key, NO_HASHES)
    return await store.write(_preview, named)


async def import_as_previewed(
    store: Store, file: DeskFile, fingerprint: str
) -> Mapping[str, int] | ImportPreview:
    """Import a file if its changes still have this fingerprint, and return kind -> number of
    entries. If they do not, change nothing and return a new preview.
    """
    stored = await store.read(stored_secrets, file)
    hashed = await run_slow(hash_secrets, file, stored, store.settings.link_key)
    return await store.write(_import_as_previewed, (hashed, fingerprint))


def _preview(tx: Transaction, given: HashedFile) -> ImportPreview:
    with _trial(tx, given) as trial:
        return trial.preview


def _import_as_previewed(
    tx: Transaction, asked: tuple[HashedFile, str]
) -> Mapping[str, int] | ImportPreview:
    given, fingerprint = asked
    with _trial(tx, given) as trial:
        if trial.preview.fingerprint != fingerprint:
            return trial.preview
        trial.kept = True
        return trial.counts


@dataclass(slots=True, kw_only=True)
class _Trial:
    """An import that is rolled back unless ``kept`` is set. ``counts``: the result of
    ``import_desk``."""

    preview: ImportPreview
    counts: Mapping[str, int]
    kept: bool = False


@contextmanager
def _trial(tx: Transaction, given: HashedFile) -> Iterator[_Trial]:
    conn = tx.conn.execution_options(now=tx.now)  # so that reads inside the trial see the same time
    users = one_of(t.users.c.external_id, [one.external_id for one in given.file.users])
    before = _entries(desk_content(conn, users))
    hints, work_at = list(tx.hints), dict(tx.work_at)
    with tx.conn.begin_nested() as savepoint:
        counts = import_desk(tx, given)
        after = _entries(desk_content(conn, users))
        compared = _compared(before, after, _secrets(given.hashed))
        trial = _Trial(preview=compared, counts=counts)
        yield trial
        if not trial.kept:
            savepoint.rollback()
            tx.hints, tx.work_at = hints, work_at


def _entries(content: Mapping[str, Any]) -> dict[str, dict[str, Entry]]:
    """Part of a desk file -> key -> entry. A part that is a single entry has an empty key."""
    return {
        part: {_key(part, one): one for one in value}
        if part in KEYS
        else {"": value}
        if value
        else {}
        for part, value in content.items()
    }


def _key(part: str, one: Entry) -> str:
    key = str(one[KEYS[part]])
    if part == "list_views":
        return phrase("{view} of {agent}", view=key, agent=one["agent"])
    if part == "attributes":
        return filled(OF_OWNER[one["owner"]], key=key)
    covered = one.get("provider_number") if part == "opt_outs" else None
    if covered is None:
        return key
    return phrase("{number} at {company_number}", number=key, company_number=covered)


def _secrets(hashed: Hashed) -> Mapping[str, Mapping[str, Changes]]:
    """Part -> key -> the changes of secrets, without their values."""
    return {
        "agents": {email: {"password": [None, None]} for email in hashed.passwords},
        "users": {number: {"facts": [None, None]} for number in hashed.facts},
    }


def _compared(
    before: Mapping[str, Mapping[str, Entry]],
    after: Mapping[str, Mapping[str, Entry]],
    secrets: Mapping[str, Mapping[str, Changes]],
) -> ImportPreview:
    parts = {
        part: _part(before[part], there, secrets.get(part, {}))
        for part, there in after.items()
        if there or before[part]
    }
    seen = {
        part: [sorted(one.created), one.changed]
        for part, one in parts.items()
        if one.created or one.changed
    }
    written = json.dumps(seen, sort_keys=True, default=str)
    return ImportPreview(parts=parts, fingerprint=hashlib.sha256(written.encode()).hexdigest())


def _part(
    before: Mapping[str, Entry], after: Mapping[str, Entry], secrets: Mapping[str, Changes]
) -> PartPreview:
    changed = {
        key: changes
        for key, now in after.items()
        if key in before and (changes := difference(before[key], now) | secrets.get(key, {}))
    }
    created = [key for key in after if key not in before]
    unchanged = len(after) - len(created) - len(changed)
    return PartPreview(created=created, changed=changed, unchanged=unchanged)

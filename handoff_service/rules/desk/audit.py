"""The audit log: who did what, and the chain that shows whether somebody changed it afterwards.

Each entry has a link in a chain. The link contains a digest of the entry, and a hash of the digest
and the previous link. Both are keyed, so nobody can create a link without the desk's keys, even
with write access to the database. Deleting old entries leaves their links, so the chain can still
be checked.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from handoff_service.rules.shared.phrases import Phrase, phrase, phrase_in

#: The hash before the first link.
BEGIN = ""


class AuditAction(StrEnum):
    """The kinds of actions in the audit log."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    VIEWED = "viewed"
    EXPORTED = "exported"
    KEYS_ROTATED = "keys_rotated"
    MERGED = "merged"
    MERGE_UNDONE = "merge_undone"
    ENTRIES_REMOVED = "entries_removed"


class Subject(StrEnum):
    """The subjects of audit entries besides the records that have a change history."""

    PROFILE = "profile"
    DESK_FILE = "desk_file"
    REPORT = "report"
    CONVERSATIONS = "conversations"
    AUDIT_LOG = "audit_log"
    PERSONAL_DATA = "personal_data"
    BACKUP = "backup"
    SECRET_KEY = "secret_key"  # noqa: S105  # the name of a subject


#: How pages show the actions.
ACTION_WORDS: Mapping[str, Phrase] = {
    AuditAction.SIGNED_IN: phrase("Signed in"),
    AuditAction.SIGN_IN_FAILED: phrase("Sign in failed"),
    AuditAction.SIGNED_OUT: phrase("Signed out"),
    AuditAction.CREATED: phrase_in("audit log", "Created"),
    AuditAction.CHANGED: phrase_in("audit log", "Changed"),
    AuditAction.DELETED: phrase_in("audit log", "Deleted"),
    AuditAction.VIEWED: phrase("Viewed"),
    AuditAction.EXPORTED: phrase("Exported"),
    AuditAction.KEYS_ROTATED: phrase("Keys rotated"),
    AuditAction.MERGED: phrase("Merged"),
    AuditAction.MERGE_UNDONE: phrase("Merge undone"),
    AuditAction.ENTRIES_REMOVED: phrase("Entries removed"),
}
#: How pages show these subjects.
SUBJECT_WORDS: Mapping[str, Phrase] = {
    Subject.PROFILE: phrase("Profile"),
    Subject.DESK_FILE: phrase("Desk file"),
    Subject.REPORT: phrase("Report"),
    Subject.CONVERSATIONS: phrase("Conversations"),
    Subject.AUDIT_LOG: phrase("Audit log"),
    Subject.PERSONAL_DATA: phrase("Personal data"),
    Subject.BACKUP: phrase("Backup"),
    Subject.SECRET_KEY: phrase("Secret key"),
}


def canonical(entry: Mapping[str, Any]) -> bytes:
    """An entry as bytes. Equal entries have equal bytes, regardless of the database that stored
    them."""
    plain = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in entry.items()
    }
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest_of(key: bytes, entry: Mapping[str, Any]) -> str:
    """The digest of an entry. It is keyed, so nobody can guess what a removed entry said."""
    return hmac.new(key, b"entry\0" + canonical(entry), hashlib.sha256).hexdigest()


def link_hash(key: bytes, place: int, before: str, digest: str) -> str:
    """The hash of a link. ``before``: the hash of the previous link, or BEGIN."""
    content = f"link\0{place}\0{before}\0{digest}".encode()
    return hmac.new(key, content, hashlib.sha256).hexdigest()

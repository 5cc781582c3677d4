"""The reports of ``patchboard doctor`` and ``patchboard keys`` about the secret keys."""

from collections.abc import Sequence

from sqlalchemy import Connection

from handoff_service.environment.key_files import key_fingerprint
from handoff_service.lib.sealing import key_id
from handoff_service.rules.shared.counted import counted
from handoff_service.store.desk.key_uses import KeyUse, key_uses
from handoff_service.store.engine import secret_keys

NOTHING_LEFT = (
    "Nothing needs PATCHBOARD_SECRET_KEY_OLD anymore. Remove it (the variable, or the file "
    "secret_key_old in PATCHBOARD_HOME), then restart."
)


def key_problems(conn: Connection, keys: Sequence[str]) -> list[str]:
    """A sentence for each kind of stored value that needs a secret key which is not set. ``keys``:
    the secret keys that are set, the current one first."""
    current, *old = map(key_fingerprint, keys)
    if secret_keys.differs(conn, current, old):
        return [secret_keys.DIFFERS]
    known = {key_id(key) for key in keys}
    missing = [use for key, use in key_uses(conn).items() if key not in known]
    secrets = sum(use.secrets for use in missing)
    facts = sum(use.facts for use in missing)
    found = []
    if secrets:
        found.append(
            f"{counted(secrets, 'stored secret')} cannot be opened, because the key that sealed "
            "them is not set. Set PATCHBOARD_SECRET_KEY_OLD to that key. If it is lost, follow “If "
            "the key is lost” in the how-to “Rotate the secret key”."
        )
    if facts:
        found.append(
            f"{counted(facts, 'identity fact')} cannot be checked, because their secret key is "
            "not set. Set PATCHBOARD_SECRET_KEY_OLD to that key, or import the facts again."
        )
    return found


def key_notes(conn: Connection, keys: Sequence[str]) -> list[str]:
    """Sentences about the stored values that still need an old key, or one sentence that none does.
    Empty when no old key is set. ``keys``: as in ``key_problems``."""
    uses = key_uses(conn)
    old = [use for key in keys[1:] if (use := uses.get(key_id(key))) is not None]
    if not keys[1:]:
        return []
    return [sentence for use in old for sentence in _still_needed(use)] or [NOTHING_LEFT]


def _still_needed(use: KeyUse) -> list[str]:
    found = []
    if use.secrets:
        found.append(
            f"{counted(use.secrets, 'stored secret')} still {_need(use.secrets)}. To seal with "
            "the new key, run: patchboard keys rotate"
        )
    if use.facts:
        found.append(
            f"{counted(use.facts, 'identity fact')} still {_need(use.facts)}. A fact moves to the "
            "new key when its user proves it, or when you import it again."
        )
    return found


def _need(count: int) -> str:
    return f"{'needs' if count == 1 else 'need'} PATCHBOARD_SECRET_KEY_OLD"

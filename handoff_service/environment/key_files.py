"""The keys that the service keeps in files of PATCHBOARD_HOME."""

import hmac
import os
import secrets
from pathlib import Path


def key_fingerprint(secret_key: str) -> str:
    """A keyed hash of a constant. It distinguishes secret keys, but does not reveal them."""
    return hmac.new(
        secret_key.encode(), b"patchboard: which secret key is this", "sha256"
    ).hexdigest()[:32]


def keep_key(home: Path, name: str) -> str:
    """The secret in this file of HOME. If there is no file, create it with a new secret, readable
    only by its owner."""
    path = home / name
    home.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8-sig").strip()
    with os.fdopen(handle, "w") as file:
        made = secrets.token_urlsafe(32)
        file.write(made)
    return made


def key_in_file(home: Path, name: str) -> str | None:
    """The secret in this file of HOME; None if the file is missing or empty."""
    path = home / name
    return path.read_text(encoding="utf-8-sig").strip() or None if path.exists() else None


def replace_key(home: Path, name: str, key: str) -> None:
    """Write a key to a file in HOME. It replaces any earlier key in this file."""
    home.mkdir(parents=True, exist_ok=True)
    part = home / f".{name}.part"
    with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    part.replace(home / name)

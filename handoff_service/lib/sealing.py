"""Seals (encrypts) small secrets with the desk's secret key, so that a copy of the database does
not reveal them.

A sealed value is ``sealed:1:KEY:BOX``. KEY is the beginning of the fingerprint of the secret key,
so it shows which key opens the value. BOX is AES-256-GCM: a nonce, then the ciphertext. The
encryption also authenticates the column's name, so a value that somebody copies into another column
cannot be opened. The 1 is the version of this format.

Source: https://csrc.nist.gov/pubs/sp/800/38/d/final (GCM), https://www.rfc-editor.org/rfc/rfc5869
(HKDF)
"""

import base64
import functools
import os
import re
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from handoff_service.environment.key_files import key_fingerprint
from handoff_service.errors import CannotOpen

#: The beginning of each sealed value.
PREFIX = "sealed:1:"
KEY_LENGTH = 8  #: characters of a key's short name
_SEALED = re.compile(r"sealed:1:(?P<key>[0-9a-f]{8}):(?P<box>[\w-]+)", re.ASCII)
_NONCE = 12  # bytes, as the standard recommends
NO_KEY = (
    "A stored secret was sealed with a secret key that is not set. Set PATCHBOARD_SECRET_KEY_OLD "
    "to that key, or enter the secret again."
)


def key_id(secret_key: str) -> str:
    """The short name of a secret key. It reveals nothing about the key."""
    return id_of(key_fingerprint(secret_key))


def id_of(fingerprint: str) -> str:
    """The short name of the key with this fingerprint."""
    return fingerprint[:KEY_LENGTH]


class Sealer:
    """Seals with the first key, and opens values that were sealed with any of the keys."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.key_id = key_id(keys[0])
        self._ciphers = {key_id(key): AESGCM(_derived(key)) for key in keys}

    def seal(self, column: object, secret: str) -> str:
        """The sealed form of a secret. ``column``: the column that stores it. ``open`` needs the
        same ``str(column)``."""
        nonce = os.urandom(_NONCE)
        cipher = self._ciphers[self.key_id]
        box = nonce + cipher.encrypt(nonce, secret.encode(), str(column).encode())
        return f"{PREFIX}{self.key_id}:{base64.urlsafe_b64encode(box).rstrip(b'=').decode()}"

    def open(self, column: object, stored: str) -> str:
        """The secret. An old value that is not sealed is returned unchanged. Raises CannotOpen when
        the key of the value is not set, or when somebody has changed the value."""
        if not stored.startswith(PREFIX):
            return stored
        found = _SEALED.fullmatch(stored)
        cipher = self._ciphers.get(found["key"]) if found else None
        if found is None or cipher is None:
            raise CannotOpen(NO_KEY)
        box = base64.urlsafe_b64decode(found["box"] + "=" * (-len(found["box"]) % 4))
        try:
            return cipher.decrypt(box[:_NONCE], box[_NONCE:], str(column).encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise CannotOpen("A stored secret was damaged. Enter it again.") from error


@functools.lru_cache(8)
def sealer_of(keys: tuple[str, ...]) -> Sealer:
    """The sealer for these secret keys, the current one first."""
    return Sealer(keys)


def _derived(secret_key: str) -> bytes:
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"patchboard sealing")
    return derive.derive(secret_key.encode())

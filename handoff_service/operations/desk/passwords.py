"""Hash passwords with argon2, and check them. Both keep a CPU core busy for tens of milliseconds,
so they run outside any transaction while the desk is in service."""

import functools
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """An argon2id hash for storing."""
    return _hasher.hash(password)


@functools.cache
def _nobodys_hash() -> str:
    """The hash to check when nobody has the e-mail address, so that the check takes the same
    time."""
    return hash_password(secrets.token_hex())


def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password is right. ``stored`` None: nobody has that e-mail address; the check
    then takes the same time."""
    try:
        return _hasher.verify(stored or _nobodys_hash(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False

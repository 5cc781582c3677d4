"""One-time codes of authenticator apps (TOTP), the QR code that sets an app up, and backup codes.

Source: https://www.rfc-editor.org/rfc/rfc6238. The codes use the defaults that all apps support:
SHA-1, six digits, half a minute.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

import pyotp
import segno

SECONDS = 30
BACKUP_CODES = 10
_DIGITS = re.compile(r"[0-9]{6}")
_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"  # without letters and digits that look alike
_BACKUP_LENGTH = 16  # letters; they have 78 bits, so a plain hash is enough
_GROUP = 4


def new_secret() -> str:
    """A random secret in base32."""
    return pyotp.random_base32()


def app_address(secret: str, account: str, desk: str) -> str:
    """The address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=desk)


def picture(address: str) -> str:
    """A QR code as an SVG data address. It is black on white, so that every app can read it."""
    return segno.make_qr(address, error="m").svg_data_uri(scale=5, border=4, light="white")


def matching_step(secret: str, code: str, now: datetime, *, after: int) -> int | None:
    """The number of the half minute (since 1970) for which the code is valid. None for a wrong
    code. Also None for a code of the half minute ``after`` or an earlier one, because such a code
    was already used. The app's clock may differ from ours by half a minute."""
    typed = re.sub(r"[\s-]", "", code)
    if not _DIGITS.fullmatch(typed):
        return None
    current = int(now.timestamp()) // SECONDS
    made = pyotp.TOTP(secret)
    for step in (current, current - 1, current + 1):
        if step > after and hmac.compare_digest(made.generate_otp(step), typed):
            return step
    return None


def backup_codes() -> list[str]:
    """New backup codes, in groups of four letters."""
    return [_backup_code() for _ in range(BACKUP_CODES)]


def _backup_code() -> str:
    letters = [secrets.choice(_LETTERS) for _ in range(_BACKUP_LENGTH)]
    return "-".join("".join(letters[n : n + _GROUP]) for n in range(0, _BACKUP_LENGTH, _GROUP))


def backup_hash(code: str) -> str | None:
    """The hash under which a backup code is stored. None for text that cannot be a backup code."""
    typed = re.sub(r"[\s-]", "", code).lower()
    if len(typed) != _BACKUP_LENGTH or not typed.isascii():
        return None
    return hashlib.sha256(typed.encode()).hexdigest()

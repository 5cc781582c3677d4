"""Signed links with which an agent chooses a password, and the mails that carry them.

The database stores no links. The signature covers the stored password hash. Setting a password
therefore invalidates every earlier link, so each link works only once. The signature also covers
the desk's id, which a restore changes: a restored backup has old password hashes, but a link that
was used after the backup must not work again.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from handoff_service.rules.shared.phrases import phrase

_TOKEN = re.compile(r"([1-9][0-9]{0,14})\.([0-9]{1,12})\.([0-9a-f]{64})")


class Purpose(StrEnum):
    """What a link is for."""

    RESET = "reset"
    INVITATION = "invitation"


LASTS = {Purpose.RESET: timedelta(hours=1), Purpose.INVITATION: timedelta(days=7)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The facts that a link's signature covers. ``password_hash``: empty before the first password.
    ``desk_id``: new after each restore."""

    agent_id: int
    email: str
    password_hash: str
    desk_id: str


def token(key: str, account: Account, until: datetime) -> str:
    """The token that lets its holder set this account's password."""
    expires = int(until.timestamp())
    return f"{account.agent_id}.{expires}.{_signature(key, account, expires)}"


def link(public_url: str, key: str, account: Account, until: datetime) -> str:
    """The whole link, for a mail or for an admin to pass on."""
    return f"{public_url}/sign-in/link?{urlencode({'token': token(key, account, until)})}"


def agent_of(given: str) -> int | None:
    """The agent that the token names. This does not check the signature. None for a text that is
    not a token."""
    found = _TOKEN.fullmatch(given)
    return int(found[1]) if found else None


def is_valid(key: str, given: str, account: Account, now: datetime) -> bool:
    """Whether this key signed the token, the account has not changed since, and the token has not
    expired.
    """
    found = _TOKEN.fullmatch(given)
    if found is None or int(found[1]) != account.agent_id or now.timestamp() > int(found[2]):
        return False
    return hmac.compare_digest(found[3], _signature(key, account, int(found[2])))


def _signature(key: str, account: Account, expires: int) -> str:
    covers = (
        f"password link\n{account.desk_id}\n{account.agent_id}\n{account.email}\n"
        f"{account.password_hash}\n"
    )
    return hmac.new(key.encode(), f"{covers}{expires}".encode(), hashlib.sha256).hexdigest()


def mail(purpose: Purpose, desk: str, name: str, address: str) -> tuple[str, tuple[str, ...]]:
    """The subject and the paragraphs of the mail with the link ``address``."""
    hello = phrase("Hello {name},", name=name)
    if purpose is Purpose.INVITATION:
        return phrase("Your account at {desk}", desk=desk), (
            hello,
            phrase(
                "You have an account at {desk}. Choose your password within {days} days:",
                desk=desk,
                days=LASTS[purpose].days,
            ),
            address,
            phrase("The link works once."),
        )
    return phrase("Your password at {desk}", desk=desk), (
        hello,
        phrase(
            "Somebody asked for a new password for your account at {desk}. Choose it within an "
            "hour:",
            desk=desk,
        ),
        address,
        phrase(
            "The link works once. If you did not ask for it, you can ignore this e-mail: your "
            "password stays as it is."
        ),
    )

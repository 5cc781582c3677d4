"""The ids that we give to our texts, and the ids that we derive for incoming ones.

**Outgoing.** The phone sends no second text with an id that it has seen, so a retry with the same
id sends nothing twice. An id names the desk, the message and the attempt, for receipts that arrive
before the phone's answer is stored. A copy of the desk uses the same message numbers for other
texts. So the id also contains a hash of the words, which differs between the two desks. An attempt
after a failure has another id.

**Incoming.** The app's own id is a hash of 32 bits, so two texts can have the same one. The app's
inbox also uses another id than its webhooks (``ReceiverService.kt``,
``IncomingMessagesService.kt``). So we make our own hash of the sender, the SIM card, the time and
the words. A text then has the same id in the inbox and in a webhook.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import NamedTuple

from handoff_service.ports.sms_provider import Outgoing
from handoff_service.settings import Settings

_OURS = re.compile(r"(?P<desk>[0-9a-f]{6})-(?P<message>[0-9]{1,18})-(?P<retries>[0-9]{1,4})-\w{10}")


class About(NamedTuple):
    """The message and the attempt that an id names; None: this desk did not make the id."""

    message_id: int | None
    retries: int


def _desk(settings: Settings) -> str:
    return settings.key_fingerprint[:6]


def _hash(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()


def id_of(settings: Settings, message: Outgoing) -> str:
    """The id of this attempt to send a message. Each request of the attempt has the same id. It has
    at most 36 characters."""
    words = _hash(message.created_at.astimezone(UTC), message.sender, message.to, message.body)
    return f"{_desk(settings)}-{message.message_id}-{message.retries}-{words[:10]}"


def about(settings: Settings, sid: str) -> About:
    """The message and the attempt that an id names."""
    found = _OURS.fullmatch(sid)
    if found is None or found["desk"] != _desk(settings):
        return About(None, 0)
    return About(int(found["message"]), int(found["retries"]))


def id_of_incoming(*, sender: str, sim: int | None, at: datetime, body: str, mms: bool) -> str:
    """The id of an incoming text."""
    milliseconds = round(at.timestamp() * 1000)
    kind = "mms" if mms else "sms"
    return f"phone-{_hash(kind, sender, sim, milliseconds, body)[:32]}"

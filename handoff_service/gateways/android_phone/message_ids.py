"""The ids that we give to our texts, and the ids that we derive for incoming ones.

**Outgoing.** The phone sends no second text with an id that it has seen, so a retry with the same
id sends nothing twice. An id names the desk, the message and the attempt, for receipts that arrive
before the phone's answer is stored. A hash of the words makes the ids differ from those of a copy
of the desk, which uses the same numbers for other texts. An attempt after a failure has another id.

**Incoming.** The app's own id is a hash of 32 bits, which two texts can share, and its inbox uses
another id than its webhooks (``ReceiverService.kt``, ``IncomingMessagesService.kt``). So we hash
the sender, the SIM card, the time and the words ourselves, and a text gets the same id from both.
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
    """The id of this attempt at a message: the same for every request, and at most 36
    characters."""
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

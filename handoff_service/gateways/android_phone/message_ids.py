"""The ids of texts: we choose them for outgoing texts and derive them for incoming texts.

**Outgoing.** The phone ignores a text with an id that it has already seen, so a retry with the same
id is safe. An id contains the desk, the message and the attempt, because a receipt can arrive
before we have stored the phone's answer. The fingerprint of the secret key stands for the desk. A
copy of the desk has the same key and uses the same message numbers for other texts. So the id also
contains a hash of the text, its numbers and its time, which differs between the two desks. Each new
attempt after a failure has a new id.

**Incoming.** The app's own id is a 32-bit hash, so two texts can have the same id. The app's inbox
and its webhooks also use different ids (``ReceiverService.kt``, ``IncomingMessagesService.kt``). So
we hash the sender, the SIM card, the time and the text ourselves. A text then has the same id in
the inbox and in a webhook.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import NamedTuple

from handoff_service.ports.sms_provider import Outgoing
from handoff_service.settings import Settings

_OURS = re.compile(r"(?P<desk>[0-9a-f]{6})-(?P<message>[0-9]{1,18})-(?P<retries>[0-9]{1,4})-\w{10}")


class About(NamedTuple):
    """The message and the attempt in an id. ``message_id`` is None if this desk did not create the
    id."""

    message_id: int | None
    retries: int


def _desk(settings: Settings) -> str:
    return settings.key_fingerprint[:6]


def _hash(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()


def id_of(settings: Settings, message: Outgoing) -> str:
    """Return the id of this attempt to send a message. All requests of an attempt use the same id.
    It has at most 36 characters."""
    words = _hash(message.created_at.astimezone(UTC), message.sender, message.to, message.body)
    return f"{_desk(settings)}-{message.message_id}-{message.retries}-{words[:10]}"


def about(settings: Settings, sid: str) -> About:
    """Parse the message and the attempt from an id."""
    found = _OURS.fullmatch(sid)
    if found is None or found["desk"] != _desk(settings):
        return About(None, 0)
    return About(int(found["message"]), int(found["retries"]))


def id_of_incoming(*, sender: str, sim: int | None, at: datetime, body: str, mms: bool) -> str:
    """Return the id of an incoming text."""
    milliseconds = round(at.timestamp() * 1000)
    kind = "mms" if mms else "sms"
    return f"phone-{_hash(kind, sender, sim, milliseconds, body)[:32]}"

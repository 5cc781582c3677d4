"""Identity levels: how certain a requester's identity is, by which proof, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handoff_service.rules.shared.phrases import phrase

VERIFIED_FOR = timedelta(hours=8)  # a proof expires because a phone may change hands


class Level(StrEnum):
    """How certain the identity is. ``matched``: identified by the number alone. ``verified``: by a
    proof."""

    GUEST = "guest"
    MATCHED = "matched"
    VERIFIED = "verified"


class Method(StrEnum):
    """How a number was linked to a person.

    - ``agent``: a live agent did it manually.
    - ``admin``: an admin did it on the profiles page.
    - ``code``: a one-time code sent to the e-mail on file.
    - ``knowledge``: employee number and an identity fact.
    - ``requester``: the requester's own word, which can only remove a link.
    """

    AGENT = "agent"
    ADMIN = "admin"
    CODE = "code"
    KNOWLEDGE = "knowledge"
    REQUESTER = "requester"


#: how pages show the levels
LEVELS: Mapping[str, str] = {
    Level.GUEST: phrase("Guest"),
    Level.MATCHED: phrase("Matched"),
    Level.VERIFIED: phrase("Verified"),
}
METHODS: Mapping[str, str] = {
    Method.AGENT: phrase("Manually"),
    Method.ADMIN: phrase("By an admin"),
    Method.CODE: phrase("Code by e-mail"),
    Method.KNOWLEDGE: phrase("Employee number and an identity fact"),
    Method.REQUESTER: phrase("Requester's statement"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A record that this number belongs to this user. ``user_id`` None: the number does not belong
    to the person it was tied to."""

    user_id: int | None
    expires_at: datetime


def level(user_id: int | None, proof: Proof | None, now: datetime) -> Level:
    """The identity level of an interaction's user. ``proof``: the number's latest proof that nobody
    has undone."""
    if user_id is None:
        return Level.GUEST
    if proof is not None and proof.user_id == user_id and now < proof.expires_at:
        return Level.VERIFIED
    return Level.MATCHED

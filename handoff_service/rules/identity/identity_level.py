"""Identity: how sure it is who the requester is, by what proof, until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

VERIFIED_FOR = timedelta(hours=8)  # a phone changes hands; a proof does not last for ever


class Level(StrEnum):
    """Nobody in particular; somebody by their number alone; somebody who was proven."""

    GUEST = "guest"
    MATCHED = "matched"
    VERIFIED = "verified"


class Method(StrEnum):
    """How a number was tied to a person. ``agent``: a live agent, by hand; ``admin``: an admin, in the profiles;
    ``code``: a one-time code to the e-mail on file; ``knowledge``: employee number and a second fact; ``requester``:
    their own word, which can only untie."""

    AGENT = "agent"
    ADMIN = "admin"
    CODE = "code"
    KNOWLEDGE = "knowledge"
    REQUESTER = "requester"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Somebody said that this number is this user's (None: not the person it was tied to)."""

    user_id: int | None
    expires_at: datetime


def level(user_id: int | None, proof: Proof | None, now: datetime) -> Level:
    """The level of an interaction's user, given the last proof about the number that was not undone."""
    if user_id is None:
        return Level.GUEST
    if proof is not None and proof.user_id == user_id and now < proof.expires_at:
        return Level.VERIFIED
    return Level.MATCHED

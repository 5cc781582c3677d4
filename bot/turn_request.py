"""Parses and checks the bodies of requests to the bot; see bot/sms_channel.py."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bot.tracker_tables import LONGEST_NAME


class BadTurn(ValueError):
    """The body of a request is invalid. The message names the field."""


@dataclass(frozen=True)
class Before:
    """The steps before a turn's message; see bot/sms_channel.py."""

    slots: dict[str, Any]
    leave_form: bool
    payload: str | None


@dataclass(frozen=True)
class Turn:
    sender: str
    message: str
    metadata: dict[str, Any]
    before: Before | None = None

    @property
    def turn_id(self) -> str | None:
        """The turn's id. None if it has none; such a turn runs each time it is requested."""
        given = self.metadata.get("turn_id")
        return None if given is None or given == "" else str(given)


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value.strip():
        raise BadTurn(f"{field} must be a string that is not blank.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadTurn(f"{field} contains half of a surrogate pair.") from None
    return value


def parse_turn(raw: bytes) -> Turn:
    """The turn in a request's body. Raises BadTurn."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadTurn("The body must be JSON.") from None
    if not isinstance(body, dict):
        raise BadTurn("The body must be a JSON object with sender, message and metadata.")
    sender = _text(body, "sender")
    _check_name("sender", sender)
    metadata = body.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise BadTurn("metadata must be an object.")
    if not isinstance(metadata.get("asked", {}), dict):
        raise BadTurn("metadata.asked must be an object.")
    turn_id = metadata.get("turn_id")
    if isinstance(turn_id, bool) or not isinstance(turn_id, (str, int, type(None))):
        raise BadTurn("metadata.turn_id must be a string or an integer.")
    _check_name("metadata.turn_id", str(turn_id))
    return Turn(sender, _text(body, "message"), metadata, _before(metadata.get("before")))


def _check_name(field: str, value: str) -> None:
    """Raise BadTurn if a database cannot store the name."""
    if len(value) > LONGEST_NAME:
        raise BadTurn(f"{field} must have at most {LONGEST_NAME} characters.")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise BadTurn(f"{field} contains a character that cannot be stored.")


def parse_senders(raw: bytes) -> list[str]:
    """The conversations in a request's body. Raises BadTurn."""
    try:
        senders = json.loads(raw)["senders"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadTurn("The body must be a JSON object with senders.") from None
    if not isinstance(senders, list) or not all(isinstance(one, str) for one in senders):
        raise BadTurn("senders must be a list of strings.")
    for sender in senders:
        _check_name("senders", sender)
    return senders


def _before(given: Any) -> Before | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise BadTurn("metadata.before must be an object.")
    slots, leave_form, payload = (
        given.get("slots", {}),
        given.get("leave_form", False),
        given.get("payload"),
    )
    if not isinstance(slots, dict):
        raise BadTurn("metadata.before.slots must be an object.")
    if not isinstance(leave_form, bool):
        raise BadTurn("metadata.before.leave_form must be true or false.")
    if payload is not None and not (isinstance(payload, str) and payload.startswith("/")):
        raise BadTurn("metadata.before.payload must be a string that begins with /.")
    return Before(slots, leave_form, payload)

"""What passes between requester and bot: choices as numbered lines, and no commands from outside."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"\W*(\d{1,2})\W*")
_WORDS = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of the bot: what the requester reads, and what the bot gets when it is chosen."""

    title: str
    payload: str


def with_choices(text: str, choices: Sequence[Choice]) -> str:
    """The bot's text with its buttons as numbered lines."""
    return "\n".join([text, *(f"{n} {c.title}" for n, c in enumerate(choices, start=1))]).strip()


def for_bot(text: str, choices: Sequence[Choice]) -> str:
    """What the bot is asked: the payload when the text is a choice's number or title, else the requester's words.

    Rasa runs a text that begins with ``/intent`` as that intent, on every channel, so a leading slash is taken off:
    payloads come from our own buttons only.
    """
    number = _NUMBER.fullmatch(text)
    if number and 1 <= int(number[1]) <= len(choices):
        return choices[int(number[1]) - 1].payload
    said = _plain(text)
    for choice in choices:
        if said and said == _plain(choice.title):
            return choice.payload
    return text.lstrip("/ \t\r\n") or "?"


def _plain(text: str) -> str:
    return _WORDS.sub(" ", text.casefold().replace("'", "").replace("\u2019", "")).strip()

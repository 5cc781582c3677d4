"""What passes between requester and bot: choices as numbered lines, and no commands from outside."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WORDS = re.compile(r"[^\w]+")
_IN_WORDS = (
    ("one", "first", "1st"), ("two", "second", "2nd"), ("three", "third", "3rd"), ("four", "fourth", "4th"),
    ("five", "fifth", "5th"), ("six", "sixth", "6th"), ("seven", "seventh", "7th"), ("eight", "eighth", "8th"),
    ("nine", "ninth", "9th"), ("ten", "tenth", "10th"),
)  # fmt: skip
_NUMBERS: Mapping[str, int] = {word: n for n, words in enumerate(_IN_WORDS, start=1) for word in words}
_LEAD = frozenset({"the", "number", "nr", "option", "choice", "answer", "its", "i", "take", "choose", "pick"})
_TAIL = frozenset({"one", "option", "choice", "please", "pls", "plz", "thanks", "thx"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of the bot: what the requester reads, and what the bot gets when it is chosen."""

    title: str
    payload: str


def with_choices(text: str, choices: Sequence[Choice]) -> str:
    """The bot's text with its buttons as numbered lines."""
    return "\n".join([text, *(f"{n} {c.title}" for n, c in enumerate(choices, start=1))]).strip()


def for_bot(text: str, choices: Sequence[Choice]) -> str:
    """What the bot is asked: the payload when the text is a choice by number, word, ordinal or title, else the words.

    Rasa runs a text that begins with ``/intent`` as that intent, on every channel, so a leading slash is taken off:
    payloads come from our own buttons only.
    """
    said = plain(text)
    for choice in choices:
        if said and said == plain(choice.title):
            return choice.payload
    position = _position(said, len(choices))
    if position is not None:
        return choices[position - 1].payload
    return text.lstrip("/ \t\r\n") or "?"


def plain(text: str) -> str:
    """A text as it is compared: no case, no marks, one blank between words, and each letter with its accent one."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORDS.sub(" ", text.casefold().replace("'", "").replace("\u2019", "")).strip()


def _position(said: str, count: int) -> int | None:
    """Which of so many choices is meant by "2", "two", "the second", "2nd one" or "the last one"; None: none."""
    words = said.split()
    while len(words) > 1 and words[0] in _LEAD:
        words = words[1:]
    while len(words) > 1 and words[-1] in _TAIL:
        words = words[:-1]
    if len(words) != 1 or not count:
        return None
    word = words[0]
    found = int(word) if word.isascii() and word.isdigit() and len(word) < 3 else _NUMBERS.get(word)
    if word == "last":
        found = count
    return found if found is not None and 1 <= found <= count else None

"""A lint that finds the virtual agent's texts that are unfit for SMS, before it sends them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from handoff_service.rules.delivery.carrier_keywords import asks_for_keyword
from handoff_service.rules.delivery.sms_characters import LOOK_ALIKES
from handoff_service.rules.delivery.sms_text import (
    GSM_7,
    GSM_7_EXTENSION,
    MAX_BODY,
    Encoding,
    segments,
)
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.phrases import count_phrase, joined, phrase
from handoff_service.rules.virtual_agent.bot_text import Choice, with_choices

MOST_SEGMENTS = 2
# A host without http:// counts as a link if it has one of these endings. With another ending, a
# path must follow it.
_TOP_LEVEL = "com|net|org|edu|gov|io|uk|de|info|biz|app|dev|ly|gl"
_LINK = re.compile(
    r"(?:https?://|\bwww\.)(?P<host>[^\s/:?#)]+)"
    rf"|(?<![@\w.-])(?P<bare>(?:[a-z0-9-]+\.)+(?:(?:{_TOP_LEVEL})\b|[a-z]{{2,}}(?=/\w)))(?!@)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAt:
    """A text, with ``{placeholders}``, and the number of the line where it starts in its file."""

    line: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BotText:
    """One text with the titles of its buttons, which are sent as numbered lines. ``name``: for
    example utter_greet."""

    file: str
    name: str
    text: TextAt
    buttons: Sequence[TextAt] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsCheckSettings:
    """``longest``: the longest value of each placeholder. ``allowed_hosts``: hosts that links can
    lead to, with their subdomains."""

    longest: Mapping[str, str] = field(default_factory=dict)
    allowed_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsProblem:
    file: str
    line: int
    name: str
    what: str
    suggestion: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.name}: {self.what} {self.suggestion}"


def problems(text: BotText, settings: SmsCheckSettings) -> list[SmsProblem]:
    """Every problem of a text. Empty: the text is fit for SMS."""
    parts = (text.text, *text.buttons)
    found = [
        _problem(text, at, *problem) for at in parts for problem in _in_words(at.words, settings)
    ]
    # without the longest value of a placeholder, the longest text is unknown
    if not any(_unknown(at.words, settings) for at in parts):
        found += [_problem(text, text.text, *problem) for problem in _in_length(text, settings)]
    return found


def _unknown(words: str, settings: SmsCheckSettings) -> list[str]:
    """The placeholders without a known longest value."""
    names = dict.fromkeys(_PLACEHOLDER.findall(words))
    return [name for name in names if name not in settings.longest]


def _problem(text: BotText, at: TextAt, what: str, suggestion: str) -> SmsProblem:
    return SmsProblem(
        file=text.file, line=at.line, name=text.name, what=what, suggestion=suggestion
    )


def _in_words(words: str, settings: SmsCheckSettings) -> Iterator[tuple[str, str]]:
    """Each problem of a text or a button, with a suggestion to fix it."""
    for name in _unknown(words, settings):
        yield (
            phrase("The longest value of {placeholder} is not known.", placeholder=f"{{{name}}}"),
            phrase("Add it under longest in sms_check.yml."),
        )
    filled = placeholders.fill(words, settings.longest)
    forcing = "".join(dict.fromkeys(c for c in filled if c not in GSM_7 + GSM_7_EXTENSION))
    if forcing:
        yield (
            phrase(
                "With {characters}, a segment has at most 70 characters instead of 160.",
                characters=_listed(forcing),
            ),
            _instead(forcing),
        )
    for host in _foreign_hosts(filled, settings.allowed_hosts):
        yield (
            phrase("The link to {host} is not allowed.", host=host),
            phrase("Take it out, or add the host to allowed_hosts in sms_check.yml."),
        )
    keyword = asks_for_keyword(filled)
    if keyword:
        yield (
            phrase(
                "It asks people to reply {keyword}, a keyword that carriers act on.",
                keyword=keyword,
            ),
            phrase("Use another word."),
        )


def _in_length(text: BotText, settings: SmsCheckSettings) -> Iterator[tuple[str, str]]:
    filled = [placeholders.fill(at.words, settings.longest) for at in (text.text, *text.buttons)]
    sent = with_choices(filled[0], [Choice(title, "") for title in filled[1:]])
    length = segments(sent)
    if len(sent) > MAX_BODY:
        yield (
            phrase(
                "It has {count} characters; at most {most} are allowed.",
                count=len(sent),
                most=MAX_BODY,
            ),
            phrase("Shorten it to {most} characters.", most=MAX_BODY),
        )
    elif length.count > MOST_SEGMENTS:
        room = MOST_SEGMENTS * (153 if length.encoding is Encoding.GSM_7 else 67)
        yield (
            phrase(
                "It takes {count} segments; at most {most} are allowed.",
                count=length.count,
                most=MOST_SEGMENTS,
            ),
            count_phrase(
                "Make it {count} character shorter.",
                "Make it {count} characters shorter.",
                length.units - room,
            ),
        )


def _foreign_hosts(text: str, allowed: Iterable[str]) -> list[str]:
    hosts = [
        (found["host"] or found["bare"]).lower().removeprefix("www.").rstrip(".")
        for found in _LINK.finditer(text)
    ]
    return [host for host in hosts if not any(host == a or host.endswith(f".{a}") for a in allowed)]


def _instead(characters: str) -> str:
    plain = {c: LOOK_ALIKES.get(c) or _without_accent(c) for c in characters}
    replacements = [
        phrase("{replacement} for {character}", replacement=repr(to), character=repr(c))
        for c, to in plain.items()
        if to
    ]
    if replacements:
        return phrase("Write {replacements}.", replacements=joined(", ", replacements))
    return phrase("Leave out {characters}.", characters=_listed(characters))


def _listed(characters: str) -> str:
    return ", ".join(repr(c) for c in characters)


def _without_accent(character: str) -> str | None:
    bare = unicodedata.normalize("NFKD", character)[0]
    return bare if bare in GSM_7 else None

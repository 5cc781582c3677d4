"""Converts texts between requester and bot. The bot's choices become numbered lines, and an answer
becomes the payload of a choice. A requester's text never becomes a Rasa payload."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from handoff_service.rules.shared.translations import translatable

_WORDS = re.compile(r"[^\w]+")
_NUMBER_WORDS = (
    "one first frist fisrt 1st uno una primero primera primer eins erste erster erstes un premier",
    "two second 2nd dos segundo segunda zwei zweite zweiter zweites deux",
    "three third 3rd tres tercero tercera tercer drei dritte dritter drittes trois",
    "four fourth 4th cuatro cuarto cuarta vier vierte quatre",
    "five fifth 5th cinco quinto quinta fünf fuenf fünfte cinq",
    "six sixth 6th seis sexto sexta",
    "seven seventh 7th siete",
    "eight eighth 8th ocho",
    "nine ninth 9th nueve",
    "ten tenth 10th diez",
)
_NUMBERS: Mapping[str, int] = {
    word: n for n, words in enumerate(_NUMBER_WORDS, start=1) for word in words.split()
}
#: Emoji that answer a yes/no question, without skin tone and variation selector.
YES_EMOJI, NO_EMOJI = frozenset("👍👌✅✔☑🆗💯🙆"), frozenset("👎❌✖🚫🙅⛔")
_YES = frozenset({"yes", "si", "sí", "ja", "oui"})
_NO = frozenset({"no", "nein", "non"})
#: Whole texts that mean yes or no.
_MEAN_YES = _YES | {
    "y",
    "yep",
    "yeah",
    "yup",
    "yes please",
    "sure",
    "si por favor",
    "sí por favor",
}
_MEAN_NO = _NO | {"n", "nope", "nah", "no thanks", "no thank you", "no gracias"}
_PAYLOADS = {"yes": "/affirm", "no": "/deny"}
#: ``/inform_impact{"impact": "blocked"}``, ``/intent{}``, ``/prove_identity``
_PAYLOAD = re.compile(r"/+\s*(?:[a-z]\w*\s*\{.*\}|[a-z]+_\w+)", re.IGNORECASE | re.DOTALL)
NO_WORDS = "?"  # the bot's input for a text that is only a payload or has no words
BLANK = translatable("Your text had no words. How can I help?")
BLANK_ANSWER = translatable("Your text had no words. Please answer with one of these:")
IN_WORDS = translatable("Please answer with the number or the words of one of these:")
_TAG = re.compile(r"</?[a-z]+>", re.IGNORECASE)
_LAST = frozenset({"last", "ultimo", "último", "ultima", "última"})
_LEAD = frozenset(
    [
        *(
            "the",
            "number",
            "nr",
            "num",
            "option",
            "opt",
            "choice",
            "answer",
            "its",
            "it",
            "is",
            "my",
            "so",
        ),
        *(
            "i",
            "ill",
            "take",
            "choose",
            "pick",
            "want",
            "think",
            "say",
            "el",
            "la",
            "lo",
            "es",
            "numero",
            "número",
        ),
        *("opcion", "opción", "respuesta", "elijo", "quiero", "seria", "sería"),
    ]
)
_TAIL = frozenset(
    [
        *(
            "one",
            "option",
            "choice",
            "please",
            "pls",
            "plz",
            "thanks",
            "thx",
            "then",
            "i",
            "think",
            "guess",
        ),
        *("opcion", "opción", "por", "favor", "porfa", "gracias"),
    ]
)
_LEAD_OF_FIGURES = frozenset({"no"})  # "no 2" means number 2, but "no one" means nobody
_MISTYPED = 5  # a word with at least this many letters matches an ordinal despite a typo


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of the bot. Requesters see the title, and the bot gets the payload."""

    title: str
    payload: str


def with_choices(text: str, choices: Sequence[Choice]) -> str:
    """The bot's text with its buttons as numbered lines."""
    return "\n".join([text, *(f"{n} {c.title}" for n, c in enumerate(choices, start=1))]).strip()


def for_bot(text: str, choices: Sequence[Choice]) -> str:
    """The bot's input: the payload of a choice that the text picks by number, word, ordinal or
    title; otherwise the text.

    On every channel, Rasa runs a text that starts with ``/intent`` as that intent. Only our own
    buttons may send payloads, so the leading slash is removed, and a text that is only a payload
    becomes ``NO_WORDS``.
    """
    reply = plain(text)
    for choice in choices:
        if reply and reply == plain(choice.title):
            return choice.payload
    position = _position(reply, len(choices))
    if position is not None:
        return choices[position - 1].payload
    if (word := yes_or_no(text)) is not None:
        return next((c.payload for c in choices if _means(c, word)), word)
    if (word := _word(reply)) and len(meant := [c for c in choices if _means(c, word)]) == 1:
        return meant[0].payload
    if _PAYLOAD.fullmatch(text.strip()):
        return NO_WORDS
    return text.lstrip("/ \t\r\n") or NO_WORDS


def is_code(text: str) -> bool:
    """Whether a text looks like code: it has many brackets and signs, or a tag."""
    signs = sum(c in "{}[]<>()=;$%|\\&#_" for c in text)
    return bool(_TAG.search(text)) or signs >= max(5, len(text) / 10)


def yes_or_no(text: str) -> str | None:
    """The answer ("yes" or "no") of a text that consists of yes or no emoji, such as a thumbs up.
    None for other texts."""
    emoji = {
        c
        for c in text
        if not c.isspace() and c not in "\u200d\ufe0f♀♂" and not "\U0001f3fb" <= c <= "\U0001f3ff"
    }
    if not emoji:
        return None
    return "yes" if emoji <= YES_EMOJI else "no" if emoji <= NO_EMOJI else None


def without_bot(texts: Sequence[str], choices: Sequence[Choice]) -> str | None:
    """The reply to texts that the bot cannot understand: texts without words, or an emoji that
    picks no choice. None for other texts."""
    words = [text for text in texts if text]
    if not words:
        return BLANK_ANSWER if choices else BLANK
    word = yes_or_no(" ".join(words))
    if word is None or not choices or any(_means(choice, word) for choice in choices):
        return None
    return IN_WORDS


def _word(text: str) -> str | None:
    return "yes" if text in _MEAN_YES else "no" if text in _MEAN_NO else None


def _means(choice: Choice, word: str) -> bool:
    if choice.payload == _PAYLOADS[word]:
        return True
    first = plain(choice.title).partition(" ")[0]
    return first in (_YES if word == "yes" else _NO)


def plain(text: str) -> str:
    """The text for comparisons: case-folded, without punctuation, with single spaces and composed
    letters."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORDS.sub(" ", text.casefold().replace("'", "").replace("\u2019", "")).strip()


def _position(text: str, count: int) -> int | None:
    """The position among ``count`` choices of a text such as "2", "two", "the second", "la segunda"
    or "the last one". None for other texts."""
    words = text.split()
    while len(words) > 1 and (
        words[0] in _LEAD or (words[0] in _LEAD_OF_FIGURES and words[1].isdigit())
    ):
        words = words[1:]
    while len(words) > 1 and words[-1] in _TAIL:
        words = words[:-1]
    if len(words) != 1 or not count:
        return None
    found = count if words[0] in _LAST else _number(words[0])
    return found if found is not None and 1 <= found <= count else None


def _number(word: str) -> int | None:
    if word.isascii() and word.isdigit() and len(word) < 3:
        return int(word)
    if len(word) >= _MISTYPED and word not in _NUMBERS:
        word = next(iter(get_close_matches(word, _NUMBERS, n=1, cutoff=0.85)), word)
    return _NUMBERS.get(word)

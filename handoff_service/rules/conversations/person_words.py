"""What a person is found by: words of the name in any order and spelling, the employee number, phone numbers."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.scripts import RUN, length_of_words
from handoff_service.rules.conversations.search_query import number_tokens, read_numbers

EXACT = "="  # what an employee number's word begins with; no other does
LONGEST_RUN = 12  # letters of a name in a script without blanks, from each of which it is found
#: Apostrophes as keyboards, phones and transliterations write them.
APOSTROPHES = "'\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02be\u02bf\u00b4`\u2032\uff07\u05f3"
_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
_HYPHEN = re.compile(r"(?<=\w)[\u00ad\u058a\u2010-\u2015\u2212-](?=\w)")
#: How letters are written where a keyboard has none of them: DIN 5007-2; old Danish and Norwegian.
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})

type Word = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Each of ``names`` (any of its spellings) begins a word of the person's name; or one of ``tokens`` begins one of a
    phone number's; or the employee number is ``exact``."""

    names: tuple[Word, ...]
    tokens: tuple[str, ...]
    exact: str


def sought(typed: str, number: str | None = None) -> Sought:
    """What somebody looks for. ``number``: in E.164, if the whole of it was typed."""
    tokens = read_numbers(typed)
    whole = tuple(number_tokens(number)[:1]) if number else ()
    plain = _APOSTROPHE.sub("", typed)
    other = dict(zip(_words(plain), _words(_spelled_out(plain)), strict=False))
    names = tuple(_spellings(word, other.get(word, word)) for word in _words(plain))
    return Sought(names=names, tokens=(*whole, *tokens), exact=exact(typed))


def _spellings(word: str, other: str) -> Word:
    """Both, unless what one begins the other begins too."""
    return (word,) if other.startswith(word) else (word, other)


def person_words(name: str, external_id: str, numbers: Sequence[str]) -> set[str]:
    """All words that a person is found by."""
    found = {exact(external_id)}
    for spelling in (name, _spelled_out(name)):
        joined = _APOSTROPHE.sub("", spelling)
        for form in (joined, _APOSTROPHE.sub(" ", spelling), _HYPHEN.sub("", joined)):
            found.update(_words(form))
    found |= {part for run in _runs(name) for part in (run[n:] for n in range(min(len(run), LONGEST_RUN)))}
    return found | {token for number in numbers for token in number_tokens(number)}


def exact(external_id: str) -> str:
    """An employee number's word."""
    return EXACT + folded(external_id.strip())


def _words(text: str) -> list[str]:
    """The words of a name, folded. A stretch of a script without blanks is one."""
    return RUN.findall(folded(text))


def _spelled_out(name: str) -> str:
    """A name as keyboards without its letters write it."""
    return unicodedata.normalize("NFC", name).lower().translate(_SPELLED_OUT)


def _runs(name: str) -> list[str]:
    """The name's words in scripts without blanks, and all of them as one."""
    runs = [word for word in _words(name) if length_of_words(word)]
    return [*runs, "".join(runs)]

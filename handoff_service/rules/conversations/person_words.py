"""Search words of a person: the words of the name in any order and spelling, the employee number
and phone numbers."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.scripts import RUN, length_of_words
from handoff_service.rules.conversations.search_query import number_tokens, read_numbers

EXACT = "="  # the search word of an employee number begins with it; no other search word does
# In a script without spaces, each of the first letters of a run, up to this many, starts a search
# word that reaches to the end of the run.
LONGEST_RUN = 12
#: Apostrophes as keyboards, phones and transliterations write them.
APOSTROPHES = "'\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02be\u02bf\u00b4`\u2032\uff07\u05f3"
_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
_HYPHEN = re.compile(r"(?<=\w)[\u00ad\u058a\u2010-\u2015\u2212-](?=\w)")
#: Spellings on keyboards that lack these letters: DIN 5007-2; older Danish and Norwegian.
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})

type Word = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonQuery:
    """A parsed search for a person. It matches if at least one of these is true:

    - each of ``names`` (in any of its spellings) is a prefix of a word of the person's name,
    - one of ``tokens`` is a prefix of a phone number's token,
    - ``exact`` is the search word of the person's employee number.
    """

    names: tuple[Word, ...]
    tokens: tuple[str, ...]
    exact: str


def person_query(typed: str, number: str | None = None) -> PersonQuery:
    """Parse a search. ``number``: the whole text as an E.164 number, if it is one."""
    tokens = read_numbers(typed)
    whole = tuple(number_tokens(number)[:1]) if number else ()
    plain = _APOSTROPHE.sub("", typed)
    other = dict(zip(_words(plain), _words(_spelled_out(plain)), strict=False))
    names = tuple(_spellings(word, other.get(word, word)) for word in _words(plain))
    return PersonQuery(names=names, tokens=(*whole, *tokens), exact=exact(typed))


def _spellings(word: str, other: str) -> Word:
    """Both spellings, or only the shorter one when it is a prefix of the other."""
    return (word,) if other.startswith(word) else (word, other)


def person_words(name: str, external_id: str, numbers: Sequence[str]) -> set[str]:
    """All search words of a person."""
    found = {exact(external_id)}
    for spelling in (name, _spelled_out(name)):
        joined = _APOSTROPHE.sub("", spelling)
        for form in (joined, _APOSTROPHE.sub(" ", spelling), _HYPHEN.sub("", joined)):
            found.update(_words(form))
    found |= {
        part for run in _runs(name) for part in (run[n:] for n in range(min(len(run), LONGEST_RUN)))
    }
    return found | {token for number in numbers for token in number_tokens(number)}


def exact(external_id: str) -> str:
    """The search word of an employee number."""
    return EXACT + folded(external_id.strip())


def _words(text: str) -> list[str]:
    """The folded words of a name. A run of letters in a script without spaces is one word."""
    return RUN.findall(folded(text))


def _spelled_out(name: str) -> str:
    """The name as people type it on keyboards that lack its letters."""
    return unicodedata.normalize("NFC", name).lower().translate(_SPELLED_OUT)


def _runs(name: str) -> list[str]:
    """The name's words in scripts without spaces, plus all of them joined."""
    runs = [word for word in _words(name) if length_of_words(word)]
    return [*runs, "".join(runs)]

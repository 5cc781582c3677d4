"""Masks numbers, addresses, codes and known names in a requester's text, before a trainer sees it.

A mask is a word in angle quotation marks, such as ‹name›. An example contains no masks.
"""

import re
from collections.abc import Collection

from handoff_service.rules.conversations.folding import folded

NAME, NUMBER, EMAIL, CODE = "‹name›", "‹number›", "‹email›", "‹code›"
# least digits of a masked number; shorter ones are rooms, amounts and error numbers
FEWEST_DIGITS = 4
SHORTEST_NAME = 3  # least letters of a masked name; shorter words are particles and initials
_EMAIL = re.compile(r"[^\s<>(),;:]+@[^\s<>(),;:@]+\.[^\s<>(),;:@.]+", re.UNICODE)
_URL_QUERY = re.compile(r"(?<=\w)\?[^\s]*=[^\s]*")
#: Digits with the separators of phone numbers and of grouped codes.
_PHONE = re.compile(r"(?<![\w+])\+?\(?\d(?:[\s().\-/–]{0,2}\d){6,}")
#: An employee, case or serial number: up to four letters and a run of digits.
_LETTERED = re.compile(r"\b[^\W\d_]{1,4}[-#]?\d{3,}\b")
_RUN = re.compile(rf"\d(?:[\s.\-]?\d){{{FEWEST_DIGITS - 1},}}")
_REDACTED = re.compile(r"\*(?:[\s\-.]*\*)+")  # a secret that was redacted on arrival
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_MASK = re.compile(r"‹(?:name|number|email|code)›")
_MASKS = re.compile(r"\s*‹(?:name|number|email|code)›(?:['’]s\b)?")
_SENTENCE = re.compile(r"(?:^|[.!?\n])\s*$")
#: Ordinary words that are also names. A single one is masked only if it is capitalized within a
#: sentence.
ORDINARY = frozenset(
    re.findall(
        r"\w+",
        """
        abby amber angel april art august autumn baker bank banks berry bill bills black blue bob
        bond book booth brand bright brook brooks brown buck bush butler call can carter case cash
        chance change chase church clay cliff cole colt cook cooper court cross dale dawn day dean
        don drew duke earl east else eve even faith fall field fields fish fisher flood flowers ford
        forest fox frank free gates gene glass golden good grace grant gray green grey guy hall
        hand harmony heath heather hill holly home hope hunt hunter ice iris island ivy jack jade
        jean jewel job john joy june key keys king knight lake lane law lee light lily little long
        love low mark marsh mason max may melody mercy miles mills miller moon more moss north oak
        olive page paige park parks pat peace pearl penny piper pope power powers price prince rain
        ray read reed rich rivers rob robin rock rose ruby rush sage sandy shore short singer sky
        skip small smart smith snow sol song spring star stone storm strong sue summer summers sun
        swift tab teal temple tool trip violet walker wall ward waters way webb wells west white
        will wills win winter wise wood woods work yard young
        alba cruz flores mar luz paz rosa santos sol leon rey campos rios mesa casa
        the and for are was has had not you your our who how why yes sir man men her his him she
        they them this that with from have need want help still
        """,
    )
)


def words_of(text: str) -> set[str]:
    """The folded words of the text that could be part of a known person's name."""
    found = (one for word in _WORD.findall(text) for one in _parts(word))
    return {one for one in found if len(one) >= SHORTEST_NAME}


def masked(
    text: str, *, names: Collection[str] = (), own: Collection[str] = (), ids: Collection[str] = ()
) -> str:
    """The text with masks in place of numbers, addresses and names.

    ``names``: words of known people's names. ``own``: words of the names of this requester and of
    the agents in the conversation; an ordinary word among them is masked where it is capitalized.
    ``ids``: employee numbers. All three are folded.
    """
    found = _URL_QUERY.sub("", _EMAIL.sub(EMAIL, text))
    found = _REDACTED.sub(CODE, found)
    known = {one for one in ids if one}
    found = re.sub(r"[\w\-]+", lambda one: NUMBER if folded(one[0]) in known else one[0], found)
    for shape in (_PHONE, _LETTERED, _RUN):
        found = shape.sub(_number, found)
    return re.sub(rf"{NAME}(?:\s+{NAME})+", NAME, _without_names(found, names, own)).strip()


def a_mask(text: str) -> str | None:
    """The first mask in the text, such as ‹name›. None: the text has no mask."""
    found = _MASK.search(text)
    return found[0] if found else None


def without_masks(text: str) -> str:
    """The text as an example: without masks, and with single spaces."""
    rest = " ".join(_MASKS.sub(" ", text).split())
    return re.sub(r"\s+(?=[,.!?;:])", "", rest).strip(" ,;:-")


def _number(found: re.Match[str]) -> str:
    return NUMBER


def _parts(word: str) -> list[str]:
    """The folded parts of a word without its 's: the whole word without hyphens, and each part
    between hyphens."""
    plain = re.sub(r"['’]s?$|['’]s\b", "", folded(word))
    joined = re.sub(r"['’\-]", "", plain)
    return list(dict.fromkeys([joined, *re.split(r"['’\-]", plain)]))


def _without_names(text: str, names: Collection[str], own: Collection[str]) -> str:
    """Mask names. Two adjacent words of names are a name, even if each is an ordinary word."""
    words = [
        one
        for one in _WORD.finditer(text)
        if not any(m.start() < one.start() < m.end() for m in _MASK.finditer(text))
    ]
    surely = [_is_name(text, one, names, own) for one in words]
    maybe = [_is_known(one[0], names) or sure for one, sure in zip(words, surely, strict=True)]
    spans = []
    for n, word in enumerate(words):
        beside = any(
            0 <= other < len(words)
            and (surely[other] or (maybe[other] and word[0][:1].isupper()))
            and _are_adjacent(text, words[min(n, other)], words[max(n, other)])
            for other in (n - 1, n + 1)
        )
        if surely[n] or (maybe[n] and beside):
            spans.append(word.span())
    for start, end in reversed(spans):
        text = f"{text[:start]}{NAME}{_ending(text[start:end])}{text[end:]}"
    return text


def _ending(word: str) -> str:
    found = re.search(r"['’]s$", word)
    return found[0] if found else ""


def _is_name(text: str, word: re.Match[str], names: Collection[str], own: Collection[str]) -> bool:
    parts = [one for one in _parts(word[0]) if len(one) >= SHORTEST_NAME]
    capital = word[0][:1].isupper() and not word[0].isupper()
    inside = capital and not _SENTENCE.search(text[: word.start()])
    if any(one in own and (one not in ORDINARY or capital) for one in parts):
        return True
    return any(one in names and (one not in ORDINARY or inside) for one in parts)


def _is_known(word: str, names: Collection[str]) -> bool:
    return any(len(one) >= SHORTEST_NAME and one in names for one in _parts(word))


def _are_adjacent(text: str, first: re.Match[str], second: re.Match[str]) -> bool:
    return text[first.end() : second.start()].strip() == ""

"""Finds codes, identity facts and account names in requesters' texts, and redacts the secrets."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handoff_service.rules.identity.proof import MASK, Expects, spelled
from handoff_service.rules.shared.mail_signature import without_signature

_NUMERALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SPELLED_DIGIT = r"(?:\d|\b(?:" + "|".join((*_NUMERALS, "oh")) + r")\b)"
_GAP = r"[\s.,()\-\u2013\u2014]{0,3}"
_DIGIT = re.compile(_SPELLED_DIGIT, re.IGNORECASE)
_IN_WORDS = re.compile(rf"{_SPELLED_DIGIT}(?:{_GAP}{_SPELLED_DIGIT})*", re.IGNORECASE)
_CODES = (  # how people write a code, most certain first: joined, in groups, in words
    re.compile(r"(?<!\d)\d{6}(?!\d)"),
    re.compile(rf"\d(?:{_GAP}\d)*"),
    _IN_WORDS,
)
_SIX_DIGITS = re.compile(rf"{_SPELLED_DIGIT}(?:{_GAP}{_SPELLED_DIGIT}){{5}}", re.IGNORECASE)
# In a text with words, a group of this many digits is redacted. It may be a mistyped code. Fewer
# digits are a time or a number of mails.
_FEWEST_DIGITS = 4
# In a text without words, this many digits are redacted. They may be a part of a code. Fewer digits
# are the number of a choice.
_FEWEST_ALONE = 2
_LETTER = re.compile(r"[^\W\d_]")
_EMAIL = re.compile(r"[^\s@,;:<>()]+@[^\s@,;:<>()]+\.[^\s@,;:<>().]+")
# Six digits after letters that are not our own prefixes are a code typed in haste: its123456.
_NOT_A_CODE = re.compile(
    rf"{_EMAIL.pattern}|\b(?:(?:cs|int|e)-?\d+|(?:[a-z]{{1,3}}-?|e )(?!\d{{6}}\b)\d{{3,}})\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:(?:my|the) (?:\w+ ){1,4}?(?:is|was)|i was born (?:in|on)|born (?:in|on)|its|it is"
    r"|it was) "
)
_RUN = re.compile(r"\d+")
# A year or a badge number has this many digits. A text with such a number is an answer, even with
# other words.
_SURE_DIGITS = 4
_MOST_WORDS = 8
_WITH_DIGIT = re.compile(r"\b(?=[\w.-]*\d)\w[\w.-]{1,38}\w\b")
_WORD = re.compile(r"\w[\w.-]{1,38}\w")
_NOT_A_FACT = frozenset(
    [
        *(
            "agent",
            "person",
            "human",
            "someone",
            "somebody",
            "anyone",
            "representative",
            "operator",
        ),
        *(
            "help",
            "bye",
            "restart",
            "thanks",
            "hello",
            "hi",
            "yes",
            "no",
            "ok",
            "dont",
            "know",
            "idk",
        ),
        *("what", "why", "how", "who", "when", "where", "code", "email", "mail", "resend", "again"),
        *("please", "pls", "sorry", "nevermind", "nvm", "wait", "lol", "later", "joke", "dunno"),
        *("ayuda", "favor", "gracias", "hola", "necesito", "quiero", "agente", "persona"),
    ]
)
_ASKS = "are|is|do|does|did|can|could|would|will|may|shall|should|have|has"
_WANTS = (
    "want|need|wanna|would|will|cant|cannot|can|could|must|should|forgot|lost|have to|just"
    "|still|(?:am|do|did) not"
)
_ASIDE = re.compile(  # how questions, requests and asides start, after ``spelled``
    rf"(?:(?:{_ASKS}) (?:you|u|i|we|it|they|there|this|that|my)|i (?:{_WANTS})|\w+ me"
    r"|im (?:not|in|at|on|busy|still|waiting|locked|stuck)|(?:this|that|thats)(?: is)? "
    r"(?:not|wrong|all)"
    r"|(?:hold|hang) on|(?:just )?(?:one|a) (?:sec|second|moment|minute|min)"
    r"|never mind|(?:forget|drop|skip) (?:it|this|that)|id|ive|ill|lets|you|u|we|they|there"
    r"|theres)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactedText:
    """A text that contains a secret: the redacted text for people, and the values the proof
    compares.

    ``guesses`` are possible spellings of one answer. Empty: no answer that could be right.
    """

    body: str
    guesses: tuple[str, ...]


def redact(expects: Expects | None, text: str) -> RedactedText | None:
    """Redact a requester's text. ``expects``: the answer that the running proof expected when the
    text arrived. None: the text contains no secret and stays unchanged."""
    if expects in (Expects.CODE, Expects.CHOICE):
        return _redact_code(text)
    return _redact_fact(without_signature(text)) if expects is Expects.FACT else None


def _redact_code(text: str) -> RedactedText | None:
    """Find a code in a text. E-mail addresses, employee numbers and case numbers are not codes."""
    blanked = _NOT_A_CODE.sub(lambda one: "x" * len(one[0]), text)
    codes = _codes(without_signature(blanked)) or _codes(blanked)
    fewest = _FEWEST_DIGITS if _LETTER.search(blanked) else _FEWEST_ALONE
    spans = [
        *(one.span() for one in codes),
        *(m.span() for m in _IN_WORDS.finditer(blanked) if _count(m) >= fewest),
    ]
    if not spans:
        return None
    guesses = {_digits(one[0]) for one in codes}
    return RedactedText(
        body=_masked(text, spans), guesses=tuple(guesses) if len(guesses) == 1 else ()
    )


def may_contain_code(text: str) -> bool:
    """Whether a text has six digits. The caller then compares them with the codes that were sent to
    this requester, even if the conversation expects no code."""
    return _SIX_DIGITS.search(text) is not None


def without_codes(text: str, is_code: Callable[[str], bool]) -> str:
    """Redact the six-digit codes for which ``is_code`` is true, in any spelling."""
    found = (one for shape in _CODES for one in shape.finditer(text) if _count(one) == 6)
    return _masked(text, [one.span() for one in found if is_code(_digits(one[0]))])


def _codes(text: str) -> list[re.Match[str]]:
    """All matches of the most certain spelling that occurs in the text."""
    for shape in _CODES:
        if found := [one for one in shape.finditer(text) if _count(one) == 6]:
            return found
    return []


def _count(group: re.Match[str]) -> int:
    return len(_DIGIT.findall(group[0]))


def _digits(group: str) -> str:
    return "".join(_digit(found) for found in _DIGIT.findall(group))


def _digit(numeral: str) -> str:
    word = numeral.casefold()
    return (
        str(_NUMERALS.index(word))
        if word in _NUMERALS
        else "0"
        if word == "oh"
        else str(int(numeral))
    )


def _masked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    return _DIGIT.sub(
        lambda one: "*" if any(a <= one.start() < b for a, b in spans) else one[0], text
    )


def _redact_fact(text: str) -> RedactedText | None:
    """An answer, unless the text is clearly a question, a request or an aside. Those do not count
    as attempts."""
    plain = spelled(text)
    runs = _RUN.findall(plain)
    digits = len("".join(runs))
    if len(plain) < 2 or (digits < _SURE_DIGITS and _is_aside(text, plain)):
        return None
    answer = _LEAD.sub("", plain)
    return RedactedText(
        body=MASK, guesses=tuple(dict.fromkeys([answer, *(runs if len(runs) == 1 else [])]))
    )


def _is_aside(text: str, plain: str) -> bool:
    words = plain.split()
    asks = (
        text.strip().endswith("?") or len(words) > _MOST_WORDS or not _NOT_A_FACT.isdisjoint(words)
    )
    return asks or (
        len(words) > 1 and _LEAD.match(plain) is None and _ASIDE.match(plain) is not None
    )


def account_in(text: str) -> str | None:
    """The e-mail address or employee number in a text. None when the text has neither."""
    for shape in (_EMAIL, _WITH_DIGIT):
        if found := shape.search(text):
            return found[0].casefold()
    alone = text.strip(" .!")
    return alone.casefold() if _WORD.fullmatch(alone) else None

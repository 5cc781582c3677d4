"""Proving who a requester is: a one-time code to the e-mail on file, or an employee number and a second fact.

What was typed as a secret is hidden as soon as it comes in: the conversation keeps asterisks, the proof a keyed hash.
Words and their number are the same whether there is an account or not.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handoff_service.rules.shared.mail_signature import without_signature

CODE_LASTS = timedelta(minutes=10)
TRIES = 5  # wrong answers of one number, within a day and since its last success
TRIES_WITHIN = timedelta(days=1)
SENDS = ((3, timedelta(minutes=10)), (10, timedelta(days=1)))  # at most so many codes for a number within so long
ANSWERS_WITHIN = timedelta(minutes=10)  # when a live agent has asked for proof; then it comes back
MASK = "******"


class Expects(StrEnum):
    """What a proof that is under way expects of the requester next."""

    OPENING = "opening"  # nothing yet: the virtual agent has to begin it by itself
    ACCOUNT = "account"
    CODE = "code"
    CHOICE = "choice"  # no code has come: what else?
    FACT = "fact"


class Verdict(StrEnum):
    """What became of an answer."""

    RIGHT = "right"
    WRONG = "wrong"
    TOO_OLD = "too_old"
    NO_CODE = "no_code"  # not six digits, so it was no try either


class Outcome(StrEnum):
    """How a proof ended."""

    VERIFIED = "verified"
    FAILED = "failed"


# Limits ----------------------------------------------------------------------------------------------------------


def may_send(sent: Sequence[datetime], now: datetime) -> bool:
    """Whether one more code may be sent, given when codes were asked for on this number."""
    return all(sum(now - at < within for at in sent) < most for most, within in SENDS)


def tries_left(wrong: int) -> int:
    """How many wrong answers are left to a number."""
    return max(TRIES - wrong, 0)


def judged(*, six_digits: bool, same: bool, until: datetime | None, now: datetime) -> Verdict:
    """What to make of a code. ``same``: it is the one that was sent; ``until``: when that ends. A code that is too old
    is no try: the same is said when no code was ever made, as for an account that does not exist."""
    if not six_digits:
        return Verdict.NO_CODE
    if until is None or now >= until:
        return Verdict.TOO_OLD
    return Verdict.RIGHT if same else Verdict.WRONG


# Hashes ----------------------------------------------------------------------------------------------------------


def keyed(key: str, *said: object) -> str:
    """A hash that only the holder of the secret key can make, so that a copy of the database gives no code away."""
    return hmac.new(key.encode(), "\0".join(map(str, said)).encode(), hashlib.sha256).hexdigest()


def code_hash(key: str, interaction_id: int, code: str) -> str:
    """How a code is kept."""
    return keyed(key, "code", interaction_id, code)


def fact_hash(key: str, fact: str) -> str:
    """How a second fact goes into its stored argon2 hash, and how a guess at one is kept."""
    return keyed(key, "fact", spelled(fact))


def fact_fingerprint(key: str, user_id: int, name: str, hashed: str) -> str:
    """What shows that a user's fact (by ``fact_hash``) has not changed. Two users with one fact have two of them."""
    return keyed(key, "fingerprint", user_id, name, hashed)


def spelled(fact: str) -> str:
    """Spelling that does not matter: upper case, marks, how many spaces."""
    plain = unicodedata.normalize("NFKC", fact).casefold().replace("'", "").replace("\u2019", "")
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def mail_text(code: str, desk: str, number: str) -> str:
    """The mail that carries a code. ``number``: who asked for it, masked."""
    minutes = int(CODE_LASTS.total_seconds() // 60)
    return (
        f"Your code for {desk} is {code}\n\n"
        f"Reply to our text with this code. It works once, for {minutes} minutes.\n\n"
        f"It was requested by text from {number}. If that wasn't you, don't share it, and let {desk} know.\n"
    )


# What requesters type ----------------------------------------------------------------------------------------------

_NUMERALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SAID = r"(?:\d|\b(?:" + "|".join((*_NUMERALS, "oh")) + r")\b)"
_GAP = r"[\s.,()\-\u2013\u2014]{0,3}"
_DIGIT = re.compile(_SAID, re.IGNORECASE)
_IN_WORDS = re.compile(rf"{_SAID}(?:{_GAP}{_SAID})*", re.IGNORECASE)
_CODES = (  # how a code may be written, the surest first: in one, in groups, in words
    re.compile(r"(?<!\d)\d{6}(?!\d)"),
    re.compile(rf"\d(?:{_GAP}\d)*"),
    _IN_WORDS,
)
_SIX_DIGITS = re.compile(rf"{_SAID}(?:{_GAP}{_SAID}){{5}}", re.IGNORECASE)
_FEWEST_DIGITS = 4  # of what is hidden among words: a mistyped code too, but neither the time nor how many mails came
_FEWEST_ALONE = 2  # and where there are no words: a piece of a code, but not the number of a choice
_LETTER = re.compile(r"[^\W\d_]")
_EMAIL = re.compile(r"[^\s@,;:<>()]+@[^\s@,;:<>()]+\.[^\s@,;:<>().]+")
# Six digits behind other letters than those of our own numbers are a code that was texted in haste: its123456.
_NOT_A_CODE = re.compile(
    rf"{_EMAIL.pattern}|\b(?:(?:cs|int|e)-?\d+|(?:[a-z]{{1,3}}-?|e )(?!\d{{6}}\b)\d{{3,}})\b", re.IGNORECASE
)
_LEAD = re.compile(r"^(?:(?:my|the) (?:\w+ ){1,4}?(?:is|was)|i was born (?:in|on)|born (?:in|on)|its|it is|it was) ")
_RUN = re.compile(r"\d+")
_SURE_DIGITS = 4  # a year or a badge number: an answer, whatever is said around it
_MOST_WORDS = 8
_WITH_DIGIT = re.compile(r"\b(?=[\w.-]*\d)\w[\w.-]{1,38}\w\b")
_WORD = re.compile(r"\w[\w.-]{1,38}\w")
_NOT_A_FACT = frozenset(
    [
        *("agent", "person", "human", "someone", "somebody", "anyone", "representative", "operator"),
        *("help", "bye", "restart", "thanks", "hello", "hi", "yes", "no", "ok", "dont", "know", "idk"),
        *("what", "why", "how", "who", "when", "where", "code", "email", "mail", "resend", "again"),
        *("please", "pls", "sorry", "nevermind", "nvm", "wait", "lol", "later", "joke", "dunno"),
        *("ayuda", "favor", "gracias", "hola", "necesito", "quiero", "agente", "persona"),
    ]
)
_ASKS = "are|is|do|does|did|can|could|would|will|may|shall|should|have|has"
_WANTS = "want|need|wanna|would|will|cant|cannot|can|could|must|should|forgot|lost|have to|just|still|(?:am|do|did) not"
_ASIDE = re.compile(  # how questions, requests and asides begin, once they are ``spelled``
    rf"(?:(?:{_ASKS}) (?:you|u|i|we|it|they|there|this|that|my)|i (?:{_WANTS})|\w+ me"
    r"|im (?:not|in|at|on|busy|still|waiting|locked|stuck)|(?:this|that|thats)(?: is)? (?:not|wrong|all)"
    r"|(?:hold|hang) on|(?:just )?(?:one|a) (?:sec|second|moment|minute|min)"
    r"|never mind|(?:forget|drop|skip) (?:it|this|that)|id|ive|ill|lets|you|u|we|they|there|theres)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A text that holds a secret: what is kept of it for people to see, and what the proof compares.

    ``guesses`` are the plain spellings of one and the same answer; none: it holds no answer that could be right.
    """

    body: str
    guesses: tuple[str, ...]


def hidden(expects: Expects | None, text: str) -> Hidden | None:
    """What is kept of a text that came while this was expected. None: it holds no secret and is kept as it is."""
    if expects in (Expects.CODE, Expects.CHOICE):
        return _hidden_code(text)
    return _hidden_fact(without_signature(text)) if expects is Expects.FACT else None


def _hidden_code(text: str) -> Hidden | None:
    """What is no code is blanked first: an e-mail address, an employee's or a case's number."""
    said = _NOT_A_CODE.sub(lambda one: "x" * len(one[0]), text)
    codes = _codes(without_signature(said)) or _codes(said)
    fewest = _FEWEST_DIGITS if _LETTER.search(said) else _FEWEST_ALONE
    spans = [*(one.span() for one in codes), *(m.span() for m in _IN_WORDS.finditer(said) if _count(m) >= fewest)]
    if not spans:
        return None
    guesses = {_digits(one[0]) for one in codes}
    return Hidden(body=_masked(text, spans), guesses=tuple(guesses) if len(guesses) == 1 else ())


def may_hold_code(text: str) -> bool:
    """Whether it is worth asking for the codes of a number, when none is expected of it in this conversation."""
    return _SIX_DIGITS.search(text) is not None


def without_codes(text: str, is_code: Callable[[str], bool]) -> str:
    """A text without the six digits, however they are written, for which ``is_code`` holds."""
    found = (one for shape in _CODES for one in shape.finditer(text) if _count(one) == 6)
    return _masked(text, [one.span() for one in found if is_code(_digits(one[0]))])


def _codes(text: str) -> list[re.Match[str]]:
    """All that is written in the surest way in which anything is."""
    for shape in _CODES:
        if found := [one for one in shape.finditer(text) if _count(one) == 6]:
            return found
    return []


def _count(group: re.Match[str]) -> int:
    return len(_DIGIT.findall(group[0]))


def _digits(group: str) -> str:
    return "".join(_digit(found) for found in _DIGIT.findall(group))


def _digit(said: str) -> str:
    word = said.casefold()
    return str(_NUMERALS.index(word)) if word in _NUMERALS else "0" if word == "oh" else str(int(said))


def _masked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    return _DIGIT.sub(lambda one: "*" if any(a <= one.start() < b for a, b in spans) else one[0], text)


def _hidden_fact(text: str) -> Hidden | None:
    """An answer, unless it is clearly a question, a request or an aside: those are no tries."""
    said = spelled(text)
    runs = _RUN.findall(said)
    digits = len("".join(runs))
    if len(said) < 2 or (digits < _SURE_DIGITS and _is_aside(text, said)):
        return None
    answer = _LEAD.sub("", said)
    return Hidden(body=MASK, guesses=tuple(dict.fromkeys([answer, *(runs if len(runs) == 1 else [])])))


def _is_aside(text: str, said: str) -> bool:
    words = said.split()
    asks = text.strip().endswith("?") or len(words) > _MOST_WORDS or not _NOT_A_FACT.isdisjoint(words)
    return asks or (len(words) > 1 and _LEAD.match(said) is None and _ASIDE.match(said) is not None)


def account_in(text: str) -> str | None:
    """The e-mail address or employee number in a text; None when there is nothing of the kind."""
    for shape in (_EMAIL, _WITH_DIGIT):
        if found := shape.search(text):
            return found[0].casefold()
    alone = text.strip(" .!")
    return alone.casefold() if _WORD.fullmatch(alone) else None


LETTERS = "abcdefghijklmnopqrstuvwxyz"  # before the digits of an employee number


def without_marks(account: str) -> str:
    """An employee number as it is compared when nobody has it as it was texted: no case, no blanks, no dashes."""
    return account.casefold().replace("-", "").replace(" ", "")


def plain_account(account: str) -> str:
    """What is one account to whoever counts wrong answers: an employee number without its letters, too."""
    plain = without_marks(account)
    digits = plain.lstrip(LETTERS)
    return digits if digits.isdecimal() else plain


def asked_facts(names: Sequence[str]) -> str:
    """Second facts as a question names them: birth year or badge number."""
    return " or ".join(" ".join(name.replace("_", " ").split()) for name in names)

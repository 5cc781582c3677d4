"""Proving who a requester is: a one-time code to the e-mail on file, or an employee number and a second fact.

What was typed as a secret is hidden as soon as it comes in: the conversation keeps asterisks, the proof a keyed hash.
Words and their number are the same whether there is an account or not.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

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


def spelled(fact: str) -> str:
    """Spelling that does not matter: upper case, marks, how many spaces."""
    plain = unicodedata.normalize("NFKC", fact).casefold().replace("'", "").replace("\u2019", "")
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def mail_text(code: str, desk: str, number: str) -> str:
    """The mail that carries a code. ``number``: who asked for it, masked."""
    minutes = int(CODE_LASTS.total_seconds() // 60)
    return (
        f"Your code for {desk} is {code}\n\n"
        f"Text it to us as our answer asks. It works once, for {minutes} minutes.\n\n"
        f"It was asked for by text from {number}. If that was not you, do not pass it on, and tell {desk}.\n"
    )


# What requesters type ----------------------------------------------------------------------------------------------

_NUMERALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGIT = re.compile(r"\d|\b(?:" + "|".join((*_NUMERALS, "oh")) + r")\b", re.IGNORECASE)
_FEWEST_DIGITS = 4  # of what is hidden: a mistyped code too, but not the number of a choice
_LEAD = re.compile(r"^(?:(?:my|the) (?:\w+ ){1,4}?(?:is|was)|i was born (?:in|on)|born (?:in|on)|its|it is|it was) ")
_RUN = re.compile(r"\d+")
_MOST_WORDS = 8
_NOT_A_FACT = frozenset(
    [
        *("agent", "person", "human", "someone", "somebody", "anyone", "representative", "operator"),
        *("help", "bye", "restart", "thanks", "hello", "hi", "yes", "no", "ok", "dont", "know", "idk"),
        *("what", "why", "how", "who", "when", "where", "code", "email", "mail", "resend", "again"),
    ]
)
_EMAIL = re.compile(r"[^\s@,;:<>()]+@[^\s@,;:<>()]+\.[^\s@,;:<>().]+")
_WITH_DIGIT = re.compile(r"\b(?=[\w.-]*\d)\w[\w.-]{1,38}\w\b")
_WORD = re.compile(r"\w[\w.-]{1,38}\w")


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
    return _hidden_fact(text) if expects is Expects.FACT else None


def _hidden_code(text: str) -> Hidden | None:
    digits = "".join(_digit(found[0]) for found in _DIGIT.finditer(text))
    if len(digits) < _FEWEST_DIGITS:
        return None
    return Hidden(body=_DIGIT.sub("*", text), guesses=(digits,) if len(digits) == 6 else ())


def _digit(said: str) -> str:
    word = said.casefold()
    return str(_NUMERALS.index(word)) if word in _NUMERALS else "0" if word == "oh" else str(int(said))


def _hidden_fact(text: str) -> Hidden | None:
    said = spelled(text)
    runs = _RUN.findall(said)
    if len("".join(runs)) < 2:
        words = said.split()
        asks = text.strip().endswith("?") or len(words) > _MOST_WORDS or bool(_NOT_A_FACT & set(words))
        if asks or len(said) < 2:
            return None
    answer = _LEAD.sub("", said)
    return Hidden(body=MASK, guesses=tuple(dict.fromkeys([answer, *(runs if len(runs) == 1 else [])])))


def account_in(text: str) -> str | None:
    """The e-mail address or employee number in a text; None when there is nothing of the kind."""
    for shape in (_EMAIL, _WITH_DIGIT):
        if found := shape.search(text):
            return found[0].casefold()
    alone = text.strip(" .!")
    return alone.casefold() if _WORD.fullmatch(alone) else None


def asked_facts(names: Sequence[str]) -> str:
    """Second facts as a question names them: birth year or badge number."""
    return " or ".join(" ".join(name.replace("_", " ").split()) for name in names)

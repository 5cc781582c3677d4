"""Proof of identity: a one-time code to the e-mail on file, or an employee number and a second
fact.

Secrets are redacted on arrival: the conversation keeps asterisks and the proof keeps a keyed hash.
The desk sends the same replies, and equally many, whether or not the account exists, so nobody can
probe for accounts.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import in_language, translatable

CODE_LASTS = timedelta(minutes=10)
# wrong answers per number since its last success, and per account, each within a day
ATTEMPTS = 5
ATTEMPTS_WITHIN = timedelta(days=1)
# (number of codes, period): the most codes for one number, and for one person, within the period
SENDS = ((3, timedelta(minutes=10)), (10, timedelta(days=1)))
# How long a requester has to answer after a live agent asks for proof. Then the conversation
# returns to the agent.
ANSWERS_WITHIN = timedelta(minutes=10)
MASK = "******"


class Expects(StrEnum):
    """The next answer that a running proof expects from the requester."""

    OPENING = "opening"  # no answer yet: the virtual agent has to start the proof
    ACCOUNT = "account"
    CODE = "code"
    CHOICE = "choice"  # no code arrived: the requester picks another way
    FACT = "fact"


class Verdict(StrEnum):
    """The result of checking an answer."""

    RIGHT = "right"
    WRONG = "wrong"
    TOO_OLD = "too_old"
    NO_CODE = "no_code"  # the answer is not six digits, so it does not count as an attempt


class ProofOutcome(StrEnum):
    """How a proof ended."""

    VERIFIED = "verified"
    FAILED = "failed"


# Limits -------------------------------------------------------------------------------------------


def may_send(sent: Sequence[datetime], now: datetime) -> bool:
    """Whether one more code may be sent. ``sent``: when this number requested the earlier codes."""
    return all(sum(now - at < within for at in sent) < most for most, within in SENDS)


def attempts_left(wrong: int) -> int:
    """How many wrong answers a number has left."""
    return max(ATTEMPTS - wrong, 0)


def judge_code(*, six_digits: bool, same: bool, until: datetime | None, now: datetime) -> Verdict:
    """Check a code. ``same``: it equals the code that was sent. ``until``: when that code expires;
    None: no code was requested.

    An expired code does not count as an attempt. If the account does not exist, no code was sent,
    but ``until`` is set all the same, so the verdicts do not reveal that.
    """
    if not six_digits:
        return Verdict.NO_CODE
    if until is None or now >= until:
        return Verdict.TOO_OLD
    return Verdict.RIGHT if same else Verdict.WRONG


# Hashes -------------------------------------------------------------------------------------------


def keyed(key: str, *parts: object) -> str:
    """A hash that needs the secret key, so a copy of the database reveals no code."""
    return hmac.new(key.encode(), "\0".join(map(str, parts)).encode(), hashlib.sha256).hexdigest()


def code_hash(key: str, interaction_id: int, code: str) -> str:
    """The stored form of a code."""
    return keyed(key, "code", interaction_id, code)


def fact_hash(key: str, fact: str) -> str:
    """A keyed hash of an identity fact. It is the input of the stored argon2 hash, and guesses are
    stored in this form.
    """
    return keyed(key, "fact", spelled(fact))


def fact_fingerprint(key: str, user_id: int, name: str, hashed: str) -> str:
    """A fingerprint that changes when a user's fact changes (``hashed`` is from ``fact_hash``). Two
    users with the same fact have different fingerprints."""
    return keyed(key, "fingerprint", user_id, name, hashed)


def spelled(fact: str) -> str:
    """The text in a normalized spelling, without case, punctuation and extra spaces."""
    plain = unicodedata.normalize("NFKC", fact).casefold().replace("'", "").replace("\u2019", "")
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


MAIL_SUBJECT = translatable("Your code for {desk}")
MAIL_CODE = translatable("Your code for {desk} is {code}")
MAIL_HOW = translatable("Reply to our text with this code. It works once, for {minutes} minutes.")
MAIL_WHY = translatable(
    "It was requested by text from {number}. If that wasn't you, don't share it, and let {desk} "
    "know."
)


def mail_subject(desk: str, language: Language) -> str:
    return in_language(MAIL_SUBJECT, language).format(desk=desk)


def mail_text(code: str, desk: str, number: str, language: Language) -> str:
    """The e-mail that contains a code. ``number``: the masked number that requested it."""
    minutes = int(CODE_LASTS.total_seconds() // 60)
    values = {"code": code, "desk": desk, "number": number, "minutes": minutes}
    parts = [in_language(part, language) for part in (MAIL_CODE, MAIL_HOW, MAIL_WHY)]
    return "\n\n".join(part.format(**values) for part in parts) + "\n"


# Accounts -----------------------------------------------------------------------------------------

LETTERS = "abcdefghijklmnopqrstuvwxyz"  # allowed before the digits of an employee number


def without_marks(account: str) -> str:
    """An employee number without case, spaces and dashes, for comparing when nobody has the exact
    number."""
    return account.casefold().replace("-", "").replace(" ", "")


def plain_account(account: str) -> str:
    """The account key under which wrong answers are counted: an employee number also loses its
    letters."""
    plain = without_marks(account)
    digits = plain.lstrip(LETTERS)
    return digits if digits.isdecimal() else plain


def asked_facts(names: Sequence[str]) -> str:
    """The names of identity facts for a question: birth year or badge number."""
    spoken = (" ".join(name.replace("_", " ").split()) for name in names)
    return " or ".join({name.casefold(): name for name in spoken}.values())

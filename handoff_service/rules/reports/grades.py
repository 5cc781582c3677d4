"""Reads the answer to "How did we do? Reply 1-5", and the requester's comment after a low grade.

A text is a grade only if it says little else. A text that may be a new problem, a question or a
request is not a grade, so it starts a conversation as usual. It is better to lose a grade than to
leave a requester without an answer.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from handoff_service.rules.cases.still_broken import is_still_broken
from handoff_service.rules.consent.opt_out_requests import opt_out_intent
from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.thanks import is_thanks
from handoff_service.rules.delivery.sms_characters import INVISIBLE_NAMES, is_visible
from handoff_service.rules.reports.grade_words import PRAISE_AND_BLAME
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.virtual_agent.bot_text import plain
from handoff_service.rules.virtual_agent.commands import SHIPPED

BEST, LOW = 5, 2  # a grade of LOW or less is low
LONGEST = 300  # characters of a grade with a comment
_NUMBERS = {
    word: number
    for number, words in enumerate(
        ("1 one uno", "2 two dos", "3 three tres", "4 four cuatro", "5 five cinco"), start=1
    )
    for word in words.split()
}
_STARS = re.compile(r"[⭐★🌟]+")
_LEAD = (
    r"(?:(?:i (?:would |will )?(?:say|give(?: (?:you|it|him|her|them|this))?)|i'?d (?:say|give"
    r"(?: (?:you|it|him|her|them|this))?)|it'?s|that'?s|my (?:grade|rating|score|answer)(?: is)?"
    r"|grade|rating|score|answer|definitely|a|an|un|les? doy(?: un)?|mi nota es|nota|number)"
    r"\s*[:=]?\s+)*"
)
_GRADE = re.compile(
    rf"[^\w\s+-]*\s*[^\w\s+-]*{_LEAD}(?P<grade>[1-5]|one|two|three|four|five|uno|dos|tres|cuatro"
    r"|cinco)(?!\w|\s*%|[.,]\d)(?!\s*[-–]\s*\d)(?!\s+(?:or|to|o|a)\s+\w)"
    r"(?:\s*/\s*5(?!\d)|\s*(?:out )?of (?:5|five)\b|\s*de (?:5|cinco)\b)?"
    r"(?:\s*(?:stars?|estrellas?|points?|puntos?)\b)?"
    r"(?P<rest>(?![\s]*[/%:]\s*\d)[\s\S]*)",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*(?:[,.;:!\n–—-]|because\b|cause\b|bc\b|porque\b)", re.IGNORECASE)
# texts that may be a new problem or a request
_REQUEST = re.compile(
    r"\b(?:please|pls|help|need|call me|contact me|also|another|new (?:problem|issue|ticket|laptop"
    r"|phone)|i have an?\b|how do i|my [\w -]{1,30} (?:is|are|has|have|keeps?|does|do|won'?t"
    r"|doesn'?t|isn'?t|can'?t|cannot|will not|stopped)\b|por favor|ayuda|necesito|tambien"
    r"|otr[oa] (?:problema|cosa)|ll[aá]m[ae])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Grade:
    """A requester's grade. ``comment``: their words with a low grade; empty without any."""

    value: int
    comment: str = ""

    @property
    def is_low(self) -> bool:
        return self.value <= LOW


def read_grade(text: str, names: Collection[str] = ()) -> Grade | None:
    """The grade that a text gives. None for all other texts. ``names``: words that may accompany
    it, such as the agent's name."""
    if len(text) > LONGEST or any(c in text for c in "?¿"):
        return None
    normalized = (
        unicodedata.normalize("NFKC", without_signature(text)).replace("\u2019", "'").strip()
    )
    if _STARS.fullmatch(_visible(normalized)) and len(_visible(normalized)) <= BEST:
        return Grade(len(_visible(normalized)))
    found = _GRADE.fullmatch(_visible(normalized))
    if found is None:
        return None
    value, rest = _NUMBERS[found["grade"].lower()], found["rest"]
    words = plain(rest).split()
    known = {folded(word) for name in names for word in plain(name).split()}
    if not words or is_thanks(rest, names):
        return Grade(value)
    if all(folded(word) in PRAISE_AND_BLAME or folded(word) in known for word in words):
        return Grade(value, _comment(rest) if value <= LOW else "")
    if value <= LOW and _SEPARATOR.match(rest) and is_comment(_comment(rest)):
        return Grade(value, _comment(rest))
    return None


def is_comment(text: str) -> bool:
    """Whether a text after a low grade only describes what went wrong. Questions, requests,
    commands and problems are not comments, because somebody has to answer them."""
    if not is_visible(text) or any(c in text for c in "?¿") or not plain(text):
        return False
    words = plain(text)
    if any(words == plain(phrase) for phrases in SHIPPED.values() for phrase in phrases):
        return False
    return not (
        is_still_broken(text)
        or opt_out_intent(text, first=True) is not None
        or _REQUEST.search(text)
    )


def _visible(text: str) -> str:
    """The text without invisible characters, such as the frame of a keycap."""
    return "".join(c for c in text if c not in INVISIBLE_NAMES and c not in "\ufe0f\ufe0e\u20e3")


def _comment(rest: str) -> str:
    return rest.strip(" \t\r\n,.;:!–—-").strip()

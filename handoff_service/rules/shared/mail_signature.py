"""Mail signatures, which phones and mail programs add below a text. Rules must ignore them.

The stored text keeps its signature. The virtual agent, and the code that looks for choices,
keywords, commands and codes, get the text without it. A signature is cut only if it has lines of
its own below other words.

Sources: RFC 3676, section 4.3 (the line ``-- `` starts a signature); the texts that iOS, Outlook
mobile, Gmail, Samsung Email, Yahoo Mail and K-9 Mail add, as listed by mailgun/talon
(``signature/bruteforce.py``), github/email_reply_parser and crisp-oss/email-reply-parser.
"""

import re
import unicodedata

from handoff_service.rules.shared.mail_signature_patterns import (
    ADDED,
    ADDED_BELOW_BLANK,
    AROUND_WORDS,
    CONTACT,
    DASH_AND_NAME,
    DELIMITER,
    DISCLAIMER,
    PARTICLES,
    PROSE,
    SIGN_OFF,
    SURE_SIGN_OFF,
    UNFINISHED,
)

MOST_LINES, LONGEST_LINE = 6, 70  # limits for the lines below ``--`` or a sign-off
_NAME_WORDS = 5  # words in a line that names a person or a company
_SMALL_NAME_WORDS = 3
_SHORT_ANSWER = 3  # words above ``--``; with so few, a lower-case name is still a signature


def without_signature(text: str) -> str:
    """The text without its signature. The whole text if nothing else would remain.

    The result is always a prefix of the text, so positions in it are valid in the whole text.
    """
    if "\n" not in text and "\r" not in text:
        return text
    lines = text.splitlines(keepends=True)
    while (cut := _begins(lines)) is not None and any(line.strip() for line in lines[:cut]):
        lines = lines[:cut]
    kept = "".join(lines)
    return text if len(kept) == len(text) else kept.rstrip()


def _begins(lines: list[str]) -> int | None:
    """Index of the line where the lowest signature starts."""
    last = next((n for n in range(len(lines) - 1, 0, -1) if lines[n].strip()), None)
    if last is None:
        return None
    below_blank = not lines[last - 1].strip()
    if _is_added(lines[last]) or (below_blank and ADDED_BELOW_BLANK.fullmatch(lines[last].strip())):
        return last
    if DELIMITER.fullmatch(lines[last]) or DISCLAIMER.fullmatch(_folded(lines[last])):
        return last
    if _is_contact_line(lines[last]):
        return last
    if len(lines[0].split()) == 1 and (name := _name_below(lines, last)):
        return name
    for n in range(last - 1, max(0, last - MOST_LINES) - 1, -1):
        below = [line.strip() for line in lines[n + 1 : last + 1] if line.strip()]
        if n == 0 or UNFINISHED.search("".join(lines[:n]).rstrip()):
            continue
        if DELIMITER.fullmatch(lines[n]) and _names_somebody(below, _words(lines[:n])):
            return n
        if _is_sign_off(lines[n]) and all(map(_is_name, below)):
            return n
    return (
        last
        if _is_sign_off(lines[last]) and SURE_SIGN_OFF.fullmatch(_folded(lines[last]))
        else None
    )


def _name_below(lines: list[str], last: int) -> int | None:
    """Index of the line below an answer of one word where somebody's name starts."""
    dashed = DASH_AND_NAME.fullmatch(lines[last].strip())
    if dashed and len(dashed["name"].split()) <= _SMALL_NAME_WORDS and _is_name(dashed["name"]):
        return last if not any(line.strip() for line in lines[1:last]) else None
    below = [line.strip() for line in lines[2 : last + 1]]
    block = not lines[1].strip() and 1 < len(below) <= MOST_LINES and all(map(_is_name, below))
    is_known = lines[0].strip(" .)\r\n").isdecimal() or any(map(CONTACT.fullmatch, below[1:]))
    return 2 if block and is_known else None


def _is_contact_line(line: str) -> bool:
    """Whether this is a name and how to reach the person: Jane Roe | Acme | +1 202 555 0101."""
    parts = [part.strip() for part in re.split(r"[|\u2022\u00b7]", line)]
    return (
        len(parts) > 1
        and all(map(_is_name, filter(None, parts)))
        and any(CONTACT.fullmatch(part) for part in parts)
    )


def _words(lines: list[str]) -> int:
    return len(" ".join(lines).split())


def _names_somebody(below: list[str], words_above: int) -> bool:
    """Whether these lines below ``--`` are a name with contact details, not the rest of the
    message."""
    if len(below) > MOST_LINES or any(
        len(line) > LONGEST_LINE or line.endswith("?") for line in below
    ):
        return False
    first = below[0]
    return _is_name(first) or (
        words_above <= _SHORT_ANSWER
        and len(first.split()) <= _SMALL_NAME_WORDS
        and PROSE.isdisjoint(_folded(first).split())
        and all(c.isalpha() or c in " .'\u2019-" for c in first)
    )


def _is_name(line: str) -> bool:
    """Whether this is a name, a company, a job title or contact details: each word is
    capitalized."""
    line = line.strip()
    if _is_added(line) or CONTACT.fullmatch(line):
        return True
    words = re.findall(r"[^\W\d_][\w.'\u2019&-]*", line)
    capital = all(w[0].isupper() or not w[0].islower() or w.casefold() in PARTICLES for w in words)
    plain = PROSE.isdisjoint(_folded(line).split()) or all(
        w.casefold() in PARTICLES or w[0].isupper() for w in words
    )
    return (
        0 < len(words) <= _NAME_WORDS
        and words[0][0].isupper()
        and capital
        and plain
        and line[-1] not in "?!"
    )


def _is_sign_off(line: str) -> bool:
    return SIGN_OFF.fullmatch(_folded(line)) is not None


def _is_added(line: str) -> bool:
    """Whether a phone or a program has added this line, perhaps with a link or a second
    sentence."""
    plain = re.sub(r"<[^>]*>|\[[^\]]*\]|\((?:https?:)[^)]*\)|https?://\S+", "", line)
    # a name may contain a comma: "Galaxy S24, an AT&T 5G smartphone"
    for ends in (r"[.!]", r"[.!,]"):
        parts = [
            part
            for part in re.split(rf"(?<=\w){ends}(?:\s+|$)", _folded(plain))
            if part.strip(" .!*_-")
        ]
        if parts and all(ADDED.fullmatch(AROUND_WORDS.sub("", part)) for part in parts):
            return True
    return False


def _folded(line: str) -> str:
    """The line in lower case. Accents and apostrophes are removed, because phones write them in
    several ways."""
    apart = unicodedata.normalize("NFKD", line.casefold())
    plain = "".join(c for c in apart if not unicodedata.combining(c) and c not in "'\u2019")
    return " ".join(unicodedata.normalize("NFC", plain).split()).strip(" ,.!-\u2013\u2014")

"""SMS text: numbers, encodings and segments.

GSM-7 and its extension table: 3GPP TS 23.038, section 6.2.1. Segments: 160 or 153 septets, 70 or 67
UTF-16 units.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from handoff_service.rules.delivery.senders import is_name
from handoff_service.rules.delivery.sms_characters import (
    INVISIBLE_NAMES,
    LOOK_ALIKES,
    MEANINGLESS,
    is_visible,
)

MAX_BODY = 1600  # characters that a provider accepts in one message
LONGEST = 10 * MAX_BODY  # our own limit on one written message, which is sent in parts

GSM_7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = "\f^{}\\[~]|€"
_ONE = frozenset(GSM_7)  # characters of one septet
_TWO = frozenset(GSM_7_EXTENSION)  # characters of two septets
_IN_GSM_7 = str.maketrans({**LOOK_ALIKES, **dict.fromkeys(INVISIBLE_NAMES, "")})
_MEANINGLESS = str.maketrans(dict.fromkeys(MEANINGLESS, ""))
_SENTENCE_END = re.compile(r"[.!?](?=\s)|\n")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Encoding(StrEnum):
    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """The encoding of a text, and the segments in which it is sent."""

    encoding: Encoding
    units: int  #: its length, in septets or in UTF-16 units
    count: int  #: the number of segments
    per_segment: int  #: units that fit in one segment of a text of this length
    forced_by: str | None = None  #: the character that forces UCS-2


def is_e164(number: str) -> bool:
    """Whether this is a phone number in E.164 form, such as +12025550101."""
    return _E164.fullmatch(number) is not None


def is_sender(number: str) -> bool:
    """Whether this can be the sender of a text: a number, a short code (digits without a plus) or a
    name."""
    return re.fullmatch(r"\+?[0-9]{3,15}", number) is not None or is_name(number)


def is_short_code(number: str) -> bool:
    """Whether this is a short code: three to eight digits without a plus."""
    return re.fullmatch(r"[0-9]{3,8}", number) is not None


def narrowed(body: str) -> str:
    """The text for sending, in the fewest segments without loss of visible characters.

    Letters are composed first. If the text fits GSM-7 with look-alikes replaced and invisible
    characters removed, both changes are made. Otherwise every meaningful character stays. A text
    that would become longer than ``MAX_BODY`` does not change.
    """
    plain = _plain(body)
    return plain if len(plain) <= MAX_BODY else body


def _plain(body: str) -> str:
    composed = unicodedata.normalize("NFC", body)
    plain = composed.translate(_IN_GSM_7)
    if all(c in _ONE or c in _TWO for c in plain):
        return plain
    # NFC makes some texts longer, because it decomposes a few letters of Indian scripts
    shorter = composed if len(composed) < len(body) else body
    return shorter.translate(_MEANINGLESS)


def forced_by(body: str) -> str | None:
    """The first character that keeps a text out of GSM-7 and cannot be replaced or removed. If all
    of them can, the first one. None if the text fits GSM-7."""
    outside = [c for c in body if c not in _ONE and c not in _TWO]
    kept = (c for c in outside if c not in LOOK_ALIKES and c not in INVISIBLE_NAMES)
    return next(kept, outside[0] if outside else None)


def segments(body: str) -> Segments:
    """Count the segments of a text. An empty text has one empty segment."""
    forcing = forced_by(body)
    if forcing is None:
        encoding, single, joined = Encoding.GSM_7, 160, 153
        widths = [2 if c in _TWO else 1 for c in body]
    else:
        encoding, single, joined = Encoding.UCS_2, 70, 67
        widths = [2 if ord(c) > 0xFFFF else 1 for c in body]
    units = sum(widths)
    if units <= single:
        return Segments(
            encoding=encoding, units=units, count=1, per_segment=single, forced_by=forcing
        )
    return Segments(
        encoding=encoding,
        units=units,
        count=_parts(widths, joined),
        per_segment=joined,
        forced_by=forcing,
    )


def _parts(widths: list[int], room: int) -> int:
    """How many segments the text needs. A character of two units is never split between
    segments."""
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts


def split(body: str, most: int = MAX_BODY) -> list[str]:
    """The text in parts of at most ``most`` characters, split at the end of a sentence or line,
    else at a space, else within a word.

    A text without visible characters has no parts. Look-alikes are replaced first, because some
    of the replacements are longer.
    """
    rest, parts = _plain(body.strip()), []
    while len(rest) > most:
        window = rest[: most + 1]
        ends = [m.end() for m in _SENTENCE_END.finditer(window) if m.end() <= most]
        at = ends[-1] if ends else window.rfind(" ") if window.rfind(" ") > 0 else most
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [part for part in (*parts, rest) if is_visible(part)]

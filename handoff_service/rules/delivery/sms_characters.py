"""Characters that make a text cost more than necessary: look-alikes, styled letters and invisible
characters.

Pages get the same tables (``web/shared/rendering.py``), and ``static/segments.js`` applies the same
rules. Sources: the Unicode Character Database, https://www.unicode.org/ucd/ (general categories Zs,
Zl, Zp, Pd, Pi, Pf and Cc; the property Default_Ignorable_Code_Point; compatibility decompositions),
and what SMS providers call smart encoding, for characters that look the same on a phone.
"""

import unicodedata
from collections.abc import Mapping

from handoff_service.rules.shared.phrases import phrase

type Ranges = tuple[tuple[int, int], ...]

#: Character outside GSM-7 -> the look-alike within it.
WRITTEN_ALIKE: Mapping[str, str] = {
    **dict.fromkeys("‘’‚‛′‵`´‹›ʹʻʼʽʾʿˈˊˋ՚ꞌ❛❜｀", "'"),
    **dict.fromkeys("“”„‟″‶«»ʺˮ˝❝❞〝〞〟「」『』", '"'),
    **dict.fromkeys("‐‑‒–—―−﹘﹣˗⁃•‣◦▪", "-"),
    **dict.fromkeys(
        "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a", " "
    ),
    **dict.fromkeys("\u202f\u205f\u3000\u2800", " "),
    **dict.fromkeys("\v\x85\u2028\u2029", "\n"),
    **dict.fromkeys("⁄∕", "/"),
    **dict.fromkeys("∼˜〜", "~"),
    **dict.fromkeys("∶꞉", ":"),
    **dict.fromkeys("∣¦", "|"),
    "…": "...",
    "‥": "..",
    "․": ".",
    "。": ".",
    "、": ",",
    "‴": "'''",
    "‼": "!!",
    "⁇": "??",
    "⁈": "?!",
    "⁉": "!?",
    "∗": "*",
    "∖": "\\",
    "ˆ": "^",
    "【": "[",
    "】": "]",
    "ĳ": "ij",
    "Ĳ": "IJ",
}
#: Ranges in which each character looks like its NFKC form: styled letters, ligatures, fullwidth
#: forms.
STYLED: Ranges = (
    (0x1D400, 0x1D6A3),
    (0x1D7CE, 0x1D7FF),
    (0xFB00, 0xFB06),
    (0xFF01, 0xFF5E),
    (0xFFE1, 0xFFE1),
    (0xFFE5, 0xFFE5),
)
#: Name -> invisible characters. A GSM-7 text reads the same without them, because joiners and
#: selectors only affect characters outside GSM-7.
INVISIBLE: Mapping[str, Ranges] = {
    phrase("a zero-width space"): ((0x200B, 0x200B),),
    phrase("a zero-width non-joiner"): ((0x200C, 0x200C),),
    phrase("a zero-width joiner"): ((0x200D, 0x200D), (0x034F, 0x034F)),
    phrase("a soft hyphen"): ((0x00AD, 0x00AD),),
    phrase("a byte order mark"): ((0xFEFF, 0xFEFF),),
    phrase("a word joiner"): ((0x2060, 0x2060), (0x180E, 0x180E)),
    phrase("a direction mark"): (
        (0x200E, 0x200F),
        (0x202A, 0x202E),
        (0x2066, 0x2069),
        (0x061C, 0x061C),
    ),
    phrase("a variation selector"): (
        (0xFE00, 0xFE0F),
        (0xE0100, 0xE01EF),
        (0x180B, 0x180D),
        (0x180F, 0x180F),
    ),
    phrase("a tag character"): ((0xE0000, 0xE007F),),
    phrase("a blank letter"): (
        (0x115F, 0x1160),
        (0x3164, 0x3164),
        (0xFFA0, 0xFFA0),
        (0x17B4, 0x17B5),
    ),
    phrase("an invisible sign"): (
        (0x2061, 0x2065),
        (0x206A, 0x206F),
        (0x1BCA0, 0x1BCA3),
        (0x1D173, 0x1D17A),
    ),
    phrase("a control character"): (
        (0x00, 0x08),
        (0x0E, 0x1F),
        (0x7F, 0x84),
        (0x86, 0x9F),
        (0xFFF0, 0xFFFB),
    ),
}
#: Invisible characters that mean nothing in any script. A zero-width space is not among them: it
#: marks line breaks in Thai.
MEANINGLESS = "\u00ad\ufeff\u2060"

_STYLED = {
    chr(c): plain
    for low, high in STYLED
    for c in range(low, high + 1)
    if (plain := unicodedata.normalize("NFKC", chr(c))) != chr(c)
}
#: All look-alikes: the listed ones and the styled letters.
LOOK_ALIKES: Mapping[str, str] = {**_STYLED, **WRITTEN_ALIKE}
INVISIBLE_NAMES: Mapping[str, str] = {
    chr(c): name
    for name, ranges in INVISIBLE.items()
    for low, high in ranges
    for c in range(low, high + 1)
}


def is_visible(text: str) -> bool:
    """Whether a text has any visible character."""
    return any(not c.isspace() and c not in INVISIBLE_NAMES and c != "\u2800" for c in text)


def described(character: str) -> str:
    """How a page names a character: the character itself, or words or its code when it cannot be
    shown alone."""
    if character in INVISIBLE_NAMES:
        return INVISIBLE_NAMES[character]
    kind = unicodedata.category(character)[0]
    if kind == "Z" or character.isspace() or character == "\u2800":
        return phrase("a blank (U+{code})", code=f"{ord(character):04X}")
    if kind == "M":
        return phrase("a combining mark (U+{code})", code=f"{ord(character):04X}")
    return f"U+{ord(character):04X}" if kind == "C" else character


def nothing_visible(text: str) -> str:
    """The error for a text without visible characters, addressed to its writer."""
    shows_nothing = next((c for c in text if c in INVISIBLE_NAMES or c == "\u2800"), None)
    if shows_nothing is None:
        return phrase("must not be empty")
    name = INVISIBLE_NAMES.get(shows_nothing, described(shows_nothing))
    return phrase(
        "must contain visible text; it has only invisible characters, such as {name}", name=name
    )

"""Spelling that does not matter when somebody searches: case, accents, ligatures, width. One way for everything."""

import unicodedata

#: Letters that Unicode does not take apart. Source: CLDR, transform Latin-ASCII. Others than these keep their shape.
_LETTERS = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "đ": "d", "ɖ": "d", "þ": "th", "ħ": "h", "ı": "i", "ł": "l", "ƚ": "l",
        "ŋ": "n", "ŧ": "t", "ƀ": "b", "ƒ": "f", "ɨ": "i", "ĸ": "q", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ɛ": "e",
        "ɔ": "o", "ə": "e", "ǝ": "e", "ς": "σ",
    }
)  # fmt: skip
_VOICED = frozenset("\u3099\u309a")  # が is another letter than か
_VOWELS = "\u0900", "\u17ff"  # the scripts of India and Southeast Asia, whose marks are letters


def folded(text: str) -> str:
    """Without case and accents; folding twice changes nothing."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(c for c in apart if _is_letter(c))
    return unicodedata.normalize("NFC", kept.translate(_LETTERS))


def _is_letter(c: str) -> bool:
    return not unicodedata.combining(c) or c in _VOICED or _VOWELS[0] <= c <= _VOWELS[1]

"""Folds text for search, so that case, accents, ligatures and width do not matter."""

import unicodedata

#: Letters that Unicode does not decompose. Source: CLDR, transform Latin-ASCII. Other letters
#: without a decomposition stay unchanged.
_LETTERS = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "đ": "d", "ɖ": "d", "þ": "th", "ħ": "h", "ı": "i",
        "ł": "l", "ƚ": "l",
        "ŋ": "n", "ŧ": "t", "ƀ": "b", "ƒ": "f", "ɨ": "i", "ĸ": "q", "ɓ": "b", "ɗ": "d", "ƙ": "k",
        "ƴ": "y", "ɛ": "e",
        "ɔ": "o", "ə": "e", "ǝ": "e",
    }
)  # fmt: skip
_VOICED = frozenset("\u3099\u309a")  # these marks stay because が is a different letter from か
_VOWELS = "\u0900", "\u17ff"  # scripts of India and Southeast Asia, in which marks are letters


def folded(text: str) -> str:
    """The text without case and accents. Folding twice changes nothing."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(c for c in apart if _is_kept(c))
    return unicodedata.normalize("NFC", kept.translate(_LETTERS))


def _is_kept(c: str) -> bool:
    return not unicodedata.combining(c) or c in _VOICED or _VOWELS[0] <= c <= _VOWELS[1]

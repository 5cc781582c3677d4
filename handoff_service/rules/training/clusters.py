"""Texts that say the same in nearly the same words: one of them stands for all."""

import hashlib
import re
from collections.abc import Iterable

from handoff_service.rules.conversations.folding import folded

ALIKE = 0.6  # share of common letter triples (Dice) from which two texts are one cluster
_NO_WORD = re.compile(r"[^\w‹›]+")


def plain(text: str) -> str:
    """The folded words alone, one space between them. Of a text without words, its characters."""
    words = " ".join(_NO_WORD.sub(" ", folded(text)).split())
    return words or "".join(text.split())


def fold_hash(text: str) -> str:
    """Equal for texts that differ only in case, accents, punctuation and white space."""
    return hashlib.sha256(plain(text).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def triples(text: str) -> frozenset[str]:
    """The letter triples of each word, with its edges."""
    return frozenset(
        padded[n : n + 3]
        for word in plain(text).split()
        for padded in (f" {word} ",)
        for n in range(max(len(padded) - 2, 1))
    )


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """0 (nothing in common) to 1 (the same)."""
    if not one or not other:
        return 0.0
    return 2 * len(one & other) / (len(one) + len(other))


def nearest(text: str, others: Iterable[tuple[int, str]]) -> int | None:
    """The id of the most similar text, if one is similar enough."""
    mine = triples(text)
    found = [(alike(mine, triples(other)), -id) for id, other in others]
    best = max(found, default=(0.0, 0))
    return -best[1] if best[0] >= ALIKE else None

"""Clusters of texts with nearly the same words. A trainer sees one text of each cluster."""

import hashlib
import math
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handoff_service.rules.conversations.folding import folded

ALIKE = 0.6  # the lowest Dice share of common letter trigrams of two texts in one cluster
NEARLY_EQUAL = 0.85  # the lowest Dice share at which two examples of different intents are suspects
_NO_WORD = re.compile(r"[^\w‹›]+")


def plain(text: str) -> str:
    """The folded words of a text with single spaces. A text without words keeps its characters."""
    words = " ".join(_NO_WORD.sub(" ", folded(text)).split())
    return words or "".join(text.split())


def fold_hash(text: str) -> str:
    """A hash that is equal for texts that differ only in case, accents, punctuation and white
    space."""
    return hashlib.sha256(plain(text).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def trigrams(text: str) -> frozenset[str]:
    """The letter trigrams of each word, with a space added before and after the word."""
    return frozenset(
        padded[n : n + 3]
        for word in plain(text).split()
        for padded in (f" {word} ",)
        for n in range(max(len(padded) - 2, 1))
    )


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """The Dice share of common trigrams, from 0 (none) to 1 (all)."""
    if not one or not other:
        return 0.0
    return 2 * len(one & other) / (len(one) + len(other))


def nearest(text: str, others: Iterable[tuple[int, str]]) -> int | None:
    """The id of the most similar text, if one is similar enough."""
    mine = trigrams(text)
    found = [(similarity(mine, trigrams(other)), -id) for id, other in others]
    best = max(found, default=(0.0, 0))
    return -best[1] if best[0] >= ALIKE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An example of one intent, with its trigrams."""

    label: str
    text: str
    trigrams: frozenset[str]


def pairs(
    samples: Sequence[Sample], least: float = NEARLY_EQUAL
) -> list[tuple[float, Sample, Sample]]:
    """Pairs of nearly equal samples with different labels, the most similar first.

    The samples are compared in the order of their sizes, each with the smaller ones before it. Only
    samples that share one of their rarest trigrams are compared, because two sets with a Dice share
    of at least ``least`` always do (prefix filtering: Chaudhuri, Ganti and Kaushik, 2006).
    """
    bit = _bits(samples)
    by_size = sorted(enumerate(samples), key=lambda one: len(one[1].trigrams))
    sizes = [len(one.trigrams) for _, one in by_size]
    masks: list[int] = []
    with_bit: defaultdict[int, list[int]] = defaultdict(list)
    found = []
    for (n, one), size in zip(by_size, sizes, strict=True):
        shortest = least / (2 - least) * size  # the least size of a set that is similar enough
        bits = sorted([bit[trigram] for trigram in one.trigrams], reverse=True)
        mask = 0
        for place in bits:
            mask |= 1 << place
        begin, others = bisect_left(sizes, shortest), set[int]()
        for place in _rarest(bits, shortest):
            listed = with_bit[place]
            others.update(listed[bisect_left(listed, begin) :])
        for at in others:
            share = 2 * (mask & masks[at]).bit_count() / (size + sizes[at])
            if share >= least:
                m, other = by_size[at]
                if other.label != one.label:
                    found.append((share, other, one) if m < n else (share, one, other))
        for place in _rarest(bits, least * size):  # later sets are at least as large
            with_bit[place].append(len(masks))
        masks.append(mask)
    return sorted(found, key=most_similar_first)


def _bits(samples: Sequence[Sample]) -> dict[str, int]:
    """A bit for each trigram, the lowest for the most frequent: the numbers stay short, and two
    sets are compared with one ``&``."""
    count = Counter(trigram for one in samples for trigram in one.trigrams)
    frequent = sorted(count, key=lambda trigram: (-count[trigram], trigram))
    return {trigram: place for place, trigram in enumerate(frequent)}


def _rarest(bits: Sequence[int], common: float) -> Sequence[int]:
    """The rarest bits of a set. There are just enough of them: every set that shares ``common``
    bits with this set contains at least one of them.
    """
    return bits[: len(bits) - math.ceil(common - 1e-9) + 1]


def pairs_with(
    new: Sequence[Sample], samples: Sequence[Sample], least: float = NEARLY_EQUAL
) -> list[tuple[float, Sample, Sample]]:
    """The pairs of ``pairs(samples)`` that contain a sample of ``new``. ``samples`` must include
    ``new``. This is much faster than ``pairs`` when few samples are new."""
    place = {id(one): n for n, one in enumerate(samples)}
    found = {}
    for one in new:
        for other in samples:
            if (
                other.label != one.label
                and (share := similarity(one.trigrams, other.trigrams)) >= least
            ):
                first, second = sorted((one, other), key=lambda sample: place[id(sample)])
                found[id(first), id(second)] = share, first, second
    return sorted(found.values(), key=most_similar_first)


def most_similar_first(pair: tuple[float, Sample, Sample]) -> tuple[float, str, str]:
    return -pair[0], pair[1].text, pair[2].text

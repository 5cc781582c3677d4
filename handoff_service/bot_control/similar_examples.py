"""Finds similar examples by the letter triples that they have in common."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from handoff_service.bot_control.nlu_content import NluContent
from handoff_service.rules.training import clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An example that is similar to a text. ``share``: the share of common letter triples, 0 to
    1."""

    intent: str
    text: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingExamples:
    """Two equal or nearly equal examples, ``one`` and ``other``, of the intents ``first`` and
    ``second``."""

    first: str
    one: str
    second: str
    other: str
    share: float


def nearest(files: Sequence[NluContent], text: str, most: int) -> list[Near]:
    """The examples that share the most letter triples with the text, the nearest first."""
    mine = clusters.triples(text)
    scored = [
        (clusters.alike(mine, triples), intent, one)
        for file in files
        for intent, listed in file.triples.items()
        for one, triples in listed
    ]
    best = heapq.nlargest(most, scored, key=lambda found: found[0])
    return [Near(intent=name, text=one.text, share=share) for share, name, one in best if share]


def suspects(files: Sequence[NluContent]) -> list[ConflictingExamples]:
    """Pairs of equal or nearly equal examples of two intents, the most similar first."""
    texts = [
        clusters.Sample(label=intent, text=one.marked, triples=triples)
        for file in files
        for intent, listed in file.triples.items()
        for one, triples in listed
    ]
    return [
        ConflictingExamples(first=a.label, one=a.text, second=b.label, other=b.text, share=share)
        for share, a, b in clusters.pairs(texts)
    ]

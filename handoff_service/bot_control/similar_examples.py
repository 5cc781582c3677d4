"""Find similar examples by the letter trigrams that they have in common."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handoff_service.bot_control.nlu_content import NluContent
from handoff_service.rules.training import clusters

MOST_NEW = 50  # with more new examples than this, it is faster to compare all examples

type Pair = tuple[float, clusters.Sample, clusters.Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An example that is similar to a text. ``share``: the share of letter trigrams that they have
    in common, 0 to 1."""

    intent: str
    text: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingExamples:
    """Two equal or nearly equal examples of different intents. ``first``, ``one``: the first intent
    and its example. ``second``, ``other``: the second intent and its example. ``share``: as in
    ``Near``."""

    first: str
    one: str
    second: str
    other: str
    share: float


def nearest(files: Sequence[NluContent], text: str, most: int) -> list[Near]:
    """The examples that share the most letter trigrams with the text, the most similar first."""
    mine = clusters.trigrams(text)
    scored = [
        (clusters.similarity(mine, trigrams), intent, one)
        for file in files
        for intent, listed in file.trigrams.items()
        for one, trigrams in listed
    ]
    best = heapq.nlargest(most, scored, key=lambda found: found[0])
    return [Near(intent=name, text=one.text, share=share) for share, name, one in best if share]


class ConflictFinder:
    """Finds pairs of equal or nearly equal examples of different intents. After a change of the
    files, it compares only the new examples with all others. If more than ``MOST_NEW`` examples are
    new, it compares all pairs."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str], clusters.Sample] = {}
        self._pairs: list[Pair] = []

    def is_quick(self, files: Sequence[NluContent]) -> bool:
        """Whether ``find`` is fast, because at most ``MOST_NEW`` examples are new."""
        present = {
            (intent, one.marked)
            for file in files
            for intent, listed in file.intents.items()
            for one in listed
        }
        return len(present - self._samples.keys()) <= MOST_NEW

    def find(self, files: Sequence[NluContent]) -> list[ConflictingExamples]:
        """The pairs, the most similar first."""
        samples = {
            (intent, one.marked): self._samples.get((intent, one.marked))
            or clusters.Sample(label=intent, text=one.marked, trigrams=trigrams)
            for file in files
            for intent, listed in file.trigrams.items()
            for one, trigrams in listed
        }
        new = [one for key, one in samples.items() if key not in self._samples]
        if len(new) > MOST_NEW:
            self._pairs = clusters.pairs(list(samples.values()))
        else:
            kept = [pair for pair in self._pairs if _is_there(pair, samples)]
            added = clusters.pairs_with(new, list(samples.values()))
            self._pairs = sorted(kept + added, key=clusters.most_similar_first)
        self._samples = samples
        return [
            ConflictingExamples(
                first=a.label, one=a.text, second=b.label, other=b.text, share=share
            )
            for share, a, b in self._pairs
        ]


def _is_there(pair: Pair, samples: Mapping[tuple[str, str], clusters.Sample]) -> bool:
    return all((one.label, one.text) in samples for one in pair[1:])

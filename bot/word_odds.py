"""The odds that a text is for the desk, by its words alone.

The sentence encoder finds "our oven shows an error" near "the printer shows an error". The words of
the text separate them: "oven" occurs only in texts that are not for the desk.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bot.text_features import plain

FEWEST = 2  # texts that have a word; a word of one example teaches nothing
UNSEEN = 0.5  # is added to each count, so that the logarithm is finite
_WORD = re.compile(r"\w+")


class WordOdds:
    """Each word's odds: how often topics have it, compared with other matters, as a logarithm."""

    def __init__(self, odds: Mapping[str, float]) -> None:
        self._odds = odds

    @classmethod
    def learn(cls, topics: Sequence[str], others: Sequence[str]) -> WordOdds:
        """Learn from texts that start a topic and from texts on other matters."""
        in_topics, in_others = _counts(topics), _counts(others)
        sizes = np.log(max(len(topics), 1)) - np.log(max(len(others), 1))
        known = [word for word, n in (in_topics + in_others).items() if n >= FEWEST]
        return cls(
            {
                word: float(np.log((in_topics[word] + UNSEEN) / (in_others[word] + UNSEEN)) - sizes)
                for word in sorted(known)
            }
        )

    @classmethod
    def load(cls, learned: Mapping[str, np.ndarray]) -> WordOdds:
        """The odds that `arrays` described."""
        return cls(dict(zip(learned["odds_words"].tolist(), learned["odds"].tolist(), strict=True)))

    def arrays(self) -> dict[str, np.ndarray]:
        """The learned numbers, to be stored."""
        words, odds = list(self._odds), list(self._odds.values())
        return {"odds_words": np.array(words, dtype=str), "odds": np.array(odds, dtype=np.float32)}

    def of(self, text: str) -> float:
        """The sum of the words' odds, divided by the square root of their number. 0 for unknown
        words only."""
        found = [self._odds[word] for word in _words(text) if word in self._odds]
        return float(sum(found) / np.sqrt(len(found))) if found else 0.0


def _words(text: str) -> set[str]:
    return set(_WORD.findall(plain(text)))


def _counts(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in _words(text))

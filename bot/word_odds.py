"""Estimates from the words alone whether a text is for the desk.

The sentence encoder finds "our oven shows an error" similar to "the printer shows an error". The
words show the difference, because "oven" occurs only in texts that are not for the desk.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bot.text_features import plain

FEWEST = 2  # a word in fewer texts than this is ignored
UNSEEN = 0.5  # added to each count, because the logarithm of 0 is not finite
_WORD = re.compile(r"\w+")


class WordOdds:
    """The log odds of each word: how often it occurs in texts that start a topic, compared with
    texts that are not for the desk."""

    def __init__(self, odds: Mapping[str, float]) -> None:
        self._odds = odds

    @classmethod
    def learn(cls, topics: Sequence[str], others: Sequence[str]) -> WordOdds:
        """Learn from texts that start a topic (`topics`) and from texts that are not for the desk
        (`others`)."""
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
        """Restore the odds from the arrays that `arrays` returned."""
        return cls(dict(zip(learned["odds_words"].tolist(), learned["odds"].tolist(), strict=True)))

    def arrays(self) -> dict[str, np.ndarray]:
        """The learned odds, for storage."""
        words, odds = list(self._odds), list(self._odds.values())
        return {"odds_words": np.array(words, dtype=str), "odds": np.array(odds, dtype=np.float32)}

    def of(self, text: str) -> float:
        """The sum of the log odds of the known words, divided by the square root of their number. 0
        if no word is known."""
        found = [self._odds[word] for word in _words(text) if word in self._odds]
        return float(sum(found) / np.sqrt(len(found))) if found else 0.0


def _words(text: str) -> set[str]:
    return set(_WORD.findall(plain(text)))


def _counts(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in _words(text))

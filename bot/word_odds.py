"""The odds that a text is for the desk, by its words alone.

For the sentence encoder, "our oven shows an error" is near to "the printer shows an error". The
words show the difference: "oven" occurs only in texts that are not for the desk.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bot.text_features import plain

FEWEST = 2  # texts; a word that fewer texts have teaches nothing
UNSEEN = 0.5  # a number that is added to each count, so that its logarithm is finite
_WORD = re.compile(r"\w+")


class WordOdds:
    """The odds of each word: how often it occurs in texts on topics, compared with texts on other
    matters, as a logarithm."""

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
        """The odds from the arrays that `arrays` returned."""
        return cls(dict(zip(learned["odds_words"].tolist(), learned["odds"].tolist(), strict=True)))

    def arrays(self) -> dict[str, np.ndarray]:
        """The learned numbers, for storage."""
        words, odds = list(self._odds), list(self._odds.values())
        return {"odds_words": np.array(words, dtype=str), "odds": np.array(odds, dtype=np.float32)}

    def of(self, text: str) -> float:
        """The sum of the words' odds, divided by the square root of the number of words. 0 if no
        word is known."""
        found = [self._odds[word] for word in _words(text) if word in self._odds]
        return float(sum(found) / np.sqrt(len(found))) if found else 0.0


def _words(text: str) -> set[str]:
    return set(_WORD.findall(plain(text)))


def _counts(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in _words(text))

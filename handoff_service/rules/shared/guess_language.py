"""Guesses the language of a text from the n-grams of its words: pieces of one to four letters.

It is a naive Bayes classifier with the weights of language_ngrams.py. It also recognizes words that
are on no list, such as "Etikettendrucker", because their pieces are typical.
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from handoff_service.rules.shared.language_ngrams import LANGUAGES, NGRAMS
from handoff_service.rules.shared.language_words import folded

LONGEST = 300  # characters of a text that the guess uses
LONGEST_NGRAM = 4  # letters, with the marks at the start and end of a word
SCALE = 0.1  # less than 1, because the pieces of a word are not independent of each other
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_NO_WORDS = re.compile(r"https?://\S+|\S+@\S+|\w*\d\w*")  # addresses and codes


def guess(text: str) -> tuple[str, float]:
    """The likeliest language of the text, as a code, and its probability among the languages of the
    table."""
    sums = [0.0] * len(LANGUAGES)
    for word in words_of(text[:LONGEST]):
        for at, rarer in enumerate(_rarity_of(word)):
            sums[at] -= SCALE * rarer
    highest = max(sums)
    whole = sum(math.exp(one - highest) for one in sums)
    return LANGUAGES[sums.index(highest)], 1 / whole


def words_of(text: str) -> list[str]:
    """The words of the text in lower case and without accents."""
    return _WORD.findall(folded(_NO_WORDS.sub(" ", text)))


def ngrams_of(word: str) -> Iterator[str]:
    """The pieces of a word. An underscore marks its start and its end."""
    marked = f"_{word}_"
    for size in range(1, LONGEST_NGRAM + 1):
        for start in range(len(marked) - size + 1):
            yield marked[start : start + size]


@lru_cache(maxsize=5000)
def _rarity_of(word: str) -> tuple[int, ...]:
    """How much rarer the pieces of the word are in each language, added up."""
    weights = _weights()
    found = [weights[ngram] for ngram in ngrams_of(word) if ngram in weights]
    return tuple(map(sum, zip(*found, strict=True)))


@cache
def _weights() -> Mapping[str, tuple[int, ...]]:
    """n-gram -> how much rarer it is in each language than in the one that has it most often."""
    found = re.findall(r"(\D+)(\d+)", NGRAMS.replace("\n", " "))
    return {ngram.strip(): tuple(map(int, digits)) for ngram, digits in found}

"""Counts the words of a text, pairs of them and pieces of words, as tf-idf.

It uses scikit-learn. Rasa's own featurizer also counts the features of each token. This bot does
not need these counts, and they take a fifth of the training time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer, strip_accents_unicode

# A term that only one example has teaches nothing and costs memory.
SETTINGS = {"sublinear_tf": True, "min_df": 2}
KINDS = (
    {"analyzer": "word", "ngram_range": (1, 2)},
    # Pieces of words, so that "lapotp" is similar to "laptop". Single letters cost much time and
    # teach nothing.
    {"analyzer": "char_wb", "ngram_range": (2, 4)},
)
_NUMBER = re.compile(r"\b[0-9]+\b")
Arrays = dict[str, np.ndarray]


class TextFeatures:
    """Two vectorizers: one for words, one for pieces of words. Each row has the Euclidean norm
    1."""

    def __init__(self, vectorizers: Sequence[TfidfVectorizer]) -> None:
        self._vectorizers = vectorizers

    @classmethod
    def learn(cls, texts: Sequence[str]) -> tuple[TextFeatures, sp.csr_matrix]:
        """Learn the terms of the texts. Returns also the features of the texts."""
        made = [TfidfVectorizer(**SETTINGS, **kind, preprocessor=plain) for kind in KINDS]
        return cls(made), sp.hstack([one.fit_transform(texts) for one in made]).tocsr()

    @classmethod
    def load(cls, learned: Arrays) -> TextFeatures:
        """The features from the arrays that `arrays` returned."""
        made = []
        for n, kind in enumerate(KINDS):
            terms = {str(term): place for place, term in enumerate(learned[f"terms{n}"])}
            one = TfidfVectorizer(**SETTINGS, **kind, preprocessor=plain, vocabulary=terms)
            one.idf_ = learned[f"idf{n}"]
            made.append(one)
        return cls(made)

    def arrays(self) -> Arrays:
        """The learned numbers, for storage."""
        found: Arrays = {}
        for n, one in enumerate(self._vectorizers):
            found[f"terms{n}"], found[f"idf{n}"] = one.get_feature_names_out(), one.idf_
        return {name: np.asarray(found[name], dtype=_type(name)) for name in found}

    def of(self, texts: Sequence[str]) -> sp.csr_matrix:
        """One row for each text."""
        return sp.hstack([one.transform(texts) for one in self._vectorizers]).tocsr()


def _type(name: str) -> type:
    return str if name.startswith("terms") else np.float64


def plain(text: str) -> str:
    """The text in lower case without accents. 0000 replaces each number, so that all numbers count
    as one word."""
    return _NUMBER.sub("0000", strip_accents_unicode(text.lower()))

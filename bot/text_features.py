"""Computes tf-idf features of a text's words, pairs of words and parts of words.

This module uses scikit-learn directly. Rasa's own featurizer also computes features for each token.
The bot does not need them, and they take a fifth of the training time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer, strip_accents_unicode

# A term in only one example is useless for training and takes memory.
SETTINGS = {"sublinear_tf": True, "min_df": 2}
KINDS = (
    {"analyzer": "word", "ngram_range": (1, 2)},
    # Parts of words make "lapotp" similar to "laptop". Single letters take much time and are
    # useless for training.
    {"analyzer": "char_wb", "ngram_range": (2, 4)},
)
_NUMBER = re.compile(r"\b[0-9]+\b")
Arrays = dict[str, np.ndarray]


class TextFeatures:
    """Two vectorizers, one for words and one for parts of words. Each vectorizer's rows have the
    Euclidean norm 1."""

    def __init__(self, vectorizers: Sequence[TfidfVectorizer]) -> None:
        self._vectorizers = vectorizers

    @classmethod
    def learn(cls, texts: Sequence[str]) -> tuple[TextFeatures, sp.csr_matrix]:
        """Learn the terms of these texts. Returns the vectorizers and the features of the texts."""
        made = [TfidfVectorizer(**SETTINGS, **kind, preprocessor=plain) for kind in KINDS]
        return cls(made), sp.hstack([one.fit_transform(texts) for one in made]).tocsr()

    @classmethod
    def load(cls, learned: Arrays) -> TextFeatures:
        """Restore the vectorizers from the arrays that `arrays` returned."""
        made = []
        for n, kind in enumerate(KINDS):
            terms = {str(term): place for place, term in enumerate(learned[f"terms{n}"])}
            one = TfidfVectorizer(**SETTINGS, **kind, preprocessor=plain, vocabulary=terms)
            one.idf_ = learned[f"idf{n}"]
            made.append(one)
        return cls(made)

    def arrays(self) -> Arrays:
        """The learned terms and their weights, for storage."""
        found: Arrays = {}
        for n, one in enumerate(self._vectorizers):
            found[f"terms{n}"], found[f"idf{n}"] = one.get_feature_names_out(), one.idf_
        return {name: np.asarray(found[name], dtype=_type(name)) for name in found}

    def of(self, texts: Sequence[str]) -> sp.csr_matrix:
        """The features of the texts, one row for each text."""
        return sp.hstack([one.transform(texts) for one in self._vectorizers]).tocsr()


def _type(name: str) -> type:
    return str if name.startswith("terms") else np.float64


def plain(text: str) -> str:
    """The text in lower case and without accents. Each number becomes 0000, because all numbers
    count as the same word."""
    return _NUMBER.sub("0000", strip_accents_unicode(text.lower()))

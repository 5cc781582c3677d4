"""Merges training data without copying the examples.

Rasa merges the examples of files, stories and the domain step by step. In each step, it makes deep
copies of all examples, which takes seconds for ten thousand examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rasa.shared.nlu.training_data import util
from rasa.shared.nlu.training_data.training_data import TrainingData


@contextmanager
def shared_examples() -> Iterator[None]:
    """Inside the block, merged training data shares the examples with the data from which it was
    merged. Use this only if no code needs the separate data afterwards."""
    copying = TrainingData.merge
    TrainingData.merge = _merged
    try:
        yield
    finally:
        TrainingData.merge = copying


def _merged(first: TrainingData, *others: TrainingData | None) -> TrainingData:
    """`TrainingData.merge` without copies."""
    parts = [first, *(other for other in others if other)]
    synonyms = dict(first.entity_synonyms)
    for part in parts[1:]:
        for text, synonym in part.entity_synonyms.items():
            util.check_duplicate_synonym(synonyms, text, synonym, "merging training data")
        synonyms.update(part.entity_synonyms)
    responses = {name: texts for part in parts for name, texts in part.responses.items()}
    return TrainingData(
        [one for part in parts for one in part.training_examples],
        synonyms,
        [one for part in parts for one in part.regex_features],
        [one for part in parts for one in part.lookup_tables],
        responses,
    )

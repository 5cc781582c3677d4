"""The lock on the folder with the virtual agent's training data."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock the folder until the end of the ``with`` block. Other threads and processes on this
    machine wait for the lock. A thread that has the lock must not take it again."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

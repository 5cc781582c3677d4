"""The short form of the drill of power failures. ``make chaos`` runs the long form."""

import random
from pathlib import Path

import pytest

from tests.chaos.power_loss import lose_power, record
from tests.support.sqlite_recorder import (
    DISK_PAGE,
    Sync,
    Truncate,
    Write,
    after_power_loss,
    is_possible,
)

A, B = b"a" * DISK_PAGE, b"b" * DISK_PAGE


async def test_acknowledged_texts_survive_a_power_failure(tmp_path: Path) -> None:
    if not is_possible():
        pytest.skip("Python code cannot call the functions of this SQLite")
    recorder, base = await record(tmp_path, 24)
    found = lose_power(base, recorder.steps, every=6, seed=1)
    assert found.losses >= 16, "the drill must simulate a power failure"
    assert (found.lost, found.duplicated, found.broken) == (0, 0, 0)
    unsafe = [one for one in recorder.steps if not isinstance(one, Sync)]
    assert lose_power(base, unsafe, every=6, seed=1).lost > 0, "the drill must detect a lost text"


def test_only_synced_writes_survive() -> None:
    steps = [Write("wal", 0, A), Sync("wal"), Write("wal", DISK_PAGE, B), Write("db", 0, B)]
    assert after_power_loss({"db": A}, steps) == {"db": A, "wal": A}


def test_a_truncation_counts_like_a_write() -> None:
    steps = [Write("wal", 0, A + B), Sync("wal"), Truncate("wal", 0)]
    assert after_power_loss({}, steps) == {"wal": A + B}
    assert after_power_loss({}, [*steps, Sync("wal")]) == {"wal": b""}


def test_random_parts_of_a_write_survive() -> None:
    steps = [Write("wal", 0, A + B)]
    found = {
        bytes(after_power_loss({}, steps, random.Random(seed)).get("wal", b""))
        for seed in range(50)
    }
    assert found == {b"", A, A + B, bytes(DISK_PAGE) + B}

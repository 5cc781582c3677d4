"""The power fails while texts arrive, on SQLite. Every acknowledged text must survive. A recorder
keeps every write of SQLite and every fsync. The drill then simulates a power failure after each
acknowledgment, or in the short form after some of them. It rebuilds the files from the writes that
an fsync covers, once without later writes and several times with a random part of the later writes.
For each result, SQLite must find no fault, and every text that the service acknowledged earlier
must be stored exactly once.

The drill proves that the service acknowledges no text before SQLite has asked the disk to sync it.
It also proves that SQLite recovers, whichever part of the unsynced writes reached the disk.

The drill does not prove that the disk obeys an fsync, which consumer disks and some virtual disks
do not. It does not prove that the directory entry of a new file survives, and it does not cover
PostgreSQL and attached files. The texts go through the store's lane, which the webhook waits for
before it answers 200.

    python -m tests.chaos.power_loss
"""

import asyncio
import os
import random
import sqlite3
import sys
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import Heard, MovedClock, lay_out
from tests.support.sqlite_recorder import (
    Acknowledged,
    Recorder,
    Step,
    acknowledged,
    after_power_loss,
    healthy,
    is_possible,
    recording,
)
from tests.support.story import Story

TEXTS = int(os.environ.get("PATCHBOARD_CHAOS_POWER_TEXTS", "400"))
AT_ONCE = 8
# random variants of each power failure, in addition to the one that loses every unsynced write
RANDOM_TIMES = 3
FILE = "desk.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result of all simulated power failures."""

    losses: int
    lost: int
    duplicated: int
    broken: int  #: databases in which SQLite found a fault


async def record(folder: Path, texts: int) -> tuple[Recorder, dict[str, bytes]]:
    """Store texts, and record the writes. Also return the files' contents before the writes."""
    url = f"sqlite:///{folder / FILE}"
    await lay_out(url)
    # The WAL's shared memory does not survive a power failure.
    base = {one.name: one.read_bytes() for one in folder.iterdir() if one.suffix != ".db-shm"}
    with recording(folder) as recorder:
        store = Store(url, clock=MovedClock(), settings=OperationSettings(), after_commit=Heard())
        story, room = Story(store), asyncio.Semaphore(AT_ONCE)

        async def acknowledge_text(n: int) -> None:
            async with room:
                sid = f"SM{n:032x}"
                await story.text(f"text {n}", number=f"+1202555{n % 50:04d}", sid=sid)
                recorder.acknowledge(sid)

        await asyncio.gather(*(acknowledge_text(n) for n in range(texts)))
        store.close()
    return recorder, base


def lose_power(base: dict[str, bytes], recorded: list[Step], *, every: int, seed: int) -> Found:
    """Simulate a power failure after every n-th acknowledgment, and check the result."""
    chance = random.Random(seed)
    moments = [n for n, one in enumerate(recorded) if isinstance(one, Acknowledged)][::every]
    losses = lost = duplicated = broken = 0
    for moment in moments:
        steps = recorded[: moment + 1]
        for turn in range(1 + RANDOM_TIMES):
            losses += 1
            with tempfile.TemporaryDirectory() as folder:
                files = after_power_loss(base, steps, chance if turn else None)
                for name, content in files.items():
                    (Path(folder) / name).write_bytes(content)
                try:
                    stored = _stored(Path(folder) / FILE)
                except sqlite3.DatabaseError:
                    broken += 1
                    continue
            lost += len(acknowledged(steps) - stored.keys())
            duplicated += sum(times > 1 for times in stored.values())
    return Found(losses=losses, lost=lost, duplicated=duplicated, broken=broken)


def _stored(path: Path) -> Counter[str]:
    if not healthy(path):
        raise sqlite3.DatabaseError("integrity_check")
    with closing(sqlite3.connect(path)) as conn:
        query = "SELECT provider_sid FROM messages WHERE direction = 'inbound'"
        return Counter(sid for (sid,) in conn.execute(query))


def main() -> int:
    if not is_possible():
        print("power loss: not run, because Python code cannot call the functions of this SQLite")
        return 0
    seed = int(os.environ.get("PATCHBOARD_CHAOS_SEED", str(random.randrange(1_000_000))))
    with tempfile.TemporaryDirectory() as folder:
        recorder, base = asyncio.run(record(Path(folder), TEXTS))
    found = lose_power(base, recorder.steps, every=1, seed=seed)
    print(
        f"power loss: texts={TEXTS} losses={found.losses} lost={found.lost} "
        f"duplicated={found.duplicated} broken={found.broken} seed={seed}"
    )
    return int(bool(found.lost or found.duplicated or found.broken))


if __name__ == "__main__":
    sys.exit(main())

"""Power fails while texts come in, on SQLite: what was acknowledged is there afterwards.

A recorder keeps every write of SQLite and every fsync. Power then fails after each acknowledgment
(in the short form: after some): the files are made again from the writes that an fsync covers, once
with nothing else and several times with a random part of the rest. On each, SQLite must find no
fault, and every text that was acknowledged before must be stored, once.

What this proves: the service acknowledges no text before SQLite has asked the disk to keep it, and
SQLite recovers from any part of the writes that were still under way.

What it does not prove: that the disk obeys an fsync (consumer disks and some virtual ones do not),
that the directory entry of a new file survives, and anything about PostgreSQL or attached files.
The texts go through the store's lane, which the webhook waits for before it answers 200.

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
RANDOM_TIMES = 3  # at each loss of power, besides the loss of everything that was not synced
FILE = "desk.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result of the losses of power."""

    losses: int
    lost: int
    duplicated: int
    broken: int  #: databases in which SQLite found a fault


async def record(folder: Path, texts: int) -> tuple[Recorder, dict[str, bytes]]:
    """Take in texts and record it. Returns the files' contents before it, too."""
    url = f"sqlite:///{folder / FILE}"
    await lay_out(url)
    # the shared memory of the WAL is not kept on the disk
    base = {one.name: one.read_bytes() for one in folder.iterdir() if one.suffix != ".db-shm"}
    with recording(folder) as recorder:
        store = Store(url, clock=MovedClock(), settings=OperationSettings(), after_commit=Heard())
        story, room = Story(store), asyncio.Semaphore(AT_ONCE)

        async def one(n: int) -> None:
            async with room:
                sid = f"SM{n:032x}"
                await story.text(f"text {n}", number=f"+1202555{n % 50:04d}", sid=sid)
                recorder.acknowledge(sid)

        await asyncio.gather(*(one(n) for n in range(texts)))
        store.close()
    return recorder, base


def lose_power(base: dict[str, bytes], recorded: list[Step], *, every: int, seed: int) -> Found:
    """Lose power after every n-th acknowledgment, and compare."""
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
        print("power loss: not run, because this Python hides the functions of its SQLite")
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

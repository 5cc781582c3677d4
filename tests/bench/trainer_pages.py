"""Measures the trainer's pages with many stored turns and many texts to label. It measures the
service's processor time, because other programs on the machine do not add to it.
"""

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from sqlalchemy import Connection, insert

from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.rules.shared.vocabulary import ItemSource, ItemState, ModelState, TrainerLane
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from tests.bench import seed, size
from tests.bench.desks import GRACE, Desk, Desks, signed_in
from tests.bench.result import Result

TURNS = size(100_000, 20_000, "TURNS")
ITEMS = size(5_000, 1_000)
CONVERSATIONS = TURNS // 10
TIMES = size(20, 8)
MOST_MS = 100.0  # the limit for a page, from issue 15
MOST_LABEL_MS = 1000.0
TEACH = "/workspace/trainer"
PAGES = {
    "Teach": TEACH,
    "Teach, the waiting texts again": f"{TEACH}/queue?item=1",
    "Intents": f"{TEACH}/intents",
    "Intents, one intent": f"{TEACH}/intents/report_problem",
    "Replies": f"{TEACH}/replies",
    "Train and compare": f"{TEACH}/train",
    "Models": f"{TEACH}/models",
}
INTENTS = ("report_problem", "thanks", "case_status", "nlu_fallback", "unsure_topic", "greet")
WORDS = (
    "printer",
    "laptop",
    "screen",
    "badge",
    "lobby",
    "door",
    "light",
    "network",
    "mouse",
    "lamp",
)


def measure(desks: Desks) -> Iterator[Result]:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(ROOT / "data", root / "data")
        for name in ("domain.yml", "config.yml", "sms_check.yml"):
            shutil.copy(ROOT / name, root)
        desk = desks.desk(demo=True, BOT_DATA=str(root))
        _fill(desk.database)
        with signed_in(desk, GRACE) as trainer:
            for name, path in PAGES.items():
                took = _used(desk, lambda path=path: _get(trainer, desk.url + path))  # type: ignore[misc]
                yield _result(f"{name}, {TURNS:,} turns and {ITEMS:,} texts", desks.kind, took)
            took = _used(desk, lambda: _label(trainer, desk.url))
            what = "a label: written, with the new order of the waiting texts"
            yield _result(what, desks.kind, took, MOST_LABEL_MS)


def _result(what: str, kind: str, took: float, most: float = MOST_MS) -> Result:
    return Result(
        what=f"processor time of {what}",
        database=kind,
        value=took,
        unit="ms",
        low=took,
        high=took,
        budget=most,
    )


def _used(desk: Desk, ask: Callable[[], None]) -> float:
    """Return the service's processor time for one such request, in ms."""
    for _ in range(3):
        ask()
    before = desk.processor_seconds()
    for _ in range(TIMES):
        ask()
    return (desk.processor_seconds() - before) * 1000 / TIMES


def _get(trainer: requests.Session, url: str) -> None:
    trainer.get(url, timeout=60).raise_for_status()


def _label(trainer: requests.Session, url: str) -> None:
    page = trainer.get(f"{url}{TEACH}/card?lane=teach", timeout=60).text
    found = re.search(r'name="item" value="(\d+)">\s*<input type="hidden" name="lane"', page)
    token = re.search(r'name="csrf" value="(\w+)"', page)
    if found is None or token is None:
        raise RuntimeError("no text is waiting for a label")
    fields = {"item": found[1], "intent": "thanks", "example": f"cheers {found[1]} of you"}
    answer = trainer.post(
        f"{url}{TEACH}/label",
        data=fields | {"csrf": token[1], "lane": "teach"},
        headers={"HX-Request": "true"},
        timeout=60,
    )
    answer.raise_for_status()


def _fill(url: str) -> None:
    seed.closed_interactions(url, 1, CONVERSATIONS)
    opened = engine(url, size=1, writes=True)
    now = datetime.now(UTC)
    with opened.begin() as conn:
        conn.execute(
            insert(t.bot_models),
            [
                {
                    "hash": hash,
                    "state": state,
                    "file": f"{hash}.tar.gz",
                    "data_hash": hash,
                    "data_diff": "",
                    "note": "",
                    "trained_at": now - timedelta(days=days),
                    "since": now - timedelta(days=days),
                }
                for hash, state, days in (
                    ("aaaa1111", ModelState.KEPT, 14),
                    ("bbbb2222", ModelState.RUNNING, 7),
                )
            ],
        )
        conn.execute(
            insert(t.bot_promotions).values(
                model="bbbb2222",
                before="aaaa1111",
                kind="promote",
                at=now - timedelta(days=7),
            )
        )
        _turns(conn, now)
        _items(conn, now)
    opened.dispose()


def _turns(conn: Connection, now: datetime) -> None:
    """Insert turns of the last fourteen days, half of them for each model."""
    chance = random.Random(15)
    for ids in batched(range(1, TURNS + 1), 5000, strict=False):
        rows = []
        for n in ids:
            asked = now - timedelta(days=14 * (1 - n / TURNS))
            rows.append(
                {
                    "id": n,
                    "interaction_id": n % CONVERSATIONS + 1,
                    "epoch": 1,
                    "up_to_seq": 1,
                    "asked_at": asked,
                    "answered_at": asked,
                    "outcome": "answered",
                    "understood": {"intent": chance.choice(INTENTS), "confidence": 0.9},
                    "model": "aaaa1111" if n <= TURNS // 2 else "bbbb2222",
                }
            )
        conn.execute(insert(t.bot_turns), rows)


def _items(conn: Connection, now: datetime) -> None:
    """Insert waiting texts. Three of four are single, and the others are in clusters of about
    ten.
    """
    chance = random.Random(16)
    rows = []
    for n in range(1, ITEMS + 1):
        cluster = n if n % 4 else max(4, n - n % 40)
        text = " ".join(chance.choices(WORDS, k=6)) + f" {cluster}"
        rows.append(
            {
                "id": n,
                "bot_turn_id": TURNS - n + 1,
                "interaction_id": n % CONVERSATIONS + 1,
                "text": text,
                "fold": text,
                "lane": TrainerLane.AUDIT if n % 10 == 9 else TrainerLane.TEACH,
                "source": chance.choice(list(ItemSource)),
                "weight": chance.random(),
                "margin": chance.random(),
                "intent": "nlu_fallback",
                "confidence": 0.3,
                "ranking": [["thanks", 0.3], ["bye", 0.2], ["greet", 0.1]],
                "model": "bbbb2222",
                "requester": json.dumps(n % 900),
                "cluster": cluster,
                "state": ItemState.WAITING,
                "created_at": now,
            }
        )
    for some in batched(rows, 1000, strict=False):
        conn.execute(insert(t.trainer_items), list(some))

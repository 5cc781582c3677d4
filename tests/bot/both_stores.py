"""Runs the same conversations on Rasa's own SQL tracker store and on `BoundedTrackerStore`. Run by
.venv-bot, not by pytest.

Usage: both_stores.py MODEL.tar.gz ACTIONS_URL TOKEN, from the repository's root. Each conversation
is scripted or 50 turns at random: problems, asides inside the form, undo (`/back`), restart. After
each turn both must have sent the same replies and have the same state. Prints "all well" and a list
of the checks.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
import structlog
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.tracker_store import SQLTrackerStore
from rasa.utils.endpoints import EndpointConfig

from bot import action_result
from bot.compaction import OLD_TURNS, WHOLE_TURNS
from bot.tracker_store import BoundedTrackerStore
from bot.tracker_tables import Checkpoint

action_result.install()
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

TURNS, SEEDS = 50, range(2)
TEXTS = (
    *(
        "my laptop won't start",
        "i have a problem",
        "the thing on my desk",
        "printer is jammed",
        "it is slow",
    ),
    *(
        "cant work at all",
        "i can work for now",
        '/inform_impact{"impact":"blocked"}',
        "laptop died, i can't work",
    ),
    *("hello", "thx", "what can you do", "bye", "ok", "nope", "qwerty", "tell me a joke"),
    *("/back", "/back", "/back", "/restart", "let me talk to a human"),
)
LONG_FORM = [
    "i have a problem",
    *["hello", "thx", "qwerty", "what can you do"] * 5,
    "it makes a noise",
    "the door",
]
SCRIPTS = {
    "a form with many asides": [*LONG_FORM, "/back", "hello", "i can work for now"],
    "undone again and again": ["hello", "thx", "bye", "ok"] * 6
    + ["/back"] * (WHOLE_TURNS + OLD_TURNS)
    + ["hello"],
    "restarted in a long form": [
        *LONG_FORM,
        "/restart",
        "hello",
        "i have a problem",
        "the roof leaks",
    ],
    **{
        f"random {seed}": [random.Random(100 * seed + n).choice(TEXTS) for n in range(TURNS)]
        for seed in SEEDS
    },
}


class BotWithStore:
    """A whole bot that uses one of the stores."""

    def __init__(self, model: str, store: SQLTrackerStore, actions: EndpointConfig) -> None:
        self.store = store
        self.agent = Agent.load(model, tracker_store=store, action_endpoint=actions)

    async def says(self, sender: str, text: str) -> list[str]:
        collector = CollectingOutputChannel()
        await self.agent.handle_message(UserMessage(text, collector, sender, input_channel="sms"))
        return [message.get("text", "") for message in collector.messages]

    async def state(self, sender: str) -> dict[str, object]:
        tracker = await self.store.retrieve(sender)
        loop = tracker.active_loop
        return {
            "slots": tracker.current_slot_values(),
            "loop": (loop.name, loop.rejected, loop.is_interrupted) if loop else None,
            "paused": tracker.is_paused(),
            "action": tracker.latest_action_name,
            "followup": tracker.followup_action,
        }


async def main(model: str, actions_url: str, token: str) -> None:
    actions = EndpointConfig(actions_url, headers={"Authorization": f"Bearer {token}"})
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("stock.db", "bounded.db")]
        stock = BotWithStore(model, SQLTrackerStore(db=files[0]), actions)
        bounded = BotWithStore(model, BoundedTrackerStore(db=files[1]), actions)
        for name, texts in SCRIPTS.items():
            for n, text in enumerate(texts, start=1):
                where = f"{name}, turn {n}, {text!r}"
                said = [await side.says(name, text) for side in (stock, bounded)]
                assert said[0] == said[1], (where, said)
                states = [await side.state(name) for side in (stock, bounded)]
                assert states[0] == states[1], (where, states)
        await check_the_bounded_store(bounded.store)
        await check_that_a_lost_database_is_an_error(bounded)
    print(f"all well: {sum(map(len, SCRIPTS.values()))} turns in {len(SCRIPTS)} conversations")


async def check_the_bounded_store(store: BoundedTrackerStore) -> None:
    """Check that the store made checkpoints and still has every event."""
    with store.session_scope() as session:
        long_ones = {row.sender_id for row in session.query(Checkpoint)}
    assert long_ones == set(SCRIPTS), long_ones
    for name, said in SCRIPTS.items():
        full = await store.retrieve_full_tracker(name)
        short = await store.retrieve(name)
        texts = [event.text for event in full.events if event.type_name == "user"]
        assert texts == said, name
        kept = [event for event in short.events if event.type_name == "user"]
        assert len(kept) <= 2 * WHOLE_TURNS + OLD_TURNS + said.count("/back"), (name, len(kept))


async def check_that_a_lost_database_is_an_error(side: BotWithStore) -> None:
    """Lose the database and expect an error. Rasa's own store would continue in memory, as if the
    conversation had just begun.
    """
    with side.store.session_scope() as session:
        session.execute(sa.text("DROP TABLE events"))
        session.commit()
    try:
        said = await side.says("random 0", "hello")
    except sa.exc.OperationalError:
        return
    raise AssertionError(said)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

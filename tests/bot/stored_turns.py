"""Checks how the bot's tracker store stores turns, on SQLite or PostgreSQL. Run by .venv-bot, not
by pytest.

Usage: stored_turns.py URL FILE. URL: of a PostgreSQL database, or empty for the SQLite FILE. Prints
"all well", or ends with the assertion that failed.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted, UserUttered
from rasa.shared.exceptions import RasaException

from bot.compaction import WHOLE_TURNS
from bot.open_turn import Overtaken, open_turn
from bot.tracker_store import BoundedTrackerStore
from bot.tracker_tables import Checkpoint, StoredTurn

REMEMBERED = 5


def open_store(url: str, file: str) -> BoundedTrackerStore:
    return BoundedTrackerStore(Domain.empty(), url, file, remembered_turns=REMEMBERED)


async def says(store: BoundedTrackerStore, sender: str, *texts: str) -> str:
    """Do the work of a turn, which saves after each text. Return the number of texts so far."""
    for text in texts:
        tracker = await store.get_or_create_tracker(sender)
        tracker.update_with_events([UserUttered(text), ActionExecuted("action_listen")], None)
        await store.save(tracker)
    return str(len(await texts_of(store, sender)))


async def texts_of(store: BoundedTrackerStore, sender: str) -> list[str]:
    tracker = await store.retrieve_full_tracker(sender)
    return [event.text for event in tracker.events if event.type_name == "user"] if tracker else []


async def a_turn_is_stored_once(here: BoundedTrackerStore, there: BoundedTrackerStore) -> None:
    for store in (here, there, here):
        assert await store.once("ann", "1", lambda: says(here, "ann", "hi", "there")) == "2"
    assert await there.once("ann", "2", lambda: says(there, "ann", "bye")) == "3"
    assert await there.once("bob", "1", lambda: says(there, "bob", "hi")) == "1"
    assert await texts_of(here, "ann") == ["hi", "there", "bye"]
    for _ in range(2):  # turns without an id
        await here.once("cy", None, lambda: says(here, "cy", "hi"))
    assert await texts_of(there, "cy") == ["hi", "hi"]


async def a_failed_turn_stores_nothing(here: BoundedTrackerStore) -> None:
    async def fails() -> str:
        assert await says(here, "dee", "hi", "there") == "2"
        raise ValueError

    for _ in range(2):
        try:
            await here.once("dee", "1", fails)
        except ValueError:
            assert await texts_of(here, "dee") == []
        assert open_turn.get() is None
    assert await here.once("dee", "1", lambda: says(here, "dee", "hi")) == "1"


async def the_first_of_two_stored_turns_wins(
    here: BoundedTrackerStore, there: BoundedTrackerStore
) -> None:
    """Two stores run the same turn, and both get the first stored answer. Then one store stores a
    turn while another one runs at the other store.
    """
    both = TwoTurnBarrier()

    async def run(store: BoundedTrackerStore, answer: str) -> str:
        await says(store, "eve", "hi")
        await both.wait()
        return answer

    given = {here: "from here", there: "from there"}
    answers = await asyncio.gather(
        *(store.once("eve", "1", lambda s=store, a=a: run(s, a)) for store, a in given.items())
    )
    assert answers[0] == answers[1], answers
    assert await texts_of(here, "eve") == ["hi"]

    async def slow() -> str:
        await says(here, "eve", "slow")
        await there.once("eve", "3", lambda: says(there, "eve", "fast"))
        return "done"

    try:
        await here.once("eve", "2", slow)
    except Overtaken:
        assert await texts_of(here, "eve") == ["hi", "fast"]
    else:
        raise AssertionError("the slow turn was stored")
    assert await here.once("eve", "2", lambda: says(here, "eve", "slow")) == "3"


class TwoTurnBarrier:
    """A barrier where two turns wait for each other, because Python 3.10 has no asyncio.Barrier."""

    def __init__(self) -> None:
        self._missing, self._full = 2, asyncio.Event()

    async def wait(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._full.set()
        await self._full.wait()


async def old_answers_are_deleted(store: BoundedTrackerStore) -> None:
    for number in range(REMEMBERED * 2):
        await store.once("fay", str(number), lambda: says(store, "fay", "hi"))
    with store.session_scope() as session:
        assert session.query(StoredTurn).count() == REMEMBERED
        assert session.query(Checkpoint).filter_by(sender_id="fay").count() == 1
    tracker = await store.retrieve("fay")
    assert sum(event.type_name == "user" for event in tracker.events) <= 2 * WHOLE_TURNS + 3
    assert len(await texts_of(store, "fay")) == REMEMBERED * 2


async def the_order_of_events_and_not_their_time_begins_a_session(
    store: BoundedTrackerStore,
) -> None:
    """Here the session began on a host whose clock was ahead."""
    tracker = await store.get_or_create_tracker("gus")
    ahead = [ActionExecuted("action_session_start", timestamp=2e9), SessionStarted(timestamp=2e9)]
    tracker.update_with_events([UserUttered("old", timestamp=1.0), *ahead], None)
    tracker.update_with_events([UserUttered("new", timestamp=3.0)], None)
    await store.save(tracker)
    kept = await store.retrieve("gus")
    assert [event.text for event in kept.events if event.type_name == "user"] == ["new"]


async def unusual_names_and_texts_are_stored(store: BoundedTrackerStore) -> None:
    intent = {"intent": {"name": "x\0" * 300}}
    tracker = await store.get_or_create_tracker("hal")
    tracker.update_with_events([UserUttered("a\0b\U0001f600", parse_data=intent)], None)
    await store.save(tracker)
    assert await texts_of(store, "hal") == ["a\0b\U0001f600"]


async def a_forgotten_turn_runs_again(
    here: BoundedTrackerStore, there: BoundedTrackerStore
) -> None:
    await here.once("ida", "1", lambda: says(here, "ida", "hi"))
    assert there.forget(["ida", "nobody"]) > 1
    assert there.forget(["ida"]) == 0
    assert await here.once("ida", "1", lambda: says(here, "ida", "hi")) == "1"


def an_unusable_address_stops_the_start(url: str) -> None:
    """Rasa treats some errors like a missing store and would continue in memory."""
    said = ""
    try:
        open_store(f"{url}?colour=red", "")
    except RasaException as error:
        said = str(error)
    assert "colour" in said


async def main(url: str, file: str) -> None:
    with ThreadPoolExecutor(4) as pool:  # bots that start together create the tables only once
        here, there, *_ = pool.map(lambda _: open_store(url, file), range(4))
    await a_turn_is_stored_once(here, there)
    await a_failed_turn_stores_nothing(here)
    await the_first_of_two_stored_turns_wins(here, there)
    await old_answers_are_deleted(here)
    await the_order_of_events_and_not_their_time_begins_a_session(here)
    await unusual_names_and_texts_are_stored(there)
    await a_forgotten_turn_runs_again(here, there)
    if url:
        an_unusable_address_stops_the_start(url)
    print("all well")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""The SQL tracker store of Rasa 3.6.21, with four changes.

1. For each message, Rasa loads and replays the whole session, which takes 0.75 ms for every earlier
   message. An SMS conversation is one session, even if it lasts for months. This store loads a long
   session from a checkpoint: a few events that lead to the same state (`compacted`), and all events
   since then. It still stores every event; see `retrieve_full_tracker`.
2. If the database fails, Rasa continues in memory with a wrong state. This store raises the error.
   The channel then answers 500, and the service hands the conversation to a person.
3. For each event that it loads, Rasa searches all event classes. This store caches the class of
   each name.
4. Rasa stores the events of a turn in several steps, and does not store the turn's answer. This
   store writes the events and the answer in one transaction at the end of the turn. A repeated turn
   then gets the stored answer from any bot that shares the database; see `once`.

Changes 2 and 3 replace methods of Rasa (bot/tracker_store_patches.py), and change 1 depends on how
Rasa replays events (bot/compaction.py). Therefore this store requires this exact version of Rasa.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.orm import Query, Session, sessionmaker

from bot.compaction import WHOLE_TURNS, compacted
from bot.open_turn import OpenTurn, Overtaken, open_turn, turn_of
from bot.tracker_database import create_tables, lock, open_database
from bot.tracker_store_patches import install
from bot.tracker_tables import LONGEST_NAME, Checkpoint, StoredTurn

logger = logging.getLogger(__name__)

REMEMBERED_TURNS = 10_000  # the number of answers that are kept, over all conversations


class BoundedTrackerStore(SQLTrackerStore):
    """The store of bot/endpoints.yml."""

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        db: str = "rasa.db",
        event_broker: EventBroker | None = None,
        remembered_turns: int = REMEMBERED_TURNS,
        **kwargs: Any,
    ) -> None:
        """`host`: a `postgresql://` URL. If it is empty or None, `db` is the path of a SQLite file.
        Rasa requires these parameter names."""
        self.engine = open_database(host or "", db)
        create_tables(self.engine, self.Base.metadata, logger)
        self.sessionmaker = sessionmaker(bind=self.engine)
        self._remembered_turns = remembered_turns
        TrackerStore.__init__(self, domain, event_broker, **kwargs)

    async def once(
        self, sender_id: str, turn_id: str | None, run: Callable[[], Awaitable[str]]
    ) -> str:
        """Run a turn, store its events and its answer in one transaction, and return the answer.

        If the turn is already stored, this returns the stored answer and does not run the turn. A
        turn without an id runs each time. If two processes run the same turn at the same time, the
        process that ends first stores the turn, and both return its answer.

        Raises Overtaken and the errors of `run`. After an error, nothing is stored.
        """
        if turn_id is not None:
            found = await asyncio.to_thread(self._stored_answer, sender_id, turn_id)
            if found is not None:
                return found
        turn = OpenTurn(sender_id)
        before = open_turn.set(turn)
        try:
            answer = await run()
        finally:
            open_turn.reset(before)
        return await asyncio.to_thread(self._store, turn, turn_id, answer)

    def _stored_answer(self, sender_id: str, turn_id: str) -> str | None:
        with self.session_scope() as session:
            return self._answer_of(session, sender_id, turn_id)

    def _answer_of(self, session: Session, sender_id: str, turn_id: str) -> str | None:
        turn = StoredTurn
        kept = session.query(turn.answer).filter(
            turn.sender_id == sender_id, turn.turn_id == turn_id
        )
        return kept.scalar()

    async def _retrieve(
        self, sender_id: str, fetch_events_from_all_sessions: bool
    ) -> DialogueStateTracker | None:
        load = self._load_all if fetch_events_from_all_sessions else self._load
        events, prefix, last = await asyncio.to_thread(load, sender_id)
        turn = turn_of(sender_id)
        if turn is not None:
            if not turn.is_loaded:
                turn.is_loaded, turn.last_event = True, last
            events += [json.loads(row.data) for row in turn.rows]
        if not fetch_events_from_all_sessions:
            starts = [n for n, one in enumerate(events) if one["event"] == SessionStarted.type_name]
            if starts and starts[-1]:
                events, prefix = events[starts[-1] :], 0
        if not events:
            return None
        return _known(DialogueStateTracker.from_dict(sender_id, events, self.domain.slots), prefix)

    def _load_all(self, sender_id: str) -> tuple[list[dict[str, Any]], int, int | None]:
        event = self.SQLEvent
        with self.session_scope() as session:
            found = self._event_query(session, sender_id, True)
            rows = found.with_entities(event.id, event.data).all()
        return [json.loads(data) for _, data in rows], 0, rows[-1][0] if rows else None

    def _load(self, sender_id: str) -> tuple[list[dict[str, Any]], int, int | None]:
        """Return three values: the events of the latest session, the number of its first events
        that replace earlier ones, and the id of the last stored event."""
        event = self.SQLEvent
        with self.session_scope() as session:
            checkpoint = session.get(Checkpoint, sender_id)
            if checkpoint is None:
                stored, prefix, last = [], 0, None
                found = self._event_query(session, sender_id, False)
            else:
                stored, prefix = json.loads(checkpoint.data), checkpoint.prefix
                last = checkpoint.event_id
                found = session.query(event).filter(event.sender_id == sender_id, event.id > last)
                found = found.order_by(event.id)
            rows = found.with_entities(event.id, event.data).all()
        events = [*stored, *(json.loads(data) for _, data in rows)]
        return events, prefix, rows[-1][0] if rows else last

    def _event_query(
        self, session: Session, sender_id: str, fetch_events_from_all_sessions: bool
    ) -> Query:
        """The stored events of a conversation, or of its latest session.

        Rasa finds the session by timestamps. This store finds it by ids, because the clocks of two
        hosts differ.
        """
        event = self.SQLEvent
        found = session.query(event).filter(event.sender_id == sender_id)
        if not fetch_events_from_all_sessions:
            start = session.query(sa.func.max(event.id)).filter(
                event.sender_id == sender_id, event.type_name == SessionStarted.type_name
            )
            found = found.filter(event.id >= sa.func.coalesce(start.scalar_subquery(), 0))
        return found.order_by(event.id)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Collect the new events until the end of the turn, or store them at once if there is no
        turn. Raises database errors."""
        await self.stream_events(tracker)
        turn = turn_of(tracker.sender_id)
        kept = turn or OpenTurn(tracker.sender_id)
        kept.rows += [self._row(tracker.sender_id, event) for event in self._new_events(tracker)]
        kept.tracker = _known(tracker, getattr(tracker, "prefix", 0))
        if turn is None:
            await asyncio.to_thread(self._store, kept, None, "")

    def _store(self, turn: OpenTurn, turn_id: str | None, answer: str) -> str:
        """Store the events and the answer of a turn, and a checkpoint if the session is long.
        Returns the stored answer. Raises Overtaken."""
        with self.session_scope() as session:
            lock(session, turn.sender_id)
            if turn_id is not None:
                found = self._answer_of(session, turn.sender_id, turn_id)
                if found is not None:  # another process stored the turn first
                    return found
            if turn.is_loaded and self._last_event(session, turn.sender_id) != turn.last_event:
                raise Overtaken
            session.add_all(turn.rows)
            session.flush()
            if turn.rows and turn.tracker is not None:
                self._add_checkpoint(session, turn.tracker, turn.rows[-1].id)
            if turn_id is not None:
                self._remember(session, turn.sender_id, turn_id, answer)
            session.commit()
        return answer

    def _last_event(self, session: Session, sender_id: str) -> int | None:
        event = self.SQLEvent
        found = session.query(event.id).filter(event.sender_id == sender_id)
        return found.order_by(event.id.desc()).limit(1).scalar()

    def _add_checkpoint(self, session: Session, tracker: DialogueStateTracker, last: int) -> None:
        prefix: int = tracker.prefix  # type: ignore[attr-defined]
        whole = itertools.islice(tracker.events, prefix, None)
        if sum(isinstance(event, UserUttered) for event in whole) <= 2 * WHOLE_TURNS:
            return
        events, prefix = compacted(tracker)
        data = json.dumps([event.as_dict() for event in events])
        session.merge(
            Checkpoint(sender_id=tracker.sender_id, event_id=last, prefix=prefix, data=data)
        )

    def _remember(self, session: Session, sender_id: str, turn_id: str, answer: str) -> None:
        """Store the answer to a turn. Delete answers beyond the limit, the oldest first."""
        turn = StoredTurn
        added = turn(sender_id=sender_id, turn_id=turn_id, answer=answer)
        session.add(added)
        session.flush()
        old = session.query(turn.id).filter(turn.id <= added.id - self._remembered_turns)
        # Skip rows that another process is already deleting.
        old = old.with_for_update(skip_locked=True)
        session.query(turn).filter(turn.id.in_(old)).delete(synchronize_session=False)

    def forget(self, sender_ids: Sequence[str]) -> int:
        """Delete all events, checkpoints and answers of these conversations. In SQLite, also remove
        their bytes from the file. Returns the number of deleted events. Blocks."""
        deleted = {}
        with self.session_scope() as session:
            lock(session, *sender_ids)
            for kind in (self.SQLEvent, Checkpoint, StoredTurn):
                deleted[kind] = sum(
                    session.query(kind)
                    .filter(kind.sender_id == sender_id)
                    .delete(synchronize_session=False)
                    for sender_id in sender_ids
                )
            session.commit()
        if any(deleted.values()) and self.engine.dialect.name == "sqlite":
            raw = self.engine.raw_connection()
            try:
                raw.isolation_level = None
                raw.execute("VACUUM")
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                raw.close()
        return deleted[self.SQLEvent]

    def _row(self, sender_id: str, event: Event) -> SQLTrackerStore.SQLEvent:
        data = event.as_dict()
        return self.SQLEvent(
            sender_id=sender_id,
            type_name=event.type_name,
            timestamp=data.get("timestamp"),
            intent_name=_name(data.get("parse_data", {}).get("intent", {}).get("name")),
            action_name=_name(data.get("name")),
            data=json.dumps(data),
        )

    def _new_events(self, tracker: DialogueStateTracker) -> list[Event]:
        """The events since the tracker was last loaded or saved. If this store did not load the
        tracker, compare the tracker with the stored events, as Rasa does."""
        known = getattr(tracker, "known_events", None)
        if known is None:
            with self.session_scope() as session:
                return list(self._additional_events(session, tracker))
        return list(itertools.islice(tracker.events, known, None))


def _name(value: str | None) -> str | None:
    """The name without null characters and shortened, because PostgreSQL cannot store it otherwise.
    A name can come from a requester's text, such as `/intent`."""
    return value and value.replace("\0", "")[:LONGEST_NAME]


def store_below(store: Any) -> BoundedTrackerStore | None:
    """The `BoundedTrackerStore` inside Rasa's wrappers. None if the server uses another store."""
    while store is not None and not isinstance(store, BoundedTrackerStore):
        store = getattr(store, "_tracker_store", None)
    return store


def _known(tracker: DialogueStateTracker, prefix: int) -> DialogueStateTracker:
    """Record in the tracker how many events it has now, and how many of its first events replace
    earlier ones. Returns the tracker."""
    tracker.known_events, tracker.prefix = len(tracker.events), prefix  # type: ignore[attr-defined]
    return tracker


install()

"""Rasa 3.6.21's SQL tracker store, with a bounded cost per message and with an error when the
database is down.

1. Rasa loads and replays a whole session for each message, which costs 0.75 ms for every earlier
   message. An SMS conversation is one session for months. This store loads a long session from a
   checkpoint: a few events with the same state (`compacted`), and all events since. It still stores
   every event; see `retrieve_full_tracker`.
2. When the database fails, Rasa continues in memory with a wrong state. This store raises the
   error. The channel answers 500, and the service hands the conversation to a person.
3. Rasa searches all event classes for each event that it loads. This module caches the class of
   each name.

2 and 3 replace methods of Rasa, and 1 depends on Rasa's replay, so this module requires this exact
version of Rasa.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import rasa
import sqlalchemy as sa
from rasa.core.tracker_store import FailSafeTrackerStore, SQLTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    ConversationPaused,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.action_result import RASA_VERSION, WrongRasaVersion

# a checkpoint keeps all events of this many last turns, and is made when there are twice as many
WHOLE_TURNS = 3
# of this many turns before them it keeps the applied events only, for undo and for the policies
OLD_TURNS = 3
# Kinds of events that count once in an old turn, so only the last one is kept. Slot events also
# count once, for each slot.
KEPT_ONCE = ("bot", "action_execution_rejected", "entities", "user_featurization")

# The trackers that were saved in the present turn. The channel sets a list before a turn. None: the
# trackers are not collected.
saved_trackers: ContextVar[list[DialogueStateTracker] | None] = ContextVar(
    "saved_trackers", default=None
)


def compacted(tracker: DialogueStateTracker) -> tuple[list[Event], int]:
    """Fewer events that lead to the same state, now and later, as all events of a tracker. Returns
    them, and how many of them replace the past. After those come all events of the last turns: at
    least WHOLE_TURNS turns, and enough that no undo in them reaches further back.
    """
    events = since_session_start(tracker.events)
    cut = _cut(events)
    past = tracker.init_copy()
    for event in events[:cut]:
        past.update(event)
    prefix = _prefix(past)
    return [*prefix, *events[cut:]], len(prefix)


def since_session_start(events: Iterable[Event]) -> list[Event]:
    """The events of the latest session, which are those that Rasa's own store loads."""
    kept = list(events)
    starts = [at for at, event in enumerate(kept) if isinstance(event, SessionStarted)]
    return kept[starts[-1] :] if starts else kept


def _cut(events: Sequence[Event]) -> int:
    """The index at which the last turns begin, with the `action_listen` before a text."""
    begins = [
        at - 1 if at and _listens(events[at - 1]) else at
        for at, event in enumerate(events)
        if isinstance(event, UserUttered)
    ]
    for begin in reversed(begins[: max(len(begins) - WHOLE_TURNS + 1, 0)]):
        if not _undoes_what_is_before(events[begin:]):
            return begin
    return 0


def _listens(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME


def _undoes_what_is_before(events: Sequence[Event]) -> bool:
    """Whether an undo in these events reaches an event before them. An undo removes a turn or a
    single action."""
    done: list[Event] = []
    for event in events:
        if isinstance(event, (Restarted, SessionStarted)):
            return False  # events before a restart do not count
        wanted: tuple[type[Event], ...] = ()
        if isinstance(event, UserUtteranceReverted):
            wanted = (UserUttered, ActionExecuted)
        elif isinstance(event, ActionReverted):
            wanted = (ActionExecuted,)
        for kind in wanted:
            while done and not isinstance(done[-1], kind):
                done.pop()
            if not done:
                return True
            done.pop()
        if not wanted:
            done.append(event)
    return False


def _prefix(past: DialogueStateTracker) -> list[Event]:
    """A few events that replace the past: the slots, the active form, and the applied events of the
    last turns."""
    applied = past.applied_events()
    texts = [at for at, event in enumerate(applied) if isinstance(event, UserUttered)]
    at = texts[-OLD_TURNS] if len(texts) > OLD_TURNS else 0
    if at and _listens(applied[at - 1]):
        at -= 1
    before = past.init_copy()
    for event in applied[:at]:
        before.update(event)
    return [*_state(before), *_turns(applied[at:])]


def _state(tracker: DialogueStateTracker) -> list[Event]:
    """The state of a tracker as events."""
    fresh = {name: slot.initial_value for name, slot in tracker.slots.items()}
    made: list[Event] = [
        SlotSet(name, value)
        for name, value in tracker.current_slot_values().items()
        if value != fresh[name]
    ]
    if tracker.active_loop is not None and tracker.active_loop.name:
        made.append(ActiveLoop(tracker.active_loop.name))
    if tracker.is_paused():
        made.append(ConversationPaused())
    return made


def _turns(applied: Sequence[Event]) -> list[Event]:
    """The events without those that a later event of the same turn replaces. Rasa applies all
    answers of a form in the turn that began the form."""
    kept: list[Event] = []
    seen: set[tuple[str, str]] = set()
    for event in reversed(applied):
        name = event.key if isinstance(event, SlotSet) else ""
        if isinstance(event, UserUttered):
            seen.clear()
        elif name or event.type_name in KEPT_ONCE:
            if (event.type_name, name) in seen:
                continue
            seen.add((event.type_name, name))
        kept.append(event)
    return kept[::-1]


class BoundedTrackerStore(SQLTrackerStore):
    """The store of bot/endpoints.yml, with the settings of Rasa's own `SQL` store."""

    class Checkpoint(SQLTrackerStore.Base):
        """Events that replace those of a conversation up to `event_id`."""

        __tablename__ = "checkpoints"

        sender_id = sa.Column(sa.String(255), primary_key=True)
        event_id = sa.Column(sa.Integer, nullable=False)  # the last stored event that it covers
        prefix = sa.Column(sa.Integer, nullable=False)  # how many events of `data` replace the past
        data = sa.Column(sa.Text, nullable=False)  # a JSON list of events

    async def _retrieve(
        self, sender_id: str, fetch_events_from_all_sessions: bool
    ) -> DialogueStateTracker | None:
        if fetch_events_from_all_sessions:
            return await super()._retrieve(sender_id, True)
        event = self.SQLEvent
        with self.session_scope() as session:
            checkpoint = session.get(self.Checkpoint, sender_id)
            if checkpoint is None:
                rows = self._event_query(session, sender_id, False).with_entities(event.data).all()
                stored, prefix = [], 0
            else:
                newer = session.query(event.data).filter(
                    event.sender_id == sender_id, event.id > checkpoint.event_id
                )
                rows = newer.order_by(event.id).all()
                stored, prefix = json.loads(checkpoint.data), checkpoint.prefix
        events = [*stored, *(json.loads(data) for (data,) in rows)]
        starts = [at for at, one in enumerate(events) if one["event"] == SessionStarted.type_name]
        if starts and starts[-1]:
            events, prefix = events[starts[-1] :], 0
        if not events:
            return None
        return _known(DialogueStateTracker.from_dict(sender_id, events, self.domain.slots), prefix)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store the new events, and a checkpoint when the session has grown long. Raises the errors
        of the database."""
        await self.stream_events(tracker)
        with self.session_scope() as session:
            last = None
            for event in self._additional_events(session, tracker):
                last = self._row(tracker.sender_id, event)
                session.add(last)
            whole = list(itertools.islice(tracker.events, getattr(tracker, "prefix", 0), None))
            if (
                last is not None
                and sum(isinstance(event, UserUttered) for event in whole) > 2 * WHOLE_TURNS
            ):
                session.flush()
                events, prefix = compacted(tracker)
                data = json.dumps([event.as_dict() for event in events])
                session.merge(
                    self.Checkpoint(
                        sender_id=tracker.sender_id, event_id=last.id, prefix=prefix, data=data
                    )
                )
            session.commit()
        _known(tracker, getattr(tracker, "prefix", 0))
        saved = saved_trackers.get()
        if saved is not None:
            saved.append(tracker)

    def forget(self, sender_ids: Sequence[str]) -> int:
        """Delete all events and checkpoints of these conversations, also their bytes in SQLite's
        file. Returns the number of events. Blocks."""
        event, checkpoint = self.SQLEvent, self.Checkpoint
        deleted = 0
        with self.session_scope() as session:
            for sender_id in sender_ids:
                rows = session.query(event).filter(event.sender_id == sender_id)
                deleted += rows.delete(synchronize_session=False)
                rows = session.query(checkpoint).filter(checkpoint.sender_id == sender_id)
                rows.delete(synchronize_session=False)
            session.commit()
        if deleted and self.engine.dialect.name == "sqlite":
            raw = self.engine.raw_connection()
            try:
                raw.isolation_level = None
                raw.execute("VACUUM")
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                raw.close()
        return deleted

    def _row(self, sender_id: str, event: Event) -> SQLTrackerStore.SQLEvent:
        data = event.as_dict()
        return self.SQLEvent(
            sender_id=sender_id,
            type_name=event.type_name,
            timestamp=data.get("timestamp"),
            intent_name=data.get("parse_data", {}).get("intent", {}).get("name"),
            action_name=data.get("name"),
            data=json.dumps(data),
        )

    def _additional_events(self, session: Any, tracker: DialogueStateTracker) -> Iterator[Event]:
        """The events since the tracker was loaded or saved. A tracker from elsewhere is compared
        with the stored events, as in Rasa."""
        known = getattr(tracker, "known_events", None)
        if known is None:
            return super()._additional_events(session, tracker)
        return itertools.islice(tracker.events, known, None)


def store_below(store: Any) -> BoundedTrackerStore | None:
    """The store of this module inside the wrappers that Rasa puts around it."""
    while store is not None and not isinstance(store, BoundedTrackerStore):
        store = getattr(store, "_tracker_store", None)
    return store


def _known(tracker: DialogueStateTracker, prefix: int) -> DialogueStateTracker:
    """The tracker, with the number of its events that are stored, and of those that replace the
    past."""
    tracker.known_events, tracker.prefix = len(tracker.events), prefix  # type: ignore[attr-defined]
    return tracker


def install() -> None:
    """Replace the methods of Rasa. Raises WrongRasaVersion."""
    if rasa.__version__ != RASA_VERSION:
        raise WrongRasaVersion(
            f"bot/tracker_store.py is made for Rasa {RASA_VERSION} and this is "
            f"{rasa.__version__}. Compare "
            "SQLTrackerStore, FailSafeTrackerStore, DialogueStateTracker.applied_events and "
            "Event.resolve_by_type "
            "with it, then change RASA_VERSION."
        )

    def away(self: FailSafeTrackerStore, error: Exception) -> None:
        raise error

    FailSafeTrackerStore.on_tracker_store_error = away  # type: ignore[method-assign]
    FailSafeTrackerStore.on_tracker_store_retrieve_error = away  # type: ignore[method-assign]
    if not hasattr(Event.resolve_by_type, "cache_info"):
        Event.resolve_by_type = staticmethod(functools.lru_cache(None)(Event.resolve_by_type))  # type: ignore[method-assign]


install()

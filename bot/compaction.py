"""Compacts a long session into a few events that lead to the same state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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

# A checkpoint keeps all events of this many last turns. The store writes a new checkpoint once it
# would load more than twice as many turns with all their events.
WHOLE_TURNS = 3
# Of this many turns before the last ones, a checkpoint keeps only the applied events, for undo and
# for the policies.
OLD_TURNS = 3
# Kinds of events of which only the last one in an old turn matters, so only that one is kept. For
# slot events, the same is true for each slot.
KEPT_ONCE = ("bot", "action_execution_rejected", "entities", "user_featurization")


def compacted(tracker: DialogueStateTracker) -> tuple[list[Event], int]:
    """Compact a tracker's events. Returns a shorter list of events that leads to the same state,
    now and after further events, and the number of its first events that replace earlier ones.

    The rest of the list is all events of the last turns: at least WHOLE_TURNS turns, and so many
    that no undo in them reaches further back.
    """
    events = since_session_start(tracker.events)
    cut = _cut(events)
    past = tracker.init_copy()
    for event in events[:cut]:
        past.update(event)
    prefix = _prefix(past)
    return [*prefix, *events[cut:]], len(prefix)


def since_session_start(events: Iterable[Event]) -> list[Event]:
    """The events of the latest session. Rasa's own store loads the same events."""
    kept = list(events)
    starts = [at for at, event in enumerate(kept) if isinstance(event, SessionStarted)]
    return kept[starts[-1] :] if starts else kept


def _cut(events: Sequence[Event]) -> int:
    """The index at which the last turns begin. A turn begins with the `action_listen` before its
    text."""
    begins = [
        at - 1 if at and _listens(events[at - 1]) else at
        for at, event in enumerate(events)
        if isinstance(event, UserUttered)
    ]
    for begin in reversed(begins[: max(len(begins) - WHOLE_TURNS + 1, 0)]):
        if not _undoes_earlier_events(events[begin:]):
            return begin
    return 0


def _listens(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME


def _undoes_earlier_events(events: Sequence[Event]) -> bool:
    """Whether an undo in these events reaches back to earlier events. An undo removes a turn or a
    single action."""
    done: list[Event] = []
    for event in events:
        if isinstance(event, (Restarted, SessionStarted)):
            return False  # a restart makes earlier events irrelevant
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
    """The few events that replace the past: the slots, the active form, and the applied events of
    the last OLD_TURNS turns."""
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
    """The events, without each event that a later event of the same turn replaces. All answers to a
    form count as events of the turn that began the form, as in Rasa's applied events."""
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

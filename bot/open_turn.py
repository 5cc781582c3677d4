"""The turn that runs in the current task. Its events are stored when it ends."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from rasa.shared.core.trackers import DialogueStateTracker


class Overtaken(RuntimeError):
    """The turn was not stored, because another process stored events of the same conversation while
    the turn ran."""


@dataclass
class OpenTurn:
    """A running turn. It collects events, which are stored when it ends."""

    sender_id: str
    is_loaded: bool = False
    # the id of the last stored event when the turn loaded the conversation
    last_event: int | None = None
    rows: list[Any] = field(default_factory=list)  # the saved events
    tracker: DialogueStateTracker | None = None  # the tracker of the last save


# The turn of the current task. None: the store writes every save at once.
open_turn: ContextVar[OpenTurn | None] = ContextVar("open_turn", default=None)


def turn_of(sender_id: str) -> OpenTurn | None:
    """The turn of the current task, if it is a turn of this conversation."""
    turn = open_turn.get()
    return turn if turn is not None and turn.sender_id == sender_id else None

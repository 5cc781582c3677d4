"""Interaction states and their transitions. Any transition that is missing here is impossible."""

from collections.abc import Mapping
from enum import StrEnum

from handoff_service.rules.shared.vocabulary import State


class Transition(StrEnum):
    """What can change an interaction's state."""

    REQUESTER_WRITES = "the requester writes"
    AGENT_TAKES = "a live agent accepts it, takes it over or writes first"
    HANDED_BACK = "it is handed back to the virtual agent"
    PUT_ON_HOLD = "a live agent puts it on hold"
    TAKE_OFF_HOLD = "a live agent takes it off hold"
    HOLD_ENDS = "its hold ends at the set time"
    CLOSE_COMPLETE = "it is closed as complete"
    CLOSE_ABANDONED = "it is closed as abandoned"
    UNDO_CLOSE = "the agent who closed it reopens it at once"
    REPORTED_AGAIN = "the requester texts that it is still broken"
    ACTION_HOLDS = "a messaging action puts it on hold"
    ACTION_RESUMES = "a messaging action sets it to work in progress"


# Allowed in every active state, because an admin's messaging action may set any state.
_ALWAYS = {
    Transition.CLOSE_COMPLETE: State.CLOSED_COMPLETE,
    Transition.CLOSE_ABANDONED: State.CLOSED_ABANDONED,
    Transition.ACTION_HOLDS: State.ON_HOLD,
    Transition.ACTION_RESUMES: State.WORK_IN_PROGRESS,
}
_REOPENS = {
    Transition.UNDO_CLOSE: State.WORK_IN_PROGRESS,
    Transition.REPORTED_AGAIN: State.WORK_IN_PROGRESS,
}
TRANSITIONS: Mapping[State, Mapping[Transition, State]] = {
    State.NEW: {
        Transition.REQUESTER_WRITES: State.NEW,
        Transition.AGENT_TAKES: State.WORK_IN_PROGRESS,
        Transition.HANDED_BACK: State.NEW,
        **_ALWAYS,
    },
    State.WORK_IN_PROGRESS: {
        Transition.REQUESTER_WRITES: State.WORK_IN_PROGRESS,
        Transition.AGENT_TAKES: State.WORK_IN_PROGRESS,
        Transition.HANDED_BACK: State.WORK_IN_PROGRESS,
        Transition.PUT_ON_HOLD: State.ON_HOLD,
        Transition.TAKE_OFF_HOLD: State.WORK_IN_PROGRESS,
        **_ALWAYS,
    },
    State.ON_HOLD: {
        Transition.REQUESTER_WRITES: State.WORK_IN_PROGRESS,
        Transition.AGENT_TAKES: State.WORK_IN_PROGRESS,
        Transition.HANDED_BACK: State.WORK_IN_PROGRESS,
        Transition.PUT_ON_HOLD: State.ON_HOLD,
        Transition.TAKE_OFF_HOLD: State.WORK_IN_PROGRESS,
        Transition.HOLD_ENDS: State.WORK_IN_PROGRESS,
        **_ALWAYS,
    },
    State.CLOSED_COMPLETE: _REOPENS,
    State.CLOSED_ABANDONED: _REOPENS,
}

# The transition for each state that an agent asks for.
AGENT_TRANSITIONS: Mapping[State, Transition] = {
    State.WORK_IN_PROGRESS: Transition.TAKE_OFF_HOLD,
    State.ON_HOLD: Transition.PUT_ON_HOLD,
    State.CLOSED_COMPLETE: Transition.CLOSE_COMPLETE,
    State.CLOSED_ABANDONED: Transition.CLOSE_ABANDONED,
}
ACTION_TRANSITIONS: Mapping[State, Transition] = {
    **AGENT_TRANSITIONS,
    State.WORK_IN_PROGRESS: Transition.ACTION_RESUMES,
    State.ON_HOLD: Transition.ACTION_HOLDS,
}


def next_state(state: State, transition: Transition) -> State | None:
    """The state after ``transition``. None when the table has no such transition."""
    return TRANSITIONS[state].get(transition)

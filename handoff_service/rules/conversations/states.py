"""Interaction states and their transitions. Any transition that is missing here is impossible."""

from collections.abc import Mapping
from enum import StrEnum

from handoff_service.rules.shared.vocabulary import State


class Act(StrEnum):
    """Something that can happen to an interaction's state."""

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
    Act.CLOSE_COMPLETE: State.CLOSED_COMPLETE,
    Act.CLOSE_ABANDONED: State.CLOSED_ABANDONED,
    Act.ACTION_HOLDS: State.ON_HOLD,
    Act.ACTION_RESUMES: State.WORK_IN_PROGRESS,
}
_REOPENS = {
    Act.UNDO_CLOSE: State.WORK_IN_PROGRESS,
    Act.REPORTED_AGAIN: State.WORK_IN_PROGRESS,
}
TABLE: Mapping[State, Mapping[Act, State]] = {
    State.NEW: {
        Act.REQUESTER_WRITES: State.NEW,
        Act.AGENT_TAKES: State.WORK_IN_PROGRESS,
        Act.HANDED_BACK: State.NEW,
        **_ALWAYS,
    },
    State.WORK_IN_PROGRESS: {
        Act.REQUESTER_WRITES: State.WORK_IN_PROGRESS,
        Act.AGENT_TAKES: State.WORK_IN_PROGRESS,
        Act.HANDED_BACK: State.WORK_IN_PROGRESS,
        Act.PUT_ON_HOLD: State.ON_HOLD,
        Act.TAKE_OFF_HOLD: State.WORK_IN_PROGRESS,
        **_ALWAYS,
    },
    State.ON_HOLD: {
        Act.REQUESTER_WRITES: State.WORK_IN_PROGRESS,
        Act.AGENT_TAKES: State.WORK_IN_PROGRESS,
        Act.HANDED_BACK: State.WORK_IN_PROGRESS,
        Act.PUT_ON_HOLD: State.ON_HOLD,
        Act.TAKE_OFF_HOLD: State.WORK_IN_PROGRESS,
        Act.HOLD_ENDS: State.WORK_IN_PROGRESS,
        **_ALWAYS,
    },
    State.CLOSED_COMPLETE: _REOPENS,
    State.CLOSED_ABANDONED: _REOPENS,
}

# The transition for each state that an agent asks for.
ACTS: Mapping[State, Act] = {
    State.WORK_IN_PROGRESS: Act.TAKE_OFF_HOLD,
    State.ON_HOLD: Act.PUT_ON_HOLD,
    State.CLOSED_COMPLETE: Act.CLOSE_COMPLETE,
    State.CLOSED_ABANDONED: Act.CLOSE_ABANDONED,
}
ACTION_ACTS: Mapping[State, Act] = {
    **ACTS,
    State.WORK_IN_PROGRESS: Act.ACTION_RESUMES,
    State.ON_HOLD: Act.ACTION_HOLDS,
}


def moved(state: State, act: Act) -> State | None:
    """The state after ``act``. None when the table has no such transition."""
    return TABLE[state].get(act)

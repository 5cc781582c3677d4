"""The states of an interaction: what moves each of them to which. What is not in the table is not possible."""

from collections.abc import Mapping
from enum import StrEnum

from handoff_service.rules.vocabulary import State


class Act(StrEnum):
    """What can happen to an interaction's state."""

    REQUESTER_WRITES = "the requester writes"
    AGENT_TAKES = "a live agent accepts it, takes it over or writes first"
    GIVEN_BACK = "it goes back to the virtual agent"
    PUT_ON_HOLD = "a live agent puts it on hold"
    TAKE_OFF_HOLD = "a live agent takes it off hold"
    CLOSE_COMPLETE = "it is closed as complete"
    CLOSE_ABANDONED = "it is closed as abandoned"


_CLOSING = {Act.CLOSE_COMPLETE: State.CLOSED_COMPLETE, Act.CLOSE_ABANDONED: State.CLOSED_ABANDONED}
TABLE: Mapping[State, Mapping[Act, State]] = {
    State.NEW: {
        Act.REQUESTER_WRITES: State.NEW,
        Act.AGENT_TAKES: State.WORK_IN_PROGRESS,
        Act.GIVEN_BACK: State.NEW,
        **_CLOSING,
    },
    State.WORK_IN_PROGRESS: {
        Act.REQUESTER_WRITES: State.WORK_IN_PROGRESS,
        Act.AGENT_TAKES: State.WORK_IN_PROGRESS,
        Act.GIVEN_BACK: State.WORK_IN_PROGRESS,
        Act.PUT_ON_HOLD: State.ON_HOLD,
        Act.TAKE_OFF_HOLD: State.WORK_IN_PROGRESS,
        **_CLOSING,
    },
    State.ON_HOLD: {
        Act.REQUESTER_WRITES: State.WORK_IN_PROGRESS,
        Act.AGENT_TAKES: State.WORK_IN_PROGRESS,
        Act.GIVEN_BACK: State.WORK_IN_PROGRESS,
        Act.PUT_ON_HOLD: State.ON_HOLD,
        Act.TAKE_OFF_HOLD: State.WORK_IN_PROGRESS,
        **_CLOSING,
    },
    State.CLOSED_COMPLETE: {},
    State.CLOSED_ABANDONED: {},
}

# How a wish for a state is meant.
ACTS: Mapping[State, Act] = {
    State.WORK_IN_PROGRESS: Act.TAKE_OFF_HOLD,
    State.ON_HOLD: Act.PUT_ON_HOLD,
    State.CLOSED_COMPLETE: Act.CLOSE_COMPLETE,
    State.CLOSED_ABANDONED: Act.CLOSE_ABANDONED,
}


def moved(state: State, act: Act) -> State | None:
    """The state after an act; None where the table has no such move."""
    return TABLE[state].get(act)

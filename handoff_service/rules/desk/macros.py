"""Macros: several changes to a conversation with one click."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from handoff_service.rules.delivery.sms_characters import is_visible, nothing_visible
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.placeholders import PEOPLE
from handoff_service.rules.shared.vocabulary import CLOSED, State

LONGEST_NOTE = 1600  # characters
STATES = (
    State.WORK_IN_PROGRESS,
    State.ON_HOLD,
    State.CLOSED_COMPLETE,
    State.CLOSED_ABANDONED,
)


class MacroStep(StrEnum):
    """The steps of a macro, in the order in which they run. The state changes last, because agents
    cannot text or assign a closed conversation. The values are the steps' English names on pages.
    """

    TEXT = "Send the text"
    LABEL = "Add the label"
    NOTE = "Add the note"
    ASSIGN = "Assign it"
    STATE = "Change the state"


class AfterMacro(StrEnum):
    """The page that the workspace shows after the macro."""

    STAY = "stay"
    NEXT = "next"


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroFields:
    """A macro as an admin defines it. Steps that are not set are left out."""

    name: str
    template_id: int | None = None
    label_id: int | None = None
    #: may contain placeholders
    note: str | None = None
    state: State | None = None
    #: how long the hold lasts; only with the state on hold
    hold_for: timedelta | None = None
    #: assigned to the agent who runs it
    to_me: bool = False
    to_agent_id: int | None = None
    to_queue_id: int | None = None
    then: AfterMacro = AfterMacro.STAY

    @property
    def assigns(self) -> bool:
        return self.to_me or self.to_agent_id is not None or self.to_queue_id is not None


def steps(macro: MacroFields) -> tuple[MacroStep, ...]:
    """The macro's steps, in order."""
    has = {
        MacroStep.TEXT: macro.template_id is not None,
        MacroStep.LABEL: macro.label_id is not None,
        MacroStep.NOTE: macro.note is not None,
        MacroStep.ASSIGN: macro.assigns,
        MacroStep.STATE: macro.state is not None,
    }
    return tuple(step for step in MacroStep if has[step])


def errors(macro: MacroFields, attributes: Collection[str] | None = None) -> dict[str, str]:
    """Field -> its error. Empty if the macro can be saved. ``attributes``: the fields of the desk's
    attributes; None: they are not checked."""
    found: dict[str, str] = {}
    if not steps(macro):
        found["template_id"] = phrase(
            "choose at least one step: a text, a label, a note, an assignment or a state"
        )
    if macro.note is not None and (wrong := _note_error(macro.note, attributes)):
        found["note"] = wrong
    if macro.state is not None and macro.state not in STATES:
        found["state"] = phrase("must be one of {names}", names=", ".join(STATES))
    elif macro.state in CLOSED and macro.assigns:
        found["state"] = phrase(
            "a closed conversation has no agent: remove the assignment or the state"
        )
    elif macro.state is State.ON_HOLD and macro.to_queue_id is not None:
        found["state"] = phrase(
            "a conversation in a queue cannot be on hold: remove one of the two"
        )
    if macro.hold_for is not None and macro.state is not State.ON_HOLD:
        found["hold_for"] = phrase("must be empty, or the state must be “on hold”")
    chosen = (macro.to_me, macro.to_agent_id is not None, macro.to_queue_id is not None)
    if sum(chosen) > 1:
        found["to_me"] = phrase("choose one: the agent who runs it, another agent, or a queue")
    return found


def _note_error(note: str, attributes: Collection[str] | None) -> str | None:
    if not is_visible(note):
        return nothing_visible(note)
    if len(note) > LONGEST_NOTE:
        return phrase(
            "must be at most {most} characters; it has {number}",
            most=LONGEST_NOTE,
            number=len(note),
        )
    return placeholders.error(note, PEOPLE, attributes)

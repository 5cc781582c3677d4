"""The rules of macros, and the results of the command palette."""

from datetime import timedelta
from typing import Any

import pytest

from handoff_service.rules.desk.command_palette import PaletteEntry, matching
from handoff_service.rules.desk.macros import MacroFields, MacroStep, errors, steps
from handoff_service.rules.shared.vocabulary import State

DAY = timedelta(days=1)


def macro(**given: Any) -> MacroFields:
    return MacroFields(name="Fixed", **given)


def test_steps_run_in_a_fixed_order_and_closing_is_last() -> None:
    every = macro(state=State.ON_HOLD, to_me=True, note="N", label_id=1, template_id=1)
    assert steps(every) == tuple(MacroStep)
    assert steps(macro(state=State.CLOSED_COMPLETE, template_id=1)) == (
        MacroStep.TEXT,
        MacroStep.STATE,
    )


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, "template_id"),
        ({"note": " \n"}, "note"),
        ({"note": "{requester.age}"}, "note"),
        ({"note": "x" * 1601}, "note"),
        ({"state": State.NEW}, "state"),
        ({"state": State.CLOSED_ABANDONED, "to_me": True}, "state"),
        ({"state": State.ON_HOLD, "to_queue_id": 1}, "state"),
        ({"state": State.WORK_IN_PROGRESS, "hold_for": DAY}, "hold_for"),
        ({"to_me": True, "to_agent_id": 1}, "to_me"),
        ({"to_agent_id": 1, "to_queue_id": 1}, "to_me"),
        ({"state": State.ON_HOLD, "hold_for": DAY, "to_agent_id": 1}, None),
        ({"note": "Told {requester.name}"}, None),
    ],
)
def test_a_macro_that_cannot_run_cannot_be_saved(given: dict[str, Any], wrong: str | None) -> None:
    assert list(errors(macro(**given))) == ([wrong] if wrong else [])


COMMANDS = (
    PaletteEntry(label="Send later", other_words="schedule"),
    PaletteEntry(label="Quiet hours", detail="Desk settings", other_words="pull-back"),
    PaletteEntry(label="Opt-out words", detail="Desk settings"),
    PaletteEntry(label="Close the conversation", other_words="end"),
)


@pytest.mark.parametrize(
    ("typed", "labels"),
    [
        ("", ["Send later", "Quiet hours", "Opt-out words", "Close the conversation"]),
        ("QUIET h", ["Quiet hours"]),
        ("out", ["Opt-out words"]),
        ("opt-out", ["Opt-out words"]),
        ("pull-back", ["Quiet hours"]),
        ("later sch", ["Send later"]),
        ("desk", []),
        ("con", ["Close the conversation"]),
        ("c", ["Close the conversation"]),
        ("w", ["Opt-out words"]),
        ("nd", []),
    ],
)
def test_the_palette_matches_the_beginnings_of_words(typed: str, labels: list[str]) -> None:
    assert [one.label for one in matching(COMMANDS, typed, 9)] == labels

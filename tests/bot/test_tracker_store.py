"""The bounded tracker store answers as Rasa's own does, and reports a lost database."""

from __future__ import annotations

from pathlib import Path

from tests.bot.action_endpoint import ActionEndpoint
from tests.support.bot_programs import run_program


def test_the_same_conversations_on_both_stores(
    home: Path, model: Path, actions: ActionEndpoint
) -> None:
    """Forms with many asides, undo and restart in them, 190 turns: the same words and the same
    state after each."""
    done = run_program(
        *("-m", "tests.bot.both_stores", model, actions.url, actions.token),
        home=home,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "all well" in done.stdout

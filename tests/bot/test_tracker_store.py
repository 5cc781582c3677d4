"""The bounded tracker store answers as Rasa's own store does, and reports a lost database."""

from __future__ import annotations

from pathlib import Path

from tests.bot.action_endpoint import ActionEndpoint
from tests.support.bot_programs import run_program


def test_the_same_conversations_on_both_stores(
    home: Path, model: Path, actions: ActionEndpoint
) -> None:
    """190 turns with forms, many asides, undo and restart. After each turn both stores have the
    same replies and the same state.
    """
    done = run_program(
        *("-m", "tests.bot.both_stores", model, actions.url, actions.token),
        home=home,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "all well" in done.stdout

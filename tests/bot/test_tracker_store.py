"""The bounded tracker store answers as Rasa's own does, and reports a lost database."""

from __future__ import annotations

import subprocess
from pathlib import Path

from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.rasa_environment import environment
from tests.bot.action_endpoint import ActionEndpoint
from tests.support.rasa_server import BOT_PYTHON


def test_the_same_conversations_on_both_stores(
    home: Path, model: Path, actions: ActionEndpoint
) -> None:
    """Forms with many asides, undo and restart in them, 190 turns: the same words and the same
    state after each."""
    done = subprocess.run(
        [BOT_PYTHON, "-m", "tests.bot.both_stores", str(model), actions.url, actions.token],
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "all well" in done.stdout

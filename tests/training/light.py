"""A small bot that trains in seconds, for tests of what happens to models."""

from __future__ import annotations

import shutil
from pathlib import Path

from handoff_service.bot_control import rasa_cli
from tests.support.rasa_server import need_bot_environment

LIGHT = Path(__file__).parent / "light_bot"


def data_folder(where: Path) -> Path:
    """A copy of its data that a test may change."""
    return Path(shutil.copytree(LIGHT, where / "bot_data"))


def teach(root: Path, intent: str, *examples: str) -> None:
    """Write examples below an intent."""
    path = root / "data" / "nlu.yml"
    lines = path.read_text().splitlines(keepends=True)
    at = lines.index(f"  - intent: {intent}\n") + 2
    lines[at:at] = [f"      - {example}\n" for example in examples]
    path.write_text("".join(lines))


def trained(home: Path, root: Path) -> Path:
    need_bot_environment()
    return rasa_cli.train(home, root)

"""A small bot that trains in seconds, for tests of models."""

from __future__ import annotations

import shutil
from pathlib import Path

from handoff_service.bot_control import model_folder, rasa_cli
from handoff_service.bot_control.fingerprint import ROOT, fingerprint
from handoff_service.bot_control.workbench import Workbench
from tests.support.rasa_server import need_bot_environment

LIGHT = Path(__file__).parent / "light_bot"
KEPT = ROOT / ".cache" / "rasa" / "light"


def data_folder(where: Path) -> Path:
    """Copy the small bot's data, so that a test may change it."""
    return Path(shutil.copytree(LIGHT, where / "bot_data"))


def teach(root: Path, intent: str, *examples: str) -> None:
    """Add examples to an intent."""
    path = root / "data" / "nlu.yml"
    lines = path.read_text().splitlines(keepends=True)
    at = lines.index(f"  - intent: {intent}\n") + 2
    lines[at:at] = [f"      - {example}\n" for example in examples]
    path.write_text("".join(lines))


def trained(home: Path, root: Path, bench: Workbench | None = None) -> Path:
    """Return a model of this data in ``home``. The model is trained once and then copied, because
    training takes 20 s. ``bench``: the process that trains it.
    """
    need_bot_environment()
    models = model_folder.folder(home)
    KEPT.mkdir(parents=True, exist_ok=True)
    made = fingerprint(model_folder.data_of(root))
    for file in KEPT.glob(f"{made}*"):
        shutil.copy2(file, models)
    model = rasa_cli.train(home, root, bench=bench)
    for file in models.glob(f"{made}*"):
        part = KEPT / f".{home.parent.name}-{file.name}"
        shutil.copy2(file, part)
        part.rename(KEPT / file.name)  # Another test may copy it meanwhile.
    return model

"""The bot's own environment: train, check and run Rasa there. The service speaks to it by HTTP only."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from handoff_service.errors import SetupError
from handoff_service.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
RASA = ROOT / ".venv-bot" / "bin" / "rasa"
SOURCES = ("config.yml", "domain.yml", "data")
_STEP = re.compile(r"Starting to train component '(\w+)'")
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONPATH": str(ROOT),
}


def fingerprint() -> str:
    """A hash of everything that a model is made from: the same hash needs no new training."""
    digest = hashlib.sha256()
    for path in sorted(
        p for source in SOURCES for p in ([ROOT / source] if "." in source else (ROOT / source).rglob("*.yml"))
    ):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def model(settings: Settings) -> Path:
    """Where the model for the present data is, or will be."""
    return settings.home / "models" / f"{fingerprint()}.tar.gz"


def check(settings: Settings) -> None:
    """Validate the trainers' data. SetupError when it is not fit to train on."""
    _rasa(settings, ["data", "validate", "--data", "data", "--domain", "domain.yml", "--config", "config.yml"])


def train(settings: Settings, *, force: bool = False) -> Path:
    """The model for the present data, trained if it is not there yet."""
    target = model(settings)
    if force or not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        arguments = ["train", "--config", "config.yml", "--domain", "domain.yml", "--data", "data"]
        _rasa(
            settings,
            [*arguments, "--out", str(target.parent), "--fixed-model-name", target.name.removesuffix(".tar.gz")],
        )
        for old in target.parent.glob("*.tar.gz"):
            if old != target:
                old.unlink()
    return target


def command(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """The command and environment that serve the model at PATCHBOARD_BOT_URL's port, on loopback."""
    if settings.bot_url is None:
        raise SetupError("PATCHBOARD_BOT_URL is empty: there is no virtual agent to run.")
    _installed()
    port = urlsplit(settings.bot_url).port or 5005
    arguments = ["run", "-i", "127.0.0.1", "-p", str(port), "--model", str(model(settings))]
    files = ["--credentials", "bot/credentials.yml", "--endpoints", "bot/endpoints.yml"]
    environment = {
        **_environment(settings),
        "PATCHBOARD_BOT_TOKEN": settings.bot_token,
        "PATCHBOARD_ACTIONS_URL": f"http://{settings.host}:{settings.port}/bot/actions",
        "PATCHBOARD_BOT_TRACKER_DB": str(settings.home / "bot-tracker.db"),
    }
    return [str(RASA), *arguments, *files], environment


def _rasa(settings: Settings, arguments: Sequence[str]) -> None:
    """Run Rasa. Its hundreds of lines go to a log; what it is working on is shown."""
    _installed()
    written = settings.home / "logs" / f"rasa-{arguments[0]}.log"
    written.parent.mkdir(parents=True, exist_ok=True)
    with written.open("w") as log:
        process = subprocess.Popen(
            [str(RASA), *arguments],
            cwd=ROOT,
            env=_environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        for line in process.stdout or ():
            log.write(line)
            step = _STEP.search(line)
            if step:
                show_progress(f"{arguments[0]}: {step[1]}")
    if process.wait() != 0:
        last = "".join(written.read_text().splitlines(keepends=True)[-15:])
        raise SetupError(f"rasa {arguments[0]} failed. The end of {written}:\n{last}")


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, **QUIET, "RASA_CACHE_DIRECTORY": str(settings.home / "bot-cache")}


def _installed() -> None:
    if not RASA.exists():
        raise SetupError("The bot's environment is missing. Make it with: make setup-bot")


def show_progress(text: str) -> None:
    """A line of progress for whoever started a long command."""
    print(f"-> {text}", file=sys.stderr, flush=True)

"""Trains, checks and runs Rasa in the bot's own environment. The service talks to it over HTTP
only."""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from handoff_service.bot_control import bot_text_lint, nlu_texts
from handoff_service.bot_control.nlu_texts import MeasuredText
from handoff_service.errors import SetupError
from handoff_service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
RASA = ROOT / ".venv-bot" / "bin" / "rasa"
SOURCES = (
    "config.yml",
    "domain.yml",
    "data",
    *(
        f"bot/{part}.py"
        for part in (
            *("sentence_encoder", "sentence_classifier", "asked"),
            *("confidence_gate", "handoff_pattern", "nearness_gate"),
        )
    ),
)
_STEP = re.compile(r"Starting to train component '([\w ]+)'")
# Variables a program needs to run, to find its libraries, and to use as many cores as allowed.
_INHERITED = re.compile(
    r"PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|SHELL|TERM|LD_LIBRARY_PATH|SSL_CERT_\w+"
    r"|REQUESTS_CA_BUNDLE|XDG_\w+"
    r"|NO_PROXY|no_proxy|(OMP|MKL|OPENBLAS|NUMEXPR|TF|CUDA|RASA|PYTHON)_?\w*"
)
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONPATH": str(ROOT),
}


def fingerprint() -> str:
    """A hash of everything a model is made from. The same hash needs no new training."""
    digest = hashlib.sha256()
    for path in sorted(
        p
        for source in SOURCES
        for p in ([ROOT / source] if "." in source else (ROOT / source).rglob("*.yml"))
    ):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def model(home: Path) -> Path:
    """The path of the model for the current data, whether or not it exists."""
    return home / "models" / f"{fingerprint()}.tar.gz"


def check(home: Path) -> int:
    """Validate the training data and lint the virtual agent's texts. Returns the number of texts.

    SetupError when a text is unfit for SMS or the data is unfit for training.
    """
    texts = bot_text_lint.check(ROOT)
    _rasa(
        home,
        ["data", "validate", "--data", "data", "--domain", "domain.yml", "--config", "config.yml"],
    )
    return texts


def measure(home: Path, config: str = "config.yml") -> tuple[float, list[MeasuredText]]:
    """How well a config file's pipeline understands texts: seconds of training, and each measured
    text.

    Takes some minutes: it trains a model for each fold and one of all examples.
    """
    out = home / "nlu-measured.json"
    held_out = sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "bot").glob("held_out_*.yml")
    )
    arguments = ["-m", "bot.measure_understanding", config, str(out), *held_out]
    _run([str(RASA.with_name("python")), *arguments], home, "nlu")
    return nlu_texts.read(out)


def train(home: Path, *, force: bool = False) -> Path:
    """The model for the current data, trained now (about 40 s) unless it exists. Older models are
    deleted."""
    target = model(home)
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / ".training").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second process waits and finds the first one's model
        if target.exists() and not force:
            return target
        half_done = f"training-{os.getpid()}"
        arguments = ["train", "--config", "config.yml", "--domain", "domain.yml", "--data", "data"]
        _rasa(home, [*arguments, "--out", str(target.parent), "--fixed-model-name", half_done])
        (target.parent / f"{half_done}.tar.gz").rename(target)
        for old in target.parent.glob("*.tar.gz"):
            if old != target:
                old.unlink()
    return target


def actions_url(settings: Settings) -> str:
    """The address where the service runs the bot's custom actions."""
    return f"http://{settings.host}:{settings.port}/bot/actions"


def command(settings: Settings, number: int = 1) -> tuple[list[str], dict[str, str]]:
    """The command and environment that serve the model on loopback, at the port of the n-th address
    in PATCHBOARD_BOT_URL (default: the first)."""
    if not settings.bot_urls:
        raise SetupError("PATCHBOARD_BOT_URL is empty: there is no virtual agent to run.")
    if not 1 <= number <= len(settings.bot_urls):
        raise SetupError(
            f"PATCHBOARD_BOT_URL has {len(settings.bot_urls)} addresses; there is no number "
            f"{number}."
        )
    _installed()
    port = urlsplit(settings.bot_urls[number - 1]).port or 5005
    arguments = ["run", "-i", "127.0.0.1", "-p", str(port), "--model", str(model(settings.home))]
    files = ["--credentials", "bot/credentials.yml", "--endpoints", "bot/endpoints.yml"]
    given = {
        **environment(settings.home),
        "PATCHBOARD_BOT_TOKEN": settings.bot_token,
        "PATCHBOARD_ACTIONS_URL": actions_url(settings),
        "PATCHBOARD_BOT_TRACKER_DB": str(settings.home / "bot-tracker.db"),
    }
    return [str(RASA), *arguments, *files], given


def _rasa(home: Path, arguments: Sequence[str]) -> None:
    _run([str(RASA), *arguments], home, arguments[0])


def _run(command: Sequence[str], home: Path, name: str) -> None:
    """Run a program of the bot's environment. Its long output goes to a log; only the progress is
    shown."""
    _installed()
    written = home / "logs" / f"rasa-{name}.log"
    written.parent.mkdir(parents=True, exist_ok=True)
    with written.open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        for line in process.stdout or ():
            log.write(line)
            step = _STEP.search(line)
            if step:
                show_progress(f"{name}: {step[1]}")
    if process.wait() != 0:
        last = "".join(written.read_text().splitlines(keepends=True)[-15:])
        raise SetupError(f"rasa {name} failed. The end of {written}:\n{last}")


def environment(home: Path) -> dict[str, str]:
    """The process environment of any rasa command: quiet, with its cache in ``home``.

    Contains what a program needs to run, and none of our secrets, such as the provider's token or
    the mail server's password.
    """
    inherited = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
    return {**inherited, **QUIET, "RASA_CACHE_DIRECTORY": str(home / "bot-cache")}


def _installed() -> None:
    if not RASA.exists():
        raise SetupError("The bot's environment is missing. Make it with: make setup-bot")


def show_progress(text: str) -> None:
    """Print a line of progress of a long command."""
    print(f"-> {text}", file=sys.stderr, flush=True)

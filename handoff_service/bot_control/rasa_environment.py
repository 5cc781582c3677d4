"""The bot's own Python environment: its programs, their environment variables and their logs."""

import os
import re
import sys
from pathlib import Path

from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.errors import SetupError

RASA = ROOT / ".venv-bot" / "bin" / "rasa"
_STEP = re.compile(r"Starting to train component '([\w. ]+)'|^(Measured \d+ of \d+)")
# The variables that a program needs to run, to find its libraries and to limit its cores.
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


def log_of(home: Path, name: str) -> Path:
    """The log file of the last run of a task. ``name``: a task of ``bot/workbench.py``, or ``nlu``
    for ``make nlu``."""
    return home / "logs" / f"rasa-{name}.log"


def environment(home: Path) -> dict[str, str]:
    """The environment variables of a command. They make Rasa quiet and put its cache in ``home``.

    The command inherits only the variables that it needs, so it gets none of our secrets, such as
    the provider's token or the mail server's password.
    """
    inherited = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
    return {**inherited, **QUIET, "RASA_CACHE_DIRECTORY": str(home / "bot-cache")}


def rasa() -> str:
    """The path of the program ``rasa``. Raises SetupError when the environment is missing."""
    if not RASA.exists():
        raise SetupError(
            "The virtual agent's environment is missing. Build it with: make setup-bot"
        )
    return str(RASA)


def python() -> str:
    """The path of the bot's Python. Raises SetupError when the environment is missing."""
    return str(Path(rasa()).with_name("python"))


def progress_in(line: str) -> str | None:
    """The progress that a line of output reports: the name of a component, or ``Measured N of
    M``. None for other lines."""
    found = _STEP.search(line)
    return (found[1] or found[2]) if found else None


def show_progress(text: str) -> None:
    """Print a line about the progress of a long command to stderr."""
    print(f"-> {text}", file=sys.stderr, flush=True)

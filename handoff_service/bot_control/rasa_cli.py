"""Trains, checks and runs Rasa in the bot's own environment. The service calls a running bot over
HTTP only.

``root``: the folder with ``config.yml``, ``domain.yml`` and ``data/``. ``processes``: lets another
thread cancel a long command. ``report``: gets each line of progress.
"""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from handoff_service.bot_control import bot_text_lint, model_folder, nlu_texts
from handoff_service.bot_control.fingerprint import ROOT, fingerprint, trained_model
from handoff_service.bot_control.nlu_texts import MeasuredText
from handoff_service.errors import SetupError
from handoff_service.settings import Settings

RASA = ROOT / ".venv-bot" / "bin" / "rasa"
_STEP = re.compile(r"Starting to train component '([\w. ]+)'|^(Measured \d+ of \d+)")
# Variables that a program needs to run, to find its libraries and to limit its cores.
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


class Canceled(Exception):
    """The command was canceled before its end."""


class Processes:
    """The process of a command, which another thread can cancel."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._canceled = threading.Event()
        self._running: subprocess.Popen[str] | None = None

    def cancel(self) -> None:
        """Kill the running process and its children, and start none afterwards."""
        with self._lock:
            self._canceled.set()
            if self._running is not None:
                _kill(self._running)

    def pause(self, seconds: float) -> None:
        """Wait. Raises Canceled."""
        if self._canceled.wait(seconds):
            raise Canceled

    def run(
        self, command: Sequence[str], environment: dict[str, str], line: Callable[[str], None]
    ) -> int:
        """Run a program and return its exit code. ``line`` gets each line of output. Raises
        Canceled."""
        with self._lock:
            if self._canceled.is_set():
                raise Canceled
            process = self._running = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        try:
            for output in process.stdout or ():
                line(output)
            code = process.wait()
        finally:
            with self._lock:
                self._running = None
                _kill(process)
        if self._canceled.is_set():
            raise Canceled
        return code


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def check(
    home: Path,
    root: Path = ROOT,
    *,
    processes: Processes | None = None,
    report: Callable[[str], None] | None = None,
) -> int:
    """Validate the training data and lint the virtual agent's texts. Returns the number of texts.

    SetupError when a text is unfit for SMS or the data is unfit for training.
    """
    texts = bot_text_lint.check(root, ROOT)
    arguments = ["data", "validate", *_sources(root)]
    _rasa(home, arguments, processes or Processes(), report or show_progress)
    return texts


def measure(home: Path, config: str = "config.yml") -> tuple[float, list[MeasuredText]]:
    """Measure the pipeline of a config file. Returns the seconds of training and each measured
    text.

    Takes some minutes, because it trains a model for each fold and one with all examples.
    """
    out = home / "nlu-measured.json"
    held_out = sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "bot").glob("held_out_*.yml")
    )
    arguments = ["-m", "bot.measure_understanding", config, str(out), *held_out]
    command = [str(RASA.with_name("python")), *arguments]
    _run(command, home, "nlu", Processes(), show_progress)
    return nlu_texts.read(out)


def train(
    home: Path,
    root: Path = ROOT,
    *,
    force: bool = False,
    processes: Processes | None = None,
    report: Callable[[str], None] | None = None,
) -> Path:
    """Train a model of the current data unless there is one; takes a minute. Returns its file.

    The data is stored in the models folder. Older models stay. ``force``: train in any case.
    """
    running = processes or Processes()
    folder = model_folder.folder(home)
    with (folder / ".training").open("w") as lock:
        _wait_for(lock, running)  # then a second process finds the first one's model
        found = trained_model(home, root)
        if found is not None and not force:
            return found
        # a process that was killed leaves such a file
        for unfinished in folder.glob(f"{model_folder.HALF_DONE}*.tar.gz"):
            unfinished.unlink()
        data = model_folder.data_of(root)
        half_done = f"{model_folder.HALF_DONE}{os.getpid()}"
        # `check` validates; `rasa train` would take 15 s to do it again
        arguments = ["train", *_sources(root), "--out", str(folder), "--skip-validation"]
        forced = ["--force"] if force else []
        _rasa(
            home,
            [*arguments, "--fixed-model-name", half_done, *forced],
            running,
            report or show_progress,
        )
        made = folder / f"{half_done}.tar.gz"
        target = folder / f"{fingerprint(data)}-{model_folder.model_id(made)[:8]}.tar.gz"
        model_folder.keep_data(target, data)
        made.rename(target)
    return target


def _wait_for(lock: IO[str], processes: Processes) -> None:
    """Take the lock, and wait while another process trains. Raises Canceled."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            processes.pause(0.5)
        else:
            return


def _sources(root: Path) -> list[str]:
    config, domain, data = (str(root / name) for name in ("config.yml", "domain.yml", "data"))
    return ["--config", config, "--domain", domain, "--data", data]


def compare(
    home: Path,
    given: Mapping[str, Any],
    *,
    processes: Processes | None = None,
    report: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Run models on texts and test stories. bot/compare_models.py describes ``given`` and the
    result."""
    folder = home / "comparing"
    folder.mkdir(parents=True, exist_ok=True)
    asked, found = folder / f"{os.getpid()}-given.json", folder / f"{os.getpid()}-found.json"
    asked.write_text(json.dumps(given))
    command = [str(RASA.with_name("python")), "-m", "bot.compare_models", str(asked), str(found)]
    try:
        _run(command, home, "compare", processes or Processes(), report or show_progress)
        answer: dict[str, Any] = json.loads(found.read_text())
    finally:
        asked.unlink(missing_ok=True)
        found.unlink(missing_ok=True)
    return answer


def actions_url(settings: Settings) -> str:
    """The address where the service runs the bot's custom actions."""
    return f"http://{settings.host}:{settings.port}/bot/actions"


def command(settings: Settings, number: int = 1) -> tuple[list[str], dict[str, str]]:
    """The command and environment that serve a model on loopback, at the port of the n-th address
    in PATCHBOARD_BOT_URL.

    The caller adds ``--model`` at each start; see ``served_model``. SetupError when there is no
    such address or the bot's environment is missing.
    """
    if not settings.bot_urls:
        raise SetupError("PATCHBOARD_BOT_URL is empty: there is no virtual agent to run.")
    if not 1 <= number <= len(settings.bot_urls):
        raise SetupError(
            f"PATCHBOARD_BOT_URL has {len(settings.bot_urls)} addresses; there is no number "
            f"{number}."
        )
    _installed()
    port = urlsplit(settings.bot_urls[number - 1]).port or 5005
    arguments = ["run", "-i", "127.0.0.1", "-p", str(port)]
    files = ["--credentials", "bot/credentials.yml", "--endpoints", "bot/endpoints.yml"]
    given = {
        **environment(settings.home),
        "PATCHBOARD_BOT_TOKEN": settings.bot_token,
        "PATCHBOARD_ACTIONS_URL": actions_url(settings),
        "PATCHBOARD_BOT_TRACKER_DB": str(settings.home / "bot-tracker.db"),
    }
    return [str(RASA), *arguments, *files], given


def served_model(home: Path, root: Path = ROOT) -> Path:
    """The model that a bot process loads when it starts: the promoted one, else the newest one of
    the current data. SetupError when there is none."""
    found = model_folder.running_file(home) or trained_model(home, root)
    if found is None:
        raise SetupError("There is no model yet. Train one with: patchboard bot train")
    return found


def _rasa(
    home: Path, arguments: Sequence[str], processes: Processes, report: Callable[[str], None]
) -> None:
    _run([str(RASA), *arguments], home, arguments[0], processes, report)


def _run(
    command: Sequence[str],
    home: Path,
    name: str,
    processes: Processes,
    report: Callable[[str], None],
) -> None:
    """Run a program of the bot's environment. Its output goes to a log; ``report`` gets the
    progress only. SetupError when the program fails."""
    _installed()
    written = log_of(home, name)
    written.parent.mkdir(parents=True, exist_ok=True)
    with written.open("w") as log:

        def read(line: str) -> None:
            log.write(line)
            log.flush()
            if step := _STEP.search(line):
                report(f"{name}: {step[1] or step[2]}")

        code = processes.run(command, environment(home), read)
    if code != 0:
        last = "".join(written.read_text().splitlines(keepends=True)[-15:])
        raise SetupError(f"rasa {name} failed. The end of {written}:\n{last}")


def log_of(home: Path, name: str) -> Path:
    """The log of the latest ``train``, ``data``, ``compare`` or ``nlu``."""
    return home / "logs" / f"rasa-{name}.log"


def environment(home: Path) -> dict[str, str]:
    """The environment variables of a command: little output, with the cache in ``home``.

    Only variables that a program needs are inherited, so none of our secrets, such as the
    provider's token or the mail server's password, reaches it.
    """
    inherited = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
    return {**inherited, **QUIET, "RASA_CACHE_DIRECTORY": str(home / "bot-cache")}


def _installed() -> None:
    if not RASA.exists():
        raise SetupError("The bot's environment is missing. Build it with: make setup-bot")


def show_progress(text: str) -> None:
    """Print a line of progress of a long command."""
    print(f"-> {text}", file=sys.stderr, flush=True)

"""Train, check and run Rasa in the bot's own environment. The service calls a running bot only over
HTTP.

In these functions, ``root`` is the folder with ``config.yml``, ``domain.yml`` and ``data/``, and
``bench`` is the process that runs the task (None: a new process).
"""

import contextlib
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from handoff_service.bot_control import bot_text_lint, model_folder, nlu_texts, rasa_environment
from handoff_service.bot_control.fingerprint import ROOT, fingerprint, trained_model
from handoff_service.bot_control.nlu_texts import MeasuredText
from handoff_service.bot_control.processes import Processes
from handoff_service.bot_control.rasa_environment import environment, log_of, show_progress
from handoff_service.bot_control.workbench import Workbench
from handoff_service.errors import SetupError
from handoff_service.settings import Settings


def check(home: Path, root: Path = ROOT, *, bench: Workbench | None = None) -> int:
    """Validate the training data and lint the virtual agent's texts. Returns the number of texts.

    Raises SetupError when a text cannot be sent as an SMS, or when the data is invalid.
    """
    texts = bot_text_lint.check(root, ROOT)
    with _bench(home, bench) as used:
        used.do("check", **_sources(root))
    return texts


def measure(home: Path, config: str) -> tuple[float, list[MeasuredText]]:
    """Measure the pipeline of a config file. Returns the seconds of training and the measured
    texts.

    This takes some minutes, because it trains a model for each fold and one with all examples.
    """
    out = home / "nlu-measured.json"
    held_out = sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "bot").glob("held_out_*.yml")
    )
    program = [rasa_environment.python(), "-m", "bot.measure_understanding"]
    _run([*program, config, str(out), *held_out], home)
    return nlu_texts.read(out)


def train(
    home: Path, root: Path = ROOT, *, force: bool = False, bench: Workbench | None = None
) -> Path:
    """Train a model on the current data, unless a model of this data and code exists. Returns the
    model's file. Training takes a minute.

    The data is stored in the models folder too. Older models stay. ``force``: train even if a model
    of this data and code exists.
    """
    folder = model_folder.folder(home)
    with _bench(home, bench) as used, (folder / ".training").open("w") as lock:
        # after this wait, another process may already have trained the model
        _wait_for(lock, used.processes)
        found = trained_model(home, root)
        if found is not None and not force:
            return found
        # a process that was killed may have left these files
        for unfinished in folder.glob(f"{model_folder.HALF_DONE}*.tar.gz"):
            unfinished.unlink()
        data = model_folder.data_of(root)
        made = folder / f"{model_folder.HALF_DONE}{os.getpid()}.tar.gz"
        vectors = home / "bot-cache" / "sentence-vectors.npz"
        used.do("train", **_sources(root), model=str(made), vectors=str(vectors))
        target = folder / f"{fingerprint(data)}-{model_folder.model_id(made)[:8]}.tar.gz"
        model_folder.keep_data(target, data)
        made.rename(target)
    return target


def _bench(home: Path, bench: Workbench | None) -> contextlib.AbstractContextManager[Workbench]:
    """Return the given bench, which stays open, or a new bench, which is closed at the end of the
    ``with`` block."""
    return Workbench(home) if bench is None else contextlib.nullcontext(bench)


def _wait_for(lock: IO[str], processes: Processes) -> None:
    """Take the lock. Wait while another process has it, because that process is training. Raises
    Canceled."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            processes.pause(0.5)
        else:
            return


def _sources(root: Path) -> dict[str, str]:
    return {
        "config": str(root / "config.yml"),
        "domain": str(root / "domain.yml"),
        "data": str(root / "data"),
    }


def actions_url(settings: Settings) -> str:
    """The address where the service runs the bot's custom actions."""
    return f"http://{settings.host}:{settings.port}/bot/actions"


def command(settings: Settings, number: int) -> tuple[list[str], dict[str, str]]:
    """The command and the environment of a bot process, which listens on the loopback address.
    ``number``: which address in PATCHBOARD_BOT_URL to take the port from, counted from 1.

    The caller adds ``--model`` at each start (see ``served_model``). Raises SetupError when there
    is no such address, or when the bot's environment is missing.
    """
    if not settings.bot_urls:
        raise SetupError("PATCHBOARD_BOT_URL is empty: there is no virtual agent to run.")
    if not 1 <= number <= len(settings.bot_urls):
        raise SetupError(
            f"There is no address number {number} in PATCHBOARD_BOT_URL, which has "
            f"{len(settings.bot_urls)}."
        )
    rasa = rasa_environment.rasa()
    port = urlsplit(settings.bot_urls[number - 1]).port or 5005
    arguments = ["run", "-i", "127.0.0.1", "-p", str(port)]
    files = ["--credentials", "bot/credentials.yml", "--endpoints", "bot/endpoints.yml"]
    given = {
        **environment(settings.home),
        "PATCHBOARD_BOT_TOKEN": settings.bot_token,
        "PATCHBOARD_ACTIONS_URL": actions_url(settings),
        "PATCHBOARD_BOT_TRACKER_URL": settings.bot_tracker_url or "",
        "PATCHBOARD_BOT_TRACKER_DB": str(settings.home / "bot-tracker.db"),
    }
    return [rasa, *arguments, *files], given


def served_model(home: Path, root: Path = ROOT) -> Path:
    """The model that a bot process loads when it starts: the promoted model, or else the newest
    model of the current data. Raises SetupError when there is none."""
    found = model_folder.running_file(home) or trained_model(home, root)
    if found is None:
        raise SetupError("There is no model yet. Train one with: patchboard bot train")
    return found


def _run(command: Sequence[str], home: Path) -> None:
    """Run the program that measures the texts. Its output is written to a log, and its progress is
    printed to stderr. Raises SetupError when the program fails."""
    written = log_of(home, "nlu")
    written.parent.mkdir(parents=True, exist_ok=True)
    with written.open("w") as log:

        def read(line: str) -> None:
            log.write(line)
            log.flush()
            if step := rasa_environment.progress_in(line):
                show_progress(f"nlu: {step}")

        code = Processes().run(command, environment(home), read)
    if code != 0:
        last = "".join(written.read_text().splitlines(keepends=True)[-15:])
        raise SetupError(f"Measuring the texts failed. The last lines of {written}:\n{last}")

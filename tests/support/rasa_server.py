"""Trains and runs a real Rasa server for tests, in the bot's own environment."""

from __future__ import annotations

import contextlib
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired

from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.rasa_cli import train
from handoff_service.bot_control.rasa_environment import RASA, environment
from tests.support.bot_programs import BotProgram, run_program
from tests.support.service import free_port


class RasaFailed(AssertionError):
    """A Rasa command failed. The message contains the end of Rasa's log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RasaServer:
    """A running server. `url` is the turn endpoint, which requires `token` as a bearer token."""

    url: str
    token: str
    model: Path
    log: Path
    pid: int


def need_bot_environment() -> None:
    """Raise RasaFailed if the bot's environment is missing, so that tests fail instead of being
    skipped.
    """
    if not RASA.exists():
        raise RasaFailed(f"{RASA.relative_to(ROOT)} is missing. Run `make setup-bot` first.")


def run_rasa(*arguments: str, home: Path, timeout: float = 300) -> str:
    """Run a Rasa command in the repository's root and return its output. Raise RasaFailed on
    failure.
    """
    need_bot_environment()
    done = run_program(*arguments, home=home, timeout=timeout)
    printed = done.stdout + done.stderr
    if done.returncode != 0:
        raise RasaFailed(
            f"rasa {' '.join(arguments)} ended with {done.returncode}:\n{printed[-6000:]}"
        )
    return printed


@contextlib.contextmanager
def start_rasa(
    home: Path,
    *,
    actions_url: str,
    token: str,
    model: Path | None = None,
    model_loads: bool = True,
    # A busy machine may take minutes. A failed start ends the wait at once.
    ready_within: float = 300,
    credentials: str = "bot/credentials.yml",
    endpoints: str = "bot/endpoints.yml",
    alive: str = "/webhooks/sms/",
    tracker_url: str = "",
    tracker_db: Path | None = None,
) -> Iterator[RasaServer]:
    """Run a server on a free loopback port until the block ends. It starts without conversations,
    unless it shares the database ``tracker_url`` or the SQLite file ``tracker_db``.

    ``actions_url`` is the full address for Rasa's custom actions. ``model_loads=False``: the model
    file is broken, so Rasa starts and answers every turn with 503. ``alive`` is the channel to
    probe. Raises RasaFailed with the end of the log.
    """
    need_bot_environment()
    model = model or train(home)
    port = free_port()
    log = home / f"rasa-{port}.log"
    tracker = tracker_db or home / f"tracker-{port}.db"
    log.parent.mkdir(parents=True, exist_ok=True)
    if tracker_db is None:
        tracker.unlink(missing_ok=True)
    process = BotProgram(
        [
            *("run", "-i", "127.0.0.1", "-p", str(port), "--model", model),
            *("--credentials", credentials, "--endpoints", endpoints),
        ],
        environment(home)
        | {
            "PATCHBOARD_ACTIONS_URL": actions_url,
            "PATCHBOARD_BOT_TOKEN": token,
            "PATCHBOARD_BOT_TRACKER_URL": tracker_url,
            "PATCHBOARD_BOT_TRACKER_DB": str(tracker),
        },
        output=log,
    )
    try:
        _wait_until_up(
            process, f"http://127.0.0.1:{port}{alive}", log, ready_within, model_loads=model_loads
        )
        url = f"http://127.0.0.1:{port}{alive}webhook"
        yield RasaServer(url=url, token=token, model=model, log=log, pid=process.pid)
    finally:
        _end(process)
        if tracker_db is None:
            tracker.unlink(missing_ok=True)
    log.unlink()  # deleted only after a success; after a failure the log stays for debugging


def _wait_until_up(
    process: BotProgram,
    address: str,
    log: Path,
    ready_within: float,
    *,
    model_loads: bool,
) -> None:
    deadline = time.monotonic() + ready_within
    answer = "nothing yet"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RasaFailed(f"Rasa ended with {process.returncode} while starting:\n{_tail(log)}")
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except urllib.error.HTTPError as refusal:
            answer = f"{refusal.code} {refusal.read().decode(errors='replace')}"
            if refusal.code == 503:
                if not model_loads:
                    return
                raise RasaFailed(
                    f"Rasa is up without its model ({answer}):\n{_tail(log)}"
                ) from None
        except (urllib.error.URLError, OSError) as not_up:
            answer = str(not_up)
        time.sleep(0.1)
    raise RasaFailed(f"Rasa was not ready within {ready_within:.0f} s ({answer}):\n{_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-6000:]


def _end(process: BotProgram) -> None:
    process.terminate()
    try:
        process.wait(10)
    except TimeoutExpired:
        process.kill()
        process.wait(10)


def meanings(
    model: Path,
    texts: list[tuple[str, dict[str, object] | None]],
    home: Path,
    *,
    before: Path | None = None,
) -> list[dict[str, object]]:
    """Return the model's interpretation of each text after its preceding question. See
    tests/bot/parse_texts.py. This takes about 15 s.

    Modules in the folder `before` replace modules of the bot's environment. The process writes its
    stderr to `meanings.log` in `home`.
    """
    need_bot_environment()
    answer = home / f"meanings-{os.getpid()}.json"
    path = {} if before is None else {"PYTHONPATH": f"{before}{os.pathsep}{ROOT}"}
    done = run_program(
        *(ROOT / "tests" / "bot" / "parse_texts.py", model, answer),
        home=home,
        given=json.dumps(texts),
        timeout=180,
        **path,
    )
    (home / "meanings.log").write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        raise RasaFailed(f"parse_texts.py ended with {done.returncode}:\n{done.stderr[-4000:]}")
    found: list[dict[str, object]] = json.loads(answer.read_text())
    answer.unlink()
    return found

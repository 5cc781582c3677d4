"""Supervise the bot processes of ``patchboard run``: start one for each address, and restart it
when it ends unexpectedly.

The operating system may kill a bot process that uses too much memory. Without a restart, all
conversations of this process would be handed off to live agents until somebody reads the log.
"""

import os
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from handoff_service import log
from handoff_service.bot_control import rasa_cli
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.rasa_environment import show_progress
from handoff_service.bot_control.with_parent import ends_with_this_process
from handoff_service.errors import SetupError
from handoff_service.settings import Settings

# The seconds before a restart. Each failed restart doubles them. We chose these values.
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
TO_END = 10.0  # the seconds from SIGTERM to SIGKILL; we chose this value

type Process = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class BotCommand:
    """The command that starts a bot process. ``address``: the address at which it answers when it
    is ready."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    address: str
    #: computes further arguments at each start, because the model can change between two starts
    at_start: Callable[[], Sequence[str]] = tuple


def commands(config: Settings) -> list[BotCommand]:
    """One command for each address in PATCHBOARD_BOT_URL."""

    def model() -> Sequence[str]:
        return ["--model", str(rasa_cli.served_model(config.home, config.bot_data))]

    return [
        BotCommand(
            *rasa_cli.command(config, number),
            f"{url.split('/webhooks')[0]}/webhooks/sms/",
            model,
        )
        for number, url in enumerate(config.bot_urls, start=1)
    ]


class RunningBots:
    """Starts the bot processes and keeps them running until ``end``. ``log_file``: the file for
    their output. ``report``: is called with sentences about their status."""

    def __init__(
        self,
        wanted: Sequence[BotCommand],
        log_file: Path,
        *,
        report: Callable[[str], None] = show_progress,
        pause: float = FIRST_PAUSE,
    ) -> None:
        self._wanted, self._log_file, self._report, self._pause = wanted, log_file, report, pause
        self._ending = threading.Event()
        self._starts = threading.Lock()
        self._processes: dict[str, Process] = {}

    def start(self) -> None:
        if self._wanted:
            self._report("the virtual agent is starting, which takes half a minute")
        for command in self._wanted:
            threading.Thread(target=self._keep_running, args=(command,), daemon=True).start()

    def end(self) -> None:
        """End all bot processes, and start no more."""
        with self._starts:
            self._ending.set()
        for process in self._processes.values():
            _end(process)

    def _keep_running(self, command: BotCommand) -> None:
        pause, refused = self._pause, ""
        while not self._ending.is_set():
            try:
                process = self._start(command)
            except SetupError as error:  # for example, because there is no model
                if str(error) != refused:
                    refused = str(error)
                    self._report(f"the virtual agent cannot start. {refused}")
            else:
                if process is None or self._watch_until_end(command, process, pause):
                    pause, refused = self._pause, ""
            self._ending.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _watch_until_end(self, command: BotCommand, process: Process, pause: float) -> bool:
        """Wait until the bot process ends, and report that. Returns whether it ever answered."""
        came_up = self._wait_until_up(command, process)
        code = process.wait()
        if not self._ending.is_set():
            again_in = self._pause if came_up else pause
            log.warning("bot_ended", address=command.address, code=code, again_in=again_in)
            self._report(
                f"the virtual agent stopped (exit code {code}). Patchboard is restarting it; see "
                f"{self._log_file}"
            )
        return came_up

    def _start(self, command: BotCommand) -> Process | None:
        with self._starts:
            if self._ending.is_set():
                return None
            self._log_file.parent.mkdir(parents=True, exist_ok=True)
            with self._log_file.open("ab") as sink:
                process = subprocess.Popen(  # noqa: S603  # our own command
                    ends_with_this_process([*command.arguments, *command.at_start()]),
                    cwd=ROOT,
                    env=command.environment,
                    stdout=sink,
                    stderr=sink,
                    start_new_session=True,
                )
            self._processes[command.address] = process
            return process

    def _wait_until_up(self, command: BotCommand, process: Process) -> bool:
        """Wait until the bot answers, and report that. Returns False if the bot or this supervisor
        ends before that. Until the bot answers, the service hands off its conversations to live
        agents."""
        while process.poll() is None and not self._ending.is_set():
            try:
                with urllib.request.urlopen(command.address, timeout=2):  # noqa: S310  # from the settings
                    self._report("the virtual agent is up")
                    return True
            except (URLError, OSError):
                self._ending.wait(0.5)
        return False


def _end(process: Process) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)

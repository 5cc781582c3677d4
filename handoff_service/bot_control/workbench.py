"""Run a process in the bot's environment that checks data, trains models and lets models answer
texts."""

import json
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from handoff_service.bot_control import rasa_environment
from handoff_service.bot_control.processes import Process, Processes
from handoff_service.bot_control.rasa_environment import log_of, progress_in, show_progress
from handoff_service.errors import SetupError

LAST = 15  # an error quotes this many of the log's last lines


class Workbench:
    """Does one task after another in a single process, because each start of Rasa takes five
    seconds. The process starts with the first task. ``bot/workbench.py`` defines the tasks.

    ``report``: is called with each line of progress. ``suffix``: the end of the logs' names.
    """

    def __init__(
        self,
        home: Path,
        processes: Processes | None = None,
        report: Callable[[str], None] = show_progress,
        suffix: str = "",
    ) -> None:
        self._home, self._processes = home, processes or Processes()
        self._report, self._suffix = report, suffix
        self._process: Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._processes.end(self._process)
            self._process = None

    @property
    def processes(self) -> Processes:
        return self._processes

    def do(self, task: str, **arguments: Any) -> Any:
        """Do a task and return its result. Its output is written to a log, and ``report`` is called
        with its progress.

        Raises SetupError when the task fails. Raises Canceled when it is canceled.
        """
        log = log_of(self._home, f"{task}{self._suffix}")
        log.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder, log.open("w") as written:
            out = Path(folder) / "result.json"
            if not self._run_task(task, {**arguments, "out": str(out)}, written):
                self.close()
                self._processes.raise_if_canceled()
                raise SetupError(f"{task} failed. The end of {log}:\n{_end(log)}")
            return json.loads(out.read_text())

    def _run_task(self, task: str, arguments: dict[str, Any], written: TextIO) -> bool:
        """Run the task in the process. Returns False if the process ends before the task is
        done."""
        process = self._running_process()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({"do": task, **arguments}) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            return False
        for line in process.stdout:
            if line == f"Done {task}\n":
                return True
            written.write(line)
            written.flush()
            if step := progress_in(line):
                self._report(f"{task}: {step}")
        return False

    def _running_process(self) -> Process:
        if self._process is None:
            command = [rasa_environment.python(), "-m", "bot.workbench"]
            environment = rasa_environment.environment(self._home)
            self._process = self._processes.start(command, environment)
        return self._process


def _end(log: Path) -> str:
    with log.open(errors="replace") as lines:
        return "".join(deque(lines, LAST))

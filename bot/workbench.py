"""Checks training data, trains models and asks models about texts, one task after another.

Importing Rasa takes five seconds, and reading the examples takes as long. So one process does all
tasks of a run of "Train and compare".

Usage: python -m bot.workbench

Each line on stdin is a task in JSON: {"do": a name in `TASKS`, "out": a file for the result in
JSON, and the arguments of the task}. After each task, stdout gets a line `Done NAME`. The process
ends at the end of stdin, and with exit code 1 after a task that failed.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rasa.utils.common import configure_logging_and_warnings
from rasa.utils.log_utils import configure_structlog

from bot import model_answers, model_training
from bot.misplaced import misplaced

TASKS: dict[str, Callable[..., Any]] = {
    "check": model_training.check,
    "train": model_training.train,
    "answers": model_answers.answers,
    "speed": model_answers.speed,
    "stories": model_answers.stories,
    "misplaced": misplaced,
}


def main() -> None:
    # as in Rasa's commands, the log contains the components, but not the texts
    configure_logging_and_warnings(logging.INFO)
    configure_structlog(logging.INFO)
    for line in sys.stdin:
        task = json.loads(line)
        name, out = task.pop("do"), task.pop("out")
        result = TASKS[name](**task)
        Path(out).write_text(json.dumps(result))
        print(f"\nDone {name}", flush=True)


if __name__ == "__main__":
    main()

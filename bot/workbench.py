"""Checks training data, trains models and measures models, one task after another.

Importing Rasa takes five seconds, and reading the examples takes another five. Therefore one
process does all tasks of a "Train and compare" run.

Usage: python -m bot.workbench

Each line on stdin is a task, as a JSON object with `do` (a name in `TASKS`), `out` (the file for
the result, in JSON) and the task's arguments. After each task, the process prints a line `Done
NAME`. It ends at the end of stdin, or with exit code 1 after a failed task.
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
    # Log the components but not the texts, as Rasa's own commands do.
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

"""The progress of a training run, as the trainer's page shows it."""

import math
import time
from dataclasses import dataclass, field

from handoff_service.bot_control.processes import Processes
from handoff_service.rules.shared.vocabulary import TrainingStep

# Step -> the progress at its start and at its end, and its usual seconds on two cores.
SHARES = {
    TrainingStep.CHECK: (0.0, 0.2, 10.0),
    TrainingStep.TRAIN: (0.2, 0.75, 30.0),
    TrainingStep.MEASURE: (0.75, 1.0, 13.0),
}


@dataclass(slots=True)
class RunningStep:
    """The step that is under way."""

    step: TrainingStep
    processes: Processes = field(default_factory=Processes)
    began: float = field(default_factory=time.monotonic)  #: by the monotonic clock
    doing: str | None = None  #: the last line of progress, without the name of the task
    #: the part of the step that is done, from 0 to 1; None: the step has reported no numbers
    part: float | None = None

    def begin(self, step: TrainingStep) -> None:
        """Go on to this step."""
        self.step, self.began, self.doing, self.part = step, time.monotonic(), None, None

    def report(self, line: str) -> None:
        """Take a line of progress. The thread of the step calls this."""
        self.doing = line.partition(": ")[2] or line
        words = self.doing.split()
        if words[0] == "Measured":
            self.part = int(words[1]) / int(words[3])

    def progress(self) -> float:
        """The progress of the whole run, from 0 to 1. For a step that reports no numbers, it is
        estimated from the step's usual time."""
        low, high, usual = SHARES[self.step]
        part = self.part
        if part is None:
            # the estimate slows down on a busy machine, but it never stops
            part = 1 - math.exp(-1.5 * (time.monotonic() - self.began) / usual)
        return low + part * (high - low)

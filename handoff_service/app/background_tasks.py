"""The background tasks of a process: their names, their start, and which ones stop first."""

from functools import partial

from handoff_service.app.debounced_work import DebouncedWork
from handoff_service.bot_control.keep_parsed import keep_parsed
from handoff_service.context import AppContext
from handoff_service.gateways.fanout.hint_pipe import HintPipe
from handoff_service.gateways.fanout.worker_nudges import WorkerNudges
from handoff_service.lib.background import Run
from handoff_service.practice.runs import PracticeRuns

# A stopping process ends these before its workers finish their work. The other tasks carry the
# hints of that work, so they end last.
STOPPED_FIRST = (
    "connections",
    "hint_pipe",
    "indexing",
    "chaining",
    "sweeping",
    "training",
    "training_data",
    "model_rollout",
    "replies",
    "practice",
)


def start_tasks(
    desk: AppContext, *, nudges: WorkerNudges, debounced: DebouncedWork, practice: PracticeRuns
) -> None:
    """Start every task. Its name labels a counter of its failures, which starts at zero."""
    tasks: dict[str, Run] = {
        **{worker.name: worker.run for worker in desk.workers},
        "worker_nudges": nudges.run,
        # with Redis, the fan-out gets the hints of commands
        **(
            {}
            if desk.settings.redis_url
            else {"hint_pipe": HintPipe(desk.settings.home, desk.fanout).run}
        ),
        "connections": desk.connections.run,
        "indexing": debounced.indexing.run,
        "chaining": debounced.chaining.run,
        "sweeping": debounced.sweeping.run,
        "training": desk.training.run,
        "training_data": partial(keep_parsed, desk.bot_data),
        "model_rollout": desk.rollout.run,
        "replies": desk.replies.run,
        "practice": practice.watch,
    }
    for name, run in tasks.items():
        desk.metrics.background_failures.labels(name)
        desk.background.start(name, run)

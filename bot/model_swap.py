"""Loads a new model while the current one answers, and swaps them between two turns.

Rasa's own `PUT /model` loads the model on the event loop, so the server answers nothing for 0.1 to
0.35 s with a light model, and for a minute with a large one. This module loads it in a thread.

In Rasa, an *agent* is a loaded model. Each turn ends with the agent that it began with. Both agents
share the lock store, so a conversation never has two turns at a time. Each agent has its own copy
of the tracker store, because the tracker store contains the model's domain.
"""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.core.tracker_store import FailSafeTrackerStore


class NoSuchModel(ValueError):
    """The file is not in the folder of models, or Rasa cannot load it."""


class SwapUnderWay(RuntimeError):
    """Another model is being loaded."""


class ModelSwap:
    """Swaps the agent of one Rasa server."""

    def __init__(self) -> None:
        self._loading = asyncio.Lock()

    async def to(self, app: Any, file: str) -> str:
        """Swap to this file in the folder of the current model. Returns Rasa's id of the model.

        If the file is already the current model, nothing changes. Raises NoSuchModel and
        SwapUnderWay. After either error, the current model continues to answer.
        """
        if self._loading.locked():
            raise SwapUnderWay
        async with self._loading:
            old: Agent = app.ctx.agent
            path = _in_folder(old, file)
            if path.name != old.processor.model_path.name:
                loop = asyncio.get_running_loop()
                app.ctx.agent = await loop.run_in_executor(None, _load_beside, old, path)
            return str(app.ctx.agent.model_id)


def _in_folder(old: Agent, file: str) -> Path:
    folder = old.processor.model_path.parent
    if Path(file).name != file or not (folder / file).is_file():
        raise NoSuchModel(f"There is no model {file!r} in the folder of models.")
    return folder / file


def _load_beside(old: Agent, path: Path) -> Agent:
    store = old.tracker_store
    if isinstance(store, FailSafeTrackerStore):
        store = store._tracker_store
    templated = isinstance(old.nlg, TemplatedNaturalLanguageGenerator)
    try:
        return Agent.load(
            path,
            generator=None if templated else old.nlg,
            tracker_store=copy.copy(store),
            lock_store=old.lock_store,
            action_endpoint=old.action_endpoint,
            http_interpreter=old.http_interpreter,
        )
    # Rasa raises many kinds of errors for a broken file.
    except Exception as error:
        raise NoSuchModel(f"{path.name} cannot be loaded: {type(error).__name__}.") from error

"""Loads a model beside the one that answers, and swaps them between two turns.

Rasa's own `PUT /model` loads on the event loop: nothing is answered for 0.1 to 0.35 s with a light
model, and for a minute with a large one. Here a thread loads. A turn that has begun keeps the agent
it began with, and both agents share the lock store, so one conversation never has two turns at
once. Each agent has its own view of the tracker store, because Rasa keeps the model's domain in it.
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
    """The folder has no such file, or the file is no model that this Rasa can load."""


class SwapUnderWay(RuntimeError):
    """Another model is being loaded."""


class ModelSwap:
    """Swaps the agent of one Rasa server."""

    def __init__(self) -> None:
        self._loading = asyncio.Lock()

    async def to(self, app: Any, file: str) -> str:
        """Answer from now on with this file of the folder that holds the present model. Returns
        Rasa's id of it. The same file again changes nothing.

        Raises NoSuchModel and SwapUnderWay; the present model goes on in both cases.
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
    # whatever Rasa raises for a broken file, the present model goes on
    except Exception as error:
        raise NoSuchModel(f"{path.name} cannot be loaded: {type(error).__name__}.") from error

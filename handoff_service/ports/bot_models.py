"""The port to the models that the bot processes run."""

from typing import Protocol


class BotModelNotLoaded(Exception):
    """A bot process did not load a model, and still runs the earlier one. The exception's message
    is the reason that trainers read."""


class BotModels(Protocol):
    """The model of each bot process. ``url``: the address to which the process's turns are sent."""

    async def running(self, url: str) -> str | None:
        """The file of the model that runs at this address. None when no bot answers."""

    async def answers(self, url: str) -> bool:
        """Whether any server answers at this address."""

    async def load(self, url: str, file: str) -> None:
        """Load the model in this file, and use it from the next turn on. Raises
        BotModelNotLoaded."""

    async def close(self) -> None: ...

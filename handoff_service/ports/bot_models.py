"""The port to the models that the bot processes answer from."""

from typing import Protocol


class BotModelNotLoaded(Exception):
    """A bot process continues with its present model. The text is the reason, in words for a
    trainer."""


class BotModels(Protocol):
    """The models that the bot processes answer from, by the addresses of turns."""

    async def running(self, url: str) -> str | None:
        """The file of the model that answers at this address; None when no bot answers."""

    async def answers(self, url: str) -> bool:
        """Whether anything answers there."""

    async def load(self, url: str, file: str) -> None:
        """Answer from this file from the next turn on. Raises BotModelNotLoaded."""

    async def close(self) -> None: ...

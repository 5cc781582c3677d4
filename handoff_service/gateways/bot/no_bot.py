"""No virtual agent: live agents answer everything."""

from collections.abc import Sequence

from handoff_service.ports.bot import BotAnswer, BotFailed, Question


class NoBot:
    """A bot that never answers. Every turn fails, so every conversation moves to its queue."""

    async def ask(self, question: Question) -> BotAnswer:
        raise BotFailed("There is no virtual agent.")

    async def forget(self, senders: Sequence[str]) -> None:
        """Do nothing, because this bot stores nothing."""

    async def close(self) -> None:
        pass

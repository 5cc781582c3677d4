"""No virtual agent: live agents answer everything."""

from collections.abc import Sequence

from handoff_service.ports.bot import BotAnswer, BotFailed, Question


class NoBot:
    """Stands in for a bot. Every question fails, so every conversation goes to its queue."""

    async def ask(self, question: Question) -> BotAnswer:
        raise BotFailed("There is no virtual agent.")

    async def forget(self, senders: Sequence[str]) -> None:
        """There is nothing to forget."""

    async def close(self) -> None:
        pass

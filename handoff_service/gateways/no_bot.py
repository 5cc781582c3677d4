"""No virtual agent: live agents answer everything."""

from collections.abc import Sequence

from handoff_service.operations.ports import BotFailed, BotReply, Question


class NoBot:
    """The twin of a bot that is there: every question fails, so every conversation goes to its queue."""

    async def ask(self, question: Question) -> Sequence[BotReply]:
        raise BotFailed("There is no virtual agent.")

    async def close(self) -> None:
        pass

"""Build the index of past answers, from which agents get suggested replies.

Each process has its own index in memory. It builds the index when it starts, and again every few
hours. It reads a few conversations at a time, so that other reads do not wait for it.
"""

import asyncio
from datetime import timedelta

from handoff_service import log
from handoff_service.clock import Clock
from handoff_service.errors import DatabaseAway
from handoff_service.lib.slow_work import run_slow
from handoff_service.rules.training.suggested_replies import (
    PastAnswer,
    ReplyIndex,
    SuggestedReply,
)
from handoff_service.store.engine.store import Store
from handoff_service.store.training import past_answers

EVERY = timedelta(hours=3)
AFTER_ERROR = timedelta(minutes=1)
AT_ONCE = 50  # conversations per read, which takes about 20 ms
MOST_ANSWERS = 20_000  # the index takes about 30 MB, and older answers are left out
_HIGHEST = 2**62


class PastReplies:
    """Suggests replies from past answers. ``index``: the latest index."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.index = ReplyIndex([])

    async def suggest(self, interaction_id: int, first_name: str | None) -> list[SuggestedReply]:
        """Suggested replies to the requester's texts since the last answer."""
        if not len(self.index):
            return []
        text = await self._store.read(past_answers.unanswered, interaction_id)
        return self.index.suggest(text, first_name) if text else []

    async def run(self) -> None:
        """Build the index every few hours until canceled."""
        while True:
            pause = EVERY
            try:
                await self.build()
            except DatabaseAway as error:
                log.warning("replies_not_read", error=error)
                pause = AFTER_ERROR
            await asyncio.sleep(pause.total_seconds())

    async def build(self) -> None:
        """Read the newest answers and build the index from them."""
        answers: list[PastAnswer] = []
        below = _HIGHEST
        while len(answers) < MOST_ANSWERS:
            ids = await self._store.read(
                past_answers.solved, self._clock(), below=below, most=AT_ONCE
            )
            if not ids:
                break
            answers += await self._store.read(past_answers.answers_of, ids)
            below = min(ids)
        self.index = await run_slow(ReplyIndex, answers)
        log.info("replies_read", answers=len(self.index))

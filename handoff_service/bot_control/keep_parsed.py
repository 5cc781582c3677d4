"""Parse the virtual agent's training data in the background, so that pages need not wait for it."""

import asyncio
from contextlib import suppress

from handoff_service.bot_control.bot_data import BotData
from handoff_service.errors import Refusal
from handoff_service.lib.slow_work import run_slow

FIRST_PARSED_AFTER = 10.0  # seconds from the start of the service to the first parsing
PARSED_EVERY = 60.0  # seconds between two checks for changed files


async def keep_parsed(data: BotData, every: float = PARSED_EVERY) -> None:
    """Check for changed files every ``every`` seconds, and parse them before a page needs them. The
    first parsing is some seconds after the start of the service, so that it does not delay the
    start. Errors in files are ignored here, because the pages report them."""
    await asyncio.sleep(min(FIRST_PARSED_AFTER, every))
    while True:
        with suppress(OSError, Refusal):
            await run_slow(data.intents)
        await asyncio.sleep(every)

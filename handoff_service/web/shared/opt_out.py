"""Delays the answer to an opt-out until the provider has accepted the texts that were being sent.

To send a text, the worker marks it, checks consent again, and calls the provider. It does not send
a text that was unmarked when the opt-out was committed. For a marked text, the second check may
have passed already. Therefore the answer waits until the provider has answered for each marked
text, but at most one second. After that time, each request to the provider has begun.
"""

import asyncio

from handoff_service.store.delivery import sends_under_way
from handoff_service.store.engine.store import Store

LONGEST = 1.0  # seconds; providers wait about 15 for a webhook
LOOK_EVERY = 0.02


async def until_nothing_leaves(store: Store, number: str) -> None:
    """Wait until no text to this number is being sent, at most one second. Call this after the
    number's opt-out is committed."""
    waited = 0.0
    while waited < LONGEST and await store.read(sends_under_way.is_leaving, number):
        await asyncio.sleep(LOOK_EVERY)
        waited += LOOK_EVERY

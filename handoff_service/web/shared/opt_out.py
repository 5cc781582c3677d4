"""Delay the acknowledgment of an opt-out until the texts that were already being sent have left.

The sender of a text first marks the text, then checks consent again, and then calls the provider. A
text that is not yet marked when the opt-out commits will not be sent. A marked text is either
stopped by the second check or is already on its way to the provider. The acknowledgment waits until
the provider has answered for each text on its way, but at most one second. After a second, the
request to the provider has begun in any case.
"""

import asyncio

from handoff_service.store.delivery import sends_under_way
from handoff_service.store.engine.store import Store

LONGEST = 1.0  # seconds; providers wait about 15 for a webhook
LOOK_EVERY = 0.02


async def until_nothing_leaves(store: Store, number: str) -> None:
    """Wait for the texts to this number that are being sent, at most one second. The number's
    opt-out must be committed."""
    waited = 0.0
    while waited < LONGEST and await store.read(sends_under_way.is_leaving, number):
        await asyncio.sleep(LOOK_EVERY)
        waited += LOOK_EVERY

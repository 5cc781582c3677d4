"""Acknowledge an opt-out only when nothing leaves any more that was marked as sending before it.

A text is marked first, then consent is looked at once more, then the provider is asked. So whatever
is not marked when the opt-out is committed will not leave, and whatever is marked has either seen
the opt-out or is being sent. The acknowledgement waits for the latter: until the provider has
answered, or for a second, by which its request has long begun.
"""

import asyncio

from handoff_service.store.delivery import sends_under_way
from handoff_service.store.engine.store import Store

LONGEST = 1.0  # seconds; providers wait some 15 for a webhook
LOOK_EVERY = 0.02


async def until_nothing_leaves(store: Store, number: str) -> None:
    """Wait for the texts to this number that are being sent, at most a second. Its opt-out has been
    committed."""
    waited = 0.0
    while waited < LONGEST and await store.read(sends_under_way.is_leaving, number):
        await asyncio.sleep(LOOK_EVERY)
        waited += LOOK_EVERY

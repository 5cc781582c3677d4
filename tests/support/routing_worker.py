"""A second worker process for the simulated day. It reads times from stdin. For each time it does
the due work and prints the number of items.
"""

import asyncio
import sys
from datetime import datetime

from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.worker import Worker
from tests.conftest import Heard, MovedClock
from tests.routing.test_routing_simulation import KINDS


async def main(url: str) -> None:
    clock = MovedClock()
    store = Store(url, clock=clock, settings=OperationSettings(), after_commit=Heard())
    worker = Worker(WorkerDeps(store=store, provider=None, bot=NoBot(), clock=clock), KINDS)  # type: ignore[arg-type]
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        clock.now = datetime.fromisoformat(line.strip())
        print(await worker.step(), flush=True)
    store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

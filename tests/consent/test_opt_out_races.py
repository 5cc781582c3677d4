"""After the service has acknowledged an opt-out, no text leaves, even if the provider is slow."""

import asyncio
import os
import random
import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handoff_service import clock as real
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.conversations.send_sms import Write, send_sms
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.ports.sms_provider import Accepted, Outgoing
from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.web.shared.opt_out import until_nothing_leaves
from handoff_service.worker import POOLS, Worker, build_workers, nudge_workers
from tests.support.story import DIRECT, MIA, Story

RACES = int(os.environ.get("PATCHBOARD_CHAOS_RACES", "100"))


class SlowProvider:
    """A slow provider that records when each request began."""

    def __init__(self) -> None:
        self.began: list[tuple[str, str, float]] = []

    async def send(self, message: Outgoing) -> Accepted:
        self.began.append((message.to, message.body, time.monotonic()))
        await asyncio.sleep(random.uniform(0.01, 0.3))
        return Accepted(sid=f"SM{secrets.token_hex(16)}", status=Status.SENT)

    async def close(self) -> None:
        pass


async def test_no_text_leaves_after_an_acknowledged_opt_out(database_url: str) -> None:
    pools: list[Worker] = []

    def nudge_pools(_hints: object, work_at: Mapping[Work, datetime]) -> None:
        nudge_workers(pools, work_at)

    store = Store(
        database_url,
        clock=real.now,
        settings=OperationSettings(bot_answers=False, send_errors=ERRORS),
        after_commit=nudge_pools,
    )
    story, provider = Story(store), SlowProvider()
    none: Any = provider
    deps = WorkerDeps(store=store, provider=none, bot=NoBot(), clock=real.now)
    numbers = [f"+1202{5550000 + n}" for n in range(RACES)]
    came = await asyncio.gather(*(story.text(number=number, to=DIRECT) for number in numbers))
    deliver = next(
        p for (kinds, _), p in zip(POOLS, build_workers(deps), strict=True) if Work.DELIVER in kinds
    )
    pools.append(deliver)
    running = asyncio.create_task(deliver.run())
    acknowledged: dict[str, float] = {}

    async def race(number: str, interaction: int) -> None:
        write = Write(interaction_id=interaction, agent_id=MIA, body="Late")
        await store.write(send_sms, write)
        await asyncio.sleep(random.uniform(0, 0.05))
        stop = Text(
            sid=f"SM{secrets.token_hex(16)}",
            requester_number=number,
            provider_number=DIRECT,
            body="STOP",
        )
        received = await store.write(receive_sms, stop)
        assert received.opted_out
        await until_nothing_leaves(store, number)
        acknowledged[number] = time.monotonic()

    for start in range(0, RACES, 20):
        pairs = list(zip(numbers, came, strict=True))[start : start + 20]
        await asyncio.gather(*(race(number, one.interaction_id or 0) for number, one in pairs))
    sending = t.due_work.c.kind == Work.DELIVER
    async with asyncio.timeout(60):
        while await store.read(
            lambda conn: conn.execute(t.due_work.select().where(sending)).first()
        ):
            await asyncio.sleep(0.05)
    running.cancel()
    await deliver.close()
    store.close()
    late = [to for to, body, at in provider.began if body == "Late" and at > acknowledged[to]]
    assert late == []

"""Opens the database for a command. Also ``patchboard migrate``."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from handoff_service import clock
from handoff_service.commands.parser import Commands, add_command
from handoff_service.context import operation_settings
from handoff_service.gateways.fanout import hint_pipe
from handoff_service.gateways.fanout.command_hints import CommandHints, Send, through_redis
from handoff_service.gateways.fanout.redis_fanout import channel_of
from handoff_service.gateways.providers import send_errors_of
from handoff_service.operations.conversations.index_texts import schedule_indexing
from handoff_service.operations.desk.audit_chain import schedule_chaining
from handoff_service.operations.shared.audit import AUDIT
from handoff_service.settings import Settings
from handoff_service.store.desk.desk import desk_id
from handoff_service.store.engine import migrate
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint

HINTS_LOST = (
    "Warning: these changes could not be announced to the running service. Its workers notice them "
    "within 30 seconds. Reload the open pages to see them."
)


def add_commands(commands: Commands) -> None:
    add_command(commands, "migrate", "Bring the database to the newest schema", _migrate)


@asynccontextmanager
async def opened_store(config: Settings) -> AsyncIterator[Store]:
    """The store for one command. Services that run on its database get a hint of each commit."""

    async def channel() -> str:
        return channel_of(await store.read(desk_id))

    hints = CommandHints(_sending(config, channel), clock.now)
    store = Store(
        config.database_url,
        clock=clock.now,
        settings=operation_settings(config, send_errors_of(config)),
        after_commit=hints.committed,
    )
    try:
        yield store
        # a service does the same after its own commits
        if hints.seen:
            await store.write(schedule_indexing, None)
        if AUDIT in hints.seen:
            await store.write(schedule_chaining, None)
    finally:
        await hints.finish()
        store.close()
        if hints.lost:
            print_progress(HINTS_LOST)


def _sending(config: Settings, channel: Callable[[], Awaitable[str]]) -> Send:
    """Return the function that sends hints to the running services."""
    if config.redis_url:
        return through_redis(config.redis_url, channel)

    async def send(hints: Sequence[Hint]) -> None:
        hint_pipe.send(config.home, hints)

    return send


def run_on_store(config: Settings, action: Callable[[Store], Awaitable[str]]) -> int:
    """Migrate the database, run one action on it, and print the action's result unless that is
    empty. Returns 0."""

    async def carry_out() -> str:
        async with opened_store(config) as store:
            return await action(store)

    bring_up_to_date(config)
    if answer := asyncio.run(carry_out()):
        print(answer)
    return 0


def bring_up_to_date(config: Settings) -> None:
    """Migrate the database, and print the progress."""
    migrate.migrate(config.database_url, report=print_progress)


def print_progress(sentence: str) -> None:
    """Print a command's progress, separate from its output."""
    print(sentence, file=sys.stderr, flush=True)


def _migrate(config: Settings, _arguments: argparse.Namespace) -> int:
    bring_up_to_date(config)
    return 0

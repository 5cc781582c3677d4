"""The database for one command, and ``patchboard migrate``."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from handoff_service import clock
from handoff_service.commands.parser import Commands, add_command
from handoff_service.context import operation_settings
from handoff_service.gateways.providers import send_errors_of
from handoff_service.settings import Settings
from handoff_service.store.engine import migrate
from handoff_service.store.engine.store import Store


def add_commands(commands: Commands) -> None:
    add_command(commands, "migrate", "Bring the database to the newest schema", _migrate)


@asynccontextmanager
async def opened_store(config: Settings) -> AsyncIterator[Store]:
    """The store for one command, without listeners for changes."""
    store = Store(
        config.database_url,
        clock=clock.now,
        settings=operation_settings(config, send_errors_of(config)),
        after_commit=lambda _hints, _work_at: None,
    )
    try:
        yield store
    finally:
        store.close()


def run_on_store(config: Settings, action: Callable[[Store], Awaitable[str]]) -> int:
    """Migrate the database, run one action on it, and print its result. Returns 0."""

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


def _migrate(config: Settings, _asked: argparse.Namespace) -> int:
    bring_up_to_date(config)
    return 0

"""A folder for PATCHBOARD_HOME that already contains the demo desk, as after a first start with
PATCHBOARD_DEMO=1.

A first start spends most of its time on migrating the database, importing the desk and hashing
passwords. Tests that do not test the first start copy the result. Its passwords have cheap hashes,
so each sign-in is cheap too.
"""

import asyncio
import functools
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

from argon2 import PasswordHasher

from handoff_service import clock, settings
from handoff_service.commands.serve import DEMO
from handoff_service.context import operation_settings
from handoff_service.gateways.providers import send_errors_of
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.settings import Settings
from handoff_service.store.engine.store import Store
from tests.support.migrated import migrated_file
from tests.support.run_folder import made_once

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
#: the name of the service's password hasher, for ``patch`` and for the constants of
#: ``running_service``
HASHER = "handoff_service.operations.desk.passwords._hasher"


def demo_home(home: Path) -> Path:
    """Fill the folder, and return it."""
    return Path(shutil.copytree(_made(), home, dirs_exist_ok=True))


@functools.cache
def _made() -> Path:
    return made_once("demo-home", _make)


def _make(home: Path) -> None:
    config = settings.read(
        {"PATCHBOARD_HOME": str(home), "PATCHBOARD_DEMO": "1", "PATCHBOARD_BOT_URL": ""}
    )
    migrated_file(Path(config.database_url.removeprefix("sqlite:///")))
    with ThreadPoolExecutor(1) as apart:  # Playwright keeps an event loop running in this thread
        apart.submit(asyncio.run, _import(config)).result()


async def _import(config: Settings) -> None:
    store = Store(
        config.database_url,
        clock=clock.now,
        settings=operation_settings(config, send_errors_of(config)),
        after_commit=lambda _hints, _work_at: None,
    )
    with patch(HASHER, CHEAP):
        await import_file(store, read_desk_file.read(DEMO))
    store.close()

"""``patchboard backup``, ``restore`` and ``held``."""

import argparse
import asyncio
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from handoff_service import settings
from handoff_service.backup.create import back_up
from handoff_service.backup.restore import restore
from handoff_service.commands.database import opened_store, print_progress, run_on_store
from handoff_service.commands.parser import Commands, add_command
from handoff_service.doctor.database_checks import held_work
from handoff_service.environment.key_files import key_fingerprint
from handoff_service.errors import Refusal
from handoff_service.operations.delivery.restored_sends import DecideHeld, decide_held
from handoff_service.operations.shared.audit import audit, exported
from handoff_service.rules.desk.audit import Subject
from handoff_service.settings import Settings
from handoff_service.store.engine import secret_keys
from handoff_service.store.engine.store import Store


def add_commands(commands: Commands) -> None:
    add = partial(add_command, commands)
    made = add(
        "backup",
        "Write database, media, models and generated keys to one file; the desk can keep running",
        _backup,
    )
    made.add_argument("file", type=Path, help="its name may end in .tar or .tar.gz")
    made.add_argument(
        "--with-media",
        action="store_true",
        default=None,
        help="also copy media that are stored in S3; without this, back up the bucket yourself",
    )
    add(
        "restore",
        "Restore a desk from a backup into an empty database and PATCHBOARD_HOME",
        _restore,
    ).add_argument("file", type=Path)
    add("held", "Show, release or cancel the work that a restore holds", _held).add_argument(
        "action", choices=["show", "release", "cancel"], nargs="?", default="show"
    )


def _backup(config: Settings, arguments: argparse.Namespace) -> int:
    back_up(config, arguments.file.absolute(), print_progress, with_media=arguments.with_media)
    asyncio.run(_record(config, arguments.file.name))
    return 0


async def _record(config: Settings, name: str) -> None:
    """Record the backup in the audit log. If the database cannot be written, for example because it
    is read-only or has an older schema, print a warning instead. The backup itself has
    succeeded."""
    try:
        async with opened_store(config) as store:
            await store.write(audit, exported(Subject.BACKUP, name))
    except (Refusal, SQLAlchemyError):
        print_progress("Warning: the audit log could not be written, so it lacks this backup.")


def _restore(config: Settings, arguments: argparse.Namespace) -> int:
    restore(config, arguments.file, print_progress)
    if asyncio.run(_key_differs(settings.read())):
        print_progress(f"Warning: {secret_keys.DIFFERS}")
    return 0


async def _key_differs(config: Settings) -> bool:
    async with opened_store(config) as store:
        return await store.read(
            secret_keys.differs,
            config.key_fingerprint,
            [key_fingerprint(key) for key in config.old_keys],
        )


def _held(config: Settings, arguments: argparse.Namespace) -> int:
    return run_on_store(config, lambda store: _held_work(store, arguments.action))


async def _held_work(store: Store, action: str) -> str:
    if action == "show":
        return "\n".join(await store.read(held_work)) or "Nothing is held."
    texts = await store.write(decide_held, DecideHeld(send=action == "release"))
    did = "Released" if action == "release" else "Canceled"
    return f"{did} the held work. Texts: {texts}."

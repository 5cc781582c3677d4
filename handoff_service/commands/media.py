"""``patchboard media``: move pictures and files between the folder and an S3 store, and check
them."""

import argparse

from handoff_service.backup.move_media import Checked, compare, delete_unused, move
from handoff_service.clock import now
from handoff_service.commands.database import print_progress, run_on_store
from handoff_service.commands.parser import Commands, add_command
from handoff_service.errors import SetupError
from handoff_service.gateways.media_stores import media_folder_of, media_store_of
from handoff_service.ports.media_store import MediaStore
from handoff_service.rules.shared.counted import counted
from handoff_service.settings import Settings
from handoff_service.store.conversations.media import used_files
from handoff_service.store.engine.store import Store

SHOWN = 20  # how many names of missing files the command prints


def add_commands(commands: Commands) -> None:
    made = add_command(
        commands, "media", "Move pictures and files to an S3 store and back, or check them", _media
    )
    made.add_argument("action", choices=["check", "move"])
    made.add_argument(
        "--back", action="store_true", help="move from the S3 store to the folder in HOME"
    )
    made.add_argument("--keep", action="store_true", help="copy only; delete nothing")
    made.add_argument(
        "--delete-unused",
        action="store_true",
        help="with check: delete files that no message uses and that are older than an hour; "
        "this cannot be undone",
    )


def _media(config: Settings, arguments: argparse.Namespace) -> int:
    if arguments.action == "check":
        if arguments.back or arguments.keep:
            raise SetupError("--back and --keep are only for: patchboard media move")
        return _check(config, arguments)
    if arguments.delete_unused:
        raise SetupError("--delete-unused is only for: patchboard media check")
    if config.media_bucket is None:
        raise SetupError(
            "Set PATCHBOARD_MEDIA_STORE and the PATCHBOARD_S3_ settings for this command. It moves "
            "the files of the folder in PATCHBOARD_HOME to that bucket."
        )
    folder: MediaStore = media_folder_of(config)
    source, target = folder, media_store_of(config)
    if arguments.back:
        source, target = target, source
    done = move(source, target, keep=arguments.keep, report=print_progress)
    did = "Copied" if arguments.keep else "Moved"
    print(
        f"{did} {counted(done.copied, 'file')} ({done.bytes / 1e6:.1f} MB) from {source.where} to "
        f"{target.where}. {counted(done.there, 'file')} had been copied before."
    )
    return 0


def _check(config: Settings, arguments: argparse.Namespace) -> int:
    store = media_store_of(config)
    found: list[Checked] = []

    async def look(database: Store) -> str:
        # Read the rows before the store. The desk writes each file before its row, so the store
        # must have the files of these rows.
        found.append(compare(await database.read(used_files), store))
        if arguments.delete_unused:
            delete_unused(found[0].unused, store, now())
        return _sentence(found[0], store, deleted=arguments.delete_unused)

    run_on_store(config, look)
    return 1 if found[0].missing else 0


def _sentence(found: Checked, store: MediaStore, *, deleted: bool) -> str:
    lines = [
        f"{counted(found.used, 'file')} in messages. Missing in {store.where}: "
        f"{len(found.missing)}. Unused there: {len(found.unused)}."
    ]
    lines += [f"missing {name}" for name in list(found.missing)[:SHOWN]]
    if found.unused and deleted:
        lines.append("Deleted the unused files that are older than an hour.")
    elif found.unused:
        lines.append("To delete the unused files, run: patchboard media check --delete-unused")
    return "\n".join(lines)

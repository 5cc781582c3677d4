"""``patchboard import`` and ``export``: read a whole desk from a desk file, and write it to one."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from handoff_service.commands.database import run_on_store
from handoff_service.commands.parser import Commands, add_command
from handoff_service.errors import SetupError
from handoff_service.operations.desk_file import desk_file, read_desk_file
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.operations.desk_file.preview_import import ImportPreview, preview_file
from handoff_service.operations.shared.audit import audit, exported
from handoff_service.rules.desk.audit import Subject
from handoff_service.rules.desk.record_changes import Changes
from handoff_service.settings import Settings
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk_file.export_desk import export_desk
from handoff_service.store.engine.store import Store


def add_commands(commands: Commands) -> None:
    does = "Import a desk file (TOML). Importing it again adds no duplicates"
    made = add_command(commands, "import", does, _import)
    made.add_argument("file", type=Path)
    made.add_argument(
        "--dry-run", action="store_true", help="print what would change, and change nothing"
    )
    made = add_command(commands, "export", "Write the desk to a desk file, for import", _export)
    made.add_argument("file", type=Path)


def _import(config: Settings, arguments: argparse.Namespace) -> int:
    act = _preview_import if arguments.dry_run else _import_desk
    return run_on_store(config, lambda store: act(store, arguments.file))


async def _import_desk(store: Store, path: Path) -> str:
    counts = await import_file(store, await _read(store, path))
    return "imported " + ", ".join(
        f"{count} {what.replace('_', ' ')}" for what, count in counts.items()
    )


async def _preview_import(store: Store, path: Path) -> str:
    """List the changes that an import would make."""
    return "\n".join(_lines(await preview_file(store, await _read(store, path))))


async def _read(store: Store, path: Path) -> desk_file.DeskFile:
    """The file's content. Raises SetupError for a file with errors."""
    return read_desk_file.read(path, await store.read(desk_country))


def _lines(preview: ImportPreview) -> Iterator[str]:
    if preview.changes_nothing:
        yield "nothing would change"
    for part, one in preview.parts.items():
        name = part.replace("_", " ")
        yield from (f"{name}: create {key}" for key in one.created)
        for key, changes in one.changed.items():
            yield f"{name}: change {key}".rstrip()
            yield from (f"    {line}" for line in _fields(changes))


def _fields(changes: Changes) -> Iterator[str]:
    for field, (before, after) in changes.items():
        secret = before is None and after is None
        yield f"{field}: new value" if secret else f"{field}: {before} -> {after}"


def _export(config: Settings, arguments: argparse.Namespace) -> int:
    return run_on_store(config, lambda store: _export_desk(store, arguments.file))


async def _export_desk(store: Store, path: Path) -> str:
    """Write the file. Returns an empty string, because ``run_on_store`` prints the result."""
    text = await store.read(export_desk)
    await store.write(audit, exported(Subject.DESK_FILE, path.name))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from error
    return ""

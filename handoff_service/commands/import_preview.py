"""``patchboard import --dry-run``: what an import would change, for a terminal."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from handoff_service.operations.desk_file import desk_file
from handoff_service.operations.desk_file.preview_import import Preview, preview_file
from handoff_service.rules.desk.record_changes import Changes
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.engine.store import Store


async def lines(opened: AbstractAsyncContextManager[Store], path: Path) -> list[str]:
    """The lines to print. Nothing is changed. SetupError for a file with errors."""
    async with opened as store:
        file = desk_file.read(path, await store.read(desk_country))
        return list(_lines(await preview_file(store, file)))


def _lines(preview: Preview) -> Iterator[str]:
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

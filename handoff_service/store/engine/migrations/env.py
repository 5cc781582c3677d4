"""Alembic's entry. The connection comes from ``migrate``; for a new revision see
CONTRIBUTING.md."""

from typing import Any, Literal

from alembic import context

from handoff_service.store.engine.tables import MESSAGE_WORDS, UtcTime, metadata


def _render(kind: str, thing: Any, _context: object) -> str | Literal[False]:
    return "UtcTime()" if kind == "type" and isinstance(thing, UtcTime) else False


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """``tables.py`` cannot describe the text index (on SQLite, with its shadow tables), so
    migrations skip it."""
    return kind != "table" or not (name or "").startswith(MESSAGE_WORDS)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_render,
    include_name=_ours,
)
context.run_migrations()

"""Alembic's entry point. ``migrate`` provides the connection. CONTRIBUTING.md explains how to add a
revision."""

from typing import Any, Literal

from alembic import context

from handoff_service.store.engine.tables import MESSAGE_WORDS, UtcTime, metadata


def _render(kind: str, thing: Any, _context: object) -> str | Literal[False]:
    return "UtcTime()" if kind == "type" and isinstance(thing, UtcTime) else False


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the text index and, on SQLite, its shadow tables, because ``tables.py`` cannot
    describe them."""
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

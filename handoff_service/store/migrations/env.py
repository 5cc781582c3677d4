"""Alembic's entry. The connection comes from ``migrate``; for a new revision see CONTRIBUTING.md."""

from typing import Any, Literal

from alembic import context

from handoff_service.store.tables import UtcTime, metadata


def _render(kind: str, thing: Any, _context: object) -> str | Literal[False]:
    return "UtcTime()" if kind == "type" and isinstance(thing, UtcTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_render,
)
context.run_migrations()

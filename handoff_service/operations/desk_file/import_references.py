"""Macros and shared views of a desk file: entries that name other records of the desk."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel
from sqlalchemy import Column, select

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.list_views import SaveView, save_view
from handoff_service.operations.desk.macros import put_macro
from handoff_service.operations.desk_file.desk_file import (
    ListViewEntry,
    MacroEntry,
)
from handoff_service.operations.desk_file.desk_file_errors import errors_named
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


def import_macros(tx: Transaction, entries: Sequence[MacroEntry]) -> None:
    for entry in entries:
        _macro(tx, entry)


def _macro(tx: Transaction, entry: MacroEntry) -> None:
    """BadInput when the desk does not have what it names."""
    columns = {
        "template": t.templates.c.name,
        "label": t.labels.c.name,
        "to_agent": t.agents.c.email,
        "to_queue": t.queues.c.name,
    }
    with errors_named(f"macros.{entry.name}"):
        put_macro(tx, entry.to_fields(_ids(tx, entry, columns)))


def import_list_views(tx: Transaction, entries: Sequence[ListViewEntry]) -> None:
    for entry in entries:
        _list_view(tx, entry)


def _list_view(tx: Transaction, entry: ListViewEntry) -> None:
    """Share the view, or replace the agent's view with the same name. BadInput when the desk does
    not have what it names."""
    with errors_named(f"list_views.{entry.name}"):
        ids = _ids(tx, entry, {"agent": t.agents.c.email, "label": t.labels.c.name})
        how = entry.to_sort_and_filter(ids.get("label"))
        save_view(tx, SaveView(agent_id=ids["agent"], name=entry.name, how=how, shared=True))


def _ids(
    tx: Transaction, entry: BaseModel, columns: Mapping[str, Column[str]]
) -> Mapping[str, int]:
    """The ids of the records that an entry names. ``columns``: key -> the column that holds the
    name. BadInput for a name that the desk does not have."""
    ids = {}
    for key, column in columns.items():
        if (name := getattr(entry, key)) is None:
            continue
        found = tx.conn.execute(select(column.table.c.id).where(column == name)).scalar()
        if found is None:
            raise BadInput(errors={key: phrase("there is no “{name}”", name=name)})
        ids[key] = found
    return ids

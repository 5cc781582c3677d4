"""Import the macros and shared views of a desk file, which refer to other records of the desk."""

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
    """Create or update a macro. Raises BadInput when the desk lacks a record that it names."""
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
    """Save the view as a shared one, or replace the agent's view with the same name. Raises
    BadInput when the desk lacks a record that it names."""
    with errors_named(f"list_views.{entry.name}"):
        ids = _ids(tx, entry, {"agent": t.agents.c.email, "label": t.labels.c.name})
        how = entry.to_sort_and_filter(ids.get("label"))
        save_view(tx, SaveView(agent_id=ids["agent"], name=entry.name, how=how, shared=True))


def _ids(
    tx: Transaction, entry: BaseModel, columns: Mapping[str, Column[str]]
) -> Mapping[str, int]:
    """The ids of the records that an entry names. ``columns``: key of the entry -> the column that
    contains the name. Raises BadInput for a name that the desk does not have."""
    ids = {}
    for key, column in columns.items():
        if (name := getattr(entry, key)) is None:
            continue
        found = tx.conn.execute(select(column.table.c.id).where(column == name)).scalar()
        if found is None:
            raise BadInput(errors={key: phrase("there is no “{name}”", name=name)})
        ids[key] = found
    return ids

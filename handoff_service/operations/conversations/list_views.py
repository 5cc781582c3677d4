"""An agent sorts and filters the list of ongoing conversations, and saves this choice as a view."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select

from handoff_service.errors import BadInput, NotFound
from handoff_service.rules.conversations.list_order import SortAndFilter
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import attributes, labels
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.transaction import Transaction

c, v = t.list_choices, t.list_views
MOST_VIEWS = 50  # the most saved views of one agent


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseList:
    agent_id: int
    how: SortAndFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveView:
    """``shared``: whether every agent sees the view. It replaces the agent's view with the same
    name."""

    agent_id: int
    name: str
    how: SortAndFilter
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteView:
    agent_id: int
    view_id: int


def choose_list(tx: Transaction, command: ChooseList) -> None:
    """Sort and filter this agent's list in all of their windows. Raises NotFound for an unknown
    label. Raises BadInput for an undefined attribute, and for a value that does not fit it."""
    values = {"agent_id": command.agent_id, **_columns(tx, command.how)}
    new = upsert(tx.conn, c).values(values)
    tx.conn.execute(new.on_conflict_do_update(index_elements=[c.c.agent_id], set_=values))
    tx.hint(f"agent:{command.agent_id}")


def save_view(tx: Transaction, command: SaveView) -> int:
    """Save the view and return its id. Raises BadInput for an empty or too long name, and when the
    agent already has ``MOST_VIEWS`` other views. Raises the same errors as ``choose_list`` for a
    wrong label or attribute."""
    name = command.name.strip()
    if not name or len(name) > 60:
        raise BadInput(errors={"name": phrase("must have 1 to 60 characters")})
    mine = select(func.count()).where(v.c.agent_id == command.agent_id, v.c.name != name)
    if tx.conn.execute(mine).scalar_one() >= MOST_VIEWS:
        raise BadInput(
            phrase("An agent can save at most {most} views. Delete one first.", most=MOST_VIEWS)
        )
    values: dict[str, Any] = {
        "agent_id": command.agent_id,
        "name": name,
        "shared": command.shared,
        **_columns(tx, command.how),
    }
    new = upsert(tx.conn, v).values(values)
    saved = new.on_conflict_do_update(index_elements=[v.c.agent_id, v.c.name], set_=values)
    view_id: int = tx.conn.execute(saved.returning(v.c.id)).scalar_one()
    tx.hint(f"agent:{command.agent_id}")
    return view_id


def delete_view(tx: Transaction, command: DeleteView) -> None:
    """Delete one of the agent's own views. Raises NotFound for any other view."""
    mine = delete(v).where(v.c.id == command.view_id, v.c.agent_id == command.agent_id)
    if not tx.conn.execute(mine).rowcount:
        raise NotFound(phrase("You have no saved view {view_id}.", view_id=command.view_id))
    tx.hint(f"agent:{command.agent_id}")


def _columns(tx: Transaction, how: SortAndFilter) -> dict[str, Any]:
    if how.label_id is not None:
        labels.get(tx.conn, how.label_id)
    attribute = how.attribute and attributes.filter_of(tx.conn, how.attribute).written
    return {"sort": how.sort, "tag": how.tag, "label_id": how.label_id, "attribute": attribute}

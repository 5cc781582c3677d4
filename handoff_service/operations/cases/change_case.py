"""Change a case or add a note to it. Each change adds a history entry: who changed what, when and
why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from handoff_service.errors import BadInput, NotFound
from handoff_service.operations.cases.record_case import CaseHistoryEntry, Changes, record
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.participation import notify_owner, take_part
from handoff_service.rules.cases.cases import number
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Event
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.users import active_user_name
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

c = t.cases


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCase:
    """``values``: the columns that change, with their new values. ``note``: the reason, which
    agents see. ``interaction_id``: the conversation that gets a line about the change; None: the
    case's own conversation."""

    id: int
    agent_id: int
    values: Mapping[str, Any]
    note: str | None = None
    interaction_id: int | None = None


def change_case(tx: Transaction, command: ChangeCase) -> None:
    """Change a case. Any state may follow any other, so an agent can reopen a case that was closed
    too early. A command that changes nothing adds no entry and sends no event, so two systems that
    copy each other's changes cannot loop. Raises NotFound and BadInput."""
    within = _interaction_of(tx, command)
    if within is not None:
        # lock it before the case, in the same order as open_case does
        interaction = interactions.lock(tx.conn, within)
        if command.interaction_id is not None:
            take_part(tx, interaction, command.agent_id)
    row = tx.conn.execute(select(c).where(c.c.id == command.id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no case {id}.", id=command.id))
    if "description" in command.values and not str(command.values["description"]).strip():
        raise BadInput(errors={"description": phrase("must not be empty")})
    if command.values.get("user_id") is not None and command.values["user_id"] != row.user_id:
        active_user_name(tx.conn, command.values["user_id"])
    changes = {n: (getattr(row, n), v) for n, v in command.values.items() if v != getattr(row, n)}
    note = (command.note or "").strip() or None
    if not changes and note is None:
        return
    write_change(tx, row, Author.AGENT, command.agent_id, changes, note)
    if within is not None and (note or "state" in changes):
        _add_message(tx, within, command, changes, note)
    if within is not None and command.interaction_id is not None:
        notify_owner(tx, interaction, command.agent_id, _did(command, changes, note))


def move_cases(
    tx: Transaction,
    concerned: Sequence[InteractionRow],
    user_id: int | None,
    *,
    author: Author,
    agent_id: int | None,
) -> None:
    """Move the cases of these locked interactions to the interactions' new user. A case that
    somebody has assigned to a different user on purpose does not move."""
    before = {one.id: one.user_id for one in concerned}
    query = select(c).where(one_of(c.c.interaction_id, before)).order_by(c.c.id).with_for_update()
    for row in tx.conn.execute(query).all() if before else ():
        if row.user_id == before[row.interaction_id] != user_id:
            write_change(tx, row, author, agent_id, {"user_id": (row.user_id, user_id)}, None)


def _interaction_of(tx: Transaction, command: ChangeCase) -> int | None:
    if command.interaction_id is not None:
        return command.interaction_id
    return tx.conn.execute(select(c.c.interaction_id).where(c.c.id == command.id)).scalar()


def write_change(
    tx: Transaction,
    row: Any,
    author: Author,
    agent_id: int | None,
    changes: Changes,
    note: str | None,
) -> None:
    """Write a locked case's change and its history entry."""
    values = {name: after for name, (_, after) in changes.items()}
    version = row.version + 1
    tx.conn.execute(
        update(c).where(c.c.id == row.id).values(**values, version=version, changed_at=tx.now)
    )
    record(
        tx,
        CaseHistoryEntry(
            case_id=row.id,
            version=version,
            author=author,
            agent_id=agent_id,
            changes=changes,
            note=note,
        ),
    )


def _add_message(
    tx: Transaction, interaction_id: int, command: ChangeCase, changes: Changes, note: str | None
) -> None:
    """Add a line to the conversation. A closed conversation gets none."""
    interaction = interactions.lock(tx.conn, interaction_id)
    if not interaction.active:
        return
    by = agent_name(tx.conn, command.agent_id)
    did = _did(command, changes, note)
    messages.append_line(
        tx,
        interaction,
        f"{by} {did}",
        event=Event.CASE_CHANGED,
        reason=note,
        agent_id=command.agent_id,
    )


def _did(command: ChangeCase, changes: Changes, note: str | None) -> str:
    which = number(command.id)
    if "state" in changes:
        return f"set case {which} to {str(changes['state'][1]).replace('_', ' ')}"
    return f"added a note to case {which}" if note else f"changed case {which}"

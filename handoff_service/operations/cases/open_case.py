"""Open a case from the virtual agent's report, or by hand."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from handoff_service.errors import BadInput
from handoff_service.operations.cases.record_case import CaseHistoryEntry, record
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.participation import lock_for, notify_owner
from handoff_service.rules.cases.cases import NORMAL, number
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, CaseKind, CaseState, Event
from handoff_service.store.cases import cases
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.users import active_user_name
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

c = t.cases


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInTurn:
    """The virtual agent's request during a turn. ``once``: reuse the user's unresolved case of this
    kind, if there is one."""

    turn_id: int
    description: str
    kind: CaseKind = CaseKind.PROBLEM
    priority: int = NORMAL
    device: str | None = None
    impact: str | None = None
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenByHand:
    """An agent opens a case on the page or through the API. The case belongs to ``user_id``. If
    that is None, it belongs to the interaction's user. ``user_id`` or ``interaction_id`` is
    required."""

    agent_id: int
    description: str
    kind: CaseKind = CaseKind.PROBLEM
    priority: int = NORMAL
    device: str | None = None
    impact: str | None = None
    user_id: int | None = None
    interaction_id: int | None = None
    external_number: str | None = None


def open_case(tx: Transaction, command: OpenInTurn) -> str:
    """Open the case and return its number. Running the same turn again returns the same case."""
    interaction_id = tx.conn.execute(
        select(t.bot_turns.c.interaction_id).where(t.bot_turns.c.id == command.turn_id)
    ).scalar_one()
    interaction = interactions.lock(tx.conn, interaction_id)
    there = select(c.c.id).where(
        c.c.bot_turn_id == command.turn_id,
        c.c.kind == command.kind,
        c.c.description == command.description,
    )
    if (found := tx.conn.execute(there).scalar()) is not None:
        return number(found)
    if command.once and interaction.user_id is not None:
        unsettled = cases.unsettled(tx.conn, interaction.user_id, kind=command.kind)
        if unsettled:
            return unsettled[0].number
    values = {
        name: getattr(command, name)
        for name in ("description", "kind", "priority", "device", "impact")
    }
    values |= {
        "bot_turn_id": command.turn_id,
        "user_id": interaction.user_id,
        "interaction_id": interaction.id,
    }
    case_id = _insert(tx, values, Author.VIRTUAL_AGENT)
    _add_message(tx, interaction, f"Case {number(case_id)} opened", command.description)
    return number(case_id)


def open_by_hand(tx: Transaction, command: OpenByHand) -> int:
    """Open the case and return its id. Raises BadInput with the wrong fields. Raises NotFound for
    an unknown user or interaction."""
    if not command.description.strip():
        raise BadInput(errors={"description": phrase("must not be empty")})
    if command.interaction_id is None and command.user_id is None:
        raise BadInput(
            errors={
                "user_id": phrase("give the user, or the interaction in which the case is opened")
            }
        )
    by = agent_name(tx.conn, command.agent_id)
    interaction = None
    if command.interaction_id is not None:
        interaction = lock_for(tx, command.interaction_id, command.agent_id)
    user_id = (
        command.user_id
        if command.user_id is not None or interaction is None
        else interaction.user_id
    )
    if command.user_id is not None:
        active_user_name(tx.conn, command.user_id)
    values = {name: getattr(command, name) for name in OpenByHand.__dataclass_fields__}
    values |= {"user_id": user_id, "description": command.description.strip()}
    case_id = _insert(tx, values, Author.AGENT)
    if interaction is not None and interaction.active:
        _add_message(
            tx,
            interaction,
            f"{by} opened case {number(case_id)}",
            values["description"],
            command.agent_id,
        )
        notify_owner(tx, interaction, command.agent_id, f"opened case {number(case_id)}")
    return case_id


def _insert(tx: Transaction, values: dict[str, Any], author: Author) -> int:
    made = (
        insert(c)
        .values(**values, state=CaseState.OPEN, created_at=tx.now, changed_at=tx.now)
        .returning(c.c.id)
    )
    case_id: int = tx.conn.execute(made).scalar_one()
    record(
        tx,
        CaseHistoryEntry(
            case_id=case_id, version=1, author=author, agent_id=values.get("agent_id"), changes={}
        ),
    )
    return case_id


def _add_message(
    tx: Transaction,
    interaction: InteractionRow,
    body: str,
    description: str,
    agent_id: int | None = None,
) -> None:
    messages.append_line(
        tx, interaction, body, event=Event.CASE_OPENED, reason=description, agent_id=agent_id
    )

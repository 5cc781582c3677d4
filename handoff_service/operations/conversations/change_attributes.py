"""An agent sets or removes attributes of a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete

from handoff_service.errors import BadInput
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.participation import lock_for, notify_owner
from handoff_service.rules.desk.attributes import (
    AttributeFields,
    AttributeOwner,
    in_words,
    read_values,
)
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import attributes
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.transaction import Transaction

c = t.conversation_attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAttributes:
    """``values``: key -> new value. None removes the attribute. Other attributes keep their
    values."""

    interaction_id: int
    agent_id: int
    values: Mapping[str, str | None]


def change_attributes(tx: Transaction, command: ChangeAttributes) -> None:
    """Set or remove attributes of an open or closed conversation. Raises NotFound for an unknown
    conversation. Raises BadInput for an undefined attribute and for a value that does not fit its
    definition.
    """
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    if put_attributes(tx, interaction, command.agent_id, command.values):
        notify_owner(tx, interaction, command.agent_id, "changed its attributes")


def put_attributes(
    tx: Transaction,
    interaction: InteractionRow,
    agent_id: int,
    given: Mapping[str, str | None],
) -> bool:
    """Like ``change_attributes``, for a locked interaction. Returns whether anything changed. Each
    change adds a line with the old and the new value."""
    if not given:
        return False
    defined = attributes.definitions(tx.conn, AttributeOwner.CONVERSATION)
    before = attributes.of_interactions(tx.conn, [interaction.id]).get(interaction.id, {})
    after = _checked(defined, before, given)
    changes = {key: value for key, value in after.items() if before.get(key) != value}
    for key, value in changes.items():
        _store(tx, interaction.id, key, value)
        _add_line(tx, interaction, agent_id, _did(defined.get(key), key, before.get(key), value))
    return bool(changes)


def check_required(tx: Transaction, interaction_id: int) -> None:
    """Raise BadInput when the conversation lacks an attribute that closing it requires."""
    defined = attributes.definitions(tx.conn, AttributeOwner.CONVERSATION).values()
    required = [one for one in defined if one.required_to_close]
    if not required:
        return
    there = attributes.of_interactions(tx.conn, [interaction_id]).get(interaction_id, {})
    if missing := [f"“{one.name}”" for one in required if one.key not in there]:
        raise BadInput(
            errors={
                "attributes": phrase(
                    "must have {names} before it can be closed", names=joined(", ", missing)
                )
            }
        )


def _checked(
    defined: Mapping[str, AttributeFields],
    before: Mapping[str, str],
    given: Mapping[str, str | None],
) -> dict[str, str | None]:
    unknown = [key for key in given if key not in defined and key not in before]
    wrong: list[str] = [
        phrase("there is no conversation attribute “{key}”", key=key) for key in unknown
    ]
    typed = {key: value for key, value in given.items() if value is not None}
    values, unfit = read_values(defined, typed)
    if wrong := wrong + unfit:
        raise BadInput(errors={"attributes": joined("; ", wrong)})
    return {key: values.get(key) for key in given}


def _store(tx: Transaction, interaction_id: int, key: str, value: str | None) -> None:
    if value is None:
        here = c.c.interaction_id == interaction_id, c.c.key == key
        tx.conn.execute(delete(c).where(*here))
        return
    row = {"interaction_id": interaction_id, "key": key, "value": value}
    put = upsert(tx.conn, c).values(row)
    tx.conn.execute(
        put.on_conflict_do_update(
            index_elements=[c.c.interaction_id, c.c.key], set_={"value": value}
        )
    )


def _did(one: AttributeFields | None, key: str, before: str | None, after: str | None) -> str:
    """The change in words, such as ``changed “Order” from “12” to “13”``."""
    name = one.name if one else key
    was, now = in_words(one, before or ""), in_words(one, after or "")
    if after is None:
        return f"removed “{name}”, which was “{was}”"
    if before is None:
        return f"set “{name}” to “{now}”"
    return f"changed “{name}” from “{was}” to “{now}”"


def _add_line(tx: Transaction, interaction: InteractionRow, agent_id: int, did: str) -> None:
    messages.append_line(
        tx, interaction, f"{agent_name(tx.conn, agent_id)} {did}", agent_id=agent_id
    )

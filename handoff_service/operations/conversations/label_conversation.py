"""An agent adds a label to a conversation or removes it, or chooses the topic on closing."""

from dataclasses import dataclass

from sqlalchemy import delete, update

from handoff_service.errors import BadInput
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.participation import lock_for, notify_owner
from handoff_service.rules.desk.labels import topics
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import desk, labels
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.transaction import Transaction

c = t.conversation_labels


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelConversation:
    """``on``: whether to add the label; False: remove it."""

    interaction_id: int
    agent_id: int
    label_id: int
    on: bool = True


def label_conversation(tx: Transaction, command: LabelConversation) -> bool:
    """Add or remove a label of an open or closed conversation. Returns whether anything changed.
    Raises NotFound for an unknown label."""
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    label = labels.get(tx.conn, command.label_id)
    changed = (_put if command.on else _take)(tx, interaction.id, label.id)
    if changed:
        did = f"{'added' if command.on else 'removed'} the label “{label.name}”"
        _add_message(tx, interaction, command.agent_id, did)
        notify_owner(tx, interaction, command.agent_id, did)
    return changed


def put_topic(
    tx: Transaction, interaction: InteractionRow, agent_id: int, label_id: int | None
) -> None:
    """Make a label the topic of a locked interaction that this agent closes. Raises BadInput for a
    label that cannot be a topic. Without a chosen label, raises BadInput when the desk requires a
    topic and has labels."""
    if label_id is None:
        if desk.ask_topic(tx.conn) and labels.list_(tx.conn):
            raise BadInput(
                errors={"topic_id": phrase("is required. Choose what the conversation was about")}
            )
        return
    label = next((one for one in topics(labels.list_(tx.conn)) if one.id == label_id), None)
    if label is None:
        raise BadInput(errors={"topic_id": phrase("must be the id of a label that can be a topic")})
    _put(tx, interaction.id, label.id)
    here = c.c.interaction_id == interaction.id
    tx.conn.execute(update(c).where(here).values(is_topic=c.c.label_id == label.id))
    _add_message(tx, interaction, agent_id, f"chose the topic “{label.name}”")


def _put(tx: Transaction, interaction_id: int, label_id: int) -> bool:
    values = {"interaction_id": interaction_id, "label_id": label_id, "is_topic": False}
    new = upsert(tx.conn, c).values(values).on_conflict_do_nothing().returning(c.c.label_id)
    return tx.conn.execute(new).first() is not None


def _take(tx: Transaction, interaction_id: int, label_id: int) -> bool:
    gone = delete(c).where(c.c.interaction_id == interaction_id, c.c.label_id == label_id)
    return tx.conn.execute(gone).rowcount > 0


def _add_message(tx: Transaction, interaction: InteractionRow, agent_id: int, did: str) -> None:
    messages.append_line(
        tx,
        interaction,
        f"{agent_name(tx.conn, agent_id)} {did}",
        event=Event.LABEL,
        agent_id=agent_id,
    )

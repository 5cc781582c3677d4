"""An admin edits a system message or restores its default text."""

from dataclasses import dataclass

from sqlalchemy import delete

from handoff_service.errors import BadInput
from handoff_service.operations.shared.record_changes import recorded
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.desk.system_message_texts import error
from handoff_service.rules.desk.system_messages import words_of
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeText:
    """``name``: the name of a system message in one language. ``body`` None: the default text."""

    name: str
    body: str | None


def change_text(tx: Transaction, command: ChangeText) -> None:
    """Save an edited text. Saving the default text removes the edit. Raises BadInput for a text
    that cannot be sent."""
    own = None if command.body == words_of(command.name).default else command.body
    if own is not None and (wrong := error(command.name, own)):
        raise BadInput(errors={"body": wrong})
    with recorded(tx, Noun.SYSTEM_MESSAGE, command.name):
        tx.conn.execute(delete(t.texts).where(t.texts.c.name == command.name))
        if own is not None:
            tx.conn.execute(upsert(tx.conn, t.texts).values(name=command.name, body=own))

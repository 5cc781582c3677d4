"""What the requester was asked before a text, as the channel and the service tell it in the
metadata.

`metadata["asked"]`, each part optional:
    form        the name of the form that asks, or null
    slot        the slot that it asks for, or null
    after_case  true: a case or request was made in this conversation
    choices     the titles of the buttons that the last reply had
Without `asked` nothing is known: `rasa test` and `rasa shell` run so.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rasa.shared.nlu.training_data.message import Message

AFTER_CASE = "after_case"


def asked_before(message: Message) -> dict[str, Any] | None:
    """What was asked before the message. None when that is unknown."""
    metadata = message.get("metadata")
    asked = metadata.get("asked") if isinstance(metadata, dict) else None
    return asked if isinstance(asked, dict) else None


def is_possible(asked: dict[str, Any] | None, only_when: Collection[str]) -> bool:
    """Whether an intent that means something `only_when` a form asks, or after a case, can be
    meant.

    `only_when` has names of forms, `form.slot` for one of its questions, and `after_case`.
    """
    if asked is None:
        return False
    form, slot = asked.get("form"), asked.get("slot")
    if AFTER_CASE in only_when and asked.get(AFTER_CASE) is True:
        return True
    return form in only_when or f"{form}.{slot}" in only_when


def asks_nothing(asked: dict[str, Any] | None) -> bool:
    """Whether no form asks, so that the text can begin a topic."""
    return asked is None or not asked.get("form")

"""Reads the question that the virtual agent asked before a text. The service and the channel send
it in the metadata.

`metadata["asked"]`, each part optional:
    form        the name of the form that asks, or null
    slot        the slot that it asks for, or null
    after_case  true: a case or request was made in this conversation
    choices     the titles of the buttons of the last reply
Without `asked` the question is unknown, as in `rasa test` and `rasa shell`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rasa.shared.nlu.training_data.message import Message

AFTER_CASE = "after_case"


def asked_before(message: Message) -> dict[str, Any] | None:
    """The question before the message, as in the metadata. None when it is unknown."""
    metadata = message.get("metadata")
    asked = metadata.get("asked") if isinstance(metadata, dict) else None
    return asked if isinstance(asked, dict) else None


def is_possible(asked: dict[str, Any] | None, only_when: Collection[str]) -> bool:
    """Whether an intent is possible after this question.

    `only_when` lists the questions after which the intent is possible: names of forms, `form.slot`
    for one question of a form, and `after_case`.
    """
    if asked is None:
        return False
    form, slot = asked.get("form"), asked.get("slot")
    if AFTER_CASE in only_when and asked.get(AFTER_CASE) is True:
        return True
    return form in only_when or f"{form}.{slot}" in only_when


def asks_nothing(asked: dict[str, Any] | None) -> bool:
    """Whether no form asks a question, so that the text can start a topic."""
    return asked is None or not asked.get("form")

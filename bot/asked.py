"""Reads from a message's metadata which question the virtual agent asked before the text. The
service and the channel write this metadata.

`metadata["asked"]` can have these parts:
    form          the name of the form that asks, or null
    slot          the slot that the form asks for, or null
    after_case    true: the virtual agent opened or changed a case in this conversation
    not_for_desk  true: an earlier text was not for the desk, and no topic has started since
    choices       the titles of the buttons of the last reply
Without `asked`, the question is unknown. This is so in `rasa test` and `rasa shell`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rasa.shared.nlu.training_data.message import Message

AFTER_CASE = "after_case"


def asked_before(message: Message) -> dict[str, Any] | None:
    """The question before the message, from its metadata. None if it is unknown."""
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


def follows_other_matters(asked: dict[str, Any] | None) -> bool:
    """Whether an earlier text was not for the desk, and no topic has started since."""
    return asked is not None and asked.get("not_for_desk") is True


def asks_nothing(asked: dict[str, Any] | None) -> bool:
    """Whether no form asks a question. Only then can the text start a topic."""
    return asked is None or not asked.get("form")

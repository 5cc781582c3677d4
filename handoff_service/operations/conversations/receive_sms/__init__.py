"""Receive texts by tables 1 and 2 of docs/product.md, in one transaction for all waiting texts.

One SELECT per database table loads the facts, code decides each text in memory, and one statement
per database table writes the results. The commit stores the texts, their profiles, interactions and
follow-up work, so a crash of this process loses no acknowledged text.
"""

from handoff_service.operations.conversations.receive_sms.receive import (
    Received,
    ReceiveOutcome,
    receive_sms,
)
from handoff_service.operations.conversations.receive_sms.text import Attachment, Text

__all__ = ["Attachment", "ReceiveOutcome", "Received", "Text", "receive_sms"]

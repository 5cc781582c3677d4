"""Receive texts: tables 1 and 2 of the product page, in one transaction for all waiting texts.

One SELECT per table loads the facts, each text is decided in memory, and one statement per table
writes the results. The commit stores the text, its profile, its interaction and its follow-up work,
so no acknowledged text depends on this process.
"""

from handoff_service.operations.conversations.receive_sms.receive import (
    Received,
    ReceiveOutcome,
    receive_sms,
)
from handoff_service.operations.conversations.receive_sms.text import Attachment, Text

__all__ = ["Attachment", "ReceiveOutcome", "Received", "Text", "receive_sms"]

"""Take in texts: tables 1 and 2 of the product page, in one transaction for all the texts that wait.

One SELECT a table loads the facts, each text is decided in memory, one statement a table writes. What is
acknowledged after this could be finished by a reader of the disk alone: the text, its profile, its interaction and
the work it needs.
"""

from handoff_service.operations.conversations.receive_sms.facts import Attachment, Text
from handoff_service.operations.conversations.receive_sms.receive import Outcome, Received, receive_sms

__all__ = ["Attachment", "Outcome", "Received", "Text", "receive_sms"]

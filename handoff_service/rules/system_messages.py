"""System messages to the requester: the limited subset of the product page, each within one segment.

Never: "X joined", "X is typing", "session timed out". Agents see every one of them.
"""

from enum import StrEnum


class SystemMessage(StrEnum):
    """What the requester may be told by the product itself. The value is the text, with its placeholders."""

    IN_LINE = "You are in line for {queue}. We answer right here."
    WAITING = "Everyone at {queue} is busy or away right now. You are in line, and we answer right here."
    CLOSED = "{agent.first_name} has closed this conversation. Text us any time."


def in_line(queue: str) -> str:
    """The queue's first line on handoff."""
    return SystemMessage.IN_LINE.format(queue=queue)


def waiting(queue: str) -> str:
    """Said once when nobody is free."""
    return SystemMessage.WAITING.format(queue=queue)


def closed(agent_name: str) -> str:
    """An agent's closing line."""
    return SystemMessage.CLOSED.replace("{agent.first_name}", first_name(agent_name))


def first_name(name: str) -> str:
    """The first word of a name: what a text calls a person."""
    return name.split(maxsplit=1)[0] if name.split() else name

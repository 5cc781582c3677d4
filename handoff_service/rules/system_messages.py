"""System messages to the requester: the limited subset of the product page, each within one segment.

Never: "X joined", "X is typing", "session timed out". Agents see every one of them.
"""

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class SystemMessage(StrEnum):
    """What the requester may be told by the product itself. The value is the text, with its placeholders."""

    IN_LINE = "You are in line for {queue}. We answer right here."
    WAITING = "Everyone at {queue} is busy or away right now. You are in line, and we answer right here."
    OUT_OF_HOURS = "{queue} is closed. We are back {opens}. You are in line, and we answer right here."
    BACK_WITH_BOT = "You are with the virtual agent again. Text AGENT for a person."
    CLOSED = "{agent.first_name} has closed this conversation. Text us any time."


def in_line(queue: str) -> str:
    """The queue's first line on handoff."""
    return SystemMessage.IN_LINE.format(queue=queue)


BOT_INSTEAD = " Text BOT for the virtual agent."
BOT_WORDS = frozenset({"bot", "virtual agent"})  # what brings a requester who waits back to the virtual agent


def waiting(queue: str, *, bot: bool) -> str:
    """Said once when nobody is free. ``bot``: there is a virtual agent to go back to."""
    return SystemMessage.WAITING.format(queue=queue) + (BOT_INSTEAD if bot else "")


def out_of_hours(queue: str, opens: str, *, bot: bool) -> str:
    """Said once when the queue is closed."""
    return SystemMessage.OUT_OF_HOURS.format(queue=queue, opens=opens) + (BOT_INSTEAD if bot else "")


def back_with_bot() -> str:
    """Said to a requester who did not want to wait."""
    return SystemMessage.BACK_WITH_BOT


def opening(at: datetime | None, time_zone: str, now: datetime) -> str:
    """When a queue opens, as a text says it: at 08:00, tomorrow at 08:00, on Monday at 08:00, on 4 January at 08:00."""
    if at is None:
        return "later"
    zone = ZoneInfo(time_zone)
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    day = {0: "", 1: "tomorrow "}.get(days, f"on {local:%A} " if days < 7 else f"on {local.day} {local:%B} ")
    return f"{day}at {local:%H:%M}"


def wants_bot(text: str) -> bool:
    """Whether a text by itself asks for the virtual agent."""
    return text.strip(" .!").casefold() in BOT_WORDS


def closed(agent_name: str) -> str:
    """An agent's closing line."""
    return SystemMessage.CLOSED.replace("{agent.first_name}", first_name(agent_name))


def first_name(name: str) -> str:
    """The first word of a name: what a text calls a person."""
    return name.split(maxsplit=1)[0] if name.split() else name

"""The port to the bot: asks it one turn at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from handoff_service.rules.virtual_agent.bot_text import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One turn for the bot. ``sender`` is the interaction's id. ``turn_id`` makes a retry harmless.

    After somebody has returned the conversation to the bot, ``metadata["before"]`` of the next turn
    lists what the bot does first: ``slots`` to set, ``leave_form``, a ``payload`` to run. See
    ``bot/sms_channel.py``.
    """

    sender: str
    message: str
    turn_id: str
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BotReply:
    """One message of the bot's answer."""

    text: str
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The bot's own report on a turn."""

    intent: str | None = None
    #: 0 to 1
    confidence: float | None = None
    #: the actions that it ran
    did: tuple[str, ...] = ()
    #: the facts that it has collected so far, by the names that agents read
    collected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HowUnderstood:
    """The facts of a turn that only trainers need, in addition to ``Understood``."""

    #: Rasa's model id
    model: str | None = None
    #: the likeliest intents with their confidences, at most five
    ranking: tuple[tuple[str, float], ...] = ()
    #: the active form and the slot that the bot had asked for when the text arrived
    form: str | None = None
    slot: str | None = None


@dataclass(frozen=True, slots=True)
class BotAnswer:
    """A turn's messages; empty if the bot does not reply. ``understood`` None: this bot reports
    nothing about the turn."""

    replies: tuple[BotReply, ...] = ()
    understood: Understood | None = None
    how: HowUnderstood | None = None


class BotFailed(Exception):
    """The bot gave no usable answer. The text is the reason that agents read."""


class Bot(Protocol):
    async def ask(self, question: Question) -> BotAnswer:
        """The bot's answer to a turn. Raises BotFailed."""

    async def forget(self, senders: Sequence[str]) -> None:
        """Delete all that the bot remembers of these conversations. Raises BotFailed, and
        NotOffered when this bot cannot do it."""

    async def close(self) -> None: ...

"""What operations need of the world. Each port has a real gateway and a plain twin that ships."""

from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.rules.virtual_agent.bot_text import Choice
from handoff_service.store.engine.lanes import Hint

# The SMS provider ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A text on its way out. ``uncertain``: an earlier try may have gone out, so look before sending.

    ``media_urls``: pictures that go with it, by links that the provider can fetch for an hour. ``retries``: how often
    it was sent again before, which its receipts tell. ``messaging_service``: whose pool ``sender`` is in, by its id.
    """

    message_id: int
    to: str
    sender: str
    body: str
    created_at: datetime
    attempts: int
    uncertain: bool = False
    media_urls: tuple[str, ...] = ()
    retries: int = 0
    messaging_service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider has it, under this id."""

    sid: str
    status: Status = Status.SENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider will not send it. ``code`` is the provider's error code."""

    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Surely not accepted: the provider could not be reached, or asked to wait, with the ``code`` of that."""

    why: str
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """It may have gone out or not: the connection broke, or the provider failed, after it was asked."""

    why: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """The provider was not asked: the requester opted out after the text was marked as sending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBefore:
    """A message in the provider's list."""

    sid: str
    status: Status


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What the provider's list holds that could be this message; nothing: it never went out."""

    found: tuple[SentBefore, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFetched:
    """A medium could not be fetched: why, in a sentence for a person, and whether trying again may help."""

    why: str
    again: bool


type SendResult = Accepted | Refused | Later | Unsure | LookedUp | Withheld
SENDS_AT_ONCE = 48  # a provider starts this many sends at once without letting any wait; the worker claims no more


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMessage:
    """A text to one of our numbers, as the provider lists it. ``pictures``: how many came with it."""

    sid: str
    sender: str
    to: str
    body: str
    sent_at: datetime
    pictures: int = 0


CONSENTS_AT_ONCE = 25  # a provider is told at most this many at once; it may cut them into smaller requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Whether a number may be texted by one of the company's senders: a provider number, or a messaging service's id.
    ``reference``: 32 hexadecimal digits, of its own."""

    reference: str
    number: str
    sender: str
    opted_out: bool
    source: Source
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNotTaken:
    """The provider did not take what it was told of a number: why, and whether telling it again may help."""

    why: str
    again: bool = False


class NotOffered(Exception):
    """The provider does not offer this to the company's account. The text says what it is and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What the provider says of a text by now: what it takes for it (``price`` in millionths of ``currency``, ISO
    4217), and what became of one that we sent. None: it does not say, or not yet."""

    sid: str
    price: int | None = None
    currency: str | None = None
    status: Status | None = None
    error_code: int | None = None


class SmsProvider(Protocol):
    async def send(self, message: Outgoing) -> Accepted | Refused | Later | Unsure:
        """Send one text. Never raises for what the provider or the network does."""

    async def find(self, message: Outgoing) -> Sequence[SentBefore]:
        """Messages at the provider that could be this one: same numbers and text, not older. Raises OSError."""

    async def received(self, number: str, since: datetime) -> Sequence[ProviderMessage]:
        """The texts to this number of ours since then, oldest first. Raises OSError."""

    async def pictures_of(self, sid: str) -> Sequence[tuple[str, str]]:
        """The address and media type of what came with a text. Raises OSError."""

    async def tell_consents(self, tellings: Sequence[Telling]) -> Mapping[str, ConsentNotTaken]:
        """Tell the provider who may be texted. Number -> what it said against it, of those that it did not take.
        Raises OSError, NotOffered."""

    async def reports(self, number: str, sids: Set[str], since: datetime) -> Sequence[Reported]:
        """What these texts from and to this number of ours, none older than ``since``, cost, and what became of them,
        so far as it knows by now. Raises OSError."""

    async def fetch(self, url: str) -> bytes | NotFetched:
        """A picture or file that came with a text. Never raises for what the provider or the network does."""

    async def close(self) -> None: ...


# Mail --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A plain text by e-mail, to one address."""

    to: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Mailed:
    """The mail server has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMailed:
    """The mail server did not take it: why, in a sentence for a person, and whether trying again may help."""

    why: str
    again: bool


class Mailer(Protocol):
    async def send(self, mail: Mail) -> Mailed | NotMailed:
        """Send one mail. Never raises for what the mail server or the network does."""


# The bot -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One turn asked of the bot. ``sender`` is the interaction's id, ``turn_id`` makes a repeat harmless.

    ``metadata["before"]``, in the first turn after somebody gave the conversation back, is what the bot does before it
    (``slots`` that are set, ``leave_form``, a ``payload`` that runs first); bot/sms_channel.py says more.
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
    """A bot's own account of a turn, for agents: what it took the text for and how surely (0 to 1), which actions it
    ran, and what it knows of the requester's wish by now, by the names that agents read."""

    intent: str | None = None
    confidence: float | None = None
    did: tuple[str, ...] = ()
    collected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BotAnswer:
    """The messages of a turn, none when the bot says nothing. ``understood`` None: this bot does not tell."""

    replies: tuple[BotReply, ...] = ()
    understood: Understood | None = None


class BotFailed(Exception):
    """The bot gave no answer that can be used. The text says why, in words for an agent."""


class Bot(Protocol):
    async def ask(self, question: Question) -> BotAnswer:
        """The bot's answer to a turn. Raises BotFailed."""

    async def close(self) -> None: ...


# The outgoing webhook -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """One event for the company's own system. ``timestamp``: seconds since 1970, which the signature covers."""

    url: str
    event_id: str
    timestamp: int
    signature: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """``status``: what was answered, if anything was. ``why``: what was wrong, in words; None: it was taken."""

    status: int | None = None
    why: str | None = None


class Webhook(Protocol):
    async def call(self, call: WebhookCall) -> Called:
        """Tell one event. Never raises for what the receiver or the network does."""

    async def close(self) -> None: ...


# Fan-out -------------------------------------------------------------------------------------------------------


class Fanout(Protocol):
    """Carries hints to every process. Where hints may have been lost, every listener is given
    ``EVERYTHING`` instead, and asks the database for all it shows; it does so when it starts,
    too."""

    async def start(self) -> None: ...

    def publish(self, hints: Sequence[Hint]) -> None:
        """Pass hints on. Never blocks and never raises."""

    def catch_up(self) -> None:
        """Tell every listener in this process that it may have missed something."""

    def listen(self, topics: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Hint]]]:
        """Hints about these topics from now on. When the listener is too slow, hints are merged, never queued up."""

    def end_streams(self) -> None:
        """End every listener, now and from now on: this process stops. Publishing goes on until ``close``."""

    async def close(self) -> None: ...

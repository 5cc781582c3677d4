"""Ports: what operations need from the outside world. Each port has a real gateway and a simple
implementation that needs no outside service."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, Any, Protocol

from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.rules.virtual_agent.bot_text import Choice
from handoff_service.store.engine.transaction import Hint

# The SMS provider ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An outgoing text.

    - ``uncertain``: an earlier attempt may have succeeded, so look the text up before sending.
    - ``media_urls``: links to its pictures, which the provider can fetch for an hour.
    - ``retries``: how many were made before; its receipts report the number.
    - ``messaging_service``: the provider's id of the messaging service that has ``sender`` in its
      pool.
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
    """The provider accepted it under this id."""

    sid: str
    status: Status = Status.SENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider refused to send it. ``code`` is the provider's error code."""

    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Certainly not accepted: the provider could not be reached, or asked to wait with this
    ``code``."""

    why: str
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """The outcome is unknown: the connection broke, or the provider failed, after the request was
    sent."""

    why: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """The provider was not asked, because the requester opted out after the text was marked as
    sending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBefore:
    """A message in the provider's list."""

    sid: str
    status: Status


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Messages in the provider's list that could be this one. Empty: it was never sent."""

    found: tuple[SentBefore, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFetched:
    """A media file could not be fetched: the reason in a sentence, and whether a retry may help."""

    why: str
    again: bool


type SendResult = Accepted | Refused | Later | Unsure | LookedUp | Withheld
# a provider starts this many sends at once without a queue; the worker claims no more
SENDS_AT_ONCE = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMessage:
    """An incoming text in the provider's list. ``pictures``: how many it has."""

    sid: str
    sender: str
    to: str
    body: str
    sent_at: datetime
    pictures: int = 0


CONSENTS_AT_ONCE = 25  # per call of the port; a provider may split them into smaller requests


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentState:
    """Whether one of the company's senders (a provider number or a messaging service's id) may text
    a number. ``reference``: a unique id of 32 hexadecimal digits."""

    reference: str
    number: str
    sender: str
    opted_out: bool
    source: Source
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNotTaken:
    """The provider did not accept the consent state of a number: the reason, and whether a retry
    may help."""

    why: str
    again: bool = False


class NotOffered(Exception):
    """The provider does not offer this feature to the company's account. The text names the feature
    and the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The provider's report on a text: its price (``price`` in millionths of ``currency``, ISO
    4217), and the outcome of one that we sent. None: not known, or not yet."""

    sid: str
    price: int | None = None
    currency: str | None = None
    status: Status | None = None
    error_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotErased:
    """The provider did not erase a text. ``why``: a sentence. ``again``: a retry may help."""

    why: str
    again: bool


class SmsProvider(Protocol):
    async def send(self, message: Outgoing) -> Accepted | Refused | Later | Unsure:
        """Send one text. Never raises for errors of the provider or the network."""

    async def find(self, message: Outgoing) -> Sequence[SentBefore]:
        """Messages at the provider that could be this one: same numbers and text, not older. Raises
        OSError."""

    async def received(self, number: str, since: datetime) -> Sequence[ProviderMessage]:
        """The texts to this company number since then, oldest first. Raises OSError."""

    async def pictures_of(self, sid: str) -> Sequence[tuple[str, str]]:
        """The addresses and media types of a text's media. Raises OSError."""

    async def push_consents(self, states: Sequence[ConsentState]) -> Mapping[str, ConsentNotTaken]:
        """Push consent states to the provider. Returns number -> objection for those it did not
        accept. Raises OSError, NotOffered."""

    async def reports(self, number: str, sids: Set[str], since: datetime) -> Sequence[Reported]:
        """The known prices and outcomes of these texts from and to this company number, none older
        than ``since``. Raises OSError."""

    async def erase(self, sid: str) -> NotErased | None:
        """Erase the words and the media of a text, sent or received. None: they are gone. Raises
        OSError, and NotOffered when the provider cannot erase texts."""

    async def fetch(self, url: str) -> bytes | NotFetched:
        """A text's picture or file. Never raises for errors of the provider or the network."""

    async def answers(self) -> bool:
        """Whether the company's own device, which sends the texts, answers now. True for a provider
        without such a device. Never raises."""

    async def close(self) -> None: ...


# Mail ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A plain text by e-mail, to one address."""

    to: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Mailed:
    """The mail server accepted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMailed:
    """The mail server did not accept it: the reason in a sentence, and whether a retry may help."""

    why: str
    again: bool


class Mailer(Protocol):
    async def send(self, mail: Mail) -> Mailed | NotMailed:
        """Send one mail. Never raises for errors of the mail server or the network."""


# The bot ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One turn for the bot. ``sender`` is the interaction's id; ``turn_id`` makes a repeat
    harmless.

    ``metadata["before"]``, in the first turn after somebody returned the conversation to the bot,
    is what the bot does first (``slots`` to set, ``leave_form``, a ``payload`` to run); see
    bot/sms_channel.py.
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
    #: the form and the slot that were asked for before the text
    form: str | None = None
    slot: str | None = None


@dataclass(frozen=True, slots=True)
class BotAnswer:
    """A turn's messages; empty if the bot does not reply. ``understood`` None: this bot does not
    report."""

    replies: tuple[BotReply, ...] = ()
    understood: Understood | None = None
    how: HowUnderstood | None = None


class BotFailed(Exception):
    """The bot gave no usable answer. The text is the reason, in words for an agent."""


class Bot(Protocol):
    async def ask(self, question: Question) -> BotAnswer:
        """The bot's answer to a turn. Raises BotFailed."""

    async def forget(self, senders: Sequence[str]) -> None:
        """Delete all that the bot remembers of these conversations. Raises BotFailed, and
        NotOffered when this bot cannot do it."""

    async def close(self) -> None: ...


class TaughtExamples(Protocol):
    async def forget(self, intent: str, example: str, *, is_test: bool) -> str | None:
        """Remove an example from the training data, or from the test texts. Returns why it is
        still there; None when it is gone."""


class NoExamples:
    """The implementation for a process without training data."""

    async def forget(self, intent: str, example: str, *, is_test: bool) -> str | None:
        return phrase("This process has no training data.")


class BotModelNotLoaded(Exception):
    """A bot process continues with its present model. The text is the reason, in words for a
    trainer."""


class BotModels(Protocol):
    """The models that the bot processes answer from, by the addresses of turns."""

    async def running(self, url: str) -> str | None:
        """The file of the model that answers at this address; None when no bot answers."""

    async def answers(self, url: str) -> bool:
        """Whether anything answers there."""

    async def load(self, url: str, file: str) -> None:
        """Answer from this file from the next turn on. Raises BotModelNotLoaded."""

    async def close(self) -> None: ...


# Webhooks -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingCall:
    """One event for another system. ``timestamp``: Unix time in seconds, which the signatures
    cover. ``signature``: one or, after a change of the secret, two of them."""

    url: str
    event_id: str
    timestamp: int
    signature: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """``status``: the response's status, if any. ``why``: what was wrong, in words; None: the call
    succeeded. ``answer``: the beginning of the response's body."""

    status: int | None = None
    why: str | None = None
    answer: str | None = None


class Webhook(Protocol):
    async def call(self, call: OutgoingCall) -> CallResult:
        """Send one event. Never raises for errors of the receiver or the network."""

    async def close(self) -> None: ...


class NoWebhook:
    """The implementation for a process without a webhook client: every call is put off."""

    async def call(self, _call: OutgoingCall) -> CallResult:
        return CallResult(why=phrase("This process makes no calls."))

    async def close(self) -> None:
        pass


# Notifications ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PushMessage:
    """A notification for one browser. ``p256dh``, ``auth``: the browser's keys, as it gave them."""

    address: str
    p256dh: str
    auth: str
    body: str


class Push(Protocol):
    #: the desk's public key, which a browser needs to subscribe; base64url
    public_key: str

    async def push(self, message: PushMessage) -> CallResult:
        """Encrypt and send it. Never raises for errors of the push service or the network."""

    async def post(self, url: str, body: str) -> CallResult:
        """Send JSON to an agent's own webhook. Never raises."""

    async def close(self) -> None: ...


class NoPush:
    """The implementation for a process that sends no notifications."""

    public_key = ""

    async def push(self, _message: PushMessage) -> CallResult:
        return CallResult(why=phrase("This process sends no notifications."))

    async def post(self, _url: str, _body: str) -> CallResult:
        return CallResult(why=phrase("This process sends no notifications."))

    async def close(self) -> None:
        pass


# Connections --------------------------------------------------------------------------------------


class Steadiness(Protocol):
    """The facts about this process that decide whether an agent is set to Away."""

    def holds(self, agent_id: int) -> bool:
        """Whether the agent has an event stream open in this process."""

    def steady_for(self) -> timedelta:
        """How long this process has worked without a gap."""


class AlwaysSteady:
    """For a worker without streams: tests and tools."""

    def holds(self, _agent_id: int) -> bool:
        return False

    def steady_for(self) -> timedelta:
        return timedelta.max


# Media --------------------------------------------------------------------------------------------


class MediaStore(Protocol):
    """Pictures and files, named by the hash of their content. All processes share it. Its methods
    block. MediaAway when the store cannot be used now."""

    @property
    def leaves(self) -> str:
        """A sentence for an erasure's receipt about data that stays after a file is deleted. Empty:
        no data stays.
        """

    @property
    def where(self) -> str:
        """Where the files are, for sentences: a folder or ``s3://bucket/prefix``."""

    def keep(self, content: bytes, now: datetime) -> str:
        """Store the content. Returns its name; the same content always has the same name."""

    def add(self, name: str, content: IO[bytes]) -> bool:
        """Store a stream under its hash, which the caller has checked. False when the file
        existed."""

    def read(self, name: str) -> bytes | None:
        """The content. None when the file is missing."""

    def names(self) -> Iterator[str]:
        """Every complete file."""

    def remove(self, name: str) -> None:
        """Delete a file, even if something refers to it."""

    def forget(self, name: str, now: datetime) -> None:
        """Delete an unreferenced file, unless somebody has just stored the same content again."""

    def check(self) -> None:
        """Write, read and delete a probe."""


# Fan-out ------------------------------------------------------------------------------------------


class Fanout(Protocol):
    """Carries hints to every process. When hints may have been lost, and at the start, every
    listener gets ``EVERYTHING`` and reads all it shows from the database."""

    async def start(self) -> None: ...

    def publish(self, hints: Sequence[Hint]) -> None:
        """Publish hints. Never blocks and never raises."""

    def publish_to_others(self, hints: Sequence[Hint]) -> None:
        """The same, but only to listeners in other processes."""

    def catch_up(self) -> None:
        """Send ``EVERYTHING`` to every listener in this process, because hints may have been
        lost."""

    def listen(
        self, channels: Sequence[str]
    ) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Hint]]]:
        """Hints about these channels from now on. For a slow listener, hints are merged, not
        queued."""

    def end_streams(self) -> None:
        """End every listener, including future ones, because this process stops. Publishing works
        until ``close``."""

    async def close(self) -> None: ...


class SharedRateLimits(Protocol):
    """A token bucket for each key. All processes of the desk take from it."""

    async def take(self, key: int, a_minute: float, now: datetime) -> float:
        """Take one from the key's bucket, which holds one minute's worth. Returns 0, or the seconds
        until the next one is there."""

    async def close(self) -> None: ...


# Single sign-on -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAccess:
    """An identity provider and this desk's registration there. ``client_secret`` None: a public
    client."""

    name: str
    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    scopes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAttempt:
    """One attempt to sign in: the random values that tie the provider's answer to it."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    again: bool = False  #: the provider asks for the password although the person is signed in


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person as the provider identifies them: the verified claims, and the token with them."""

    claims: Mapping[str, Any]
    id_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedElsewhere:
    """The provider has ended sessions of a person. ``session``: the one that ended; None: all of
    the ``subject``. ``token_id``: the id of this message at the provider."""

    subject: str | None
    session: str | None
    token_id: str


class SignInFailed(Exception):
    """The sign-in with a provider failed. The text is the reason, for the person and the log."""


class IdentityProviders(Protocol):
    async def authorization_url(self, provider: ProviderAccess, attempt: SignInAttempt) -> str:
        """The provider's page where the person signs in. Raises SignInFailed."""

    async def identity(
        self, provider: ProviderAccess, attempt: SignInAttempt, answer: Mapping[str, str]
    ) -> Identity:
        """Check the answer that the browser brought back, and exchange its code for the identity.
        Raises SignInFailed."""

    async def sign_out_url(
        self, provider: ProviderAccess, id_token: str | None, back_to: str
    ) -> str | None:
        """The provider's page that ends its own session. None when the provider has no such page,
        or cannot be reached.
        """

    def issuer_of(self, token: str) -> str | None:
        """The issuer that a logout token names. It is not verified."""

    async def ended(self, provider: ProviderAccess, token: str) -> EndedElsewhere:
        """Verify a logout token. Raises SignInFailed."""

    async def check(self, provider: ProviderAccess) -> None:
        """Read the provider's configuration and keys. Raises SignInFailed."""

    async def close(self) -> None: ...


class NoIdentityProviders:
    """The implementation for a desk without single sign-on, such as a practice desk."""

    async def authorization_url(self, _provider: ProviderAccess, _attempt: SignInAttempt) -> str:
        raise SignInFailed(phrase("This desk has no single sign-on."))

    async def identity(
        self, _provider: ProviderAccess, _attempt: SignInAttempt, _answer: Mapping[str, str]
    ) -> Identity:
        raise SignInFailed(phrase("This desk has no single sign-on."))

    async def sign_out_url(
        self, _provider: ProviderAccess, _id_token: str | None, _back_to: str
    ) -> str | None:
        return None

    def issuer_of(self, _token: str) -> str | None:
        return None

    async def ended(self, _provider: ProviderAccess, _token: str) -> EndedElsewhere:
        raise SignInFailed(phrase("This desk has no single sign-on."))

    async def check(self, _provider: ProviderAccess) -> None:
        raise SignInFailed(phrase("This desk has no single sign-on."))

    async def close(self) -> None:
        pass

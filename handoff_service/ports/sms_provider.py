"""The port to the SMS provider: sends texts, and lists the texts that the provider has."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.shared.vocabulary import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An outgoing text.

    - ``uncertain``: an earlier attempt may have succeeded, so look the text up before sending.
    - ``media_urls``: links from which the provider can fetch its pictures for an hour.
    - ``retries``: how often the service has retried it; its receipts report the number.
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
    """The provider accepted the text under this id."""

    sid: str
    status: Status = Status.SENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider refused to send the text. ``code`` is the provider's error code."""

    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """The provider has certainly not accepted the text: it could not be reached, or it asked us to
    wait with this ``code``."""

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


# a provider can start this many sends at once without queuing them, so the worker claims no more
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The provider's report on a text: its price (``price`` in millionths of ``currency``, ISO
    4217), and the outcome if we sent it. None: the provider has not reported it."""

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
        """The provider's messages that could be this one: they have the same numbers and the same
        text, and are not older. Raises OSError."""

    async def received(self, number: str, since: datetime) -> Sequence[ProviderMessage]:
        """The texts to this company number since then, oldest first. Raises OSError."""

    async def pictures_of(self, sid: str) -> Sequence[tuple[str, str]]:
        """The addresses and media types of a text's media. Raises OSError."""

    async def push_consents(self, states: Sequence[ConsentState]) -> Mapping[str, ConsentNotTaken]:
        """Push consent states to the provider. Returns number -> reason for the states that it did
        not accept. Raises OSError, and NotOffered when the provider keeps no consents."""

    async def reports(self, number: str, sids: Set[str], since: datetime) -> Sequence[Reported]:
        """The known prices and outcomes of these texts from and to this company number, none older
        than ``since``. Raises OSError."""

    async def erase(self, sid: str) -> NotErased | None:
        """Erase the words and the media of a sent or received text. Returns None when they are
        erased. Raises OSError, and NotOffered when the provider cannot erase texts."""

    async def fetch(self, url: str) -> bytes | NotFetched:
        """A text's picture or file. Never raises for errors of the provider or the network."""

    async def answers(self) -> bool:
        """Whether the company's own device, which sends the texts, answers now. True for a provider
        without such a device. Never raises."""

    async def close(self) -> None: ...

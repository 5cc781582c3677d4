"""The Twilio gateway: runs the calls of Twilio's own client in threads.

The calls are in ``send.py``, ``lists.py``, ``consents.py``, ``media.py`` and ``erase.py``.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from handoff_service.gateways.twilio.answers import NONSENSE, why
from handoff_service.gateways.twilio.consents import push_all
from handoff_service.gateways.twilio.erase import erase_text
from handoff_service.gateways.twilio.lists import find_text, pictures_of, received_texts, reports_of
from handoff_service.gateways.twilio.media import TwilioMedia
from handoff_service.gateways.twilio.send import send_text
from handoff_service.gateways.twilio.settings import is_twilios
from handoff_service.ports.not_offered import NotOffered
from handoff_service.ports.sms_provider import (
    SENDS_AT_ONCE,
    Accepted,
    ConsentNotTaken,
    ConsentState,
    Later,
    NotErased,
    NotFetched,
    Outgoing,
    ProviderMessage,
    Refused,
    Reported,
    SentBefore,
    Unsure,
)
from handoff_service.rules.shared import provider_answers
from handoff_service.rules.shared.phrases import filled
from handoff_service.settings import Settings

# threads for all calls except sends, lookups of sent texts, and downloads of media
LISTS_AT_ONCE = 4
TIMEOUT = 10.0  # seconds to connect, and to wait for an answer; our choice
NO_CONSENT_API = (403, 404)
_REQUEST_ERRORS = (*NONSENSE, requests.RequestException, RuntimeError)


class TwilioProvider:
    """The SMS provider Twilio. Its calls block only its own threads, never the event loop."""

    def __init__(self, settings: Settings, *, timeout: float = TIMEOUT) -> None:
        self._callback = f"{settings.public_url}/webhooks/twilio/status?message="
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(
                scheme, HTTPAdapter(pool_maxsize=SENDS_AT_ONCE + LISTS_AT_ONCE, max_retries=0)
            )
        # Use a detached logger, because the client logs request URLs, which contain phone numbers.
        http = TwilioHttpClient(timeout=timeout, logger=logging.Logger("twilio", logging.CRITICAL))
        http.session = self._session
        self._client = Client(  # type: ignore[no-untyped-call]
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            http_client=http,
            # ignore TWILIO_EDGE in the environment, which would change the address
            environment={"TWILIO_EDGE": ""},
        )
        self._client.api.base_url = settings.twilio_api_url
        if not is_twilios(settings.twilio_api_url):
            self._client.accounts.base_url = settings.twilio_api_url
        # With two pools, sends and the other calls never delay each other.
        self._senders = ThreadPoolExecutor(SENDS_AT_ONCE, thread_name_prefix="twilio-send")
        self._listers = ThreadPoolExecutor(LISTS_AT_ONCE, thread_name_prefix="twilio-list")
        self._media = TwilioMedia(settings)

    async def send(self, message: Outgoing) -> Accepted | Refused | Later | Unsure:
        """Send one text. Twilio reports its status to an address that contains the message's id."""
        try:
            answer = self._run(
                lambda: send_text(self._client, message, self._callback), self._senders
            )
        except RuntimeError:  # the pool is shut down
            return Later(why="Patchboard is stopping")
        return await answer

    async def find(self, message: Outgoing) -> Sequence[SentBefore]:
        """Return Twilio's messages on this line with the same words that are not older than this
        text. Raises OSError if Twilio is unavailable."""
        try:
            return await self._run(lambda: find_text(self._client, message), self._senders)
        except _REQUEST_ERRORS as error:
            raise _unavailable(error) from None

    async def received(self, number: str, since: datetime) -> Sequence[ProviderMessage]:
        """Return the texts to this number since then, oldest first. Raises OSError if Twilio is
        unavailable."""
        try:
            return await self._run(lambda: received_texts(self._client, number, since))
        except _REQUEST_ERRORS as error:
            raise _unavailable(error) from None

    async def push_consents(self, states: Sequence[ConsentState]) -> Mapping[str, ConsentNotTaken]:
        """Push consents to Twilio's Consent Management API. Raises OSError if Twilio is
        unavailable, NotOffered if the account lacks that API."""
        try:
            return await self._run(lambda: push_all(self._client, states))
        except _REQUEST_ERRORS as error:
            if (
                isinstance(error, TwilioRestException | TwilioServiceException)
                and error.status in NO_CONSENT_API
            ):
                raise NotOffered(provider_answers.NO_CONSENT_API) from None
            raise _unavailable(error) from None

    async def reports(self, number: str, sids: Set[str], since: datetime) -> Sequence[Reported]:
        """Return the prices and statuses of these texts of this number. Raises OSError if Twilio is
        unavailable."""
        try:
            return await self._run(lambda: reports_of(self._client, number, sids, since))
        except _REQUEST_ERRORS as error:
            raise _unavailable(error) from None

    async def pictures_of(self, sid: str) -> Sequence[tuple[str, str]]:
        """Return the address and media type of a text's attachments. Raises OSError if Twilio is
        unavailable."""
        try:
            return await self._run(lambda: pictures_of(self._client, sid))
        except _REQUEST_ERRORS as error:
            raise _unavailable(error) from None

    async def erase(self, sid: str) -> NotErased | None:
        """Redact a text and delete its media. Raises OSError if Twilio is unavailable."""
        try:
            return await self._run(lambda: erase_text(self._client, sid))
        except _REQUEST_ERRORS as error:
            raise _unavailable(error) from None

    async def fetch(self, url: str) -> bytes | NotFetched:
        """Download a picture or file that came with a text."""
        return await self._media.fetch(url)

    async def answers(self) -> bool:
        return True

    async def close(self) -> None:
        """Finish the running calls, then close the connections."""
        await self._media.close()
        for threads in (self._senders, self._listers):
            await asyncio.to_thread(threads.shutdown)
        self._session.close()

    def _run[T](
        self, call: Callable[[], T], threads: ThreadPoolExecutor | None = None
    ) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(threads or self._listers, call)


def _unavailable(error: BaseException) -> OSError:
    return OSError(filled(provider_answers.NOT_ASKED, words=why(error)))

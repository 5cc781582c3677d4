"""The Twilio gateway: sends texts and looks up texts that may have been sent. It runs Twilio's own
client in threads.

Twilio has no idempotency key, so only texts that Twilio has certainly not accepted are sent again.
The results of a send:

| what happened                                  | result        | source                                              |
| ---------------------------------------------- | ------------- | --------------------------------------------------- |
| 2xx with a SID                                 | Accepted      | https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource |
| HTTP 429, or error 20429                       | Later         | https://www.twilio.com/docs/api/errors/20429        |
| HTTP 401 without a code                        | Refused(20003)| https://www.twilio.com/docs/api/errors/20003        |
| any other 4xx                                  | Refused(code) | https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions |
| no connection was made: nothing was written    | Later         | urllib3: NewConnectionError, ConnectTimeoutError    |
| 5xx, 3xx, no answer, broken connection, nonsense | Unsure      |                                                     |
"""  # noqa: E501  # links must not be split

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain, takewhile
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from twilio.base import values
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance
from urllib3.exceptions import NewConnectionError

from handoff_service.gateways.twilio.erase import erase_text
from handoff_service.gateways.twilio.errors import NO_ACCOUNT, STATUSES, TOO_MANY
from handoff_service.gateways.twilio.media import TwilioMedia
from handoff_service.gateways.twilio.settings import is_twilios
from handoff_service.ports import (
    SENDS_AT_ONCE,
    Accepted,
    ConsentNotTaken,
    ConsentState,
    Later,
    NotErased,
    NotFetched,
    NotOffered,
    Outgoing,
    ProviderMessage,
    Refused,
    Reported,
    SentBefore,
    Unsure,
)
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.delivery.money import MILLION
from handoff_service.rules.delivery.sms_text import is_sender
from handoff_service.rules.shared import provider_answers
from handoff_service.rules.shared.phrases import filled
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.settings import Settings

# threads that read Twilio's lists for the desk's due work, separate from sending
LISTS_AT_ONCE = 4
# seconds that a text may wait at Twilio, because a late answer helps nobody; Twilio allows 36,000
VALID_FOR = 4 * 3600
# the longest time that a text stays at Twilio, which limits how far its list can be out of order
LONGEST_STAY = timedelta(seconds=VALID_FOR)
TIMEOUT = 10.0  # seconds to connect, and to wait for an answer; our choice

# Consents per request: https://www.twilio.com/docs/messaging/features/consent-api
CONSENTS_IN_REQUEST = 25
# at most 1000:
# https://www.twilio.com/docs/usage/twilios-response#response-formats-list-paging-information
PAGE = 500
MOST_MEDIA = 10  # media of one message
# The error of a single consent that can be retried: https://www.twilio.com/docs/api/errors/30646
TRY_AGAIN = "INTERNAL_SERVER_ERROR"
NO_CONSENT_API = (403, 404)
_TEXTED = {True: "opt-out-message", False: "opt-in-message"}
_HOW = {Source.AGENT: "offline"}
LONGEST_REPORTS = 10_000  # messages of one number and direction, newest first; our choice
LONGEST_LIST = 1000  # messages of one line, newest first; our choice
# Largest difference between Twilio's clock and ours, also after ours was stepped back. A text that
# the look-up misses is sent twice, so the limit is generous. A false match is rare: an older text
# with the same words is usually already assigned to another message.
CLOCKS_APART = timedelta(minutes=2)
TRIAL = "Sent from your Twilio trial account - "  # https://help.twilio.com/articles/360036052753

# The client raises these for an answer that is not from Twilio, such as a proxy's page.
_NONSENSE = (TwilioException, ValueError, TypeError, KeyError, AttributeError, ArithmeticError)
_CANNOT_ASK = (*_NONSENSE, requests.RequestException, RuntimeError)


class TwilioProvider:
    """The SMS provider Twilio. Its calls block only its own threads, never the event loop."""

    def __init__(self, settings: Settings, *, timeout: float = TIMEOUT) -> None:
        self._callback = f"{settings.public_url}/webhooks/twilio/status?message="
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(
                scheme, HTTPAdapter(pool_maxsize=SENDS_AT_ONCE + LISTS_AT_ONCE, max_retries=0)
            )
        # A detached logger: the client logs request addresses, which contain phone numbers.
        http = TwilioHttpClient(timeout=timeout, logger=logging.Logger("twilio", logging.CRITICAL))
        http.session = self._session
        self._client = Client(  # type: ignore[no-untyped-call]
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            http_client=http,
            # ignore the process's environment, which could change the address
            environment={"TWILIO_EDGE": ""},
        )
        self._client.api.base_url = settings.twilio_api_url
        if not is_twilios(settings.twilio_api_url):
            self._client.accounts.base_url = settings.twilio_api_url
        # Separate pools, so that lists never delay a text that is marked as sending, nor the
        # reverse.
        self._senders = ThreadPoolExecutor(SENDS_AT_ONCE, thread_name_prefix="twilio-send")
        self._listers = ThreadPoolExecutor(LISTS_AT_ONCE, thread_name_prefix="twilio-list")
        self._media = TwilioMedia(settings)

    async def send(self, message: Outgoing) -> Accepted | Refused | Later | Unsure:
        """Send one text. Twilio reports its status to an address that contains the message's id."""
        try:
            answer = self._run(lambda: self._send(message), self._senders)
        except RuntimeError:  # the pool is shut down
            return Later(why="Patchboard is stopping")
        return await answer

    async def find(self, message: Outgoing) -> Sequence[SentBefore]:
        """Return the line's messages at Twilio with this text, from its creation on. OSError if
        Twilio is unavailable."""
        try:
            return await self._run(lambda: self._find(message), self._senders)
        except _CANNOT_ASK as error:
            raise _not_asked(error) from None

    async def received(self, number: str, since: datetime) -> Sequence[ProviderMessage]:
        """Return the texts to this number since then, oldest first. OSError if Twilio is
        unavailable."""
        try:
            return await self._run(lambda: self._received(number, since))
        except _CANNOT_ASK as error:
            raise _not_asked(error) from None

    async def push_consents(self, states: Sequence[ConsentState]) -> Mapping[str, ConsentNotTaken]:
        """Push consents to Twilio's Consent Management API. OSError if Twilio is unavailable,
        NotOffered if the account lacks that API."""
        try:
            return await self._run(lambda: self._push_consents(states))
        except _CANNOT_ASK as error:
            if (
                isinstance(error, TwilioRestException | TwilioServiceException)
                and error.status in NO_CONSENT_API
            ):
                raise NotOffered(provider_answers.NO_CONSENT_API) from None
            raise _not_asked(error) from None

    async def reports(self, number: str, sids: Set[str], since: datetime) -> Sequence[Reported]:
        """Return prices and statuses of these texts of this number. OSError if Twilio is
        unavailable."""
        try:
            return await self._run(lambda: self._reports(number, sids, since))
        except _CANNOT_ASK as error:
            raise _not_asked(error) from None

    async def pictures_of(self, sid: str) -> Sequence[tuple[str, str]]:
        """Return the address and media type of a text's attachments. OSError if Twilio is
        unavailable."""
        try:
            return await self._run(lambda: self._pictures_of(sid))
        except _CANNOT_ASK as error:
            raise _not_asked(error) from None

    async def erase(self, sid: str) -> NotErased | None:
        """Redact a text and delete its media. OSError if Twilio is unavailable."""
        try:
            return await self._run(lambda: erase_text(self._client, sid))
        except _CANNOT_ASK as error:
            raise _not_asked(error) from None

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
        self, ask: Callable[[], T], threads: ThreadPoolExecutor | None = None
    ) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(threads or self._listers, ask)

    def _send(self, message: Outgoing) -> Accepted | Refused | Later | Unsure:
        try:
            made = self._client.messages.create(
                to=message.to,
                # also with a service, because a conversation keeps its number
                from_=message.sender,
                messaging_service_sid=message.messaging_service or values.unset,
                body=message.body,
                status_callback=self._callback + _about(message),
                media_url=list(message.media_urls) or values.unset,
                validity_period=VALID_FOR,
            )
        except (TwilioRestException, TwilioServiceException) as error:
            return _refusal(error)
        except requests.RequestException as error:
            return Later(why=_why(error)) if _never_left(error) else Unsure(why=_why(error))
        except _NONSENSE as error:
            return Unsure(why=_why(error))
        if not made.sid:
            return Unsure(why="an answer without a SID")
        return Accepted(sid=made.sid, status=_status(made))

    def _find(self, message: Outgoing) -> list[SentBefore]:
        # Do not filter by DateSent, the only date filter that Twilio offers: a message that still
        # waits at Twilio has none. Overlooking it would send it twice.
        listed = self._client.messages.list(
            to=message.to, from_=message.sender, page_size=PAGE, limit=LONGEST_LIST
        )
        return [
            SentBefore(sid=m.sid, status=_status(m))
            for m in listed
            if m.sid and _could_be(m, message)
        ]

    def _received(self, number: str, since: datetime) -> list[ProviderMessage]:
        # Twilio filters only by day, in UTC:
        # https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
        listed = self._client.messages.stream(
            to=number, date_sent_after=since.date(), page_size=PAGE
        )
        found = [
            ProviderMessage(
                sid=m.sid,
                sender=m.from_ or "",
                to=number,
                body=m.body or "",
                sent_at=at,
                pictures=int(m.num_media or 0),
            )
            for m in listed
            if m.sid
            and str(m.direction) == "inbound"
            and is_sender(m.from_ or "")
            and (at := m.date_sent or m.date_created)
            and at >= since
        ]
        # Twilio lists the newest first, and times are whole seconds, so sorting must start from the
        # oldest
        found.reverse()
        return sorted(found, key=lambda one: one.sent_at)

    def _push_consents(self, states: Sequence[ConsentState]) -> dict[str, ConsentNotTaken]:
        objections: dict[str, ConsentNotTaken] = {}
        for start in range(0, len(states), CONSENTS_IN_REQUEST):
            objections |= self._push_some(states[start : start + CONSENTS_IN_REQUEST])
        return objections

    def _push_some(self, states: Sequence[ConsentState]) -> dict[str, ConsentNotTaken]:
        numbers = {one.reference: one.number for one in states}
        try:
            answers = self._client.accounts.v1.bulk_consents.create(
                items=[_consent(one) for one in states]
            ).items
        except (TwilioRestException, TwilioServiceException) as error:
            if error.status != 400:
                raise
            if len(states) == 1:
                return {states[0].number: ConsentNotTaken(why=f"refused ({error.code})")}
            return {
                number: objection
                for one in states
                for number, objection in self._push_some([one]).items()
            }
        objections = {}
        for item in answers or ():
            answer = cast("Mapping[str, Any]", item)
            if answer.get("error_code") and answer.get("correlation_id") in numbers:
                words = " ".join(map(str, answer.get("error_messages") or ())) or "refused"
                objection = ConsentNotTaken(
                    why=f"{words} ({answer['error_code']})", again=TRY_AGAIN in words
                )
                objections[numbers[answer["correlation_id"]]] = objection
        return objections

    def _reports(self, number: str, sids: Set[str], since: datetime) -> list[Reported]:
        messages, left = self._client.messages, set(sids)
        found = []
        for listed in chain(
            # Do not filter by DateSent, which a text that failed before it left Twilio does not
            # have.
            takewhile(
                lambda m: m.date_created is None or m.date_created >= since - LONGEST_STAY,
                messages.stream(from_=number, page_size=PAGE, limit=LONGEST_REPORTS),
            ),
            messages.stream(
                to=number, date_sent_after=since.date(), page_size=PAGE, limit=LONGEST_REPORTS
            ),
        ):
            if listed.sid in left:
                found.append(_reported(listed))
            left.discard(listed.sid or "")
            if not left:
                break
        return found

    def _pictures_of(self, sid: str) -> list[tuple[str, str]]:
        base = self._client.api.base_url
        listed = self._client.messages(sid).media.list(limit=MOST_MEDIA)
        return [
            (f"{base}{m.uri.removesuffix('.json')}", m.content_type or "") for m in listed if m.uri
        ]


def _consent(state: ConsentState) -> object:
    how = (
        _TEXTED[state.opted_out]
        if state.source is Source.KEYWORD
        else _HOW.get(state.source, "others")
    )
    return {
        "contact_id": state.number,
        "correlation_id": state.reference,
        "sender_id": state.sender,
        "status": "opt-out" if state.opted_out else "opt-in",
        "source": how,
        "date_of_consent": state.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _not_asked(error: BaseException) -> OSError:
    return OSError(filled(provider_answers.TWILIO_SILENT, words=_why(error)))


def _about(message: Outgoing) -> str:
    """Return the message's part of the callback address. It contains the retry number, so
    a late receipt of an earlier attempt is not counted for this one."""
    return (
        f"{message.message_id}&retries={message.retries}"
        if message.retries
        else str(message.message_id)
    )


def _refusal(error: TwilioRestException | TwilioServiceException) -> Refused | Later | Unsure:
    status, code = error.status, error.code
    if status == 429 or code == TOO_MANY:
        return Later(why="too many requests", code=TOO_MANY)
    if 400 <= status < 500:
        return Refused(
            code=code if isinstance(code, int) else NO_ACCOUNT if status == 401 else status
        )
    return Unsure(why=f"HTTP {status}")


def _never_left(error: requests.RequestException) -> bool:
    """Return whether no connection was made, to Twilio or to a proxy on the way, so that nothing
    was sent."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


def _could_be(listed: MessageInstance, message: Outgoing) -> bool:
    body = (listed.body or "").removeprefix(TRIAL)
    return (
        str(listed.direction).startswith("outbound")
        and body.strip() == message.body.strip()
        # Twilio may not have counted the media yet
        and (str(listed.num_media or 0) == "0" or bool(message.media_urls))
        and listed.date_created is not None
        and listed.date_created >= message.created_at - CLOCKS_APART
    )


def _reported(listed: MessageInstance) -> Reported:
    priced = bool(listed.price and listed.price_unit)
    return Reported(
        sid=str(listed.sid),
        price=abs(round(Decimal(str(listed.price)) * MILLION)) if priced else None,
        currency=str(listed.price_unit).upper() if priced else None,
        status=STATUSES.get(str(listed.status)),
        error_code=int(listed.error_code) if listed.error_code else None,
    )


def _status(message: MessageInstance) -> Status:
    return STATUSES.get(str(message.status), Status.SENDING)


def _why(error: BaseException) -> str:
    """Return only the error's class: its text can contain the address, and so phone numbers."""
    return type(error).__name__

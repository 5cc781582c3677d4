"""Reads Twilio's lists of messages and media. The gateway runs this in threads."""

from collections.abc import Set
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain, takewhile

from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from handoff_service.gateways.twilio.answers import status_of
from handoff_service.gateways.twilio.errors import STATUSES
from handoff_service.gateways.twilio.send import VALID_FOR
from handoff_service.ports.sms_provider import Outgoing, ProviderMessage, Reported, SentBefore
from handoff_service.rules.delivery.money import MILLION
from handoff_service.rules.delivery.sms_text import is_sender

# at most 1000:
# https://www.twilio.com/docs/usage/twilios-response#response-formats-list-paging-information
PAGE = 500
MAX_MEDIA = 10  # media of one message
# the longest time that a text waits at Twilio; it limits how far the list can be out of order
MAX_WAIT = timedelta(seconds=VALID_FOR)
MAX_REPORTS = 10_000  # messages of one number and direction, newest first; our choice
MAX_LISTED = 1000  # messages of one line, newest first; our choice
# The largest difference between Twilio's clock and ours, even after a correction of ours. The limit
# is generous, because a text that the lookup misses is sent twice. A false match is rare, because
# an older text with the same words usually belongs to another message already.
MAX_CLOCK_DIFFERENCE = timedelta(minutes=2)
TRIAL = "Sent from your Twilio trial account - "  # https://help.twilio.com/articles/360036052753


def find_text(client: Client, message: Outgoing) -> list[SentBefore]:
    # Do not filter by DateSent, the only date filter that Twilio offers. A message that still waits
    # at Twilio has no DateSent, and if the lookup missed it, it would be sent twice.
    listed = client.messages.list(
        to=message.to, from_=message.sender, page_size=PAGE, limit=MAX_LISTED
    )
    return [
        SentBefore(sid=m.sid, status=status_of(m))
        for m in listed
        if m.sid and _could_be(m, message)
    ]


def received_texts(client: Client, number: str, since: datetime) -> list[ProviderMessage]:
    # Twilio filters only by day, in UTC:
    # https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
    listed = client.messages.stream(to=number, date_sent_after=since.date(), page_size=PAGE)
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
    # Twilio lists the newest first. Times are whole seconds, so reverse the list before the stable
    # sort.
    found.reverse()
    return sorted(found, key=lambda one: one.sent_at)


def reports_of(client: Client, number: str, sids: Set[str], since: datetime) -> list[Reported]:
    messages, pending = client.messages, set(sids)
    found = []
    for listed in chain(
        # Do not filter by DateSent. A text that failed before it left Twilio has none.
        takewhile(
            lambda m: m.date_created is None or m.date_created >= since - MAX_WAIT,
            messages.stream(from_=number, page_size=PAGE, limit=MAX_REPORTS),
        ),
        messages.stream(to=number, date_sent_after=since.date(), page_size=PAGE, limit=MAX_REPORTS),
    ):
        if listed.sid in pending:
            found.append(_reported(listed))
        pending.discard(listed.sid or "")
        if not pending:
            break
    return found


def pictures_of(client: Client, sid: str) -> list[tuple[str, str]]:
    base = client.api.base_url
    listed = client.messages(sid).media.list(limit=MAX_MEDIA)
    return [(f"{base}{m.uri.removesuffix('.json')}", m.content_type or "") for m in listed if m.uri]


def _could_be(listed: MessageInstance, message: Outgoing) -> bool:
    body = (listed.body or "").removeprefix(TRIAL)
    return (
        str(listed.direction).startswith("outbound")
        and body.strip() == message.body.strip()
        # Twilio may not have counted the media yet
        and (str(listed.num_media or 0) == "0" or bool(message.media_urls))
        and listed.date_created is not None
        and listed.date_created >= message.created_at - MAX_CLOCK_DIFFERENCE
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

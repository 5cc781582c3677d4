"""Prepares messages for a page: groups them by day and author, and adds delivery receipts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Direction, Kind, MediaStatus, Status
from handoff_service.store.views import Message

SAME_AUTHOR = timedelta(minutes=5)  # messages closer than this show their author's name once


@dataclass(frozen=True, slots=True)
class ReceiptMark:
    """The delivery state of a text to the requester."""

    icon: str  #: the icon's name
    word: str
    look: str | None = None  #: the bubble's style; None for the normal style


RECEIPTS = {
    Status.QUEUED: ReceiptMark("clock", phrase("Queued"), "queued"),
    Status.SENDING: ReceiptMark("clock", phrase("Sending")),
    Status.SENT: ReceiptMark("tick", phrase("Sent")),
    Status.DELIVERED: ReceiptMark("ticks", phrase("Delivered")),
    Status.UNDELIVERED: ReceiptMark("alert", phrase("Not delivered"), "failed"),
    Status.FAILED: ReceiptMark("alert", phrase("Not delivered"), "failed"),
    Status.UNKNOWN: ReceiptMark("clock", phrase("Not known"), "unknown"),
    Status.CANCELED: ReceiptMark("stop", phrase("Not sent"), "canceled"),
}
FINAL = frozenset({Status.DELIVERED, Status.CANCELED, Status.RECEIVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message, prepared for the page."""

    message: Message
    day: date | None  #: the day, if this is the first message of its day
    first: bool  #: whether the author's name is shown
    receipt: ReceiptMark | None
    open: bool  #: whether its status or media may still change
    unread: int = 0  #: the number of unread messages that begin with this message

    @property
    def plain(self) -> bool:
        """Whether the text is one segment in GSM-7. For all other texts, the page shows the number
        of segments."""
        return self.message.segments in (None, 1) and self.message.encoding in (None, "GSM-7")


def shown(
    messages: Sequence[Message], zone: ZoneInfo, *, before: Message | None = None
) -> list[ShownMessage]:
    """Prepare messages for the page. ``before``: the message before the first one, which is already
    on the page.

    A recovered text is shown at the time when it was sent, not at the time of its recovery.
    """
    result = []
    if any(message.sent_at for message in messages):
        messages = sorted(messages, key=lambda message: (message.shown_at, message.seq))
    for message in messages:
        result.append(_shown(message, before, zone))
        before = message
    return result


def with_unread_line(messages: list[ShownMessage], read_seq: int | None) -> list[ShownMessage]:
    """Mark the requester's first message that this agent has not read. Mark none if ``read_seq`` is
    None, because the agent is then not in the live group."""
    new = [s.message.seq for s in messages if _unread(s.message, read_seq)]
    if not new:
        return messages
    return [_marked(s, len(new)) if s.message.seq == new[0] else s for s in messages]


def _unread(message: Message, read_seq: int | None) -> bool:
    return (
        read_seq is not None and message.seq > read_seq and message.direction is Direction.INBOUND
    )


def _marked(one: ShownMessage, count: int) -> ShownMessage:
    return ShownMessage(
        message=one.message,
        day=one.day,
        first=True,
        receipt=one.receipt,
        open=one.open,
        unread=count,
    )


def _shown(message: Message, before: Message | None, zone: ZoneInfo) -> ShownMessage:
    day = _day(message.shown_at, zone)
    new_day = before is None or _day(before.shown_at, zone) != day
    outbound = message.direction is Direction.OUTBOUND and message.status is not None
    return ShownMessage(
        message=message,
        day=day if new_day else None,
        first=new_day or before is None or not _same_run(before, message),
        receipt=RECEIPTS.get(message.status) if outbound and message.status else None,
        open=(outbound and message.status not in FINAL)
        or any(m.status is MediaStatus.WAITING for m in message.media),
    )


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _same_run(before: Message, message: Message) -> bool:
    return (
        before.kind is Kind.MESSAGE
        and message.kind is Kind.MESSAGE
        and message.author.kind is not Author.SYSTEM
        and (before.author.kind, before.author.id) == (message.author.kind, message.author.id)
        and message.shown_at - before.shown_at < SAME_AUTHOR
    )

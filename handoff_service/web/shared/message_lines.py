"""The lines of a conversation as pages show them: days, runs of one author, receipts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from handoff_service.rules.shared.vocabulary import Author, Direction, Kind, MediaStatus, Status
from handoff_service.store.views import Message

RUN = timedelta(minutes=5)  # of one author; a run shows the name once


@dataclass(frozen=True, slots=True)
class ReceiptMark:
    """The delivery state of a text to the requester."""

    icon: str  #: the icon's name
    word: str
    look: str | None = None  #: the bubble's style, if it is not the plain one


RECEIPTS = {
    Status.QUEUED: ReceiptMark("clock", "Queued", "queued"),
    Status.SENDING: ReceiptMark("clock", "Sending"),
    Status.SENT: ReceiptMark("tick", "Sent"),
    Status.DELIVERED: ReceiptMark("ticks", "Delivered"),
    Status.UNDELIVERED: ReceiptMark("alert", "Not delivered", "failed"),
    Status.FAILED: ReceiptMark("alert", "Not delivered", "failed"),
    Status.UNKNOWN: ReceiptMark("clock", "Not known", "unknown"),
    Status.CANCELED: ReceiptMark("stop", "Not sent", "canceled"),
}
FINAL = frozenset({Status.DELIVERED, Status.CANCELED, Status.RECEIVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """A line as the page shows it."""

    line: Message
    day: date | None  #: the day that begins with this line
    first: bool  #: whether the author's name is shown
    receipt: ReceiptMark | None
    open: bool  #: whether its status or media may still change
    unread: int = 0  #: the number of unread messages that begin with this line

    @property
    def plain(self) -> bool:
        """Whether the text is one segment in GSM-7, which the page does not mention."""
        return self.line.segments in (None, 1) and self.line.encoding in (None, "GSM-7")


def shown(
    lines: Sequence[Message], zone: ZoneInfo, *, before: Message | None = None
) -> list[ShownLine]:
    """Prepare lines for the page. ``before`` is the line before the first, which is already on the
    page.

    A recovered text is placed by the time when it was sent.
    """
    result = []
    if any(line.sent_at for line in lines):
        lines = sorted(lines, key=lambda line: (line.shown_at, line.seq))
    for line in lines:
        result.append(_shown(line, before, zone))
        before = line
    return result


def with_unread_line(lines: list[ShownLine], read_seq: int | None) -> list[ShownLine]:
    """Mark the requester's first message that this agent has not read. ``read_seq`` is None for an
    agent outside the live group, for whom nothing is marked."""
    new = [s.line.seq for s in lines if _unread(s.line, read_seq)]
    if not new:
        return lines
    return [_marked(s, len(new)) if s.line.seq == new[0] else s for s in lines]


def _unread(line: Message, read_seq: int | None) -> bool:
    return read_seq is not None and line.seq > read_seq and line.direction is Direction.INBOUND


def _marked(one: ShownLine, count: int) -> ShownLine:
    return ShownLine(
        line=one.line, day=one.day, first=True, receipt=one.receipt, open=one.open, unread=count
    )


def _shown(line: Message, before: Message | None, zone: ZoneInfo) -> ShownLine:
    day = _day(line.shown_at, zone)
    new_day = before is None or _day(before.shown_at, zone) != day
    outbound = line.direction is Direction.OUTBOUND and line.status is not None
    return ShownLine(
        line=line,
        day=day if new_day else None,
        first=new_day or before is None or not _same_run(before, line),
        receipt=RECEIPTS.get(line.status) if outbound and line.status else None,
        open=(outbound and line.status not in FINAL)
        or any(m.status is MediaStatus.WAITING for m in line.media),
    )


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _same_run(before: Message, line: Message) -> bool:
    return (
        before.kind is Kind.MESSAGE
        and line.kind is Kind.MESSAGE
        and line.author.kind is not Author.SYSTEM
        and (before.author.kind, before.author.id) == (line.author.kind, line.author.id)
        and line.shown_at - before.shown_at < RUN
    )

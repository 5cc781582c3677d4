"""Mark messages of the outbox as sending, or delay, cancel or fail them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import update

from handoff_service.operations.delivery import send_gates
from handoff_service.operations.delivery.finish_send import LOOK_UP_AFTER
from handoff_service.operations.delivery.limit_replies import HeldBack, over_limits
from handoff_service.operations.delivery.outgoing_rows import (
    is_waiting,
    new_links,
    outgoing_rows,
)
from handoff_service.operations.shared.conversation_hints import notify
from handoff_service.operations.shared.events_at_end import of_statuses
from handoff_service.ports.sms_provider import Outgoing
from handoff_service.rules.delivery.reply_limits import Limit
from handoff_service.rules.delivery.send_errors import COUNTRY_OFF, OPTED_OUT, RANGE_FULL
from handoff_service.rules.shared.vocabulary import NOT_REPLIES, Author, Event, Status, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import SetBased, Transaction

# these messages are useless once the requester has texted
USELESS = (Event.PROACTIVE, Event.SATISFACTION)


@dataclass(frozen=True, slots=True)
class BeginSend:
    """Claimed work of kind ``deliver``."""

    message_id: int
    attempts: int


def _begin(tx: Transaction, commands: Sequence[BeginSend]) -> list[Outgoing | HeldBack | None]:
    """Mark each message as sending, unless a check fails. Returns one of these for each message:

    - Outgoing: the message to send. If it is ``uncertain``, its outcome is unknown, so the caller
      looks it up instead.
    - None: the message is not sent now, and its work is delayed or removed.
    - HeldBack: the message is an automatic reply that exceeds a limit. It is not sent, and its
      status is failed.
    """
    batch = _Batch(tx, commands)
    batch.cancel_opted_out()
    batch.look_up_crashed()
    batch.cancel_or_delay_proactive()
    batch.hold_restored()
    batch.fail_blocked_countries()
    batch.fail_over_limits()
    batch.delay_over_rate()
    batch.release_delayed()
    batch.mark_sending()
    batch.finish_others()
    return batch.results(commands)


class _Batch:
    """Messages that are about to be sent. Each step handles the messages that no earlier step has
    canceled or failed."""

    def __init__(self, tx: Transaction, commands: Sequence[BeginSend]) -> None:
        self._tx = tx
        self._attempts = {c.message_id: c.attempts for c in commands}
        self._found = outgoing_rows(tx.conn, list(self._attempts))
        self._waiting = {i: r for i, r in self._found.items() if is_waiting(r)}
        self._unsure = {i for i, r in self._found.items() if r.status == Status.UNKNOWN}
        self._crashed = {i for i, r in self._found.items() if r.status == Status.SENDING}
        self._stopped: set[int] = set()  # canceled or failed
        self._over_limit: dict[int, HeldBack] = {}
        self._later: dict[int, datetime] = {}

    def cancel_opted_out(self) -> None:
        """Cancel messages to numbers that have opted out, except the opt-out confirmation and the
        reply to HELP."""
        opted_out = {
            i
            for i, r in self._waiting.items()
            if r.opted_out is not None and r.event != Event.CONSENT
        }
        self._stop(opted_out, status=Status.CANCELED, error_code=OPTED_OUT)

    def look_up_crashed(self) -> None:
        """Mark messages that may have been sent before a crash as unknown. Delay them until the
        provider's list is complete enough to look them up."""
        _put(self._tx, self._crashed, status=Status.UNKNOWN)
        self._tx.at_end(of_statuses, self._crashed)
        self._later |= dict.fromkeys(self._crashed, self._tx.now + LOOK_UP_AFTER)

    def cancel_or_delay_proactive(self) -> None:
        """Handle messages that are not replies. Cancel prompts and satisfaction questions if the
        requester has written since. For a question, thanks in the closed conversation do not count.
        Delay messages until quiet hours end, unless the requester has written since."""
        proactive = [r for r in self._waiting.values() if r.event in NOT_REPLIES]
        written_since = send_gates.written_since(self._tx, proactive)
        questions = [
            r for r in proactive if r.id in written_since and r.event == Event.SATISFACTION
        ]
        thanked = send_gates.only_thanked(self._tx, questions)
        answered_prompts = {
            r.id
            for r in proactive
            if r.id in written_since - thanked and r.author == Author.SYSTEM and r.event in USELESS
        }
        self._stop(answered_prompts, status=Status.CANCELED, error_code=None)
        others = [r for r in proactive if r.id not in written_since]
        self._later |= send_gates.in_quiet_hours(self._tx, others)

    def hold_restored(self) -> None:
        """Hold automatic texts of a restored desk until an admin releases or cancels them."""
        self._later |= send_gates.held_by_restore(self._tx, list(self._waiting.values()))

    def fail_blocked_countries(self) -> None:
        blocked = send_gates.blocked_country(self._tx, self._waiting)
        self._stop(blocked, status=Status.FAILED, error_code=COUNTRY_OFF)

    def fail_over_limits(self) -> None:
        """Fail automatic replies that exceed a limit."""
        self._over_limit = over_limits(self._tx, self._waiting)
        for limit in Limit:
            these = {i for i, one in self._over_limit.items() if one.limit is limit}
            self._stop(these, status=Status.FAILED, error_code=RANGE_FULL, reason=limit)

    def delay_over_rate(self) -> None:
        """Delay messages that exceed the rate of their company number or of the provider."""
        rows = [r for i, r in self._waiting.items() if i not in self._later]
        self._later |= send_gates.over_rate(self._tx, rows)

    def release_delayed(self) -> None:
        """Release the claims on delayed work. A delay does not count as an attempt. After a crash,
        the count starts at 0 again.
        """
        for message_id, at in self._later.items():
            failed = 0 if message_id in self._crashed else self._attempts[message_id] - 1
            due_work.release(self._tx, Work.DELIVER, message_id, at, attempts=failed)

    def mark_sending(self) -> None:
        """Mark the messages that passed all checks as sending, and clear the provider id and error
        of an earlier attempt."""
        sends = self._sends
        _add_up(self._tx, [i for i in sends if self._found[i].retries])
        _put(self._tx, sends, status=Status.SENDING, provider_sid=None, error_code=None)

    def finish_others(self) -> None:
        """Notify pages of canceled and failed messages, and remove their work."""
        notify(self._tx, {self._found[i].interaction_id for i in self._stopped})
        done = self._attempts.keys() - self._sends - self._unsure - self._later.keys()
        due_work.cancel(self._tx, Work.DELIVER, done)

    def results(self, commands: Sequence[BeginSend]) -> list[Outgoing | HeldBack | None]:
        """The result for each command, in order."""
        asked = self._sends | self._unsure
        links = new_links(self._tx, [i for i in asked if self._found[i].with_media])
        return [
            self._outgoing(c, links.get(c.message_id, ()))
            if c.message_id in asked
            else self._over_limit.get(c.message_id)
            for c in commands
        ]

    def _outgoing(self, command: BeginSend, media_urls: tuple[str, ...]) -> Outgoing:
        row = self._found[command.message_id]
        return Outgoing(
            message_id=row.id,
            to=row.requester_number,
            sender=row.sender,
            body=row.body,
            created_at=row.created_at,
            attempts=command.attempts,
            uncertain=row.id in self._unsure,
            media_urls=media_urls,
            retries=row.retries,
            messaging_service=row.messaging_service,
        )

    @property
    def _sends(self) -> set[int]:
        return self._waiting.keys() - self._later.keys()

    def _stop(self, messages: Collection[int], **values: object) -> None:
        """Set the final status of these messages. Later steps skip them."""
        _put(self._tx, messages, **values)
        self._stopped.update(messages)
        self._tx.at_end(of_statuses, messages)
        for message_id in messages:
            del self._waiting[message_id]


def _put(tx: Transaction, messages: Collection[int], **values: object) -> None:
    if messages:
        tx.conn.execute(
            update(t.messages)
            .where(one_of(t.messages.c.id, messages))
            .values(values | {"changed_at": tx.now})
        )


def _add_up(tx: Transaction, again: Sequence[int]) -> None:
    """Add the price of the earlier attempts to ``price_before``, because each attempt costs
    money."""
    m = t.messages.c
    if again:
        paid = sa.func.coalesce(m.price_before, 0) + m.price
        these = update(t.messages).where(one_of(m.id, again), m.price.is_not(None))
        tx.conn.execute(these.values(price_before=paid, price=None))


begin_sends: SetBased[BeginSend, Outgoing | HeldBack | None] = SetBased(_begin)

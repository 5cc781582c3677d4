"""Watch the company's own SMS gateway, such as a phone: alert supervisors and admins once when it
is unavailable. The alert ends when it is available again.

The gateway is asked every minute. It may also send heartbeats, because a gateway that answers can
still be unable to reach this service. Providers without such a device are not watched: the gap
sweep and the provider's status page watch those.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, update

from handoff_service import log
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.mail_each import mail_each
from handoff_service.ports import Mail
from handoff_service.rules.delivery.gateway_watch import (
    AwayReason,
    GatewayWatch,
    after_check,
    after_start,
)
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.delivery import gateway_watch
from handoff_service.store.desk.agents import admin_addresses
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

g = t.gateway_watch
EVERY = timedelta(minutes=1)
KEY = "gateway"
WHAT: dict[AwayReason, str] = {
    AwayReason.NO_ANSWER: "does not answer. Texts wait in both directions until it is back.",
    AwayReason.SILENT: "answers, but its heartbeats do not arrive. Texts from requesters may wait "
    "on it.",
}


class Heartbeat:
    """A sign of life that the gateway has sent."""


def watch_gateway(tx: Transaction, is_device: bool) -> None:
    """Begin to watch the gateway, or end it if the provider has no device (``is_device``)."""
    if not is_device:
        due_work.cancel(tx, Work.WATCH_GATEWAY, [KEY])
        tx.conn.execute(delete(g))
        return
    watch = gateway_watch.get(tx.conn, lock=True)
    if watch is None:
        tx.conn.execute(insert(g).values(id=1))
        watch = GatewayWatch()
    _put(tx, after_start(watch, tx.now))
    due = due_work.Due(kind=Work.WATCH_GATEWAY, key=KEY, line=KEY, due_at=tx.now)
    due_work.schedule(tx, [due])


def record_heartbeat(tx: Transaction, _command: Heartbeat) -> None:
    tx.conn.execute(update(g).values(heard_at=tx.now))


def record_check(tx: Transaction, answers: bool) -> GatewayWatch | None:
    """Record whether the gateway answered, and schedule the next check. Returns the watch if an
    alert begins now."""
    due_work.release(tx, Work.WATCH_GATEWAY, KEY, tx.now + EVERY, attempts=0)
    before = gateway_watch.get(tx.conn, lock=True)
    if before is None:  # another process with another provider has ended the watch
        return None
    after = after_check(before, answers=answers, now=tx.now)
    if after == before:
        return None
    _put(tx, after)
    if (before.alerted_at, before.reason) != (after.alerted_at, after.reason):
        tx.desk_changed()
    if before.alerted_at is not None and after.alerted_at is None:
        log.info("gateway_back")
    begins = before.alerted_at is None and after.alerted_at is not None
    return after if begins else None


def _put(tx: Transaction, watch: GatewayWatch) -> None:
    tx.conn.execute(
        update(g).values(
            failing_since=watch.failing_since,
            reason=watch.reason,
            alerted_at=watch.alerted_at,
            heard_at=watch.heard_at,
        )
    )


def alert_mails(conn: Connection, watch: GatewayWatch) -> list[Mail]:
    """A mail to each admin."""
    if watch.reason is None or watch.failing_since is None:
        return []
    desk, zone = desk_name_and_zone(conn)
    since = watch.failing_since.astimezone(ZoneInfo(zone))
    body = (
        f"The SMS gateway of {desk} {WHAT[watch.reason]}\n\n"
        f"Since: {since:%d %B %Y %H:%M}\n\n"
        "The checklist under Admin and the command patchboard doctor show the cause. The alert on "
        "the pages of Patchboard ends when the gateway is back.\n"
    )
    subject = f"{desk}: the SMS gateway is unavailable"
    return [Mail(to=one, subject=subject, body=body) for one in admin_addresses(conn)]


async def when_due(job: Job) -> None:
    """Ask the gateway. Supervisors without an open page get a notification: see
    ``notify_agents``."""
    answers = await job.deps.provider.answers()
    alert = await job.write(record_check, answers)
    if alert is None:
        return
    log.warning("gateway_away", why=alert.reason)
    mails = await job.deps.store.read(alert_mails, alert)
    for why in await mail_each(job.deps.mailer, mails):
        write_log = log.warning if why else log.info
        write_log("gateway_alert_mailed", why=why)

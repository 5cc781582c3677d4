"""Watch the company's own SMS gateway, such as a phone. Supervisors and admins get one alert when
the gateway becomes unavailable. The alert ends when the gateway is available again.

The service checks every minute whether the gateway answers. The gateway may also send heartbeats,
because a gateway that answers can still be unable to reach this service. Providers without such a
device are not watched.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, update

from handoff_service import log
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.send_mail import mail_each
from handoff_service.operations.shared.staff_mail import mail_to
from handoff_service.ports.mail import Mail
from handoff_service.rules.delivery.gateway_watch import (
    AWAY,
    GatewayWatch,
    after_check,
    after_start,
)
from handoff_service.rules.shared.local_dates import time_in_zone
from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.delivery import gateway_watch
from handoff_service.store.desk.agents import admins_to_mail
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

g = t.gateway_watch
EVERY = timedelta(minutes=1)
KEY = "gateway"


class Heartbeat:
    """The gateway has sent a heartbeat."""


def watch_gateway(tx: Transaction, is_device: bool) -> None:
    """Start to watch the gateway, or stop if the provider has no such device (``is_device`` is
    false)."""
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
    """Record whether the gateway has answered, and schedule the next check. Returns the new state
    of the watch if an alert begins now, and None if not."""
    due_work.release(tx, Work.WATCH_GATEWAY, KEY, tx.now + EVERY, attempts=0)
    before = gateway_watch.get(tx.conn, lock=True)
    if before is None:  # another process, which uses another provider, has ended the watch
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
    """An e-mail about the alert to each admin."""
    if watch.reason is None or watch.failing_since is None:
        return []
    desk, zone = desk_name_and_zone(conn)
    since = time_in_zone(watch.failing_since.astimezone(ZoneInfo(zone)))
    paragraphs = (
        filled(AWAY[watch.reason], time=since),
        phrase(
            "The checklist under Admin and the command “patchboard doctor” show the cause. The "
            "alert on the pages of Patchboard ends when the gateway is available again."
        ),
    )
    subject = phrase("{desk}: the SMS gateway is unavailable", desk=desk)
    return [mail_to(one, subject, paragraphs) for one in admins_to_mail(conn)]


async def when_due(job: Job) -> None:
    """Check whether the gateway answers, and mail the admins if an alert begins.
    ``notify_agents.py`` notifies supervisors who have no open page."""
    answers = await job.deps.provider.answers()
    alert = await job.write(record_check, answers)
    if alert is None:
        return
    log.warning("gateway_away", why=alert.reason)
    mails = await job.deps.store.read(alert_mails, alert)
    for why in await mail_each(job.deps.mailer, mails):
        write_log = log.warning if why else log.info
        write_log("gateway_alert_mailed", why=why)

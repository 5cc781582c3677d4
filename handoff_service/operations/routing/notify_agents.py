"""Send notifications to agents who have no workspace page open.

One piece of due work for the whole desk checks for news every few seconds, as long as any agent has
a notification target. News is marked as noticed before it is sent, so a crash can lose a
notification but never repeats it. The workspace shows the same news when the agent opens it.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, update

from handoff_service import log
from handoff_service.errors import NotFound
from handoff_service.operations.routing import connection
from handoff_service.operations.shared.job import Job
from handoff_service.ports.call_result import CallResult
from handoff_service.ports.mail import Mail, Mailed, Mailer
from handoff_service.ports.push import Push, PushMessage
from handoff_service.rules.routing import notifications as rules
from handoff_service.rules.routing.notifications import Notification, NotificationMethod
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.translations import PAGES, catalog
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import notification_news, notification_targets
from handoff_service.store.routing.notification_targets import Target

n = t.notification_targets
EVERY = timedelta(seconds=5)
# The delay before news is read, because a transaction with an earlier time may commit later.
SETTLED = timedelta(seconds=2)
# The statuses of a push service that no longer knows the browser:
# https://www.rfc-editor.org/rfc/rfc8030#section-7.3
GONE = (404, 410)
NO_LONGER = phrase("This notification address was already removed. Reload the page.")
TEST = Notification(
    title=phrase("Patchboard can reach you"),
    body=phrase("You get notifications here while no workspace page is open."),
    path="/workspace/account",
    tag="test",
)


@dataclass(frozen=True, slots=True)
class DueNotification:
    """A notification to send to one target."""

    target: Target
    notification: Notification
    #: the full address of the page that the notification opens
    url: str


@dataclass(frozen=True, slots=True)
class SendResult:
    """The result of sending a notification."""

    target_id: int
    result: CallResult


def begin_notifications(tx: Transaction, _command: None = None) -> list[DueNotification]:
    """Return the notifications to send now, and mark their news as noticed."""
    if not notification_targets.has_targets(tx.conn):
        due_work.cancel(tx, Work.NOTIFY, [due_work.DESK_LINE])
        return []
    due_work.release(tx, Work.NOTIFY, due_work.DESK_LINE, tx.now + EVERY, attempts=0)
    until = tx.now - SETTLED
    targets = notification_targets.of_agents_without_page(
        tx.conn, tx.now, connection.counts_as_open(tx)
    )
    since = {
        one.id: rules.news_since(one.way, one.sent_at, one.noticed_at, until) for one in targets
    }
    if not targets:
        return []
    agents = sorted({one.agent_id for one in targets})
    found = notification_news.news(tx.conn, agents, min(since.values()), until)
    send = []
    for target in targets:
        news = [
            one
            for one in found.get(target.agent_id, ())
            if one.at > since[target.id] and (target.takes_work or one.kind in rules.OF_SUPERVISORS)
        ]
        if news:
            made = rules.notification(news)
            send.append(DueNotification(target, made, f"{tx.settings.public_url}{made.path}"))
    if send:
        these = n.c.id.in_([one.target.id for one in send])
        tx.conn.execute(update(n).where(these).values(noticed_at=until, sent_at=tx.now))
    return send


def finish_notifications(tx: Transaction, sent: Sequence[SendResult]) -> None:
    """Record why a notification could not be sent, and remove browsers that no longer exist."""
    for one in sent:
        this = n.c.id == one.target_id
        if one.result.status in GONE:
            tx.conn.execute(delete(n).where(this, n.c.way == NotificationMethod.PUSH))
        tx.conn.execute(update(n).where(this).values(error=one.result.why))


def look_again(tx: Transaction) -> None:
    """Schedule a check for notifications to send."""
    work = due_work.Due(
        kind=Work.NOTIFY,
        key=due_work.DESK_LINE,
        line=f"notify:{due_work.DESK_LINE}",
        due_at=tx.now + EVERY,
    )
    due_work.schedule(tx, [work])


async def send_one(one: DueNotification, push: Push, mailer: Mailer | None) -> CallResult:
    """Send one notification by the target's method."""
    target, url = one.target, one.url
    notification = one.notification.translated(catalog(PAGES, target.language))
    match target.way:
        case NotificationMethod.MAIL:
            if mailer is None:
                return CallResult(why=phrase("PATCHBOARD_SMTP_URL is not set."))
            body = f"{notification.title}\n{notification.body}\n\n{url}\n"
            result = await mailer.send(
                Mail(to=target.address, subject=notification.title, body=body)
            )
            return CallResult() if isinstance(result, Mailed) else CallResult(why=result.why)
        case NotificationMethod.WEBHOOK:
            # the incoming webhooks of chat programs read the field "text"
            text = f"{notification.title} ({notification.body}) {url}"
            payload = {"text": text, "title": notification.title, "url": url}
            return await push.post(target.address, json.dumps(payload))
        case NotificationMethod.PUSH:
            payload = {
                "title": notification.title,
                "body": notification.body,
                "path": notification.path,
                "tag": notification.tag,
            }
            return await push.push(
                PushMessage(
                    address=target.address,
                    p256dh=target.keys.get("p256dh", ""),
                    auth=target.keys.get("auth", ""),
                    body=json.dumps(payload),
                )
            )


async def send_test(
    store: Store, agent_id: int, target_id: int, push: Push, mailer: Mailer | None
) -> CallResult:
    """Send a test notification to one of the agent's targets. Raises NotFound for a target that the
    agent does not have."""
    target = await store.read(notification_targets.one_of_agent, agent_id, target_id)
    if target is None:
        raise NotFound(NO_LONGER)
    result = await send_one(
        DueNotification(target, TEST, f"{store.settings.public_url}{TEST.path}"), push, mailer
    )
    await store.write(finish_notifications, [SendResult(target_id, result)])
    return result


async def when_due(job: Job) -> None:
    send = await job.write(begin_notifications, None)
    if not send:
        return
    called = await asyncio.gather(*(send_one(one, job.deps.push, job.deps.mailer) for one in send))
    results = [SendResult(one.target.id, result) for one, result in zip(send, called, strict=True)]
    await job.deps.store.write(finish_notifications, results)
    for one, result in zip(send, called, strict=True):
        job.deps.metrics.notifications.labels(
            one.target.way, "failed" if result.why else "sent"
        ).inc()
        write_log = log.warning if result.why else log.info
        write_log("agent_notified", agent=one.target.agent_id, way=one.target.way, why=result.why)

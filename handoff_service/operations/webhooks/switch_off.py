"""Switch off a webhook after its calls have failed for days, and mail the admins about it."""

from sqlalchemy import Connection, delete, func, select, update

from handoff_service import log
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.send_mail import mail_each
from handoff_service.operations.shared.staff_mail import mail_to
from handoff_service.ports.mail import Mail
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import CallState, Work
from handoff_service.rules.webhooks.call_failures import SWITCHED_OFF, failure_words
from handoff_service.rules.webhooks.signature import SWITCHED_OFF_AFTER
from handoff_service.store.desk.agents import admins_to_mail
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.store.engine import claiming, due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

w, k, d = t.webhooks, t.webhook_calls, t.due_work


def switch_off(tx: Transaction, webhook_id: int) -> None:
    """Stop sending events to the webhook, and give up its waiting events. An admin can send them
    again."""
    this = w.c.id == webhook_id
    tx.conn.execute(update(w).where(this).values(active=False, switched_off_at=tx.now))
    give_up_waiting(tx, webhook_id)
    due = due_work.Due(
        kind=Work.WEBHOOK_NOTICE,
        key=str(webhook_id),
        line=f"webhook_notice:{webhook_id}",
        due_at=tx.now,
    )
    due_work.schedule(tx, [due])
    log.warning("webhook_switched_off", webhook=webhook_id)


def give_up_waiting(tx: Transaction, webhook_id: int) -> None:
    """Give up the events that the webhook has not accepted yet. Calls under way still finish."""
    waiting = (k.c.webhook_id == webhook_id, k.c.state == CallState.WAITING)
    why = func.coalesce(k.c.why, str.__str__(SWITCHED_OFF))
    ids = select(func.cast(k.c.id, d.c.key.type)).where(*waiting)
    unclaimed = (d.c.kind == Work.CALL_WEBHOOK, d.c.lease_until.is_(None))
    tx.conn.execute(delete(d).where(*unclaimed, d.c.key.in_(ids)))
    tx.conn.execute(update(k).where(*waiting).values(state=CallState.GIVEN_UP, why=why))


def notices(conn: Connection, webhook_id: int) -> list[Mail]:
    """A mail to each admin, if the webhook is still switched off."""
    row = conn.execute(select(w).where(w.c.id == webhook_id, ~w.c.active)).one_or_none()
    if row is None or row.switched_off_at is None:
        return []
    desk = desk_name_and_zone(conn)[0]
    last = conn.execute(
        select(k.c.why).where(k.c.webhook_id == webhook_id).order_by(k.c.tried_at.desc()).limit(1)
    ).scalar()
    paragraphs = (
        phrase(
            "{desk} has switched off the webhook “{name}”, because its receiver accepted no event "
            "for {days} days.",
            desk=desk,
            name=row.name,
            days=SWITCHED_OFF_AFTER.days,
        ),
        phrase("The last attempt: {why}", why=failure_words(last) if last else phrase("unknown")),
        phrase(
            "Fix the receiver. Then switch the webhook on again under Admin, Webhooks, and send "
            "the events again that it has missed."
        ),
    )
    subject = phrase("{desk}: the webhook “{name}” is switched off", desk=desk, name=row.name)
    return [mail_to(one, subject, paragraphs) for one in admins_to_mail(conn)]


async def when_due(job: Job) -> None:
    """Mail the admins once. The checklist and ``patchboard doctor`` also show the webhook."""
    mails = await job.deps.store.read(notices, int(job.key))
    await job.write(claiming.drop, job.claimed)
    for why in await mail_each(job.deps.mailer, mails):
        write_log = log.warning if why else log.info
        write_log("webhook_notice_mailed", webhook=job.key, why=why)

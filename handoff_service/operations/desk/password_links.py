"""An agent sets a password with a mailed link, after forgetting the old one or being invited.

The link is created when its mail is sent, so it exists only in the mail. Setting a password with a
link ends all sessions of the agent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from handoff_service import log
from handoff_service.errors import NotFound
from handoff_service.operations.desk.sign_in import end_sessions, find
from handoff_service.operations.identity.mail_code import MAILBOX
from handoff_service.operations.shared.audit import AuditEntry, audit
from handoff_service.operations.shared.failed_job import report_given_up
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.send_mail import mail_one
from handoff_service.operations.shared.staff_mail import mail_to
from handoff_service.ports.mail import Mail, Mailed, NotMailed
from handoff_service.rules.desk import password_links as rules
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.rules.desk.password_links import LASTS, Account, Purpose
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.desk.agents import agent_name, agent_to_mail
from handoff_service.store.desk.desk import desk_id, desk_name_and_zone
from handoff_service.store.desk.sign_in_policy import needs
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

MOST_ATTEMPTS = 4
PAUSE = timedelta(seconds=15)  # before the second attempt; the pause grows with each attempt
NOT_VALID = phrase("This link has expired, or was used already. Ask for a new one.")
a = t.agents


@dataclass(frozen=True, slots=True)
class MailLink:
    """Mail a link to this agent."""

    agent_id: int
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishLinkMail:
    link: MailLink
    attempts: int
    result: Mailed | NotMailed


@dataclass(frozen=True, slots=True)
class SetPassword:
    """``password_hash``: an argon2 hash, computed outside any transaction."""

    token: str
    password_hash: str


def request_reset(tx: Transaction, email: str) -> None:
    """Schedule a mail with a link to the active agent with this address, if there is one."""
    found = find(tx.conn, email)
    if found is not None:
        mail_link(tx, MailLink(found[0], Purpose.RESET))


def mail_link(tx: Transaction, command: MailLink) -> None:
    """Schedule the mail with the link. A repeated request before it is sent adds no second
    mail."""
    key = f"{command.purpose}:{command.agent_id}"
    due = due_work.Due(kind=Work.MAIL_LINK, key=key, line=f"password:{key}", due_at=tx.now)
    due_work.schedule(tx, [due])


def account(conn: Connection, agent_id: int) -> Account | None:
    """The facts about the agent that are part of the link's signature. None for an unknown or
    deactivated agent, and for an agent who may not use a password."""
    needed = needs(conn, agent_id)
    if needed is None or not needed.password_allowed:
        return None
    row = conn.execute(
        select(a.c.email, a.c.password_hash).where(a.c.id == agent_id, a.c.active)
    ).one_or_none()
    if row is None:
        return None
    return Account(
        agent_id=agent_id,
        email=row.email,
        password_hash=row.password_hash,
        desk_id=desk_id(conn),
    )


def holder(conn: Connection, token: str, keys: Sequence[str], now: datetime) -> Account:
    """The account for which the token may set a password. ``keys``: the secret keys that are
    accepted. Raises NotFound for an invalid token."""
    agent_id = rules.agent_of(token)
    found = account(conn, agent_id) if agent_id is not None else None
    if found is None or not any(rules.is_valid(key, token, found, now) for key in keys):
        raise NotFound(NOT_VALID)
    return found


def set_password(tx: Transaction, command: SetPassword) -> int:
    """Set the password and end all sessions. Returns the agent's id. Raises NotFound for an invalid
    token."""
    agent_id = rules.agent_of(command.token)
    # a second request with the same token waits for this lock, and then finds the token invalid
    tx.conn.execute(select(a.c.id).where(a.c.id == agent_id).with_for_update())
    found = holder(tx.conn, command.token, tx.settings.keys, tx.now)
    tx.conn.execute(
        update(a).where(a.c.id == found.agent_id).values(password_hash=command.password_hash)
    )
    end_sessions(tx, found.agent_id)
    entry = AuditEntry(
        action=AuditAction.CHANGED,
        subject=Noun.AGENT,
        record=str(found.agent_id),
        name=agent_name(tx.conn, found.agent_id),
        details={"password": [None, None]},
        agent_id=found.agent_id,
    )
    audit(tx, entry)
    return found.agent_id


def begin_link_mail(tx: Transaction, command: MailLink) -> Mail | None:
    """The mail to send now. If the agent is deactivated or may no longer use a password, this
    removes the work and returns None."""
    found = account(tx.conn, command.agent_id)
    if found is None:
        _cancel(tx, command)
        return None
    until = tx.now + LASTS[command.purpose]
    address = rules.link(tx.settings.public_url, tx.settings.link_key, found, until)
    desk, name = desk_name_and_zone(tx.conn)[0], agent_name(tx.conn, command.agent_id)
    subject, paragraphs = rules.mail(command.purpose, desk, name, address)
    return mail_to(agent_to_mail(tx.conn, found.email), subject, paragraphs)


def finish_link_mail(tx: Transaction, command: FinishLinkMail) -> None:
    """Schedule a retry after a temporary failure, or end the work."""
    result, link = command.result, command.link
    key = f"{link.purpose}:{link.agent_id}"
    if isinstance(result, NotMailed) and result.again and command.attempts < MOST_ATTEMPTS:
        return due_work.release(tx, Work.MAIL_LINK, key, tx.now + PAUSE * command.attempts)
    if isinstance(result, NotMailed):
        report_given_up(tx, Work.MAIL_LINK, key, command.attempts, "NotMailed")
    _cancel(tx, link)
    tx.hint(MAILBOX)
    return None


def _cancel(tx: Transaction, link: MailLink) -> None:
    due_work.cancel(tx, Work.MAIL_LINK, [f"{link.purpose}:{link.agent_id}"])


async def when_due(job: Job) -> None:
    """Send one mail with a link."""
    purpose, _, agent_id = job.key.partition(":")
    link = MailLink(int(agent_id), Purpose(purpose))
    mail = await job.write(begin_link_mail, link)
    if mail is None:
        return
    result = await mail_one(job.deps.mailer, mail)
    finish = FinishLinkMail(link=link, attempts=job.attempts, result=result)
    await job.write(finish_link_mail, finish)
    why = result.why if isinstance(result, NotMailed) else None
    outcome = type(result).__name__.lower()
    log.info("password_link_mailed", agent=link.agent_id, result=outcome, why=why)

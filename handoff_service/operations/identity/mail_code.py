"""Mail a one-time code. The code is generated when its mail is sent, and only its keyed hash is
stored.

Each retry sends a new code, and only the newest code is valid. A mail with an unknown outcome can
therefore be sent again.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from handoff_service import log
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.failed_job import report_given_up
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.send_mail import mail_one
from handoff_service.ports.mail import Mail, Mailed, NotMailed
from handoff_service.rules.identity import proof as rules
from handoff_service.rules.shared.vocabulary import Event, Work
from handoff_service.store.conversations import interactions
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity import proof_codes, proofs
from handoff_service.store.virtual_agent.spoken_language import spoken_language

MAILBOX = "mailbox"  # the channel of hints about mails that were sent or given up
MOST_ATTEMPTS = 4
PAUSE = timedelta(seconds=15)  # before the second attempt; the pause grows with each attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginMail:
    """``send_id``: the id of a code's send. ``code``: six digits from the system's random
    source."""

    send_id: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishMail:
    send_id: int
    attempts: int
    result: Mailed | NotMailed


def begin_mail(tx: Transaction, command: BeginMail) -> Mail | None:
    """The mail to send now. If nobody waits for the code any longer, or if the user has no address,
    this removes the due work and returns None."""
    proof = proofs.of_send(tx.conn, command.send_id)
    if proof is not None:
        interactions.lock(tx.conn, proof.interaction_id)
        proof = proofs.of_send(tx.conn, command.send_id)  # read again, now that the row is locked
    email = _address(tx, proof.user_id) if proof is not None else None
    if proof is None or email is None:
        due_work.cancel(tx, Work.MAIL_CODE, [command.send_id])
        return None
    kept = rules.code_hash(tx.settings.link_key, proof.interaction_id, command.code)
    until = tx.now + rules.CODE_LASTS
    proofs.change(tx, proof, code_hash=kept, code_until=until)
    proof_codes.put_code(tx, command.send_id, kept, until)
    desk = desk_name_and_zone(tx.conn)[0]
    language = spoken_language(tx.conn, proof.interaction_id)
    return Mail(
        to=email,
        subject=rules.mail_subject(desk, language),
        body=rules.mail_text(command.code, desk, log.masked(proof.number), language),
    )


def finish_mail(tx: Transaction, command: FinishMail) -> None:
    """Record a sent mail, schedule a retry, or give up. When the service gives up, agents see why
    the requester got no code."""
    result = command.result
    if isinstance(result, NotMailed) and result.again and command.attempts < MOST_ATTEMPTS:
        return due_work.release(
            tx, Work.MAIL_CODE, command.send_id, tx.now + PAUSE * command.attempts
        )
    due_work.cancel(tx, Work.MAIL_CODE, [command.send_id])
    tx.hint(MAILBOX)
    proof = proofs.of_send(tx.conn, command.send_id)
    if isinstance(result, NotMailed):
        report_given_up(tx, Work.MAIL_CODE, command.send_id, command.attempts, "NotMailed")
    if isinstance(result, NotMailed) and proof is not None:
        interaction = interactions.lock(tx.conn, proof.interaction_id)
        sentence = "The code could not be sent by e-mail"
        messages.append_line(tx, interaction, sentence, event=Event.IDENTITY, reason=result.why)
    return None


def _address(tx: Transaction, user_id: int | None) -> str | None:
    u = t.users
    return tx.conn.execute(select(u.c.email).where(u.c.id == user_id, u.c.active)).scalar() or None


async def when_due(job: Job) -> None:
    """Generate a code and mail it."""
    send_id, code = int(job.key), f"{secrets.randbelow(1_000_000):06}"
    mail = await job.write(begin_mail, BeginMail(send_id=send_id, code=code))
    if mail is None:
        return
    result = await mail_one(job.deps.mailer, mail)
    finish = FinishMail(send_id=send_id, attempts=job.attempts, result=result)
    await job.write(finish_mail, finish)
    why = result.why if isinstance(result, NotMailed) else None
    log.info("code_mailed", send=job.key, result=type(result).__name__.lower(), why=why)

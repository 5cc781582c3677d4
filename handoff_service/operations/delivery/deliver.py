"""Send the outbox: mark a message, call the provider (outside any transaction), and record the
result.

- A message is ``sending`` from the commit before the provider call to the commit after it.
- A repeated provider call could send the text twice. After a crash or a timeout, the status becomes
  ``unknown``, and the message is looked up at the provider before it is sent again.
- ``rules/delivery/send_errors.py`` defines the possible reactions to an error, and each provider
  maps its error codes to them. If an error holds the line, the message waits for its retry as
  ``queued``. After another error that is retried, it waits as ``failed`` or ``undelivered``, and
  later messages of the line do not wait for it.
- The transaction that marks the message checks consent under a lock that blocks consent changes.
  Consent is checked again right before the provider call.
"""

from handoff_service import log
from handoff_service.operations.delivery.begin_send import BeginSend, begin_sends
from handoff_service.operations.delivery.finish_send import FinishSend, finish_sends
from handoff_service.operations.delivery.limit_replies import HeldBack
from handoff_service.operations.shared.job import Job
from handoff_service.ports.sms_provider import (
    Later,
    LookedUp,
    Outgoing,
    Refused,
    SendResult,
    Unsure,
    Withheld,
)
from handoff_service.store.delivery import sends_under_way


async def when_due(job: Job) -> None:
    message_id = int(job.key)
    outgoing = await job.write(begin_sends, BeginSend(message_id, job.attempts))
    if isinstance(outgoing, HeldBack):
        job.deps.metrics.held_back.labels(outgoing.limit.name.lower()).inc()
        if outgoing.first:
            log.warning(
                "replies_held_back",
                limit=outgoing.limit.name.lower(),
                begins_with=outgoing.begins_with,
            )
    if not isinstance(outgoing, Outgoing):
        return
    result = await _look_up(job, outgoing) if outgoing.uncertain else await _send(job, outgoing)
    waits = await job.write(finish_sends, FinishSend(message_id, job.attempts, result))
    job.deps.metrics.sends.labels(type(result).__name__.lower()).inc()
    if waits and isinstance(result, Later | Refused):
        why = result.why if isinstance(result, Later) else None
        log.warning(
            "text_not_taken",
            message=message_id,
            attempts=job.attempts,
            code=result.code,
            why=why,
        )
    log.debug("text_sent", message=message_id, result=type(result).__name__.lower())


async def _send(job: Job, outgoing: Outgoing) -> SendResult:
    """Send the message. Check consent once more first, because the requester may have opted out
    since the message was marked."""
    if await job.deps.store.read(sends_under_way.is_withheld, outgoing.message_id):
        return Withheld()
    return await job.deps.provider.send(outgoing)


async def _look_up(job: Job, outgoing: Outgoing) -> SendResult:
    """Search the provider's list for a message with an unknown outcome."""
    try:
        return LookedUp(tuple(await job.deps.provider.find(outgoing)))
    except OSError as error:
        return Unsure(why=str(error))

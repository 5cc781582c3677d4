"""One piece of due work, and the dependencies of all kinds of due work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from handoff_service import log
from handoff_service.clock import Clock
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.metrics import Metrics
from handoff_service.ports.bot import Bot
from handoff_service.ports.mail import Mailer
from handoff_service.ports.media_store import MediaStore
from handoff_service.ports.push import NoPush, Push
from handoff_service.ports.sms_provider import SmsProvider
from handoff_service.ports.steadiness import AlwaysSteady, Steadiness
from handoff_service.ports.training_data import NoExamples, TaughtExamples
from handoff_service.ports.webhook import NoWebhook, Webhook
from handoff_service.rules.shared.step_size import Pace
from handoff_service.store.engine.claiming import Claimed
from handoff_service.store.engine.claims import ClaimLost, HeldClaim, Operation, fenced
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction


class ClaimDropped(Exception):
    """The claim was lost, so this worker drops the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDeps:
    """The dependencies of the worker. ``mailer`` None: the desk sends no e-mail."""

    store: Store
    provider: SmsProvider
    bot: Bot
    clock: Clock
    mailer: Mailer | None = None
    media: MediaStore = field(default_factory=lambda: MediaFolder(Path(".patchboard/media")))
    metrics: Metrics = field(default_factory=Metrics)
    webhook: Webhook = field(default_factory=NoWebhook)
    push: Push = field(default_factory=NoPush)
    connections: Steadiness = field(default_factory=AlwaysSteady)
    examples: TaughtExamples = field(default_factory=NoExamples)
    #: kind of step -> the pace of its steps (see ``steps.py``)
    paces: dict[str, Pace] = field(default_factory=dict)
    #: called after the database was unavailable, because hints may have been lost
    outage: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of due work that this worker has claimed."""

    claimed: Claimed
    deps: WorkerDeps

    @property
    def key(self) -> str:
        """The key of the work: usually the id of its subject."""
        return self.claimed.key

    @property
    def attempts(self) -> int:
        """The number of times that the work was claimed, including this time."""
        return self.claimed.attempts

    async def write[C, R](
        self,
        operation: Operation[C, R],
        command: C,
        *,
        late: Callable[[Transaction, C], R | None] | None = None,
        near: object = None,
    ) -> R:
        """Carry out a command if the claim is still valid. If the claim was lost, ``late`` is
        called with the command instead. Raises ClaimDropped if the claim was lost and there is no
        ``late``, or if ``late`` returns None. ``near``: see ``Store.write``."""
        held = HeldClaim(self.claimed, command)
        answer: R | ClaimLost = await self.deps.store.write(
            fenced(operation, late), held, near=near
        )
        if isinstance(answer, ClaimLost):
            self.deps.metrics.claims_lost.labels(self.claimed.kind).inc()
            # usually a delivery receipt arrived first and ended the send, which is harmless
            write_log = log.warning if answer.late else log.debug
            write_log("claim_lost", kind=self.claimed.kind, key=self.key, attempts=self.attempts)
            raise ClaimDropped
        return answer

"""A piece of due work as its kind sees it, and what all kinds need of the world."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from handoff_service import log
from handoff_service.clock import Clock
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.metrics import Metrics
from handoff_service.ports import (
    AlwaysSteady,
    Bot,
    Mailer,
    NoWebhook,
    SmsProvider,
    Steadiness,
    Webhook,
)
from handoff_service.store.engine.claims import ClaimLost, HeldClaim, Operation, fenced
from handoff_service.store.engine.due_work import Claimed
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.engine.store import Store


class ClaimDropped(Exception):
    """The claim was lost, so this worker drops the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDeps:
    """The dependencies of the worker. ``mailer`` None: e-mail cannot be sent."""

    store: Store
    provider: SmsProvider
    bot: Bot
    clock: Clock
    mailer: Mailer | None = None
    media: MediaFolder = field(default_factory=lambda: MediaFolder(Path(".patchboard/media")))
    metrics: Metrics = field(default_factory=Metrics)
    webhook: Webhook = field(default_factory=NoWebhook)
    connections: Steadiness = field(default_factory=AlwaysSteady)
    # called when the database was away, because hints may have been lost
    outage: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of claimed work."""

    claimed: Claimed
    deps: WorkerDeps

    @property
    def key(self) -> str:
        """What the work is about: an id."""
        return self.claimed.key

    @property
    def attempts(self) -> int:
        """How often the work was claimed, this time included."""
        return self.claimed.attempts

    async def write[C, R](
        self,
        operation: Operation[C, R],
        command: C,
        *,
        late: Callable[[Transaction, C], R | None] | None = None,
        near: object = None,
    ) -> R:
        """Carry out a command about this work if the claim is still valid. Otherwise ClaimDropped
        ends the work, unless ``late`` makes use of the result."""
        held = HeldClaim(self.claimed, command)
        answer: R | ClaimLost = await self.deps.store.write(
            fenced(operation, late), held, near=near
        )
        if isinstance(answer, ClaimLost):
            self.deps.metrics.claims_lost.labels(self.claimed.kind).inc()
            # a receipt that arrives first ends a send every day
            say = log.warning if answer.late else log.debug
            say("claim_lost", kind=self.claimed.kind, key=self.key, attempts=self.attempts)
            raise ClaimDropped
        return answer

"""The objects that all pages, API calls and actions of one process share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.model_rollout import ModelRollout
from handoff_service.bot_control.reply_index import PastReplies
from handoff_service.bot_control.train_and_compare import TrainAndCompare
from handoff_service.clock import Clock
from handoff_service.connections import Connections
from handoff_service.lib.background import Background
from handoff_service.lib.password_checks import PasswordChecks
from handoff_service.lib.rate_limit import LocalRateLimits
from handoff_service.metrics import Metrics
from handoff_service.ports.bot import Bot
from handoff_service.ports.fanout import Fanout
from handoff_service.ports.identity_providers import IdentityProviders
from handoff_service.ports.mail import Mailer
from handoff_service.ports.media_store import MediaStore
from handoff_service.ports.push import Push
from handoff_service.ports.rate_limits import SharedRateLimits
from handoff_service.ports.sms_provider import SmsProvider
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.rules.shared.outside_addresses import Allowed
from handoff_service.rules.training.practice import PracticeChoice, PracticeState
from handoff_service.settings import Settings
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.worker import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeMark:
    """Marks the AppContext of a practice desk, and identifies its run."""

    run_id: int
    agent_id: int  #: the agent's id on the real desk
    conversations: int  #: how many conversations the run has


class PracticeService(Protocol):
    """The practice runs of this process: see ``practice/runs.py``."""

    is_on: bool  #: whether this service can have practice desks

    async def start(self, agent_id: int, started_by: int, choice: PracticeChoice) -> int: ...

    async def enter(self, run_id: int, agent_id: int) -> str: ...

    async def end(self, run_id: int, state: PracticeState) -> None: ...

    def desk_of(self, token: str) -> "AppContext | None": ...

    def run_of_token(self, token: str) -> int | None: ...

    def run_of(self, agent_id: int) -> int | None: ...

    def acted(self, run_id: int) -> None: ...

    def over(self, run_id: int) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AppContext:
    """``app/service.py`` builds the one of the real desk, and ``practice/desk.py`` one for each
    practice run."""

    settings: Settings
    clock: Clock
    store: Store
    provider: SmsProvider
    bot: Bot
    mailer: Mailer | None
    push: Push
    identity_providers: IdentityProviders
    media: MediaStore
    fanout: Fanout
    workers: list[Worker]
    metrics: Metrics
    connections: Connections
    background: Background
    password_checks: PasswordChecks
    outage: Callable[[], None]
    training: TrainAndCompare
    rollout: ModelRollout
    replies: PastReplies
    bot_data: BotData
    practice_runs: PracticeService
    #: rate limits for API requests with service tokens
    token_rates: SharedRateLimits = field(default_factory=LocalRateLimits)
    practice: PracticeMark | None = None  #: None: the real desk


def operation_settings(
    settings: Settings, send_errors: SendErrors, **of_provider: Any
) -> OperationSettings:
    """The settings that operations need, with the provider's error codes and limits. A lease lasts
    longer than the longest bot turn with its retry."""
    return OperationSettings(
        bot_answers=bool(settings.bot_urls),
        burst_window=timedelta(seconds=settings.burst_window),
        lease=timedelta(seconds=2 * settings.bot_timeout + 15),
        public_url=settings.public_url,
        link_key=settings.secret_key,
        old_keys=settings.old_keys,
        mails=settings.mails,
        send_errors=send_errors,
        outside=Allowed.read(settings.allowed_hosts),
        **of_provider,
    )

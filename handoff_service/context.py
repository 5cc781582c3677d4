"""The objects that all pages, API calls, actions and workers of one process share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.model_rollout import ModelRollout
from handoff_service.bot_control.reply_index import PastReplies
from handoff_service.bot_control.train_and_compare import TrainAndCompare
from handoff_service.clock import Clock
from handoff_service.connections import Connections
from handoff_service.lib.background import Background
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.lib.password_checks import PasswordChecks
from handoff_service.metrics import Metrics
from handoff_service.ports import Bot, Fanout, Mailer, Push, SmsProvider
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.settings import Settings
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.worker import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class AppContext:
    """Built only in ``app.py``."""

    settings: Settings
    clock: Clock
    store: Store
    provider: SmsProvider
    bot: Bot
    mailer: Mailer | None
    push: Push
    media: MediaFolder
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


def operation_settings(settings: Settings, send_errors: SendErrors) -> OperationSettings:
    """The settings that operations need, and the provider's error codes. A lease lasts longer than
    the longest bot turn with its retry."""
    return OperationSettings(
        bot_answers=bool(settings.bot_urls),
        burst_window=timedelta(seconds=settings.burst_window),
        lease=timedelta(seconds=2 * settings.bot_timeout + 15),
        public_url=settings.public_url,
        link_key=settings.secret_key,
        mails=settings.mails,
        send_errors=send_errors,
    )

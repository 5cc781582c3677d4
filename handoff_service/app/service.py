"""Opens the service when its process starts, and closes it when its process stops."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sanic import Sanic

from handoff_service import clock, log
from handoff_service.app.background_tasks import STOPPED_FIRST, start_tasks
from handoff_service.app.debounced_work import DebouncedWork
from handoff_service.app.first_work import schedule_first_work
from handoff_service.app.gateway_choices import (
    bot_of,
    fanout_of,
    mailer_of,
    push_of,
    token_rates_of,
)
from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.forget_examples import ExamplesInFiles
from handoff_service.bot_control.model_rollout import ModelRollout
from handoff_service.bot_control.reply_index import PastReplies
from handoff_service.bot_control.train_and_compare import TrainAndCompare
from handoff_service.connections import Connections
from handoff_service.context import AppContext, operation_settings
from handoff_service.gateways.bot.rasa_models import RasaModels
from handoff_service.gateways.fanout.worker_nudges import WorkerNudges
from handoff_service.gateways.media_stores import media_store_of
from handoff_service.gateways.openid.client import OpenIdProviders
from handoff_service.gateways.provider import ProviderKind
from handoff_service.gateways.providers import provider_of, send_errors_of
from handoff_service.gateways.webhook.gateway import HttpWebhook
from handoff_service.lib.background import Background
from handoff_service.lib.password_checks import PasswordChecks
from handoff_service.metrics import Metrics
from handoff_service.operations.delivery.record_receipt import record_receipt
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.operations.zero_metrics import start_at_zero
from handoff_service.practice.runs import PracticeRuns
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.settings import Settings
from handoff_service.store.engine.lanes import Listener
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint
from handoff_service.worker import Worker, build_workers

# When the service stops, running work gets this many seconds to finish. The service then releases
# the rest. This is longer than the service waits for a provider or, by default, for the bot, so it
# can record the outcome of a send that is running.
WORK_WITHIN = 12.0


async def open_service(app: Sanic[Any, Any]) -> None:
    """Create the objects of this process, schedule its first work, and start its tasks."""
    settings: Settings = app.ctx.settings
    workers: list[Worker] = []
    metrics = Metrics()
    start_at_zero(metrics)
    background = Background(lambda name: metrics.background_failures.labels(name).inc())
    nudges = app.ctx.nudges = WorkerNudges(lambda: store, lambda: fanout, clock.now, workers)
    debounced = DebouncedWork(lambda: store)

    def publish(hints: Sequence[Hint], work_at: Mapping[Work, datetime]) -> None:
        fanout.publish(hints)
        debounced.after_commit(hints)
        nudges.nudge(work_at)

    def outage() -> None:
        debounced.after_outage()
        connections.gap()

    kind = provider_of(settings)
    store = _store(settings, kind, publish)
    # without the lambda, the name would be read here, before it is assigned
    fanout = await fanout_of(settings, store, background, lambda: connections.gap())  # noqa: PLW0108
    connections = Connections(store, clock.now, fanout.catch_up)
    deps = WorkerDeps(
        store=store,
        media=media_store_of(settings, metrics),
        provider=kind.open(settings, lambda receipt: store.write(record_receipt, receipt)),
        bot=bot_of(settings, metrics),
        webhook=HttpWebhook(settings.allowed_hosts),
        push=await push_of(settings, store),
        mailer=mailer_of(settings),
        clock=clock.now,
        metrics=metrics,
        connections=connections,
        examples=ExamplesInFiles(BotData(settings.bot_data)),
        outage=outage,
    )
    app.ctx.webhook = deps.webhook
    app.ctx.bot_models = RasaModels(settings.bot_token)
    workers += build_workers(deps)
    await schedule_first_work(store, is_device=kind.is_device)
    practice = app.ctx.practice = PracticeRuns(settings)
    desk = app.ctx.desk = AppContext(
        settings=settings,
        clock=clock.now,
        store=store.for_requests(),
        provider=deps.provider,
        bot=deps.bot,
        mailer=deps.mailer,
        push=deps.push,
        identity_providers=OpenIdProviders(settings.allowed_hosts, clock.now),
        media=deps.media,
        fanout=fanout,
        workers=workers,
        metrics=metrics,
        connections=connections,
        background=background,
        password_checks=PasswordChecks(),
        outage=outage,
        training=TrainAndCompare(store, settings.home, settings.bot_data),
        rollout=ModelRollout(store, app.ctx.bot_models, settings.bot_urls, settings.home),
        replies=PastReplies(store, clock.now),
        bot_data=BotData(settings.bot_data),
        practice_runs=practice,
        token_rates=await token_rates_of(settings, store),
    )
    await practice.resume(desk)
    start_tasks(desk, nudges=nudges, debounced=debounced, practice=practice)
    log.info(
        "started", address=settings.public_url, provider=settings.sms_provider, bot=settings.bot_url
    )


async def close_service(app: Sanic[Any, Any]) -> None:
    """After the last request: finish or release the work, then close the gateways, the lanes and
    the database."""
    desk: AppContext = app.ctx.desk
    working = [worker.name for worker in desk.workers]
    await desk.background.stop(*working, *STOPPED_FIRST)
    await app.ctx.practice.close()
    await asyncio.gather(*(worker.close(WORK_WITHIN) for worker in desk.workers))
    app.ctx.nudges.flush()  # another process may do the released work
    await desk.fanout.close()  # last, because the work above has published hints
    await desk.background.stop()
    desk.password_checks.close()
    await desk.provider.close()
    await desk.bot.close()
    await app.ctx.bot_models.close()
    await app.ctx.webhook.close()
    await desk.push.close()
    await desk.identity_providers.close()
    await desk.token_rates.close()
    desk.store.close()
    log.info("stopped")


def _store(settings: Settings, kind: ProviderKind, after_commit: Listener) -> Store:
    return Store(
        settings.database_url,
        clock=clock.now,
        settings=operation_settings(
            settings,
            send_errors_of(settings),
            segments_per_second=kind.segments_per_second(settings),
            sends_pictures=kind.sends_pictures,
        ),
        after_commit=after_commit,
    )

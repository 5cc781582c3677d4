"""Creates the objects of the service and connects them with each other. No other module does
this."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from sanic import Sanic

from actions.turn import COLLECTED
from handoff_service import clock, log
from handoff_service.bot_control.bot_data import BotData, keep_parsed
from handoff_service.bot_control.forget_examples import ExamplesInFiles
from handoff_service.bot_control.model_rollout import ModelRollout
from handoff_service.bot_control.reply_index import PastReplies
from handoff_service.bot_control.train_and_compare import TrainAndCompare
from handoff_service.connections import Connections
from handoff_service.context import AppContext, operation_settings
from handoff_service.environment.key_files import key_fingerprint
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.bot.rasa import RasaBot
from handoff_service.gateways.bot.rasa_models import RasaModels
from handoff_service.gateways.fanout.hint_pipe import HintPipe
from handoff_service.gateways.fanout.local_fanout import LocalFanout
from handoff_service.gateways.fanout.redis_fanout import RedisFanout, channel_of
from handoff_service.gateways.fanout.redis_rate_limits import RedisRateLimits
from handoff_service.gateways.fanout.worker_nudges import WorkerNudges
from handoff_service.gateways.mail.mailbox import Mailbox
from handoff_service.gateways.mail.smtp import SmtpMailer, server_of
from handoff_service.gateways.media_stores import media_store_of
from handoff_service.gateways.openid.client import OpenIdProviders
from handoff_service.gateways.providers import PROVIDERS, provider_of, send_errors_of
from handoff_service.gateways.push import web_push
from handoff_service.gateways.push.web_push import WebPush
from handoff_service.gateways.webhook.gateway import HttpWebhook
from handoff_service.lib.background import Background
from handoff_service.lib.circuit_breaker import BreakerState
from handoff_service.lib.debounce import Debouncer
from handoff_service.lib.password_checks import PasswordChecks
from handoff_service.lib.rate_limit import LocalRateLimits
from handoff_service.metrics import Metrics
from handoff_service.operations.consent.push_consents import start_pushing
from handoff_service.operations.conversations.index_texts import A_MOMENT, schedule_indexing
from handoff_service.operations.delivery.record_prices import schedule_price_lookup
from handoff_service.operations.delivery.record_receipt import record_receipt
from handoff_service.operations.delivery.sweep_gaps import schedule_sweep
from handoff_service.operations.delivery.watch_gateway import watch_gateway
from handoff_service.operations.desk.audit_chain import A_MOMENT as CHAINED_AFTER
from handoff_service.operations.desk.audit_chain import schedule_chaining
from handoff_service.operations.desk.use_secret_keys import OwnSecret, own_secret, use_secret_keys
from handoff_service.operations.privacy.retain import schedule_retention
from handoff_service.operations.reports.keep_facts import schedule_facts
from handoff_service.operations.routing.connection import Gap, after_gap
from handoff_service.operations.shared.audit import AUDIT
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.operations.training.training_run import SILENT, interrupt
from handoff_service.operations.zero_metrics import start_at_zero
from handoff_service.ports.bot import Bot
from handoff_service.ports.fanout import Fanout
from handoff_service.ports.mail import Mailer
from handoff_service.ports.rate_limits import SharedRateLimits
from handoff_service.practice.runs import PracticeRuns
from handoff_service.settings import Settings
from handoff_service.store.desk.desk import desk_id
from handoff_service.store.engine import due_work, secret_keys
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint
from handoff_service.web.api import routes as api
from handoff_service.web.shared import (
    health,
    media,
    page_language,
    practice_desk,
    request_bytes,
    security,
)
from handoff_service.web.simulator import mailbox, phone
from handoff_service.web.webhooks import bot_actions, sms_provider
from handoff_service.web.workspace import workspace
from handoff_service.worker import Worker, build_workers

AFTER_OUTAGE = timedelta(seconds=5)  # delay of each retry, because the database may still be away
# seconds for running work to finish at a stop before it is given back: longer than a provider or a
# bot may take to answer, so that the outcome of a send is kept
WORK_WITHIN = 12.0
AUDITED = Hint(AUDIT)
APP_NAME = "patchboard"
TASKS = (
    "connections",
    "hint_pipe",
    "indexing",
    "chaining",
    "sweeping",
    "training",
    "training_data",
    "model_rollout",
    "replies",
    "practice",
)
type App = Sanic[Any, Any]


def create_app(settings: Settings) -> App:
    """The service as a Sanic application. The database must have been migrated."""
    app: App = Sanic(APP_NAME, configure_logging=False)
    app.config.update(
        REQUEST_MAX_SIZE=1_000_000,
        REQUEST_TIMEOUT=10,
        RESPONSE_TIMEOUT=60,
        ACCESS_LOG=False,
        MOTD=False,
        FALLBACK_ERROR_FORMAT="text",
    )
    app.ctx.settings, app.ctx.proxies = settings, settings.proxies
    app.before_server_start(_open)
    app.before_server_stop(_close)
    app.register_middleware(security.add_headers(settings.public_url), "response")
    app.register_middleware(page_language.add_vary, "response")
    app.register_middleware(page_language.choose, "request")
    app.register_middleware(practice_desk.choose, "request")
    request_bytes.protect(app)
    app.error_handler.add(Exception, security.refuse)
    for kind in PROVIDERS.values():
        if kind.webhooks:
            app.blueprint(sms_provider.blueprint(kind, settings))
    app.blueprint(bot_actions.blueprint())
    app.blueprint(api.blueprint())
    app.blueprint(health.blueprint())
    app.blueprint(media.blueprint())
    app.blueprint(workspace.blueprint())
    if settings.has_simulator:
        app.blueprint(phone.blueprint())
    if settings.has_mailbox:
        app.blueprint(mailbox.blueprint())
    return app


async def _open(app: App) -> None:
    settings: Settings = app.ctx.settings
    workers: list[Worker] = []
    metrics = Metrics()
    start_at_zero(metrics)
    background = Background(lambda name: metrics.background_failures.labels(name).inc())

    def publish(hints: Sequence[Hint], work_at: datetime | None) -> None:
        fanout.publish(hints)
        if hints:
            indexing.trigger()
        if AUDITED in hints:
            chaining.trigger()
        if work_at is not None:
            nudges.nudge(work_at)

    nudges = app.ctx.nudges = WorkerNudges(lambda: store, lambda: fanout, clock.now, workers)
    sweeping = Debouncer(lambda: store.write(schedule_sweep, None), AFTER_OUTAGE)
    indexing = Debouncer(lambda: store.write(schedule_indexing, None), A_MOMENT)
    chaining = Debouncer(lambda: store.write(schedule_chaining, None), CHAINED_AFTER)
    kind = provider_of(settings)
    store = Store(
        settings.database_url,
        clock=clock.now,
        settings=operation_settings(
            settings,
            send_errors_of(settings),
            segments_per_second=kind.segments_per_second(settings),
            sends_pictures=kind.sends_pictures,
        ),
        after_commit=publish,
    )

    def outage() -> None:
        sweeping.trigger()
        connections.gap()

    # without the lambda, the name would be read here, before it is assigned
    fanout = await _fanout(settings, store, background, lambda: connections.gap())  # noqa: PLW0108
    connections = Connections(store, clock.now, fanout.catch_up)
    kept_media = media_store_of(settings, metrics)
    provider = kind.open(settings, lambda receipt: store.write(record_receipt, receipt))
    the_bot = _bot(settings, metrics)
    app.ctx.bot_models = RasaModels(settings.bot_token)
    training = TrainAndCompare(store, settings.home, settings.bot_data)
    rollout = ModelRollout(store, app.ctx.bot_models, settings.bot_urls, settings.home)
    hosts = settings.allowed_hosts
    app.ctx.webhook = HttpWebhook(hosts)
    push = WebPush(await _push_key(settings, store), settings.public_url, hosts)
    mailer = _mailer(settings)
    deps = WorkerDeps(
        store=store,
        provider=provider,
        bot=the_bot,
        mailer=mailer,
        clock=clock.now,
        media=kept_media,
        metrics=metrics,
        webhook=app.ctx.webhook,
        push=push,
        connections=connections,
        examples=ExamplesInFiles(BotData(settings.bot_data)),
        outage=outage,
    )
    workers += build_workers(deps)
    if store.is_sqlite:
        await store.write(due_work.forget_leases, None)
    # with SQLite there is no other process, so a run that seems under way was interrupted
    await store.write(interrupt, timedelta() if store.is_sqlite else SILENT)
    # The clock may have changed before the start.
    await store.write(after_gap, Gap(clock_changed=True))
    await store.write(schedule_sweep, None)  # fetch texts that came while no process ran
    await store.write(start_pushing, None)
    await store.write(watch_gateway, kind.is_device)
    # handles work that an earlier process left unfinished
    for schedule in (
        schedule_indexing,
        schedule_price_lookup,
        schedule_facts,
        schedule_chaining,
        schedule_retention,
    ):
        await store.write(schedule, None)
    practice = app.ctx.practice = PracticeRuns(settings)
    app.ctx.desk = AppContext(
        settings=settings,
        clock=clock.now,
        store=store.for_requests(),
        provider=provider,
        bot=the_bot,
        mailer=mailer,
        push=push,
        identity_providers=OpenIdProviders(settings.allowed_hosts, clock.now),
        media=kept_media,
        fanout=fanout,
        workers=workers,
        metrics=metrics,
        connections=connections,
        background=background,
        password_checks=PasswordChecks(),
        outage=outage,
        training=training,
        rollout=rollout,
        replies=PastReplies(store, clock.now),
        bot_data=BotData(settings.bot_data),
        practice_runs=practice,
        token_rates=await _token_rates(settings, store),
    )
    await practice.resume(app.ctx.desk)
    for name, run in {
        **{worker.name: worker.run for worker in workers},
        "worker_nudges": nudges.run,
        # with Redis, the fan-out gets the hints of commands
        **({} if settings.redis_url else {"hint_pipe": HintPipe(settings.home, fanout).run}),
        "connections": connections.run,
        "indexing": indexing.run,
        "chaining": chaining.run,
        "sweeping": sweeping.run,
        "training": training.run,
        "training_data": partial(keep_parsed, app.ctx.desk.bot_data),
        "model_rollout": rollout.run,
        "replies": app.ctx.desk.replies.run,
        "practice": practice.watch,
    }.items():
        metrics.background_failures.labels(name)
        background.start(name, run)
    log.info(
        "started", address=settings.public_url, provider=settings.sms_provider, bot=settings.bot_url
    )


async def _close(app: App) -> None:
    """After the last request: finish the work or give it back, then close the gateways, the lanes
    and the database."""
    desk: AppContext = app.ctx.desk
    working = [worker.name for worker in desk.workers]
    await desk.background.stop(*working, *TASKS)
    await app.ctx.practice.close()
    await asyncio.gather(*(worker.close(WORK_WITHIN) for worker in desk.workers))
    app.ctx.nudges.flush()  # another process may do the work that was given back
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


async def _fanout(
    settings: Settings, store: Store, background: Background, returned: Callable[[], None]
) -> Fanout:
    if not settings.redis_url:
        return LocalFanout()
    channel = channel_of(await store.read(desk_id))
    made = RedisFanout(
        settings.redis_url, channel=channel, background=background, returned=returned
    )
    await made.start()
    return made


async def _token_rates(settings: Settings, store: Store) -> SharedRateLimits:
    if not settings.redis_url:
        return LocalRateLimits()
    prefix = f"patchboard:{await store.read(desk_id)}:token_rate"
    return RedisRateLimits(settings.redis_url, prefix=prefix, processes=settings.workers)


async def _push_key(settings: Settings, store: Store) -> str:
    """Start using the secret keys, and return the private key of notifications. Its first value was
    derived from the secret key that the database was written with.
    """
    written_with = await store.read(secret_keys.fingerprint)
    if await store.write(use_secret_keys, None):
        log.warning("secret_key_differs", advice=secret_keys.DIFFERS)
    makers = (key for key in settings.secret_keys if key_fingerprint(key) == written_with)
    made = web_push.first_key(next(makers, settings.secret_key))
    return await store.write(own_secret, OwnSecret("web_push", made))


def _mailer(settings: Settings) -> Mailer | None:
    if settings.smtp_url is not None:
        return SmtpMailer(
            server_of(
                settings.smtp_url, own_host=urlsplit(settings.public_url).hostname or "localhost"
            )
        )
    return Mailbox(clock.now) if settings.has_mailbox else None


def _bot(settings: Settings, metrics: Metrics) -> Bot:
    if not settings.bot_urls:
        return NoBot()

    def changed(server: str, state: BreakerState) -> None:
        metrics.bot_breaker.labels(server).set(state is not BreakerState.CLOSED)
        say = log.info if state is BreakerState.CLOSED else log.warning
        say("bot_breaker", bot=server, state=state)

    return RasaBot(
        settings.bot_urls,
        settings.bot_token,
        settings.bot_timeout,
        shown=COLLECTED,
        changed=changed,
    )

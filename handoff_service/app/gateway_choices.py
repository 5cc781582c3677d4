"""Builds the gateways that the settings ask for."""

from collections.abc import Callable
from urllib.parse import urlsplit

from actions.turn import COLLECTED
from handoff_service import clock, log
from handoff_service.environment.key_files import key_fingerprint
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.bot.rasa import RasaBot
from handoff_service.gateways.fanout.local_fanout import LocalFanout
from handoff_service.gateways.fanout.redis_fanout import RedisFanout, channel_of
from handoff_service.gateways.fanout.redis_rate_limits import RedisRateLimits
from handoff_service.gateways.mail.mailbox import Mailbox
from handoff_service.gateways.mail.smtp import SmtpMailer, server_of
from handoff_service.gateways.push import web_push
from handoff_service.gateways.push.web_push import WebPush
from handoff_service.lib.background import Background
from handoff_service.lib.circuit_breaker import BreakerState
from handoff_service.lib.rate_limit import LocalRateLimits
from handoff_service.metrics import Metrics
from handoff_service.operations.desk.use_secret_keys import OwnSecret, own_secret, use_secret_keys
from handoff_service.ports.bot import Bot
from handoff_service.ports.fanout import Fanout
from handoff_service.ports.mail import Mailer
from handoff_service.ports.push import Push
from handoff_service.ports.rate_limits import SharedRateLimits
from handoff_service.settings import Settings
from handoff_service.store.desk.desk import desk_id
from handoff_service.store.engine import secret_keys
from handoff_service.store.engine.store import Store


async def fanout_of(
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


async def token_rates_of(settings: Settings, store: Store) -> SharedRateLimits:
    if not settings.redis_url:
        return LocalRateLimits()
    prefix = f"patchboard:{await store.read(desk_id)}:token_rate"
    return RedisRateLimits(settings.redis_url, prefix=prefix, processes=settings.workers)


def mailer_of(settings: Settings) -> Mailer | None:
    if settings.smtp_url is not None:
        return SmtpMailer(
            server_of(
                settings.smtp_url, own_host=urlsplit(settings.public_url).hostname or "localhost"
            )
        )
    return Mailbox(clock.now) if settings.has_mailbox else None


def bot_of(settings: Settings, metrics: Metrics) -> Bot:
    if not settings.bot_urls:
        return NoBot()

    def changed(server: str, state: BreakerState) -> None:
        metrics.bot_breaker.labels(server).set(state is not BreakerState.CLOSED)
        write_log = log.info if state is BreakerState.CLOSED else log.warning
        write_log("bot_breaker", bot=server, state=state)

    return RasaBot(
        settings.bot_urls,
        settings.bot_token,
        settings.bot_timeout,
        shown=COLLECTED,
        changed=changed,
    )


async def push_of(settings: Settings, store: Store) -> Push:
    """Start using the secret keys, and return the gateway that signs with this desk's key."""
    key = await _push_key(settings, store)
    return WebPush(key, settings.public_url, settings.allowed_hosts)


async def _push_key(settings: Settings, store: Store) -> str:
    """Start using the secret keys, and return the private key that signs notifications. A new desk
    derives it from the secret key with which its database was written.
    """
    written_with = await store.read(secret_keys.fingerprint)
    if await store.write(use_secret_keys, None):
        log.warning("secret_key_differs", advice=secret_keys.DIFFERS)
    makers = (key for key in settings.secret_keys if key_fingerprint(key) == written_with)
    made = web_push.first_key(next(makers, settings.secret_key))
    return await store.write(own_secret, OwnSecret("web_push", made))

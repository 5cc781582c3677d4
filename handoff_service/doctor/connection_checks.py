"""Checks Redis, mail, the media store and the system's limit of open files."""

import resource

import redis.asyncio as redis
from redis.exceptions import RedisError

from handoff_service.errors import MediaAway
from handoff_service.gateways.mail.smtp import SmtpMailer, server_of
from handoff_service.gateways.media_stores import media_store_of
from handoff_service.settings import Settings

ENOUGH_FILES = 4096


def check_open_files() -> list[str]:
    """Check the hard limit of open files, because each connection is an open file. The service
    raises its own limit to the hard limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most >= ENOUGH_FILES:
        return []
    return [
        f"The system allows {most} open files, and each connection is one. Allow at least "
        f"{ENOUGH_FILES}, for example with LimitNOFILE= in the systemd unit."
    ]


async def check_redis(settings: Settings) -> list[str]:
    if settings.redis_url is None:
        return []
    client = redis.from_url(settings.redis_url)
    try:
        await client.ping()
        return []
    except (RedisError, OSError) as error:
        return [
            f"The Redis server at PATCHBOARD_REDIS_URL does not answer ({error}). Start it, or "
            "unset the variable."
        ]
    finally:
        await client.aclose()


async def check_mail(settings: Settings) -> list[str]:
    if settings.smtp_url is None:
        return []
    why = await SmtpMailer(server_of(settings.smtp_url, own_host="localhost")).check()
    if why is None:
        return []
    return [
        f"Mail cannot be sent with PATCHBOARD_SMTP_URL: {why}. Identity checks by code will "
        "not work until this is fixed."
    ]


def check_media(settings: Settings) -> list[str]:
    """Write, read and delete a probe in the media store."""
    store = media_store_of(settings)
    try:
        store.check()
    except MediaAway as error:
        return [f"Pictures and files cannot be stored in {store.where}: {error.why}"]
    return []

"""``patchboard doctor``: shows the settings, checks the database and the connections to other
services, and suggests a fix for each problem."""

import asyncio
from typing import TextIO

from handoff_service.doctor.bot_checks import check_actions, check_bot, check_tracker
from handoff_service.doctor.connection_checks import (
    check_mail,
    check_media,
    check_open_files,
    check_redis,
)
from handoff_service.doctor.database_checks import check_database
from handoff_service.gateways.providers import provider_of
from handoff_service.settings import Settings


async def examine(settings: Settings, out: TextIO) -> int:
    """Print the settings and the findings. Returns 1 if there are problems, else 0."""
    for name, value in settings.shown().items():
        print(f"{name}={value}", file=out)
    print(file=out)
    numbers, problems, notes = check_database(settings)
    problems += [
        *await check_redis(settings),
        *await check_bot(settings),
        *await check_actions(settings),
        *await check_mail(settings),
        *await asyncio.to_thread(check_media, settings),
        *await asyncio.to_thread(check_tracker, settings),
    ]
    kind = provider_of(settings)
    problems += await kind.problems(settings, numbers)
    notes += check_open_files()
    for note in notes:
        print(f"note   {note}", file=out)
    for problem in problems:
        print(f"ERROR  {problem}", file=out)
    if not problems:
        configured = {
            "Redis": settings.redis_url,
            "mail": settings.smtp_url,
            "media store": settings.media_store,
            "the virtual agent's database": settings.bot_tracker_url,
            kind.checked: kind.checked,
        }
        more = [name for name, there in configured.items() if there]
        print("ok     " + ", ".join(["database", "bot", *more]), file=out)
    return 1 if problems else 0

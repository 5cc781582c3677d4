"""``patchboard doctor``: shows the settings, checks every connection and suggests a fix for each
problem."""

import asyncio
import resource
from datetime import timedelta
from typing import TextIO

import aiohttp
import redis.asyncio as redis
import sqlalchemy as sa
from redis.exceptions import RedisError

from handoff_service import clock
from handoff_service.bot_control import bot_tracker
from handoff_service.bot_control.rasa_cli import actions_url
from handoff_service.bot_control.rasa_environment import RASA
from handoff_service.errors import MediaAway, SetupError
from handoff_service.gateways.mail.smtp import SmtpMailer, server_of
from handoff_service.gateways.media_stores import media_store_of
from handoff_service.gateways.providers import provider_of, send_errors_of
from handoff_service.operations.desk.desk_checks import (
    CheckResult,
    Outside,
    gateway_problems,
    outcomes,
)
from handoff_service.operations.desk.key_checks import key_notes, key_problems
from handoff_service.operations.desk.set_up import setup_link
from handoff_service.rules.shared.counted import counted
from handoff_service.settings import Settings
from handoff_service.store.consent import consents
from handoff_service.store.delivery import outbox, restore_holds
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.migrate import (
    database_errors,
    pending_revisions,
    refuse_another_program,
)
from handoff_service.store.privacy import erasures
from handoff_service.store.privacy.erasures import StuckErasure
from handoff_service.store.views import ProviderNumber

NO_ACTION = {
    "next_action": "action_of_the_doctor",
    "domain": {},
    "tracker": {"sender_id": "doctor"},
}
PUSH_DELAY = timedelta(minutes=10)
ENOUGH_FILES = 4096
PATIENCE = aiohttp.ClientTimeout(total=5)


async def examine(settings: Settings, out: TextIO) -> int:
    """Print the settings and the problems. Returns 0 if there are no errors, else 1."""
    for name, value in settings.shown().items():
        print(f"{name}={value}", file=out)
    print(file=out)
    numbers, problems, notes = _database(settings)
    problems += [
        *await _redis(settings),
        *await _bot(settings),
        *await _actions(settings),
        *await _mail(settings),
        *await asyncio.to_thread(_media, settings),
        *await asyncio.to_thread(_tracker, settings),
    ]
    kind = provider_of(settings)
    problems += await kind.problems(settings, numbers)
    notes += _files()
    for note in notes:
        print(f"note   {note}", file=out)
    for problem in problems:
        print(f"ERROR  {problem}", file=out)
    if not problems:
        asked = {
            "Redis": settings.redis_url,
            "mail": settings.smtp_url,
            "media store": settings.media_store,
            "the virtual agent's database": settings.bot_tracker_url,
            kind.checked: kind.checked,
        }
        more = [name for name, there in asked.items() if there]
        print("ok     " + ", ".join(["database", "bot", *more]), file=out)
    return 1 if problems else 0


def _database(settings: Settings) -> tuple[list[ProviderNumber], list[str], list[str]]:
    """The company numbers, the errors, and the notices."""
    refuse_another_program(settings.database_url)
    kind, opened = provider_of(settings), engine(settings.database_url, size=1, writes=False)
    try:
        with database_errors(), opened.connect() as connection:
            if pending_revisions(connection):
                return (
                    [],
                    ["The database lacks tables or columns. To add them, run: patchboard migrate"],
                    [],
                )
            conn = connection.execution_options(
                now=clock.now(), send_errors=send_errors_of(settings)
            )
            waiting = held_work(conn)
            waiting += key_problems(conn, settings.secret_keys)
            checked = outcomes(conn, Outside(mails=settings.mails))
            problems = _findings(checked, is_problem=True)
            problems += [*_unaccepted_messages(conn), *stuck(erasures.stuck(conn, clock.now()))]
            problems += [*waiting, *gateway_problems(conn)]
            notes = [
                *key_notes(conn, settings.secret_keys),
                *_setup_notice(conn, settings),
                *_findings(checked, is_problem=False),
            ]
            sentence = _unpushed_consents(conn)
            if sentence:
                is_usual = kind.no_consents is not None and kind.no_consents in sentence
                (notes if is_usual else problems).append(sentence)
            return list_provider_numbers(conn), problems, notes
    except SetupError as error:
        return [], [str(error)], []
    finally:
        opened.dispose()


def _findings(checked: list[CheckResult], *, is_problem: bool) -> list[str]:
    """The problems that the checks found, each with its fix in a terminal."""
    return [
        " ".join(filter(None, (sentence, one.check.terminal)))
        for one in checked
        for sentence in one.found
        if one.check.is_problem is is_problem
    ]


def _setup_notice(conn: sa.Connection, settings: Settings) -> list[str]:
    """A notice with the link of the set-up, until the desk has an admin."""
    link = setup_link(conn, settings.public_url, settings.secret_key)
    return [f"Nobody can administer this desk yet. Set it up in a browser: {link}"] if link else []


def held_work(conn: sa.Connection) -> list[str]:
    """A notice about texts and calls that wait since a restore until an admin decides about
    them."""
    found = restore_holds.held_work(conn)
    if found is None:
        return []
    texts = counted(found.texts, "text")
    since = f", the oldest of {found.since:%Y-%m-%d %H:%M} UTC" if found.since else ""
    return [
        f"The desk was restored on {found.restored_at:%Y-%m-%d %H:%M} UTC and holds "
        f"{texts}{since}. Send or cancel them under Admin, Restored sends, or with: patchboard "
        "held release, patchboard held cancel"
    ]


def _files() -> list[str]:
    """Check the system's limit of open files, because each connection is an open file. The service
    raises its own limit to the system's limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most >= ENOUGH_FILES:
        return []
    return [
        f"The system allows {most} open files, and each connection is one. Allow at least "
        f"{ENOUGH_FILES}, for example with LimitNOFILE= in the systemd unit."
    ]


def _unaccepted_messages(conn: sa.Connection) -> list[str]:
    """Messages that the provider does not accept at the moment."""
    return [
        f"{one.texts} text{'s wait, the oldest' if one.texts > 1 else ' waits,'} since "
        f"{one.since:%Y-%m-%d %H:%M} UTC: {one.meaning} ({one.code}) {one.advice}"
        for one in outbox.not_taken(conn)
    ]


def stuck(found: list[StuckErasure]) -> list[str]:
    """A sentence about each erasure that does not proceed."""
    return [
        f"The erasure {one.number} of {one.requested_at:%Y-%m-%d %H:%M} UTC does not proceed. Its "
        f"step: {one.doing}. "
        + (
            f"It was tried {one.tries} times. The log has the errors."
            if one.tries
            else "Nothing works on it. Start the service with: patchboard serve"
        )
        for one in found
    ]


def _unpushed_consents(conn: sa.Connection) -> str:
    """A sentence about consent changes that the service should already have sent to the provider.
    Empty if there are none."""
    waiting, why = consents.not_pushed(conn, clock.now() - PUSH_DELAY)
    if not waiting:
        return ""
    changes = "1 consent change has" if waiting == 1 else f"{waiting} consent changes have"
    cause = f": {why}." if why else ". Start the service with: patchboard serve"
    return f"{changes} not reached the provider{cause}"


async def _redis(settings: Settings) -> list[str]:
    if settings.redis_url is None:
        return []
    client = redis.from_url(settings.redis_url)
    try:
        await client.ping()
        return []
    except (RedisError, OSError) as error:
        return [
            f"Redis of PATCHBOARD_REDIS_URL does not answer ({error}). Start it, or unset "
            "the variable."
        ]
    finally:
        await client.aclose()


async def _mail(settings: Settings) -> list[str]:
    if settings.smtp_url is None:
        return []
    why = await SmtpMailer(server_of(settings.smtp_url, own_host="localhost")).check()
    if why is None:
        return []
    return [
        f"Mail cannot be sent by PATCHBOARD_SMTP_URL: {why}. Identity checks by code will "
        "not work until this is fixed."
    ]


def _media(settings: Settings) -> list[str]:
    """Write, read and delete a small test file in the media store."""
    store = media_store_of(settings)
    try:
        store.check()
    except MediaAway as error:
        return [f"Pictures and files cannot be kept in {store.where}: {error.why}"]
    return []


def _tracker(settings: Settings) -> list[str]:
    """Check the database that the bots of all hosts share."""
    return bot_tracker.problems(settings.bot_tracker_url) if settings.bot_tracker_url else []


async def _actions(settings: Settings) -> list[str]:
    """Check the address of the bot's custom actions. A request for an unknown action must return
    404."""
    if not settings.bot_urls:
        return []
    url, headers = actions_url(settings), {"Authorization": f"Bearer {settings.bot_token}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as session,
            session.post(url, json=NO_ACTION, headers=headers) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        why = type(error).__name__
        return [
            f"The virtual agent's actions at {url} do not answer ({why}). Start the service "
            "with: patchboard serve"
        ]
    if status == 401:
        return [
            f"The service at {url} runs with a different PATCHBOARD_BOT_TOKEN or PATCHBOARD_HOME. "
            "Run this command with the same settings."
        ]
    return (
        []
        if status == 404
        else [f"The virtual agent's actions at {url} answer {status}: the service's log says why."]
    )


async def _bot(settings: Settings) -> list[str]:
    """Check each of the bot's addresses. If a bot does not answer, live agents get its
    conversations."""
    start = "patchboard bot run" if RASA.exists() else "make setup-bot, then patchboard bot run"
    share = "everything" if len(settings.bot_urls) == 1 else "its share of the conversations"
    problems = []
    async with aiohttp.ClientSession(timeout=PATIENCE) as session:
        for url in settings.bot_urls:
            try:
                async with session.get(url) as response:
                    await response.read()
            except (aiohttp.ClientError, TimeoutError):
                which = (
                    "PATCHBOARD_BOT_URL"
                    if len(settings.bot_urls) == 1
                    else f"PATCHBOARD_BOT_URL at {url}"
                )
                problems.append(
                    f"The virtual agent of {which} does not answer: live agents get {share}. "
                    f"Start it with: {start}"
                )
    return problems

"""Checks the database: its tables and keys, work that a restore holds, and work that is stuck."""

from datetime import timedelta

import sqlalchemy as sa

from handoff_service import clock
from handoff_service.errors import SetupError
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

PUSH_DELAY = timedelta(minutes=10)


def check_database(settings: Settings) -> tuple[list[ProviderNumber], list[str], list[str]]:
    """Check the database. Returns the company numbers, the problems, and the notes."""
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
    """The checks' findings, each followed by its fix in a terminal. ``is_problem``: True for the
    problems, False for the notes."""
    return [
        " ".join(filter(None, (sentence, one.check.terminal)))
        for one in checked
        for sentence in one.found
        if one.check.is_problem is is_problem
    ]


def _setup_notice(conn: sa.Connection, settings: Settings) -> list[str]:
    """A note with the setup link, until the desk has an admin."""
    link = setup_link(conn, settings.public_url, settings.secret_key)
    return [f"Nobody can administer this desk yet. Set it up in a browser: {link}"] if link else []


def held_work(conn: sa.Connection) -> list[str]:
    """A sentence about the work that a restore holds until an admin decides; empty if none is
    held."""
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


def _unaccepted_messages(conn: sa.Connection) -> list[str]:
    """A sentence for each reason why the provider does not accept messages at the moment."""
    return [
        f"{one.texts} text{'s wait, the oldest' if one.texts > 1 else ' waits,'} since "
        f"{one.since:%Y-%m-%d %H:%M} UTC: {one.meaning} ({one.code}) {one.advice}"
        for one in outbox.not_taken(conn)
    ]


def stuck(found: list[StuckErasure]) -> list[str]:
    """A sentence for each erasure that makes no progress."""
    return [
        f"The erasure {one.number} of {one.requested_at:%Y-%m-%d %H:%M} UTC does not proceed. Its "
        f"step: {one.doing}. "
        + (
            f"It was tried {one.tries} times. The log has the errors."
            if one.tries
            else "No worker processes it. Start the service with: patchboard serve"
        )
        for one in found
    ]


def _unpushed_consents(conn: sa.Connection) -> str:
    """Describe consent changes that should have reached the provider by now; empty if there are
    none."""
    waiting, why = consents.not_pushed(conn, clock.now() - PUSH_DELAY)
    if not waiting:
        return ""
    changes = "1 consent change has" if waiting == 1 else f"{waiting} consent changes have"
    cause = f": {why}." if why else ". Start the service with: patchboard serve"
    return f"{changes} not reached the provider{cause}"

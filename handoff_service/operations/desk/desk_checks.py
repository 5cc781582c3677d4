"""Checks that a desk can answer texts. The admin's checklist and ``patchboard doctor`` show the
same checks. A check returns one sentence for each problem, and it passes if it returns none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select, update

from handoff_service.errors import NotFound
from handoff_service.rules.delivery.gateway_watch import AWAY
from handoff_service.rules.shared.local_dates import time_in_zone
from handoff_service.rules.shared.phrases import count_phrase, filled, phrase, reworded
from handoff_service.rules.webhooks.signature import SWITCHED_OFF_AFTER
from handoff_service.store.delivery import gateway_watch
from handoff_service.store.desk.availability import TAKES_WORK
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.set_up import is_under_way
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import queues
from handoff_service.store.webhooks import webhooks


class CheckName(StrEnum):
    SETUP = "setup"
    NUMBER = "number"
    QUEUE = "queue"
    ONLINE = "online"
    PROVIDER = "provider"
    MAIL = "mail"
    WEBHOOKS = "webhooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Facts for the checks that the database does not have. ``mails``: whether there is a mail
    server. ``provider_problems`` None: the provider was not asked."""

    mails: bool
    provider_problems: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: how it finds problems, and how to fix them."""

    #: a sentence that is true when the check passes
    passed: str
    finds: Callable[[Connection, Outside], Sequence[str]]
    #: the page on which to fix a problem, and the words of the link to it
    page: str = ""
    link: str = ""
    #: how to fix a problem without a browser; ``doctor`` shows it after the problem
    terminal: str = ""
    #: whether the desk cannot answer texts while this check fails
    is_problem: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A check and the problems that it found."""

    name: CheckName
    check: Check
    found: Sequence[str] = field(default_factory=tuple)
    is_hidden: bool = False


def _unfinished(conn: Connection, _outside: Outside) -> list[str]:
    return [phrase("Setup is not finished.")] if is_under_way(conn) else []


def _no_number(conn: Connection, _outside: Outside) -> list[str]:
    return [] if list_provider_numbers(conn) else [phrase("There is no company number yet.")]


def _stuck_queues(conn: Connection, _outside: Outside) -> list[str]:
    found = queues.list_views(conn)
    stuck: list[str] = [
        phrase(
            "The queue {name} cannot assign conversations. {problem}",
            name=one.name,
            problem=reworded(problem, lambda words: words[:1].upper() + words[1:]),
        )
        for one in found
        for problem in one.problems
    ]
    return (
        stuck if found else [phrase("There is no queue yet, so live agents get no conversations.")]
    )


def _nobody_online(conn: Connection, _outside: Outside) -> list[str]:
    a = t.agents
    there = select(func.count()).select_from(a).where(a.c.active, TAKES_WORK, a.c.capacity > 0)
    if conn.execute(there).scalar():
        return []
    return [phrase("No agent gets offers right now: nobody is available, so conversations wait.")]


def _provider(conn: Connection, outside: Outside) -> Sequence[str]:
    return [*gateway_problems(conn), *(outside.provider_problems or ())]


def gateway_problems(conn: Connection) -> list[str]:
    """A sentence if the company's own SMS gateway, such as a phone, is unavailable. Empty if not,
    and without such a gateway."""
    away = gateway_watch.away(conn)
    if away is None:
        return []
    since = away.since.astimezone(ZoneInfo(desk_time_zone(conn)))
    return [filled(AWAY[away.reason], time=time_in_zone(since))]


def _no_mail(_conn: Connection, outside: Outside) -> list[str]:
    if outside.mails:
        return []
    return [
        phrase(
            "There is no mail server, so identity checks by code and forgotten passwords do not "
            "work."
        )
    ]


def _webhooks(conn: Connection, _outside: Outside) -> list[str]:
    return [
        phrase(
            "The webhook “{name}” is switched off, because its receiver accepted no event for "
            "{days} days.",
            name=one.name,
            days=SWITCHED_OFF_AFTER.days,
        )
        if one.switched_off_at
        else count_phrase(
            "The webhook “{name}” fails: {count} event not accepted.",
            "The webhook “{name}” fails: {count} events not accepted.",
            one.waiting + one.given_up,
            name=one.name,
        )
        for one in webhooks.list_(conn)
        if (one.active and one.failing_since) or (one.switched_off_at and not one.active)
    ]


CHECKS: dict[CheckName, Check] = {
    CheckName.SETUP: Check(
        passed=phrase("Setup is finished"),
        finds=_unfinished,
        page="/setup",
        link=phrase("Continue setup"),
        is_problem=False,
    ),
    CheckName.NUMBER: Check(
        passed=phrase("The desk has a company number"),
        finds=_no_number,
        page="/setup/number",
        link=phrase("Add a company number"),
        terminal="Import a desk file with: patchboard import FILE",
    ),
    CheckName.QUEUE: Check(
        passed=phrase("Every queue has agents"),
        finds=_stuck_queues,
        page="/workspace/admin/queues",
        link=phrase("Open the queues"),
    ),
    CheckName.PROVIDER: Check(
        passed=phrase("The provider accepts the account, and its webhooks arrive"),
        finds=_provider,
        page="/setup/number",
        link=phrase("Check the account and its numbers"),
    ),
    CheckName.ONLINE: Check(
        passed=phrase("An agent gets offers"),
        finds=_nobody_online,
        page="/workspace/supervisor",
        link=phrase("See who is there"),
        is_problem=False,
    ),
    CheckName.MAIL: Check(
        passed=phrase("The desk has a mail server"),
        finds=_no_mail,
        page="/workspace/admin/mail",
        link=phrase("Set up mail"),
        terminal="Set PATCHBOARD_SMTP_URL and start the service again.",
        is_problem=False,
    ),
    CheckName.WEBHOOKS: Check(
        passed=phrase("Every webhook accepts its events"),
        finds=_webhooks,
        page="/workspace/admin/webhooks",
        link=phrase("Open the webhooks"),
        terminal="Fix the receiver. Then send the events again under Admin, Webhooks.",
        is_problem=False,
    ),
}


def outcomes(conn: Connection, outside: Outside) -> list[CheckResult]:
    """Run every check, except the provider's check when the provider was not asked."""
    hidden = hidden_checks(conn)
    return [
        CheckResult(
            name=name,
            check=check,
            found=tuple(check.finds(conn, outside)),
            is_hidden=name in hidden,
        )
        for name, check in CHECKS.items()
        if name is not CheckName.PROVIDER or outside.provider_problems is not None
    ]


def hidden_checks(conn: Connection) -> list[str]:
    """The names of the checks that admins have hidden."""
    found: list[str] = conn.execute(select(t.installation.c.hidden_checks)).scalar() or []
    return found


def hide_check(tx: Transaction, name: str) -> None:
    """Hide a check from the checklist, for every admin. Raises NotFound for an unknown one."""
    if name not in set(CheckName):
        raise NotFound(phrase("There is no such check."))
    hidden = hidden_checks(tx.conn)
    if name not in hidden:
        tx.conn.execute(update(t.installation).values(hidden_checks=[*hidden, name]))


def show_checks(tx: Transaction, _command: None = None) -> None:
    """Show all checks again."""
    tx.conn.execute(update(t.installation).values(hidden_checks=[]))

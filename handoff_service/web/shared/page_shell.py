"""The frame around every page of the workspace: the menu on the left (the rail) with its counts,
notices and offers, and the desk's name and time zone."""

from dataclasses import dataclass
from typing import Any

from sanic import Request
from sqlalchemy import Connection

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.conversations import colleague_notices, read_positions
from handoff_service.store.desk import desk as desks
from handoff_service.store.desk.agents import agents_by_id, presence_choices
from handoff_service.store.messaging_actions import low_grades, prompts
from handoff_service.store.routing import inbox, presence
from handoff_service.store.views import (
    Agent,
    ColleagueNotice,
    Offered,
    PresenceChoice,
    Prompt,
    RejectReason,
)
from handoff_service.store.views.supervision import PresencePeriod
from handoff_service.web.shared.desk_facts import DeskFacts, desk_facts
from handoff_service.web.shared.session import csrf_token, desk_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellData:
    """The data in the frame of every workspace page."""

    desk: DeskFacts
    me: Agent  #: the signed-in agent
    #: the Away period that the banner shows, if the desk and not the agent has set it
    away: PresencePeriod | None
    presences: list[PresenceChoice]
    offered: list[Offered]  #: work items that are offered to the agent
    prompts: list[Prompt]  #: prompts that nobody has answered and the agent has not dismissed
    notices: list[ColleagueNotice]  #: changes that colleagues made to the agent's conversations
    #: the agent's conversations with unread texts -> the id of the newest unread text
    newest_unread: dict[int, int]
    reject_reasons: list[RejectReason]

    @property
    def takes_work(self) -> bool:
        return any(one.takes_work for one in self.presences if one.name == self.me.presence)

    @property
    def offers(self) -> int:
        return len(self.offered)

    @property
    def unread(self) -> int:
        return len(self.newest_unread)


async def shell_context(request: Request, agent: CurrentAgent, *, place: str) -> dict[str, Any]:
    """Read the variables of ``shell.html``. ``place``: the rail entry to highlight."""
    shell = await desk_of(request).store.read(shell_data, agent.id)
    return shell_variables(request, agent, shell, place=place)


def shell_variables(
    request: Request, agent: CurrentAgent, shell: ShellData, *, place: str
) -> dict[str, Any]:
    """Return the variables of ``shell.html`` for a page that has read ``shell`` in the same
    transaction as its own data."""
    desk = desk_of(request)
    return {
        "desk": shell.desk,
        "zone": shell.desk.zone,
        "now": desk.clock(),
        "csrf": csrf_token(request),
        "practice": desk.practice,
        "practice_over": desk.practice_runs.over(desk.practice.run_id) if desk.practice else 0,
        "practice_ready": None if desk.practice else desk.practice_runs.run_of(agent.id),
        "demo_phone": not desk.practice
        and desk.settings.has_simulator
        and (desk.settings.demo or Role.ADMIN in agent.roles),
        "counts": shell,
        "me": shell.me,
        "away": shell.away,
        "presences": shell.presences,
        "takes_work": shell.takes_work,
        "watches_desk": False,
        "place": place,
        "lists": None,
        "others": False,
        "whole": False,
        "opened": None,
        "thread": None,
    }


def _prompts(conn: Connection, agent_id: int, *, supervises: bool) -> list[Prompt]:
    """Return the open prompts, newest first. Supervisors also get those about low satisfaction
    grades."""
    found = prompts.open_prompts(conn, agent_id, supervises=supervises)
    if supervises:
        found = [*found, *low_grades.open_prompts(conn, agent_id)]
    return sorted(found, key=lambda one: -one.id)


def shell_data(conn: Connection, agent_id: int) -> ShellData:
    """Read the data in the frame of every page."""
    me = agents_by_id(conn, [agent_id])[agent_id]
    return ShellData(
        desk=desk_facts(conn),
        me=me,
        away=presence.automatic_away(conn, me),
        presences=presence_choices(conn),
        offered=inbox.offered(conn, agent_id),
        prompts=_prompts(conn, agent_id, supervises=Role.SUPERVISOR in me.roles),
        notices=colleague_notices.open_notices(conn, agent_id),
        newest_unread=read_positions.newest_unread(conn, agent_id),
        reject_reasons=desks.reject_reasons(conn),
    )

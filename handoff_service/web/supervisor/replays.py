"""The pages of dry runs: the form, the progress, and the compared figures."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, redirect
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.reports.replays import StartReplay, cancel_replay, start_replay
from handoff_service.rules.routing.replay_change import REPLAYED_DAYS, ReplayState
from handoff_service.rules.routing.replay_figures import CANNOT_KNOW
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.reports import replay_desk, replays
from handoff_service.store.reports.replay_desk import DeskToday
from handoff_service.store.reports.replays import StoredReplay
from handoff_service.web.shared import target_rows
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.supervisor import replay_form
from handoff_service.web.supervisor.replay_comparison import changes_in_words, comparison
from handoff_service.web.supervisor.replay_form import ReplayForm

HERE = "/supervisor/replays"


@page(Role.SUPERVISOR)
async def replays_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    now = await desk_of(request).store.read(replay_desk.desk_now)
    return await _form_page(request, agent, now, replay_form.of(now))


@page(Role.SUPERVISOR)
async def start_run(request: Request, agent: CurrentAgent) -> HTTPResponse:
    store = desk_of(request).store
    now = await store.read(replay_desk.desk_now)
    form = replay_form.sent(request, now)
    try:
        change = replay_form.change_of(form, now)
        made = await store.write(start_replay, StartReplay(started_by=agent.id, change=change))
    except BadInput as wrong:
        form.errors.update(_of_fields(wrong.errors))
        return await _form_page(request, agent, now, form, status=400)
    return redirect(f"/workspace{HERE}/{made}", status=303)


def _of_fields(errors: dict[str, str]) -> dict[str, str]:
    """Rename the errors to the form's fields: ``queue_1_schedule`` is the field ``q1_schedule``."""
    return {
        name.replace("queue_", "q").replace("agent_", "a"): what for name, what in errors.items()
    }


async def _form_page(
    request: Request, agent: CurrentAgent, now: DeskToday, form: ReplayForm, status: int = 200
) -> HTTPResponse:
    shell = await shell_context(request, agent, place="supervisor")
    listed = await desk_of(request).store.read(replays.list_)
    return render(
        "replays.html",
        status=status,
        **shell
        | {
            "desk_now": now,
            "form": form,
            "replays": listed,
            "target_rows": target_rows.ROWS,
            "days": REPLAYED_DAYS,
            "under": f"/workspace{HERE}",
        },
    )


@page(Role.SUPERVISOR)
async def replay_page(request: Request, replay_id: int, agent: CurrentAgent) -> HTTPResponse:
    shell = await shell_context(request, agent, place="supervisor")
    return render("replay.html", **shell | await _shown(request, replay_id))


@page(Role.SUPERVISOR)
async def replay_now(request: Request, replay_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Return the progress of the dry run. The page requests this until the dry run ends."""
    shell = await shell_context(request, agent, place="supervisor")
    return render("replay_now.html", **shell | await _shown(request, replay_id))


@page(Role.SUPERVISOR)
async def cancel_run(request: Request, replay_id: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(cancel_replay, replay_id)
    return redirect(f"/workspace{HERE}/{replay_id}", status=303)


async def _shown(request: Request, replay_id: int) -> dict[str, Any]:
    def read(conn: Connection) -> tuple[StoredReplay, DeskToday]:
        return replays.get(conn, replay_id), replay_desk.desk_now(conn)

    replay, now = await desk_of(request).store.read(read)
    return {
        "replay": replay,
        "running": replay.state is ReplayState.RUNNING,
        "changes": changes_in_words(replay.change, now),
        "compared": comparison(replay.result, now) if replay.result else None,
        "assumptions": _in_page_language(replay.result.cannot_know) if replay.result else [],
        "under": f"/workspace{HERE}",
    }


def _in_page_language(assumptions: list[str]) -> list[str]:
    """Return the phrases for the stored sentences. A sentence that an earlier version stored stays
    in English."""
    known: dict[str, str] = {one: one for one in CANNOT_KNOW}
    return [known.get(one, one) for one in assumptions]


PAGES: dict[str, Any] = {
    HERE: replays_page,
    f"{HERE}/<replay_id:int>": replay_page,
    f"{HERE}/<replay_id:int>/now": replay_now,
}
POST_HANDLERS: dict[str, Any] = {
    HERE: start_run,
    f"{HERE}/<replay_id:int>/cancel": cancel_run,
}

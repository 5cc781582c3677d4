"""API calls for the practice desk: start and end practice runs, and read their scores."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field

from handoff_service.context import AppContext
from handoff_service.errors import BadInput, NotAllowed
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.training.practice import (
    FASTEST,
    MOST_CONVERSATIONS,
    USUAL_CONVERSATIONS,
    USUAL_DAYS,
    PracticeChoice,
    PracticeSource,
    PracticeState,
)
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.training import practice_runs
from handoff_service.store.views.practice import PracticeRun
from handoff_service.web.api.bodies import Body, Page, Paging, page
from handoff_service.web.api.calls import ApiRequest, get, post
from handoff_service.web.shared.session import supervises


class PracticeBody(Body):
    """Starts a practice run.

    - ``agent_id``: the agent who practices; null for the calling agent.
    - ``source``: ``past`` replays the desk's own closed conversations, ``demo`` those that ship
      with Patchboard.
    - ``queue_id``: use only conversations of this queue; null for all queues.
    - ``first_day``, ``last_day``: use conversations that were closed on these days, in the desk's
      time zone. ``last_day`` null: today. ``first_day`` null: 30 days before the last day.
    """

    agent_id: int | None = Field(None, ge=1, le=2**53)
    source: PracticeSource = PracticeSource.PAST
    conversations: int = Field(USUAL_CONVERSATIONS, ge=1, le=MOST_CONVERSATIONS)
    speed: int = Field(1, ge=1, le=FASTEST)
    queue_id: int | None = Field(None, ge=1, le=2**53)
    first_day: date | None = None
    last_day: date | None = None


@post(
    "/practice-runs",
    summary="Start a practice run; only supervisors can start one for another agent",
    status=201,
)
async def start_practice(asked: ApiRequest[PracticeBody, Any]) -> PracticeRun:
    run_id = await start_run(asked.desk, asked.agent, asked.body)
    return await asked.desk.store.read(practice_runs.get, run_id)


@get("/practice-runs", summary="Practice runs, newest first; agents see their own")
async def list_practice(asked: ApiRequest[None, Paging]) -> Page[PracticeRun]:
    whose = None if supervises(asked.agent) else asked.agent.id
    query, before = asked.query, asked.query.after or None
    found = await asked.desk.store.read(
        practice_runs.list_, whose, before=before, limit=query.limit + 1
    )
    return page(found, query.limit, lambda run: run.id)


@get("/practice-runs/{id}", summary="A practice run with its score; agents see their own")
async def get_practice(asked: ApiRequest[None, Any]) -> PracticeRun:
    return await run_for(asked.desk, asked.agent, asked.id)


@post("/practice-runs/{id}/end", summary="End a practice run, and compute its score")
async def end_practice(asked: ApiRequest[None, Any]) -> PracticeRun:
    await run_for(asked.desk, asked.agent, asked.id)
    await asked.desk.practice_runs.end(asked.id, PracticeState.ENDED)
    return await asked.desk.store.read(practice_runs.get, asked.id)


async def start_run(desk: AppContext, agent: CurrentAgent, body: PracticeBody) -> int:
    """Start a practice run, and return its id. Raises NotAllowed unless the run is for ``agent`` or
    ``agent`` is a supervisor."""
    whose = agent.id if body.agent_id is None else body.agent_id
    if whose != agent.id and not supervises(agent):
        raise NotAllowed(phrase("Only supervisors may start a practice run for another agent."))
    zone = ZoneInfo(await desk.store.read(desk_time_zone))
    last = body.last_day or desk.clock().astimezone(zone).date()
    first = body.first_day or last - timedelta(days=USUAL_DAYS)
    if not date(2000, 1, 1) <= first <= last < date(2200, 1, 1):
        raise BadInput(errors={"first_day": phrase("must not be after the last day")})
    choice = PracticeChoice(
        source=body.source,
        conversations=body.conversations,
        speed=body.speed,
        queue_id=body.queue_id,
        first_day=first,
        last_day=last,
    )
    return await desk.practice_runs.start(whose, agent.id, choice)


async def run_for(desk: AppContext, agent: CurrentAgent, run_id: int) -> PracticeRun:
    """Return a practice run. Raises NotAllowed unless it is the agent's own run or the agent is a
    supervisor."""
    run = await desk.store.read(practice_runs.get, run_id)
    if run.agent.id != agent.id and not supervises(agent):
        raise NotAllowed(phrase("Only supervisors may see the practice runs of another agent."))
    return run

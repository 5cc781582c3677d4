"""API calls for personal data: retention, erasures, and archives of a person's data. Only admins
may make them."""

from typing import Any

from pydantic import Field
from sanic import Blueprint, Request

from handoff_service.clock import now
from handoff_service.operations.privacy.request_erasure import (
    ErasurePreview,
    RequestedPerson,
    RequestErasure,
    preview,
    request_erasure,
)
from handoff_service.operations.privacy.retain import run_now, stop_run
from handoff_service.operations.shared.field_types import PersonNumber
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.privacy import erasures
from handoff_service.store.privacy.erasures import Erasure
from handoff_service.store.privacy.retention_status import RetentionStatus, status
from handoff_service.web.api.bodies import Body, Page, Paging, page
from handoff_service.web.api.calls import ADMIN, ApiRequest, Call, get, post, read_body
from handoff_service.web.shared.person_archive import ZIP, send_archive
from handoff_service.web.shared.session import bearer, desk_of


class PersonBody(Body):
    """The person: a phone number with everything that is stored for it, or a user with the numbers
    that no other user has. Exactly one of the two is required."""

    number: PersonNumber | None = None
    user_id: int | None = Field(None, ge=1, lt=2**53)

    def whom(self) -> RequestedPerson:
        return RequestedPerson(number=self.number, user_id=self.user_id)


class RetentionQuery(Body):
    """``count``: also count the rows that a run would remove now. This reads whole tables."""

    count: bool = False


@get("/retention", summary="Kinds of content, how long each is kept, and the last run", roles=ADMIN)
async def retention_status(asked: ApiRequest[None, RetentionQuery]) -> RetentionStatus:
    store = asked.desk.store.for_long_requests()
    return await store.read(status, now(), counted=asked.query.count)


@post("/retention/run", summary="Start retention now", roles=ADMIN)
async def run_retention(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(run_now, None)


@post("/retention/stop", summary="Stop the current retention run", roles=ADMIN)
async def stop_retention(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(stop_run, None)


@post("/erasures/preview", summary="Preview an erasure; changes nothing", roles=ADMIN)
async def preview_erasure(asked: ApiRequest[PersonBody, Any]) -> ErasurePreview:
    return await asked.desk.store.for_long_requests().read(preview, asked.body.whom())


@post("/erasures", summary="Erase a person; this cannot be undone", roles=ADMIN, status=201)
async def erase(asked: ApiRequest[PersonBody, Any]) -> Erasure:
    store = asked.desk.store
    planned = await store.for_long_requests().read(preview, asked.body.whom())
    command = RequestErasure(
        whom=asked.body.whom(), agent_id=asked.agent.id, planned=planned.counts
    )
    return await store.read(erasures.get, await store.write(request_erasure, command))


@get("/erasures", summary="Erasures and their receipts, newest first", roles=ADMIN)
async def list_erasures(asked: ApiRequest[None, Paging]) -> Page[Erasure]:
    def read(conn: Any) -> list[Erasure]:
        before = asked.query.after or None
        return erasures.list_(conn, before=before, limit=asked.query.limit + 1)

    return page(await asked.desk.store.read(read), asked.query.limit, lambda one: one.id)


@get("/erasures/{id}", summary="One erasure, with its progress or its receipt", roles=ADMIN)
async def one_erasure(asked: ApiRequest[None, Any]) -> Erasure:
    return await asked.desk.store.read(erasures.get, asked.id)


async def _never(_asked: Any) -> None:
    """Placeholder. ``add_route`` serves the call; ``HAND_OUT`` only describes it."""


HAND_OUT = Call(
    method="POST",
    path="/v1/hand-outs",
    summary="All data about a person: a ZIP file with a page to read, JSON and media",
    handle=_never,
    answer=str,
    body=PersonBody,
    roles=ADMIN,
    media_type=ZIP,
)


def add_route(blueprint: Blueprint) -> None:
    """Add the route that sends the archive. A repeated call makes a new archive, because the
    service does not store the answer."""

    @blueprint.post("/v1/hand-outs", name="hand_out")
    async def hand_out(request: Request) -> None:
        agent = await bearer(request, *ADMIN)
        country = await desk_of(request).store.read(desk_country)
        body = read_body(HAND_OUT, request, country)
        assert isinstance(body, PersonBody)
        await send_archive(request, body.whom(), agent.id)

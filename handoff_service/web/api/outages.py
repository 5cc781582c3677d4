"""API calls for outages. Everyone who is signed in may read them. Admins and supervisors may change
them."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection

from handoff_service.operations.cases.outage_fields import OutageEntry, Text
from handoff_service.operations.cases.outages import (
    ChangeOutage,
    change_outage,
    delete_outage,
    make_outage,
)
from handoff_service.operations.conversations.end_outage import (
    EndOutage,
    end_outage,
)
from handoff_service.operations.conversations.text_outage import (
    CancelOutageText,
    cancel_outage_text,
)
from handoff_service.operations.shared.field_types import Moment, Name
from handoff_service.rules.shared.versions import given_translations
from handoff_service.store.cases import outage_reporters, outage_texts, outages
from handoff_service.store.desk import texts
from handoff_service.store.views import Outage, OutageDryRun, OutageText
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, in_other_languages, page_of
from handoff_service.web.api.calls import WRITERS, ApiRequest, delete, get, patch, post
from handoff_service.web.shared.session import ANYONE


class NewOutageBody(OutageEntry, Body):
    """Creates an outage. ``text``: the announcement to requesters, which must fit into one
    segment."""


class OutageBody(Patch):
    """Changes an outage. Omitted fields keep their values. ``until``: null if the end is
    unknown."""

    may_be_null = frozenset({"until"})

    title: Name | None = None
    text: Text | None = None
    since: Moment | None = None
    until: Moment | None = None
    active: bool | None = None


@get("/outages", summary="Outages, latest start first", roles=ANYONE)
async def list_outages(asked: ApiRequest[None, Paging]) -> Page[Outage]:
    return page_of(await asked.desk.store.read(outages.list_), asked.query, lambda one: one.id)


@get("/outages/{id}", summary="One outage", roles=ANYONE)
async def one_outage(asked: ApiRequest[Any, Any]) -> Outage:
    return await asked.desk.store.read(outages.get, asked.id)


@post("/outages", summary="Create an outage", roles=WRITERS, status=201)
async def make(asked: ApiRequest[NewOutageBody, Any]) -> Outage:
    made = await asked.desk.store.write(make_outage, asked.body.to_fields())
    return await asked.desk.store.read(outages.get, made)


@patch("/outages/{id}", summary="Change an outage", roles=WRITERS)
async def change(asked: ApiRequest[OutageBody, Any]) -> Outage:
    await asked.desk.store.write(
        change_outage, ChangeOutage(id=asked.id, values=asked.body.given())
    )
    return await one_outage(asked)


@in_other_languages("text", str)
class DryRunQuery(Paging):
    """``text``: the text in English. ``text_es`` and so on: its translations, for people who text
    in these languages. For each one that is omitted, the preview uses the desk's text."""

    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedOutage:
    """The ended outage, and the text with its progress. ``text``: null if nobody gets a text."""

    outage: Outage
    text: OutageText | None


@in_other_languages("text", Text)
class EndBody(Body):
    """Ends an outage.

    - ``text``: the text to everybody who reported the outage; null to send none.
    - ``text_es`` and so on: its translations, for people who text in these languages. Without a
      translation, they get ``text``.
    - ``most``: the call fails if more people than this would get the text.
    """

    text: Text | None = None
    most: Annotated[int, Field(ge=0)] | None = None


@get(
    "/outages/{id}/dry-run",
    summary="Preview a text to everybody who reported an outage",
    roles=WRITERS,
)
async def look(asked: ApiRequest[None, DryRunQuery]) -> OutageDryRun:
    def read(conn: Connection) -> OutageDryRun:
        desks_own = texts.outage_over_versions(conn, outages.get(conn, asked.id).title)
        present = desks_own | asked.query.model_dump(include=set(desks_own), exclude_none=True)
        translations = given_translations(present, "text")
        return outage_reporters.dry_run(conn, asked.id, present["text"], translations)

    return await asked.desk.store.read(read)


@post(
    "/outages/{id}/end",
    summary="End an outage now, and text everybody who reported it",
    roles=WRITERS,
)
async def end(asked: ApiRequest[EndBody, Any]) -> EndedOutage:
    command = EndOutage(
        outage_id=asked.id,
        agent_id=asked.agent.id,
        text=asked.body.text,
        translations=given_translations(asked.body.model_dump(), "text"),
        most=asked.body.most,
    )
    text_id = await asked.desk.store.write(end_outage, command)

    def read(conn: Connection) -> EndedOutage:
        return EndedOutage(
            outage=outages.get(conn, asked.id),
            text=None if text_id is None else outage_texts.get(conn, text_id),
        )

    return await asked.desk.store.read(read)


@get(
    "/outages/{id}/texts", summary="An outage's texts to its reporters, newest first", roles=WRITERS
)
async def list_texts(asked: ApiRequest[None, Any]) -> Page[OutageText]:
    return Page(items=await asked.desk.store.read(outage_texts.of_outage, asked.id), next=None)


@delete(
    "/outages/{id}/texts/{text_id}",
    summary="Stop a text to an outage's reporters; copies that are already sent stay sent",
    roles=WRITERS,
)
async def stop(asked: ApiRequest[None, Any]) -> None:
    command = CancelOutageText(outage_id=asked.id, text_id=asked.below)
    await asked.desk.store.write(cancel_outage_text, command)


@delete("/outages/{id}", summary="Delete an outage", roles=WRITERS)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_outage, asked.id)

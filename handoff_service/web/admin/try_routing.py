"""The page “Try the routing”. An admin describes a conversation, and the page shows the queue
and the agents that routing would choose, each with the reason."""

from dataclasses import replace
from datetime import timedelta
from gettext import NullTranslations
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection, select

from handoff_service.errors import BadInput, Refusal
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.language import LANGUAGE_TITLES
from handoff_service.rules.shared.phrases import Phrase, phrase, translated
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.users import find_active_users
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.routing.routing_dry_run import (
    HypotheticalConversation,
    RoutingDryRun,
    dry_run,
)
from handoff_service.web.admin.pages import Form, admin_page, moment, number
from handoff_service.web.admin.queue_conditions import topics
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.shared.template_filters import phone

QUEUES = "/queues"
HERE = f"{QUEUES}/try"
NAMES = ("number", "topic", "language", "requester", "at", "waited")
A_DAY = 86_400  # seconds


@page(Role.ADMIN)
async def try_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    values = {name: (request.args.get(name) or "").strip()[:200] for name in NAMES}
    form, result = Form(values=values), None
    read = desk_of(request).store.read
    try:
        if values["number"]:
            conversation = await read(_conversation, values)
            result = _with_capitals(await read(dry_run, conversation))
    except Refusal as refusal:
        form = form.with_refusal(refusal)
    page_values = {"form": form, "result": result, **await read(_extra_context)}
    status = 400 if form.errors else 200
    return await admin_page(
        request, agent, "try_routing.html", here=QUEUES, back=QUEUES, status=status, **page_values
    )


def _with_capitals(result: RoutingDryRun) -> RoutingDryRun:
    """Capitalize the reason of each agent in the result."""
    agents = [replace(one, why=_capital(one.why)) for one in result.agents]
    return replace(result, agents=agents)


def _capital(why: str) -> Phrase:
    def change(catalog: NullTranslations) -> str:
        words = translated(why, catalog)
        return words[:1].upper() + words[1:]

    return Phrase.of(change)


def _extra_context(conn: Connection) -> dict[str, Any]:
    return {
        "numbers": {
            str(one.id): f"{phone(one.number)} · {one.label}"
            if one.label != one.number
            else phone(one.number)
            for one in list_provider_numbers(conn)
        },
        "topics": topics(conn),
        "languages": {"": phrase("Not known"), **LANGUAGE_TITLES},
        "zone_name": desk_time_zone(conn),
    }


def _conversation(conn: Connection, values: dict[str, str]) -> HypotheticalConversation:
    chosen = values["number"]
    if not any(str(one.id) == chosen for one in list_provider_numbers(conn)):
        raise BadInput(errors={"number": phrase("Choose a company number.")})
    waited = number(values["waited"] or "0", "waited", least=0, most=A_DAY)
    return HypotheticalConversation(
        provider_number_id=int(chosen),
        at=moment(values["at"], "at", ZoneInfo(desk_time_zone(conn))) or read_at(conn),
        topic=values["topic"] or None,
        language=values["language"] or None,
        attributes=_attributes(conn, values["requester"]),
        waited=timedelta(seconds=waited),
    )


def _attributes(conn: Connection, words: str) -> dict[str, str]:
    """Return the attributes of the user with this name, number or employee number. Raises BadInput
    unless exactly one user matches."""
    if not words:
        return {}
    found = find_active_users(conn, words, 2)
    if len(found) != 1:
        what = (
            phrase("Several users match. Type more of the name.")
            if found
            else phrase("No user matches. Type fewer letters, or leave this empty for a guest.")
        )
        raise BadInput(errors={"requester": what})
    row = conn.execute(select(t.users.c.attributes).where(t.users.c.id == found[0].id)).scalar()
    return dict(row or {})


PAGES: dict[str, Any] = {HERE: try_page}

"""The page with the sign-in requirements of each role, and the list of identity providers."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.operations.shared.record_changes import ONLY
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import desk, identity_providers
from handoff_service.web.admin import agents
from handoff_service.web.admin.desk import ELSEWHERE
from handoff_service.web.admin.pages import Form, admin_page, done, lines, typed
from handoff_service.web.admin.record_form import RecordForm, Watch, WriteNoun
from handoff_service.web.shared.session import desk_of, page

HERE = "/sign-in"
ROLES = {role: (name, "") for role, (name, _meaning) in agents.ROLES.items()}


def _values(conn: Connection) -> dict[str, str]:
    now = desk.desk(conn) or {}
    return {name: "\n".join(now.get(name, ())) for name in ELSEWHERE}


WATCH = Watch(noun=Noun.DESK, record=ONLY, read=_values)


@page(Role.ADMIN)
async def sign_in_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    was = await desk_of(request).store.read(WATCH.filled)
    return await _form(request, agent, Form(values=was.values, was=was))


@page(Role.ADMIN)
async def save_sign_in(request: Request, agent: CurrentAgent) -> HTTPResponse:
    async def write(form: Form) -> WriteNoun:
        given = {name: lines(form.values[name]) for name in ELSEWHERE}
        entry = read_as(DeskEntry, {"name": "?"} | given)
        return change_desk, entry.model_dump(include={*ELSEWHERE})

    form = typed(request, ELSEWHERE)
    outcome = await RecordForm(request=request, form=form, write=write, watch=WATCH).save()
    if outcome.form is None:
        return done(request, HERE)
    return await _form(request, agent, outcome.form, status=outcome.status)


async def _form(
    request: Request, agent: CurrentAgent, form: Form, *, status: int = 200
) -> HTTPResponse:
    given: dict[str, Any] = {
        "form": form,
        "roles": ROLES,
        "providers": await desk_of(request).store.read(identity_providers.list_),
    }
    return await admin_page(request, agent, "sign_in.html", here=HERE, status=status, **given)


PAGES: dict[str, Any] = {HERE: sign_in_page}
POST_HANDLERS: dict[str, Any] = {HERE: save_sign_in}

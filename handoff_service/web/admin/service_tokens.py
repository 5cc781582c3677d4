"""The admin pages for service tokens, with which programs use the API."""

from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import NotFound, Refusal
from handoff_service.operations.desk.service_tokens import (
    MakeToken,
    TokenFields,
    make_token,
    new_secret,
    revoke_token,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk import service_tokens as rules
from handoff_service.rules.desk.service_tokens import Scope, TokenState
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import service_tokens
from handoff_service.web.admin.deleting import Deleting, ask, question
from handoff_service.web.admin.pages import Form, admin_page, done, number, typed
from handoff_service.web.shared.session import desk_of, page

HERE = "/service-tokens"
NEW = f"{HERE}/new"
ONE = f"{HERE}/<number:int>"
EMPTY = {
    "name": "",
    "scopes": Scope.READ,
    "days": str(rules.USUAL_DAYS),
    "rate": str(rules.USUAL_RATE),
}
STATES = {
    TokenState.ACTIVE: phrase("Active"),
    TokenState.EXPIRED: phrase("Expired"),
    TokenState.REVOKED: phrase("Revoked"),
}
SCOPES = {str(one): (str(one), meaning) for one, meaning in rules.MEANING.items()}


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _list(request, agent)


@page(Role.ADMIN)
async def new_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _form(request, agent, Form(values=EMPTY))


@page(Role.ADMIN)
async def make(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Create the token, and show its secret. No other page shows the secret."""
    form = typed(request, list(EMPTY))
    try:
        command = MakeToken(**_fields(form.values).model_dump(), secret=new_secret())
        made = await desk_of(request).store.write(make_token, command)
    except Refusal as refusal:
        return await _form(request, agent, form.with_refusal(refusal), status=refusal.status)
    return await _list(request, agent, name=command.name, made=made.secret)


def _fields(values: Mapping[str, str]) -> TokenFields:
    """Parse the typed values. Raises BadInput, which names each wrong field."""
    given = {
        "name": values["name"],
        "scopes": values["scopes"].splitlines(),
        "days": number(values["days"], "days", least=1, most=rules.MOST_DAYS),
        "rate": number(values["rate"], "rate", least=1, most=rules.MOST_RATE),
    }
    return read_as(TokenFields, given)


@page(Role.ADMIN)
async def ask_revoke(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    found = await desk_of(request).store.read(service_tokens.get, number)
    if found is None:
        raise NotFound(phrase("There is no service token {id}.", id=number))
    revoking = Deleting(
        title=phrase("Revoke “{name}”?", name=found.name),
        effects=[
            phrase(
                "The API immediately rejects programs that use this token, and their event streams "
                "end."
            ),
            phrase("This cannot be undone. The token stays in the list and in histories."),
        ],
        label=phrase("Revoke"),
    )
    deletes = question(revoking, f"{HERE}/{number}/revoke")
    return await ask(request, agent, deletes, here=HERE, back=HERE)


@page(Role.ADMIN)
async def revoke(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(revoke_token, number)
    return done(request, HERE, "revoked")


async def _list(
    request: Request, agent: CurrentAgent, *, name: str = "", made: str = ""
) -> HTTPResponse:
    rows = await desk_of(request).store.read(service_tokens.list_)
    return await admin_page(
        request,
        agent,
        "service_tokens.html",
        here=HERE,
        rows=rows,
        states=STATES,
        name=name,
        made=made,
    )


async def _form(
    request: Request, agent: CurrentAgent, form: Form, *, status: int = 200
) -> HTTPResponse:
    return await admin_page(
        request,
        agent,
        "service_token.html",
        here=HERE,
        status=status,
        form=form,
        scopes=SCOPES,
        limits=rules,
    )


PAGES: dict[str, Any] = {HERE: list_page, NEW: new_page, f"{ONE}/revoke": ask_revoke}
POST_HANDLERS: dict[str, Any] = {NEW: make, f"{ONE}/revoke": revoke}

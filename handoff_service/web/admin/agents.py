"""The admin pages for agents, with their roles, capacity, groups and skills."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import Conflict
from handoff_service.operations.desk.agents import (
    ChangeAgent,
    DeleteAgent,
    MakeAgent,
    blockers,
    change_agent,
    delete_agent,
    has_history,
    make_agent,
)
from handoff_service.operations.desk.identity_providers import unlink_agent
from handoff_service.operations.desk.password_links import MailLink, account, mail_link
from handoff_service.operations.desk.second_factors import reset_second_factor
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.password_links import LASTS, Purpose
from handoff_service.rules.desk.password_links import link as password_link
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.settings import Settings
from handoff_service.store.desk import agents, identity_providers
from handoff_service.store.desk.second_factors import second_factor_of
from handoff_service.store.desk.sign_in_policy import needs
from handoff_service.store.views import Agent
from handoff_service.web.admin import known_names
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving
from handoff_service.web.admin.pages import PAGE, Form, admin_page, after, done, lines
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.api.agents import AgentBody, NewAgentBody, with_hash
from handoff_service.web.shared.page_language import PAGE_LANGUAGES
from handoff_service.web.shared.session import cookie_token, desk_of, page

HERE = "/agents"
FIELDS = (
    "name",
    "email",
    "password",
    "always_password",
    "roles",
    "capacity",
    "groups",
    "skills",
    "active",
    "language",
)
NEW = dict.fromkeys(FIELDS, "") | {"roles": str(Role.AGENT), "capacity": "4"}
ROLES = {
    Role.AGENT: (phrase("Agent"), phrase("answers requesters")),
    Role.SUPERVISOR: (phrase("Supervisor"), phrase("sees all queues and conversations")),
    Role.TRAINER: (phrase("Trainer"), phrase("trains the virtual agent")),
    Role.ADMIN: (phrase("Admin"), phrase("full access, including the admin pages")),
}


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    store, q, behind = (
        desk_of(request).store,
        (request.args.get("q") or "").strip()[:100],
        after(request),
    )
    found = await store.read(agents.list_, words=q, after=behind, limit=PAGE + 1)
    more = {"q": q, "after": found[PAGE - 1].id} if len(found) > PAGE else None
    values: dict[str, Any] = {
        "rows": found[:PAGE],
        "q": q,
        "first": not behind,
        "next": more,
        "new": f"{HERE}/new",
    }
    groups = await store.read(agents.groups)
    return await admin_page(request, agent, "agents.html", here=HERE, groups=groups, **values)


def _shown(one: Agent) -> tuple[str, dict[str, str]]:
    return one.name, {
        "name": one.name,
        "email": one.email,
        "password": "",
        "roles": "\n".join(one.roles),
        "capacity": str(one.capacity),
        "groups": "\n".join(one.groups),
        "skills": "\n".join(one.skills),
        "active": "1" if one.active else "",
        "always_password": "1" if one.always_password else "",
        "language": one.language or "",
    }


async def _write(saving: Saving[Agent]) -> WriteNoun:
    typed = saving.form.values
    given, password = _given(typed), {"password": typed["password"]}
    # a new agent without a password chooses one with the link of an invitation
    if saving.id is None and not typed["password"]:
        return make_agent, MakeAgent(**read_as(AgentBody, given).given(), password_hash="")
    if saving.id is None or saving.stored is None:
        body = read_as(NewAgentBody, given | password)
        await _check_names(saving.request, typed)
        values = {name: getattr(body, name) for name in NewAgentBody.model_fields}
        return make_agent, MakeAgent(**await with_hash(values))
    active = {"active": saving.stored.active or bool(typed["active"])}
    given |= active | (password if typed["password"] else {})
    changed = read_as(AgentBody, given).given()
    await _check_names(saving.request, typed)
    return change_agent, ChangeAgent(
        id=saving.id,
        by=saving.agent.id,
        values=await with_hash(changed),
        keep_token=cookie_token(saving.request) or "",
    )


async def _check_names(request: Request, typed: Mapping[str, str]) -> None:
    read = desk_of(request).store.read
    for field, known, kind in (
        ("groups", await read(known_names.groups), "group"),
        ("skills", await read(known_names.skills), "skill"),
    ):
        known_names.check(request, {field: lines(typed[field])}, known, kind)


def _given(values: Mapping[str, str]) -> dict[str, Any]:
    """Convert the form's values to the fields of the API's bodies, without the password."""
    return {
        "name": values["name"],
        "email": values["email"],
        "roles": lines(values["roles"]),
        "capacity": values["capacity"],
        "groups": lines(values["groups"]),
        "skills": lines(values["skills"]),
        "always_password": bool(values["always_password"]),
        "language": values["language"] or None,
    }


def _extra_context(conn: Connection, _form: Form, one: Agent | None) -> dict[str, Any]:
    found = account(conn, one.id) if one else None
    return {
        "one": one,
        "roles": ROLES,
        "languages": PAGE_LANGUAGES,
        "groups": known_names.groups(conn),
        "skills": known_names.skills(conn),
        "invited": found is not None and not found.password_hash,
        "needs": needs(conn, one.id) if one else None,
        "factor": second_factor_of(conn, one.id) if one else None,
        "providers": identity_providers.of_agent(conn, one.id) if one else [],
    }


@page(Role.ADMIN)
async def make_link(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Show a link with which the agent can choose a password."""
    desk = desk_of(request)
    one = await desk.store.read(agents.get, number)
    until = desk.clock() + LASTS[Purpose.INVITATION]
    link = await desk.store.read(link_for, desk.settings, number, until)
    given: dict[str, Any] = {
        "one": one,
        "link": link,
        "until": until,
        "mails": desk.settings.mails,
    }
    return await admin_page(request, agent, "password_link.html", here=HERE, **given)


@page(Role.ADMIN)
async def mail_a_link(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(mail_link, MailLink(number, Purpose.INVITATION))
    return done(request, f"{HERE}/{number}", "mailed")


@page(Role.ADMIN)
async def reset(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Remove an agent's second factors, for example after the agent lost the phone."""
    await desk_of(request).store.write(reset_second_factor, number)
    return done(request, f"{HERE}/{number}", "reset")


@page(Role.ADMIN)
async def unlink(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(unlink_agent, number)
    return done(request, f"{HERE}/{number}", "unlinked")


def link_for(conn: Connection, settings: Settings, agent_id: int, until: datetime) -> str:
    """Return a password link that expires at ``until``. Raises Conflict for a deactivated agent, or
    if passwords are off for the agent's role."""
    found = account(conn, agent_id)
    if found is None:
        raise Conflict(
            phrase(
                "This agent is deactivated, or passwords are off for one of the agent's roles, so "
                "a password link would not work."
            )
        )
    return password_link(settings.public_url, settings.secret_key, found, until)


def _deleting(one: Agent) -> Deleting | None:
    if not one.active:
        return None
    return Deleting(
        title=phrase("Delete {name}?", name=one.name),
        effects=[
            phrase(
                "{name} is signed out at once. No conversation or other record mentions them.",
                name=one.name,
            )
        ],
        label=phrase("Delete this agent"),
    )


def _deactivating(one: Agent) -> Deleting:
    return Deleting(
        title=phrase("Deactivate {name}?", name=one.name),
        effects=[
            phrase(
                "Other records, such as conversations, mention {name}. Therefore the agent is "
                "deactivated instead of deleted, and these records keep the name.",
                name=one.name,
            ),
            phrase(
                "{name} is signed out at once and gets no more offers. Open conversations go "
                "back to their queues. You can reactivate the agent later.",
                name=one.name,
            ),
        ],
        label=phrase("Delete this agent"),
        verb=phrase("Deactivate this agent"),
    )


EDITOR = Editor(
    noun=Noun.AGENT,
    valid={"name": "?", "email": "a@example.invalid", "password": "a long enough one"},
    list_url=HERE,
    url_prefix=HERE,
    template="agent.html",
    back_label=phrase("All agents"),
    new=(phrase("New agent"), NEW),
    read=agents.get,
    shown=_shown,
    write=_write,
    delete=lambda agent, number: (delete_agent, DeleteAgent(id=number, by=agent.id)),
    blockers=blockers,
    deleting=_deleting,
    has_history=has_history,
    deactivating=_deactivating,
    extra_context=_extra_context,
    returns_to_form=True,
)
PAGES: dict[str, Any] = {HERE: list_page, **EDITOR.pages()}
POST_HANDLERS: dict[str, Any] = {
    **EDITOR.post_handlers(),
    f"{HERE}/<number:int>/second-factor/reset": reset,
    f"{HERE}/<number:int>/unlink": unlink,
    f"{HERE}/<number:int>/link": make_link,
    f"{HERE}/<number:int>/link/mail": mail_a_link,
}

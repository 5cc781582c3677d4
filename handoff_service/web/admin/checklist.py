"""The checklist. It shows whether the desk can answer texts, and links to the pages that fix
problems."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.gateways.providers import provider_of
from handoff_service.operations.desk.desk_checks import (
    CheckResult,
    Outside,
    hide_check,
    outcomes,
    show_checks,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.web.admin.pages import UNDER, admin_page
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.session import csrf_token, desk_of, page

HERE = "/checklist"


@page(Role.ADMIN)
async def checklist_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Show the checks that need only the database. The page's script then requests all checks."""
    values = _shown(await _outcomes(request, ask=False))
    return await admin_page(request, agent, "checklist.html", here=HERE, **values)


@page(Role.ADMIN)
async def live_checks(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return all checks, including slow ones that call the provider."""
    shell: dict[str, Any] = {"csrf": csrf_token(request), "under": UNDER, "here": HERE}
    values = _shown(await _outcomes(request, ask=True))
    return render("admin/checks.html", **shell, **values)


async def _outcomes(request: Request, *, ask: bool) -> list[CheckResult]:
    desk = desk_of(request)
    kind, problems = provider_of(desk.settings), None
    if ask and kind.checked:
        problems = await kind.problems(desk.settings, await desk.store.read(list_provider_numbers))
    outside = Outside(mails=desk.settings.mails, provider_problems=problems)
    return await desk.store.read(outcomes, outside)


def _shown(found: list[CheckResult]) -> dict[str, Any]:
    return {
        "wrong": [one for one in found if one.found and not one.is_hidden],
        "passed": [one for one in found if not one.found],
        "hidden": [one for one in found if one.found and one.is_hidden],
    }


@page(Role.ADMIN)
async def hide(request: Request, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(hide_check, form_field(request, "check"))
    return done_or_redirect(request, f"{UNDER}{HERE}")


@page(Role.ADMIN)
async def show_all(request: Request, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(show_checks, None)
    return done_or_redirect(request, f"{UNDER}{HERE}")


PAGES: dict[str, Any] = {HERE: checklist_page, f"{HERE}/live": live_checks}
POST_HANDLERS: dict[str, Any] = {f"{HERE}/hide": hide, f"{HERE}/show": show_all}

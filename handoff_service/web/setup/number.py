"""The set-up step for the company number. It tests the provider's account, and configures the
provider to send the number's texts to this desk."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, redirect

from handoff_service.errors import BadInput, Conflict
from handoff_service.gateways.provider import AccountReport
from handoff_service.gateways.providers import PROVIDERS, provider_of
from handoff_service.operations.desk.set_up import FIRST, SaveStep, save_number
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk_file.desk_file import ProviderNumberEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.shared.vocabulary import FirstResponder, Role
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.set_up import Step
from handoff_service.web.admin.pages import Form, typed
from handoff_service.web.admin.provider_numbers import RESPONDERS
from handoff_service.web.setup.step_page import address, finish, step_page
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.session import desk_of, page

FIELDS = ("number", "label", "first_responder")
EXAMPLE = "+18885550100"  # a fictional number for the simulator


@page(Role.ADMIN)
async def number_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    there = await desk.store.read(list_provider_numbers)
    report = await _report(request)
    bot = bool(desk.settings.bot_urls)
    first = FirstResponder.VIRTUAL_AGENT if bot else FirstResponder.LIVE_AGENT
    values = {"number": "", "label": "", "first_responder": str(first)}
    if there:
        values = {name: str(getattr(there[0], name)) for name in FIELDS}
    elif report is None:
        values["number"] = EXAMPLE
    elif report.numbers:
        values["number"] = report.numbers[0].number
    return await _page(request, Form(values=values), report)


@page(Role.ADMIN)
async def save_the_number(request: Request, agent: CurrentAgent) -> HTTPResponse:
    store, form = desk_of(request).store, typed(request, FIELDS)
    try:
        given = {**form.values, "queue": "first"}
        entry = read_as(ProviderNumberEntry, given, await store.read(desk_country))
        values = {name: getattr(entry, name) for name in FIELDS}
        await store.write(save_number, SaveStep(values, shown(FIRST)))
    except (BadInput, Conflict) as refusal:
        form = form.with_refusal(refusal)
        return await _page(request, form, await _report(request), status=refusal.status)
    report = await _report(request)
    if report and not any(one.is_ours for one in report.numbers if one.number == entry.number):
        return redirect(f"{address(Step.NUMBER)}?saved=1", status=303)
    return await finish(request, Step.NUMBER)


@page(Role.ADMIN)
async def point_number_here(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Set the number's webhook at the provider to this desk."""
    settings, number = desk_of(request).settings, form_field(request, "number")[:20]
    act = provider_of(settings).point_here
    why = await act(settings, number) if act else None
    if why is None:
        return redirect(f"{address(Step.NUMBER)}?pointed=1", status=303)
    form = Form(values={**dict.fromkeys(FIELDS, ""), "number": number}, error=why)
    return await _page(request, form, await _report(request), status=409)


async def _report(request: Request) -> AccountReport | None:
    settings = desk_of(request).settings
    ask = provider_of(settings).report
    return await ask(settings) if ask else None


async def _page(
    request: Request, form: Form, report: AccountReport | None, *, status: int = 200
) -> HTTPResponse:
    settings = desk_of(request).settings
    others = [kind for kind in PROVIDERS.values() if kind.to_use]
    return await step_page(
        request,
        Step.NUMBER,
        "number.html",
        status=status,
        form=form,
        report=report,
        provider=provider_of(settings).title,
        others=[kind for kind in others if kind.name != settings.sms_provider],
        responders=RESPONDERS,
        has_bot=bool(settings.bot_urls),
        saved=bool(await desk_of(request).store.read(list_provider_numbers)),
        pointed="pointed" in request.args,
    )


PAGES: dict[str, Any] = {"/number": number_page}
POST_HANDLERS: dict[str, Any] = {"/number": save_the_number, "/number/webhook": point_number_here}

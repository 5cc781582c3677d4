"""The page “Texts and costs”: sent, delivered and failed texts by day and by company number, with
the reasons of failures."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.delivery import usage_report
from handoff_service.web.admin.pages import admin_page
from handoff_service.web.shared.charts import bars
from handoff_service.web.shared.session import desk_of, page

HERE = "/figures"


@page(Role.ADMIN, Role.SUPERVISOR)
async def figures_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    found = await desk_of(request).store.for_long_requests().read(usage_report.usage_report)
    days = [day for _, day in found.days]
    currency = max(found.whole.costs, key=lambda one: found.whole.costs[one], default=None)
    charts = {
        "texts": [(day.sent, day.failed) for day in days],
        "segments": [(day.segments, 0) for day in days],
        "cost": [(day.costs.get(currency or "", 0), 0) for day in days],
    }
    drawn = {name: bars(values, places=usage_report.DAYS) for name, values in charts.items()}
    return await admin_page(
        request, agent, "figures.html", here=HERE, found=found, charts=drawn, currency=currency
    )


PAGES: dict[str, Any] = {HERE: figures_page}

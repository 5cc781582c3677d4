"""Import and export of the whole desk as one file, with the same checks as ``patchboard
import``."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, raw

from handoff_service.errors import BadInput, SetupError
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk_file import desk_file
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk_file.export_desk import export_desk
from handoff_service.web.admin.pages import admin_page
from handoff_service.web.shared.session import desk_of, page

HERE = "/desk-file"
NAME = "desk.toml"


@page(Role.ADMIN)
async def file_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await admin_page(request, agent, "desk_file.html", here=HERE, wrong=[], imported=None)


@page(Role.ADMIN)
async def export(request: Request, agent: CurrentAgent) -> HTTPResponse:
    text = await desk_of(request).store.for_long_requests().read(export_desk)
    kept = {"Content-Disposition": f'attachment; filename="{NAME}"'}
    return raw(text.encode(), content_type="application/toml; charset=utf-8", headers=kept)


@page(Role.ADMIN)
async def take_in(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Import a whole file or nothing. Errors are listed by line."""
    files: Any = request.files
    sent = files.get("file") if files else None
    try:
        if sent is None or not sent.body:
            raise BadInput("Choose a file first.")
        country = await desk_of(request).store.read(desk_country)
        file = await run_slow(desk_file.read_bytes, sent.body, sent.name or NAME, country)
        counts = await import_file(desk_of(request).store.for_long_requests(), file)
    except SetupError as error:
        return await _refused(request, agent, str(error).splitlines())
    except BadInput as error:
        return await _refused(
            request, agent, [f"{k}: {what}" for k, what in error.errors.items()] or [error.detail]
        )
    return await admin_page(request, agent, "desk_file.html", here=HERE, wrong=[], imported=counts)


async def _refused(request: Request, agent: CurrentAgent, wrong: list[str]) -> HTTPResponse:
    return await admin_page(
        request, agent, "desk_file.html", here=HERE, status=400, wrong=wrong, imported=None
    )


PAGES: dict[str, Any] = {HERE: file_page, f"{HERE}/export": export}
ACTS: dict[str, Any] = {HERE: take_in}

"""The page that exports the whole desk as one file, and imports such a file with the same checks as
``patchboard import``."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, raw

from handoff_service.errors import BadInput, SetupError
from handoff_service.lib import text_files
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.preview_import import (
    ImportPreview,
    import_as_previewed,
    preview_file,
)
from handoff_service.operations.shared.audit import audit, exported
from handoff_service.rules.desk.audit import Subject
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk_file.export_desk import export_desk
from handoff_service.web.admin.pages import admin_page
from handoff_service.web.admin.stored_words import form_in_words
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.session import desk_of, page

HERE = "/desk-file"
NAME = "desk.toml"

#: part of a desk file -> its name in the preview of an import
PARTS = {
    "desk": phrase("Desk"),
    "users": phrase("Users"),
    "agents": phrase("Agents"),
    "groups": phrase("Groups"),
    "provider_numbers": phrase("Company numbers"),
    "queues": phrase("Queues"),
    "messaging_actions": phrase("Messaging actions"),
    "templates": phrase("Templates"),
    "labels": phrase("Labels"),
    "attributes": phrase("Attributes"),
    "macros": phrase("Macros"),
    "list_views": phrase("List views"),
    "identity_providers": phrase("Identity providers"),
    "texts": phrase("Texts"),
    "presence_states": phrase("Presence states"),
    "reject_reasons": phrase("Reject reasons"),
    "outages": phrase("Outages"),
    "webhooks": phrase("Webhooks"),
    "case_webhook": phrase("Case webhook"),
    "opt_outs": phrase("Opt-outs"),
}


@page(Role.ADMIN)
async def file_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _shown(request, agent)


@page(Role.ADMIN)
async def export(request: Request, agent: CurrentAgent) -> HTTPResponse:
    store = desk_of(request).store.for_long_requests()
    text = await store.read(export_desk)
    await store.write(audit, exported(Subject.DESK_FILE, NAME))
    kept = {"Content-Disposition": f'attachment; filename="{NAME}"'}
    return raw(text.encode(), content_type="application/toml; charset=utf-8", headers=kept)


@page(Role.ADMIN)
async def import_file(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Preview what a file would change. With ``apply``, import the file, or preview it again if
    its changes are no longer those of the preview. If the file has errors, import nothing and list
    the errors by line."""
    store = desk_of(request).store.for_long_requests()
    text, name = "", NAME
    try:
        content, name = _content(request)
        country = await desk_of(request).store.read(desk_country)
        file = await run_slow(read_desk_file.read_bytes, content, name, country)
        text = text_files.text_of(content)
        shown_before = form_field(request, "apply")
        done = (
            await import_as_previewed(store, file, shown_before)
            if shown_before
            else await preview_file(store, file)
        )
    except SetupError as error:
        return await _shown(request, agent, wrong=str(error).split("\n"), status=400)
    except BadInput as error:
        wrong: list[str] = [joined(": ", (name, what)) for name, what in error.errors.items()]
        wrong = wrong or [error.detail]
        return await _shown(request, agent, wrong=wrong, status=400)
    if not isinstance(done, ImportPreview):
        return await _shown(request, agent, imported=done)
    outdated = bool(shown_before)
    shell: dict[str, Any] = {"preview": done, "text": text, "name": name, "outdated": outdated}
    return await _shown(request, agent, **shell)


def _content(request: Request) -> tuple[bytes, str]:
    """Return the content and the name of the chosen file or, to apply a preview, of the previewed
    file. Raises BadInput without a file."""
    name = form_field(request, "name")[:200] or NAME
    if text := form_field(request, "text"):
        return text.encode(), name
    files: Any = request.files
    sent = files.get("file") if files else None
    if sent is None or not sent.body:
        raise BadInput(phrase("Choose a file first."))
    return sent.body, sent.name or NAME


async def _shown(
    request: Request, agent: CurrentAgent, *, status: int = 200, **given: Any
) -> HTTPResponse:
    empty: dict[str, Any] = {"wrong": [], "imported": None, "preview": None}
    return await admin_page(
        request,
        agent,
        "desk_file.html",
        here=HERE,
        status=status,
        form_of=lambda part: form_in_words(kind=part),
        parts=PARTS,
        **empty | given,
    )


PAGES: dict[str, Any] = {HERE: file_page, f"{HERE}/export": export}
POST_HANDLERS: dict[str, Any] = {HERE: import_file}

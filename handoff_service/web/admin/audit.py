"""The page of the audit log, with filters, and the log as CSV."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.audit import audit, exported
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.audit import AuditAction, Subject
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import audit_log
from handoff_service.store.desk.audit_log import AuditLogEntry
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.web.admin.pages import PAGE, Form, admin_page, after
from handoff_service.web.admin.stored_words import form_in_words
from handoff_service.web.shared.audit_query import COLUMNS, AuditQuery, row_of
from handoff_service.web.shared.csv_files import CSV, csv_headers, csv_lines
from handoff_service.web.shared.session import desk_of, page

HERE = "/audit"
NAMES = tuple(AuditQuery.model_fields)
AT_ONCE = 500  # entries per database read
FILE = "audit-log.csv"


@page(Role.ADMIN)
async def log_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Show the entries that match the filters, newest first. If a filter is invalid, show its
    error."""
    form = _typed(request)
    try:
        query = _query(form)
    except BadInput as wrong:
        return await _shown(request, agent, form.with_refusal(wrong), [], None, status=400)
    before = after(request) or None

    def read(conn: Connection) -> list[AuditLogEntry]:
        chosen = query.chosen(desk_time_zone(conn))
        return audit_log.entries(conn, chosen, before=before, limit=PAGE + 1)

    found = await desk_of(request).store.read(read)
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return await _shown(request, agent, form, found[:PAGE], query, more=more)


@page(Role.ADMIN)
async def log_csv(request: Request, agent: CurrentAgent) -> None:
    """Stream all entries that match the filters, newest first."""
    query, store = _query(_typed(request)), desk_of(request).store.for_long_requests()
    await store.write(audit, exported(Subject.AUDIT_LOG, FILE, query.address()))
    chosen = query.chosen(await store.read(desk_time_zone))
    response = await request.respond(content_type=CSV, headers=csv_headers(FILE))
    await response.send(csv_lines([COLUMNS]))
    before = None
    while some := await store.read(audit_log.entries, chosen, before=before, limit=AT_ONCE):
        await response.send(csv_lines(row_of(one) for one in some))
        before = some[-1].id
    await response.eof()


def _typed(request: Request) -> Form:
    values = {name: str(request.args.get(name) or "").strip() for name in NAMES}
    return form_in_words(values)


def _query(form: Form) -> AuditQuery:
    return read_as(AuditQuery, {name: value for name, value in form.values.items() if value})


async def _shown(
    request: Request,
    agent: CurrentAgent,
    form: Form,
    rows: list[AuditLogEntry],
    query: AuditQuery | None,
    *,
    more: int | None = None,
    status: int = 200,
) -> HTTPResponse:
    return await admin_page(
        request,
        agent,
        "audit.html",
        here=HERE,
        status=status,
        form=form,
        form_of=lambda subject: form_in_words(kind=subject),
        rows=rows,
        asked=query.address() if query else {},
        more=more,
        actions=[str(one) for one in AuditAction],
        subjects=await desk_of(request).store.read(audit_log.subjects),
    )


PAGES: dict[str, Any] = {HERE: log_page, f"{HERE}/csv": log_csv}

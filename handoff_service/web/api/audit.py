"""The API call that reads the audit log, for admins and for programs with the scope ``audit``."""

from typing import Any

from sqlalchemy import Connection

from handoff_service.store.desk import audit_log
from handoff_service.store.desk.audit_log import AuditLogEntry
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.web.api.bodies import Page, Paging, page
from handoff_service.web.api.calls import ADMIN, ApiRequest, get
from handoff_service.web.shared.audit_query import AuditQuery


class AuditLogQuery(AuditQuery, Paging):
    """``agent``: part of the agent's name. ``since`` and ``until``: the first and the last day, in
    the desk's time zone."""


@get("/audit", summary="The audit log, newest entry first", roles=ADMIN)
async def list_entries(asked: ApiRequest[Any, AuditLogQuery]) -> Page[AuditLogEntry]:
    query = asked.query

    def read(conn: Connection) -> list[AuditLogEntry]:
        chosen = query.chosen(desk_time_zone(conn))
        before = query.after or None
        return audit_log.entries(conn, chosen, before=before, limit=query.limit + 1)

    return page(await asked.desk.store.read(read), query.limit, lambda one: one.id)

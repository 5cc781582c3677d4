"""A query of the audit log. The page's filters and the API use the same field names."""

import json
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from handoff_service.rules.desk.audit import AuditAction
from handoff_service.store.desk.audit_log import AuditFilter, AuditLogEntry

COLUMNS = (
    "place", "at", "agent_id", "agent", "address", "action", "subject", "record", "name", "details",
)  # fmt: skip


class AuditQuery(BaseModel):
    """``agent``: part of the agent's name. ``since`` and ``until``: the first and the last day, in
    the desk's time zone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: AuditAction | None = None
    subject: str = Field("", max_length=50)
    record: str = Field("", max_length=50)
    agent: str = Field("", max_length=100)
    since: date | None = None
    until: date | None = None

    def chosen(self, zone: str) -> AuditFilter:
        """Return the filter for the store. ``zone``: the desk's time zone."""
        following = self.until + timedelta(days=1) if self.until else None
        return AuditFilter(
            action=self.action,
            subject=self.subject,
            record=self.record,
            agent=self.agent.strip(),
            since=_begin(self.since, zone) if self.since else None,
            until=_begin(following, zone) if following else None,
        )

    def address(self) -> dict[str, str]:
        """Return the query parameters of a URL that repeats this query."""
        return {name: str(value) for name, value in self if value not in (None, "")}


def row_of(one: AuditLogEntry) -> list[object]:
    """Return the entry as a CSV row, in the order of COLUMNS."""
    values = {name: getattr(one, name) for name in COLUMNS}
    return [*(values | {"details": json.dumps(one.details, ensure_ascii=False)}).values()]


def _begin(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)

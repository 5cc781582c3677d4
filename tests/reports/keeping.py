"""Helpers for tests of reports: run the background job, and read a report."""

from collections.abc import Mapping
from datetime import date

from handoff_service.rules.reports.filters import Filters
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.rules.reports.reports import REPORTS
from handoff_service.store.engine.store import Store
from handoff_service.store.reports import facts, pack_days, report
from handoff_service.store.reports.report_result import ReportResult


async def keep(store: Store) -> None:
    """Write the facts of all conversations."""
    more = True
    while more:
        batch = await store.read(facts.next_batch)
        await store.write(facts.write_rows, batch.rows)
        await store.write(facts.write_progress, batch)
        more = batch.more


async def pack(store: Store) -> int:
    """Pack all due days. Return their number."""
    count = 0
    while (day := await store.read(pack_days.next_to_pack)) is not None:
        await store.write(pack_days.begin_packing, day.day)
        await store.write(pack_days.write_columns, day.rows)
        await store.write(pack_days.end_packing, day)
        count += 1
    return count


async def run_report(
    store: Store, name: str, first: date, last: date, *, group: str | None = None, **filters: object
) -> ReportResult:
    one = REPORTS[name]
    of = DayRange(first, last)
    chosen = Filters(**filters)  # type: ignore[arg-type]
    return await store.read(report.run, one, of, chosen, group or one.groups[0])


def values(of: ReportResult) -> Mapping[str, float | None]:
    return {one.figure: one.value for one in of.figures}


def table(of: ReportResult, figure: str) -> Mapping[str, float | None]:
    return {row.name: row.values[figure] for row in of.rows}

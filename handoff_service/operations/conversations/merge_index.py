"""Merge the parts of SQLite's search index.

Each transaction that changes the index adds a part to it. By default, SQLite merges parts in some
of these transactions, which then block other writers several times as long. Migration 0078 turns
this off. The jobs that change the index merge its parts afterward, a few pages at a time.
"""

from dataclasses import dataclass

from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.operations.shared.steps import timed
from handoff_service.rules.shared.step_size import Pace, next_pace
from handoff_service.store.conversations import text_index
from handoff_service.store.engine.transaction import Transaction

PAGES = "index_pages"  # the kind of step, for ``paces``


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePages:
    """``pages``: the number of pages to write. ``all``: begin to merge all parts into one."""

    pages: int
    all: bool = False


async def merge_index(deps: WorkerDeps, *, all: bool = False) -> None:
    """Merge parts until the index has few of them. ``all``: merge them into a single part, which
    drops the words of removed texts.

    This needs no claim, because a merge does not change the results of a search.
    """
    if not deps.store.is_sqlite:
        return
    paces, more = deps.paces, True
    while more:
        pace = paces.get(PAGES, Pace())
        command = MergePages(pages=pace.size, all=all)
        took = await deps.store.write(timed(merge_pages), command)
        await deps.store.checkpoint()
        more, all = took.answer, False
        if more:  # the last step has less to do
            paces[PAGES] = next_pace(pace, pace.size, took.seconds)


def merge_pages(tx: Transaction, command: MergePages) -> bool:
    """Merge a few pages. Returns whether there is more to merge."""
    return text_index.merge_index(tx.conn, begins=command.all, pages=command.pages)

"""Add new texts to the search index, one batch at a time. The whole desk has one piece of due work
for this.

The transaction that stores a text does not index it. A process requests indexing a moment after it
writes (see ``app/debounced_work.py``). Each process also requests indexing when it starts, so texts
that an earlier process left unindexed are found too.
"""

from datetime import timedelta

from handoff_service.operations.conversations.merge_index import merge_index
from handoff_service.operations.shared.job import Job
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import text_index
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction

A_MOMENT = timedelta(seconds=1)  # the time from a process's first write to its request


def index_texts(tx: Transaction, _command: None = None) -> bool:
    """Index one batch. Returns whether more texts may be waiting. If so, the next batch is due at
    once."""
    newest = text_index.newest_message(tx.conn)
    # remove the request before reading the texts, because a text that is stored later makes a new
    # request
    due_work.answer(tx, Work.INDEX_TEXTS)
    more = text_index.index_next(tx.conn, newest)
    if more:
        schedule_indexing(tx)
    return more


def schedule_indexing(tx: Transaction, _command: None = None) -> None:
    """Request indexing, because unindexed texts may exist."""
    due_work.ask(tx, Work.INDEX_TEXTS)


async def when_due(job: Job) -> None:
    await job.write(index_texts, None)
    await merge_index(job.deps)

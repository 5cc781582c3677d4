"""Add new texts to the search index, a batch at a time, as one piece of due work for the whole
desk.

The transaction that stores a text does none of this. After a write, a process requests indexing a
moment later (see ``app/debounced_work.py``). Each process also requests it on start, so texts left
by an earlier process are indexed too.
"""

from datetime import timedelta

from handoff_service.operations.conversations.merge_index import merge_index
from handoff_service.operations.shared.job import Job
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import text_index
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction

A_MOMENT = timedelta(seconds=1)  # a search finds a new text after this time at the latest


def index_texts(tx: Transaction, _command: None = None) -> bool:
    """Index one batch. Returns whether there is more, which is then due at once."""
    newest = text_index.newest_message(tx.conn)
    # remove the request before reading the texts: a text that is stored later makes a new request
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

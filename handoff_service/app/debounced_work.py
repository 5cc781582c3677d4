"""Schedules work that many commits or outages ask for: once, a moment after the first of them."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from handoff_service.lib.debounce import Debouncer
from handoff_service.operations.conversations.index_texts import A_MOMENT, schedule_indexing
from handoff_service.operations.delivery.sweep_gaps import schedule_sweep
from handoff_service.operations.desk.audit_chain import A_MOMENT as CHAINED_AFTER
from handoff_service.operations.desk.audit_chain import schedule_chaining
from handoff_service.operations.shared.audit import AUDIT
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint

AFTER_OUTAGE = timedelta(seconds=5)  # delay of each retry, because the database may still be away
AUDITED = Hint(AUDIT)


class DebouncedWork:
    """``store`` is a function, because the store is made after this."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self.sweeping = Debouncer(lambda: store().write(schedule_sweep, None), AFTER_OUTAGE)
        self.indexing = Debouncer(lambda: store().write(schedule_indexing, None), A_MOMENT)
        self.chaining = Debouncer(lambda: store().write(schedule_chaining, None), CHAINED_AFTER)

    def after_commit(self, hints: Sequence[Hint]) -> None:
        """Index the new texts, and chain the new entries of the audit log."""
        if hints:
            self.indexing.trigger()
        if AUDITED in hints:
            self.chaining.trigger()

    def after_outage(self) -> None:
        """Fetch the texts that came while the database was away."""
        self.sweeping.trigger()

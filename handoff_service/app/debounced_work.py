"""Debounces work that many commits or outages trigger: schedules it once, a moment after the first
trigger."""

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

# the delay before each attempt, because the database may still be unavailable
AFTER_OUTAGE = timedelta(seconds=5)
AUDITED = Hint(AUDIT)


class DebouncedWork:
    """``store`` is a function, because the store is created after this object."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self.sweeping = Debouncer(lambda: store().write(schedule_sweep, None), AFTER_OUTAGE)
        self.indexing = Debouncer(lambda: store().write(schedule_indexing, None), A_MOMENT)
        self.chaining = Debouncer(lambda: store().write(schedule_chaining, None), CHAINED_AFTER)

    def after_commit(self, hints: Sequence[Hint]) -> None:
        """Schedule the indexing of new texts, and the chaining of new entries of the audit log."""
        if hints:
            self.indexing.trigger()
        if AUDITED in hints:
            self.chaining.trigger()

    def after_outage(self) -> None:
        """Schedule a gap sweep, which fetches the texts that arrived while the database was
        unavailable."""
        self.sweeping.trigger()

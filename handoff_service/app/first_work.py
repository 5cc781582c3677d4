"""The work that a process schedules before it accepts requests."""

from datetime import timedelta

from handoff_service.operations.consent.push_consents import start_pushing
from handoff_service.operations.conversations.index_texts import schedule_indexing
from handoff_service.operations.delivery.record_prices import schedule_price_lookup
from handoff_service.operations.delivery.sweep_gaps import schedule_sweep
from handoff_service.operations.delivery.watch_gateway import watch_gateway
from handoff_service.operations.desk.audit_chain import schedule_chaining
from handoff_service.operations.privacy.retain import schedule_retention
from handoff_service.operations.reports.keep_facts import schedule_facts
from handoff_service.operations.routing.connection import Gap, after_gap
from handoff_service.operations.training.training_run import SILENT, interrupt
from handoff_service.store.engine import claiming
from handoff_service.store.engine.store import Store


async def schedule_first_work(store: Store, *, is_device: bool) -> None:
    """Schedule the work that earlier processes left unfinished, and a gap sweep for the texts that
    have arrived since then. ``is_device``: the provider is a device that the company owns."""
    if store.is_sqlite:
        await store.write(claiming.forget_leases, None)
    # with SQLite there is no other process, so an unfinished training run was interrupted
    await store.write(interrupt, timedelta() if store.is_sqlite else SILENT)
    # The clock may have changed before the start.
    await store.write(after_gap, Gap(clock_changed=True))
    await store.write(schedule_sweep, None)  # fetches texts that arrived while no process ran
    await store.write(start_pushing, None)
    await store.write(watch_gateway, is_device)
    for schedule in (
        schedule_indexing,
        schedule_price_lookup,
        schedule_facts,
        schedule_chaining,
        schedule_retention,
    ):
        await store.write(schedule, None)

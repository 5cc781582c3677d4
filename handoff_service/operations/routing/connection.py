"""Set an agent to Away when their connection is lost for longer than the desk's grace time.

Each connected agent has a deadline. While the agent has an event stream open, a process keeps
extending the deadline. If the browser, the network or the process dies, nobody extends it, so it
passes. The agent is then set to Away, unless a stream is open after all or the service had a gap.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import select, update

from handoff_service.operations.routing.end_offer import renew_offers
from handoff_service.operations.routing.presence import LOST, end_automatic, set_away
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import LONGEST_BURST, SetBased, Transaction

AWAY_AFTER = timedelta(seconds=45)  # for a desk without settings
EVERY = timedelta(seconds=10)  # how often a process reports its connected agents
MARGIN = timedelta(seconds=5)  # the most that a report may be late
SKEW = timedelta(minutes=1)  # the largest allowed difference between the clocks of two hosts
# This is longer than quiet hours and any step of the clock. Work with a later due time is held on
# purpose (due_work.HELD).
LONGEST_WAIT = timedelta(days=2)
# The service retries a text that was not accepted after 5 minutes at the latest (finish_send.py).
LONGEST_RETRY = timedelta(minutes=6)

d = t.due_work


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A process's report on its event streams.

    - ``held``: agents with an open stream.
    - ``arrived``: those of them who had no stream in this process before.
    - ``left``: agents who have closed their last stream in this process.
    """

    held: Collection[int] = ()
    arrived: Collection[int] = ()
    left: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """An agent's deadline has passed. ``connected``: whether this process has an open stream of the
    agent. ``steady_for``: how long this process has worked without a gap."""

    agent_id: int
    connected: bool = False
    steady_for: timedelta = timedelta.max


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The service has started, or could not work for a while. ``held``: agents with an open stream.
    ``clock_changed``: whether the clock may have changed."""

    held: Collection[int] = ()
    clock_changed: bool = False


def _record_reports(tx: Transaction, reports: Sequence[Connected]) -> list[None]:
    """Extend these agents' deadlines. An Away for a lost connection ends for every agent with an
    open stream. Any other automatic Away ends only for agents who have arrived.
    """
    grace = grace_time(tx)
    deadlines: dict[int, timedelta] = {}  # of several reports on an agent, the last one counts
    for report in reports:
        deadlines |= dict.fromkeys(report.held, grace + EVERY)
        deadlines |= dict.fromkeys(report.left, grace)
    _lost_after(tx, deadlines)
    end_automatic(tx, {agent_id for report in reports for agent_id in report.arrived})
    end_automatic(tx, {agent_id for report in reports for agent_id in report.held}, only=LOST)
    return [None] * len(reports)


still_connected: SetBased[Connected, None] = SetBased(_record_reports)


def connection_lost(tx: Transaction, command: Lost) -> None:
    """Set the agent to Away, unless they have an open stream after all, or the service had a gap
    within the grace time."""
    grace = grace_time(tx)
    this = (d.c.kind == Work.LOST_CONNECTION, d.c.key == str(command.agent_id))
    due_at = tx.conn.execute(select(d.c.due_at).where(*this).with_for_update()).scalar()
    # another process has extended the deadline since this process claimed the work
    if due_at is not None and due_at > tx.now:
        due_work.release(tx, Work.LOST_CONNECTION, command.agent_id, due_at, attempts=0)
    elif command.connected or command.steady_for < grace:
        due_work.release(tx, Work.LOST_CONNECTION, command.agent_id, tx.now + grace, attempts=0)
    else:
        due_work.cancel(tx, Work.LOST_CONNECTION, [command.agent_id])
        set_away(tx, command.agent_id, LOST)


def after_gap(tx: Transaction, gap: Gap) -> None:
    """Give all agents the full grace time, and all open offers their full time, after a start or a
    gap of the service."""
    grace = grace_time(tx)
    at = tx.now + grace
    tx.conn.execute(update(d).where(d.c.kind == Work.LOST_CONNECTION).values(due_at=at))
    tx.work_is_due(Work.LOST_CONNECTION, at)
    still_connected.run(tx, [Connected(held=gap.held)])
    renew_offers(tx)
    if gap.clock_changed:
        _bound_waits(tx)


def _bound_waits(tx: Transaction) -> None:
    """Shorten waits that became too long because the clock has stepped back."""
    lease = tx.settings.lease
    held_too_long = d.c.lease_until > tx.now + lease + SKEW
    tx.conn.execute(update(d).where(held_too_long).values(lease_until=tx.now + lease))
    burst = LONGEST_BURST * tx.settings.burst_window
    sends = (d.c.kind == Work.DELIVER) & d.c.line.not_like("again:%")
    waits = d.c.due_at.between(tx.now, tx.now + LONGEST_WAIT) & d.c.lease_until.is_(None)
    too_long = sa.or_(
        # sends that wait for a number's rate or the end of quiet hours are checked again at once
        sends & (d.c.attempts == 0),
        sends & (d.c.attempts > 0) & (d.c.due_at > tx.now + LONGEST_RETRY),
        (d.c.kind == Work.BOT_TURN) & (d.c.due_at > tx.now + burst + SKEW),
    )
    tx.conn.execute(update(d).where(waits, too_long).values(due_at=tx.now, latest=None))
    schedule_offers(tx)
    due_work.wake_workers(tx)


def _lost_after(tx: Transaction, deadlines: Mapping[int, timedelta]) -> None:
    """Schedule the end of these agents' connections. ``deadlines``: agent id -> the time until
    then."""
    due_work.schedule(
        tx,
        [
            due_work.Due(
                kind=Work.LOST_CONNECTION,
                key=str(agent_id),
                line=f"agent:{agent_id}",
                due_at=tx.now + after,
            )
            for agent_id, after in sorted(deadlines.items())
        ],
    )


def grace_time(tx: Transaction) -> timedelta:
    """The desk's grace time. On PostgreSQL, where other processes report too, it is at least the
    longest interval between two reports."""
    seconds = tx.conn.execute(select(t.desk.c.away_after_seconds)).scalar()
    grace = AWAY_AFTER if seconds is None else timedelta(seconds=seconds)
    return grace if tx.conn.dialect.name == "sqlite" else max(grace, EVERY + MARGIN)


def counts_as_open(tx: Transaction) -> timedelta:
    """An agent whose deadline is at least this far in the future has a page open."""
    return grace_time(tx) - MARGIN


async def when_due(job: Job) -> None:
    agent_id, connections = int(job.key), job.deps.connections
    verdict = Lost(agent_id, connections.holds(agent_id), connections.steady_for())
    await job.write(connection_lost, verdict)

"""Units of a lane: groups queued commands, and runs a group.

A unit has the commands that one call of an operation gets: several commands of a set-based
operation, or else one command.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from handoff_service.store.engine import command_ids
from handoff_service.store.engine.admission import Ticket
from handoff_service.store.engine.command_ids import CommandId
from handoff_service.store.engine.transaction import Actor, SetBased, Transaction


@dataclass(slots=True)
class Waiting:
    """A queued command whose caller waits for the answer. ``by``: who gave the command."""

    operation: Any
    command: Any
    answer: asyncio.Future[Any]
    ticket: Ticket = field(default_factory=Ticket)
    id: CommandId | None = None
    by: Actor | None = None

    @property
    def is_own(self) -> bool:
        """Return whether this is the service's own work and not a request from outside."""
        return not self.ticket.can_be_refused


def units_of(batch: Iterable[Waiting]) -> Iterable[list[Waiting]]:
    """Group the commands of each set-based operation, in order. Requests and own work are in
    separate units. Each plain command, and each command with an id, is its own unit. Grouping may
    change the order of a batch, which is safe because no caller has an answer yet.
    """
    sets: dict[tuple[int, bool], list[Waiting]] = {}
    units: list[list[Waiting]] = []
    for waiting in batch:
        if waiting.id is not None or not isinstance(waiting.operation, SetBased):
            units.append([waiting])
            continue
        kind = id(waiting.operation), waiting.is_own
        if kind in sets:
            sets[kind].append(waiting)
        else:
            sets[kind] = [waiting]
            units.append(sets[kind])
    return units


def run_unit(tx: Transaction, unit: list[Waiting]) -> Sequence[Any]:
    """Run the commands of a unit. Return their answers, in order."""
    first = unit[0]
    actor = first.by if len(unit) == 1 else None
    tx.by, tx.address = (actor.agent_id, actor.address) if actor else (None, "")
    if first.id is not None:
        return [_run_once(tx, first, first.id)]
    if isinstance(first.operation, SetBased):
        answers: Sequence[Any] = first.operation.run(tx, [w.command for w in unit])
        return answers
    return [first.operation(tx, first.command)]


def _run_once(tx: Transaction, waiting: Waiting, id: CommandId) -> Any:
    operation = waiting.operation
    plain = operation.run if isinstance(operation, SetBased) else operation
    sealer = tx.settings.sealer
    stored = command_ids.claim(tx.conn, sealer, id, tx.now)
    if stored is not None:
        return command_ids.read_answer(plain, stored)
    answer = (
        operation.run(tx, [waiting.command])
        if isinstance(operation, SetBased)
        else operation(tx, waiting.command)
    )
    command_ids.keep_answer(tx.conn, sealer, id, plain, answer)
    return answer

"""Open a case for an unfinished report or request, so that it is not lost when the conversation is
handed off, ends or starts over."""

from collections.abc import Mapping

from sqlalchemy import func, select

from handoff_service.operations.cases.open_case import OpenInTurn, open_case
from handoff_service.rules.cases.cases import priority_of
from handoff_service.rules.shared.vocabulary import CaseKind
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

PROBLEM = "Problem"  # the virtual agent collects this fact only while its problem form is active
ITEM = "Item"  # the virtual agent collects this fact only while its equipment form is active
POSTPONED = ("Asked", "Also wants")
b, c = t.bot_turns.c, t.cases.c


def save_report(
    tx: Transaction, interaction: InteractionRow, collected: Mapping[str, str]
) -> str | None:
    """Open a case for the collected report in a locked interaction, and return its number. Returns
    None if there is no report, or if its case already exists.
    """
    problem = collected.get(PROBLEM)
    if not problem:
        return None
    report = OpenInTurn(
        turn_id=_last_turn(tx, interaction),
        description=_described(problem, collected),
        device=collected.get("Device"),
        impact=collected.get("Impact"),
        priority=priority_of(collected.get("Impact")),
    )
    return _opened_once(tx, interaction, report)


def save_request(
    tx: Transaction, interaction: InteractionRow, collected: Mapping[str, str]
) -> str | None:
    """Like ``save_report``, for a collected request for equipment. The case does not say why the
    requester needs the equipment.
    """
    item = collected.get(ITEM)
    if not item:
        return None
    request = OpenInTurn(
        turn_id=_last_turn(tx, interaction),
        kind=CaseKind.REQUEST,
        description=_described(item, collected),
    )
    return _opened_once(tx, interaction, request)


def _opened_once(tx: Transaction, interaction: InteractionRow, case: OpenInTurn) -> str | None:
    made = select(c.id).where(c.interaction_id == interaction.id, c.description == case.description)
    return None if tx.conn.execute(made.limit(1)).first() else open_case(tx, case)


def _described(wanted: str, collected: Mapping[str, str]) -> str:
    """The requester's words, followed by the question and the second request that the virtual agent
    has postponed, if any."""
    postponed = [f"{fact}: {collected[fact]}" for fact in POSTPONED if fact in collected]
    return "\n".join([wanted, *postponed])


def _last_turn(tx: Transaction, interaction: InteractionRow) -> int:
    last = select(func.max(b.id)).where(b.interaction_id == interaction.id)
    turn_id: int = tx.conn.execute(last).scalar_one()
    return turn_id

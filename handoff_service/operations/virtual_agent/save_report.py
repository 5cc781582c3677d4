"""Opens a case for a report or request that the virtual agent has not finished, so that none is
lost when the conversation leaves the virtual agent, ends or starts over."""

from collections.abc import Mapping

from sqlalchemy import func, select

from handoff_service.operations.cases.open_case import OpenInTurn, open_case
from handoff_service.rules.cases.cases import priority_of
from handoff_service.rules.shared.vocabulary import CaseKind
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

PROBLEM = "Problem"  # collected only while the problem form asks
ITEM = "Item"  # collected only while the equipment form asks
PUT_OFF = ("Asked", "Also wants")
b, c = t.bot_turns.c, t.cases.c


def save_report(
    tx: Transaction, interaction: InteractionRow, collected: Mapping[str, str]
) -> str | None:
    """Open a case for the collected report in a locked interaction, and return its number.

    The impact stays unknown unless the requester has stated it. None: there is no report, or its
    case exists already.
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
    """Like ``save_report``, for a collected request for equipment. If the request is unfinished,
    its case does not say why the requester needs the equipment.
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
    """The requester's words, then the postponed question and the postponed second request, if
    any."""
    put_off = [f"{fact}: {collected[fact]}" for fact in PUT_OFF if fact in collected]
    return "\n".join([wanted, *put_off])


def _last_turn(tx: Transaction, interaction: InteractionRow) -> int:
    last = select(func.max(b.id)).where(b.interaction_id == interaction.id)
    turn_id: int = tx.conn.execute(last).scalar_one()
    return turn_id

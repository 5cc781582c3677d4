"""Opens a case for a report that the virtual agent has not finished, so that no report is lost when
the conversation leaves the virtual agent."""

from collections.abc import Mapping

from sqlalchemy import func, select

from handoff_service.operations.cases.open_case import OpenCase, open_case
from handoff_service.rules.cases.cases import priority_of
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction

PROBLEM = "Problem"  # collected only while the problem form asks
b, c = t.bot_turns.c, t.cases.c


def save_report(
    tx: Transaction, interaction: InteractionRow, collected: Mapping[str, str]
) -> str | None:
    """Open a case for the collected report in a locked interaction, and return its number.

    The impact stays unknown unless the requester has told it. None: there is no report, or its case
    exists already.
    """
    problem, asked = collected.get(PROBLEM), collected.get("Asked")
    if not problem:
        return None
    description = f"{problem}\nAsked: {asked}" if asked else problem
    made = select(c.id).where(c.interaction_id == interaction.id, c.description == description)
    if tx.conn.execute(made.limit(1)).first() is not None:
        return None
    last_turn = select(func.max(b.id)).where(b.interaction_id == interaction.id)
    report = OpenCase(
        turn_id=tx.conn.execute(last_turn).scalar_one(),
        description=description,
        device=collected.get("Device"),
        impact=collected.get("Impact"),
        priority=priority_of(collected.get("Impact")),
    )
    return open_case(tx, report)

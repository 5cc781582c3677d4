"""Make a case from what the requester reported to the virtual agent."""

from dataclasses import dataclass

from sqlalchemy import insert, select

from handoff_service.operations import say
from handoff_service.rules.vocabulary import Author, Event, Kind
from handoff_service.store import interactions
from handoff_service.store import tables as t
from handoff_service.store.cases import number
from handoff_service.store.lanes import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    turn_id: int
    problem: str
    device: str | None = None
    impact: str | None = None


def open_case(tx: Transaction, command: OpenCase) -> str:
    """Make the case and return its number. The same turn again gets the same case."""
    there = tx.conn.execute(select(t.cases.c.id).where(t.cases.c.bot_turn_id == command.turn_id)).scalar()
    if there is not None:
        return number(there)
    interaction_id = tx.conn.execute(
        select(t.bot_turns.c.interaction_id).where(t.bot_turns.c.id == command.turn_id)
    ).scalar_one()
    interaction = interactions.lock(tx.conn, interaction_id)
    case_id = tx.conn.execute(
        insert(t.cases)
        .values(
            interaction_id=interaction.id,
            user_id=interaction.user_id,
            bot_turn_id=command.turn_id,
            problem=command.problem,
            device=command.device,
            impact=command.impact,
            state="open",
            created_at=tx.now,
        )
        .returning(t.cases.c.id)
    ).scalar_one()
    say.append(
        tx,
        interaction,
        say.Line(
            kind=Kind.SYSTEM,
            author=Author.SYSTEM,
            body=f"Case {number(case_id)} opened",
            event=Event.CASE_OPENED,
            reason=command.problem,
        ),
    )
    return number(case_id)

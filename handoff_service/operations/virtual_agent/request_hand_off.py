"""Store a handoff that the bot requests during a turn. ``finish_turn`` carries it out."""

from dataclasses import dataclass, field

from sqlalchemy import update

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHandOff:
    """``reason``: shown to agents. ``collected``: the facts that the bot has collected: name ->
    value."""

    turn_id: int
    reason: str
    collected: dict[str, str] = field(default_factory=dict)


def request_hand_off(tx: Transaction, command: RequestHandOff) -> None:
    """Store the request with the turn. A repeated call with the same request changes nothing."""
    tx.conn.execute(
        update(t.bot_turns)
        .where(t.bot_turns.c.id == command.turn_id, t.bot_turns.c.answered_at.is_(None))
        .values(hand_off={"reason": command.reason, "collected": command.collected})
    )

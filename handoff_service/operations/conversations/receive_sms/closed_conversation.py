"""Create a closed conversation for a text that starts nothing, when the line has no conversation
to store it in."""

from collections.abc import Sequence

from sqlalchemy import insert, select

from handoff_service.rules.shared.vocabulary import Owner, State
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


def new_closed_conversation(
    tx: Transaction, number: str, provider_number_id: int, users: Sequence[int]
) -> int:
    """Create the conversation and return its id. This happens, for example, when a requester reacts
    to a text that the company number sent before it belonged to this desk. ``users``: the users who
    have the requester's number.
    """
    user = users[0] if len(users) == 1 else None
    profile = t.messaging_profiles
    known = select(profile.c.id).where(profile.c.number == number, profile.c.active)
    profile_id = tx.conn.execute(known).scalar()
    if profile_id is None:
        made = {"number": number, "user_id": user, "active": True, "created_at": tx.now}
        profile_id = tx.conn.execute(
            insert(profile).values(made).returning(profile.c.id)
        ).scalar_one()
    values = {
        "requester_number": number,
        "provider_number_id": provider_number_id,
        "profile_id": profile_id,
        "user_id": user,
        "state": State.CLOSED_COMPLETE,
        "priority": 3,
        "owner": Owner.NONE,
        "epoch": 1,
        "last_seq": 0,
        "opened_at": tx.now,
        "closed_at": tx.now,
        "last_message_at": tx.now,
    }
    i = t.interactions
    return tx.conn.execute(insert(i).values(values).returning(i.c.id)).scalar_one()

"""An admin links a messaging profile to another user, unlinks it, or deactivates it.

A new link also moves the number's open conversations. Each conversation gets a line, and a history
row that agents can undo like a verification. The link does not prove who holds the phone, so the
requester is matched, not verified.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.cases.change_case import move_cases
from handoff_service.operations.identity.verify_requester import rule_out_user
from handoff_service.operations.shared.events_at_end import of_identities
from handoff_service.operations.shared.messages_to_many import append_each
from handoff_service.operations.shared.new_message import system_line
from handoff_service.rules.identity.identity_level import Method
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Event
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.users import active_user_name
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

p = t.messaging_profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """``user_id`` None: unlink the profile. ``by``: the admin."""

    profile_id: int
    user_id: int | None
    by: int


def tie_profile(tx: Transaction, command: Tie) -> None:
    """Link the profile to the user. Raises NotFound for an unknown profile, and for an unknown or
    deactivated user. Raises Conflict for an inactive profile."""
    profile, running = _locked(tx, command.profile_id)
    if not profile.active:
        raise Conflict(
            phrase(
                "This profile of {number} is no longer active. Open the number's active profile.",
                number=profile.number,
            )
        )
    name = active_user_name(tx.conn, command.user_id) if command.user_id is not None else None
    if profile.user_id == command.user_id:
        return
    tx.conn.execute(update(p).where(p.c.id == profile.id).values(user_id=command.user_id))
    if command.user_id is None:
        rule_out_user(tx, profile.id, profile.user_id)
    affected = [one for one in running if one.profile_id == profile.id]
    _record(tx, command, profile, affected)
    i = t.interactions
    tx.conn.execute(
        update(i).where(i.c.id.in_([one.id for one in affected])).values(user_id=command.user_id)
    )
    move_cases(tx, affected, command.user_id, author=Author.AGENT, agent_id=command.by)
    by = agent_name(tx.conn, command.by)
    sentence = f"{by} linked this number to {name}" if name else f"{by} unlinked this number"
    line = system_line(sentence, event=Event.IDENTITY, agent_id=command.by)
    append_each(tx, [(one, line) for one in affected])


def deactivate_profile(tx: Transaction, profile_id: int) -> None:
    """Deactivate the profile. The user of the next new conversation with the number is then decided
    by table 1 of docs/product.md. Open conversations continue. Raises NotFound."""
    profile, _ = _locked(tx, profile_id)
    tx.conn.execute(update(p).where(p.c.id == profile.id).values(active=False))


def _record(tx: Transaction, command: Tie, profile: Any, affected: list[InteractionRow]) -> None:
    """Write a history row for each open conversation. If there is none, write it for the number's
    last conversation."""
    i = t.interactions
    last = (
        select(i.c.id)
        .where(i.c.requester_number == profile.number)
        .order_by(i.c.id.desc())
        .limit(1)
    )
    there = [(one.id, one.user_id) for one in affected]
    there = there or [(row.id, profile.user_id) for row in tx.conn.execute(last)]
    rows = [
        {
            "interaction_id": interaction_id,
            "profile_id": profile.id,
            "old_user_id": old_user_id,
            "user_id": command.user_id,
            "method": Method.ADMIN,
            "agent_id": command.by,
            "made_at": tx.now,
            "expires_at": tx.now,
        }
        for interaction_id, old_user_id in there
    ]
    if rows:
        tx.conn.execute(insert(t.associations), rows)
        tx.at_end(of_identities, [one["interaction_id"] for one in rows])


def _locked(tx: Transaction, profile_id: int) -> tuple[Any, list[InteractionRow]]:
    """Lock the number's open conversations, then the profile, in the same order as receive_sms
    does."""
    number = tx.conn.execute(select(p.c.number).where(p.c.id == profile_id)).scalar()
    if number is None:
        raise NotFound(phrase("There is no messaging profile {profile_id}.", profile_id=profile_id))
    running = interactions.lock_active(tx.conn, [number])
    return tx.conn.execute(select(p).where(p.c.id == profile_id).with_for_update()).one(), running

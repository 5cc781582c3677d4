"""Verify a requester: move the profile and the interaction to the verified user. The move can be
undone.

A live agent verifies the requester by hand, or the virtual agent verifies them with a proof.
"""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.cases.change_case import move_cases
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.events_at_end import of_identities
from handoff_service.operations.shared.participation import (
    active,
    lock_for,
    notify_owner,
    take_part,
)
from handoff_service.rules.identity.identity_level import VERIFIED_FOR, Method
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Event
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.users import active_user_name
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

BY = {
    Method.CODE: "a code to the e-mail on file",
    Method.KNOWLEDGE: "employee number and an identity fact",
    Method.REQUESTER: "The requester",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """``user_id`` None: the requester is not the number's user, and nobody knows who they are.
    ``agent_id`` None: the virtual agent verifies the requester.
    """

    interaction_id: int
    agent_id: int | None
    user_id: int | None
    method: Method = Method.AGENT
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    interaction_id: int
    agent_id: int


def verify_requester(tx: Transaction, command: Verify) -> None:
    """Move the interaction and the profile to another user. The history keeps the old association,
    with who changed it, when and how. Raises NotFound for an unknown or deactivated user, and
    Conflict for a closed conversation."""
    interaction = active(interactions.lock(tx.conn, command.interaction_id))
    if command.agent_id is not None:
        take_part(tx, interaction, command.agent_id)
    who = active_user_name(tx.conn, command.user_id) if command.user_id is not None else None
    profile_id = _associate(tx, interaction, command.user_id)
    if command.user_id is None and interaction.user_id is not None:
        rule_out_user(tx, profile_id, interaction.user_id)
    tx.conn.execute(
        insert(t.associations).values(
            interaction_id=interaction.id,
            profile_id=profile_id,
            old_user_id=interaction.user_id,
            user_id=command.user_id,
            method=command.method,
            agent_id=command.agent_id,
            note=command.note,
            made_at=tx.now,
            expires_at=tx.now + VERIFIED_FOR,
        )
    )
    move_cases(
        tx, [interaction], command.user_id, author=_author(command), agent_id=command.agent_id
    )
    by = BY[command.method] if command.agent_id is None else agent_name(tx.conn, command.agent_id)
    if who:
        sentence = f"{who} was verified by {by}"
    else:
        them = _name(tx, interaction.user_id) or "this person"
        sentence = (
            f"{by} says that this is not {them}"
            if command.agent_id is None
            else f"{by} removed {them} from this conversation"
        )
    _add_message(tx, interaction, sentence, command.agent_id, command.note)
    if command.agent_id is not None:
        did = f"verified the requester as {who}" if who else "removed the requester's name"
        notify_owner(tx, interaction, command.agent_id, did)


def rule_out_user(tx: Transaction, profile_id: int, user_id: int) -> None:
    """Rule out this user as the sender if the number is on their record, because table 1 of
    docs/product.md would otherwise link the number to them again."""
    p, n = t.messaging_profiles, t.user_numbers
    on_record = select(n.c.number).where(n.c.user_id == user_id)
    tx.conn.execute(
        update(p).where(p.c.id == profile_id, p.c.number.in_(on_record)).values(not_user_id=user_id)
    )


def undo_verification(tx: Transaction, command: Undo) -> None:
    """Undo the last verification: move the interaction and the profile back to the earlier user.
    Raises Conflict when there is nothing to undo. Raises NotFound when the earlier user is
    deactivated."""
    interaction = active(lock_for(tx, command.interaction_id, command.agent_id))
    a = t.associations
    last = tx.conn.execute(
        select(a)
        .where(a.c.interaction_id == interaction.id, a.c.undone_at.is_(None))
        .order_by(a.c.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        raise Conflict(
            phrase("There is no verification of this conversation to undo. Reload the page.")
        )
    if last.old_user_id is not None:
        active_user_name(tx.conn, last.old_user_id)
    profile_id = _associate(tx, interaction, last.old_user_id)
    # rule the last user out, so that table 1 does not link the number to that user again
    if last.old_user_id is None and last.user_id is not None:
        rule_out_user(tx, profile_id, last.user_id)
    tx.conn.execute(update(a).where(a.c.id == last.id).values(undone_at=tx.now))
    move_cases(tx, [interaction], last.old_user_id, author=Author.AGENT, agent_id=command.agent_id)
    by = agent_name(tx.conn, command.agent_id)
    before = _name(tx, last.old_user_id)
    now = f"this is {before} again" if before else "the requester is not identified"
    did = f"undid the verification: {now}"
    _add_message(tx, interaction, f"{by} {did}", command.agent_id, None)
    notify_owner(tx, interaction, command.agent_id, did)


def _author(command: Verify) -> Author:
    return Author.VIRTUAL_AGENT if command.agent_id is None else Author.AGENT


def _associate(tx: Transaction, interaction: InteractionRow, user_id: int | None) -> int:
    """Set the user of the interaction and of the number's active profile. Returns this profile's
    id, which differs from the interaction's own profile if that was deactivated."""
    p, i = t.messaging_profiles, t.interactions
    tx.at_end(of_identities, [interaction.id])
    active = (
        select(p.c.id)
        .where(p.c.number == interaction.requester_number, p.c.active)
        .with_for_update()
    )
    profile_id = tx.conn.execute(active).scalar()
    if profile_id is None:
        new = (
            insert(p)
            .values(number=interaction.requester_number, active=True, created_at=tx.now)
            .returning(p.c.id)
        )
        profile_id = tx.conn.execute(new).scalar_one()
    tx.conn.execute(
        update(i).where(i.c.id == interaction.id).values(user_id=user_id, profile_id=profile_id)
    )
    tx.conn.execute(update(p).where(p.c.id == profile_id).values(user_id=user_id))
    tx.conn.execute(
        update(p).where(p.c.id == profile_id, p.c.not_user_id == user_id).values(not_user_id=None)
    )
    return profile_id


def _name(tx: Transaction, user_id: int | None) -> str | None:
    if user_id is None:
        return None
    found = tx.conn.execute(select(t.users.c.name).where(t.users.c.id == user_id)).scalar()
    if found is None:
        raise NotFound(phrase("There is no user {user_id}.", user_id=user_id))
    return found


def _add_message(
    tx: Transaction,
    interaction: InteractionRow,
    sentence: str,
    agent_id: int | None,
    note: str | None,
) -> None:
    messages.append_line(
        tx, interaction, sentence, event=Event.IDENTITY, reason=note, agent_id=agent_id
    )

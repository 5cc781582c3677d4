"""Preview an agent's first text: which row of table 3 of docs/product.md applies, and its effect in
words."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from handoff_service.errors import BadInput, NotFound
from handoff_service.rules.conversations.agent_initiated import (
    OF_PROGRAM,
    LineFacts,
    Situation,
    effect,
    situation,
)
from handoff_service.rules.identity import profile_matching
from handoff_service.rules.identity.profile_matching import NumberFacts
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.consent import consents
from handoff_service.store.conversations import interactions, live_group
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name, is_service
from handoff_service.store.desk.provider_numbers import why_unanswerable
from handoff_service.store.desk.users import active_user_name
from handoff_service.store.engine import tables as t
from handoff_service.store.views import OptedOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The recipient's number in E.164, the company number to send from, and the user whom the agent
    named, if any."""

    to: str
    provider_number: str
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of sending: the row of table 3, its sentence, and the id of the active
    interaction, if any.

    ``opted_out``: the opt-out that blocks the text. ``unanswerable``: why no text can reach the
    number.
    """

    row: Situation
    effect: str
    interaction_id: int | None
    opted_out: OptedOut | None
    unanswerable: str | None = None


@dataclass(frozen=True, slots=True)
class LineToStart:
    provider_id: int
    queue_id: int
    active: InteractionRow | None


def preview_start(conn: Connection, recipient: Recipient, agent_id: int) -> Preview:
    """Find the row of table 3 that would apply, and describe its effect to this agent. Changes
    nothing. Raises BadInput for an unknown company number, and NotFound for an unknown user."""
    line = load_line(conn, recipient)
    row = row_of_line(line, recipient)
    opted_out = consents.opted_out(conn, recipient.to, line.provider_id)
    active_id = line.active.id if line.active else None
    unanswerable = why_unanswerable(conn, recipient.to)
    refused = unanswerable or (opted_out.why if opted_out else None)
    effect = refused or effect_in_words(conn, line, row, recipient, agent_id)
    return Preview(row, effect, active_id, opted_out, unanswerable)


def recipient_name(conn: Connection, recipient: Recipient) -> str | None:
    """The name of the user whom the first text would reach. None for a guest."""
    user_id = recipient_user(conn, recipient)
    return None if user_id is None else _user_name(conn, user_id)


def recipient_user(conn: Connection, recipient: Recipient) -> int | None:
    """The id of the user whom the first text would reach. None for a guest."""
    p = t.messaging_profiles
    profile = conn.execute(select(p).where(p.c.number == recipient.to, p.c.active)).one_or_none()
    user_id: int | None = user_of(conn, recipient, profile)
    return user_id


def load_line(conn: Connection, recipient: Recipient) -> LineToStart:
    provider = conn.execute(
        select(*t.provider_numbers.c["id", "queue_id"]).where(
            t.provider_numbers.c.number == recipient.provider_number
        )
    ).one_or_none()
    if provider is None:
        raise BadInput(
            errors={
                "from": phrase(
                    "{provider_number} is not a company number",
                    provider_number=recipient.provider_number,
                )
            }
        )
    if recipient.user_id is not None:
        active_user_name(conn, recipient.user_id)
    found = interactions.lock_active(conn, [recipient.to])
    active = next((i for i in found if i.provider_number_id == provider.id), None)
    return LineToStart(provider.id, provider.queue_id, active)


def row_of_line(line: LineToStart, recipient: Recipient) -> Situation:
    facts = LineFacts(owner=line.active.owner, user=line.active.user_id) if line.active else None
    return situation(facts, meant_for=recipient.user_id)


def user_of(conn: Connection, recipient: Recipient, profile: Row[Any] | None) -> int | None:
    """The user whom the agent named, or else the number's user by table 1 of docs/product.md."""
    if recipient.user_id is not None:
        return recipient.user_id
    users = select(t.user_numbers.c.user_id).where(t.user_numbers.c.number == recipient.to)
    match = profile_matching.match(
        NumberFacts(
            users=tuple(conn.execute(users.order_by(t.user_numbers.c.user_id)).scalars()),
            has_profile=profile is not None,
            profile_user=profile.user_id if profile else None,
            not_user=profile.not_user_id if profile else None,
        )
    )
    return match.user


def effect_in_words(
    conn: Connection, line: LineToStart, row: Situation, recipient: Recipient, agent_id: int
) -> str:
    """The effect of sending, in one sentence for this agent."""
    active = line.active
    if is_service(conn, agent_id) and row is not Situation.ACTIVE_WITH_SOMEONE_ELSE:
        return OF_PROGRAM[active is None]
    taking_part = active is not None and live_group.has(conn, active.id, agent_id)
    in_charge = active is not None and active.assigned_to == agent_id
    owner = active.owner if active else None
    return phrase(
        effect(row, owner, taking_part=taking_part, in_charge=in_charge),
        owner=_owner_name(conn, active),
        person=_user_name(conn, active.user_id) if active else "",
        meant=_user_name(conn, recipient.user_id),
    )


def _user_name(conn: Connection, user_id: int | None) -> str:
    if user_id is None:
        return phrase("the guest")
    found = conn.execute(select(t.users.c.name).where(t.users.c.id == user_id)).scalar()
    if found is None:
        raise NotFound(phrase("There is no user {user_id}.", user_id=user_id))
    return found


def _owner_name(conn: Connection, active: InteractionRow | None) -> str:
    if active is None or active.assigned_to is None:
        return phrase("the queue")
    return agent_name(conn, active.assigned_to)

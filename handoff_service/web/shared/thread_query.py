"""Reads a conversation and the panels beside it in one transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.operations.conversations import reopen
from handoff_service.operations.shared.end_interaction import DESCRIPTION
from handoff_service.rules.identity.profile_matching import NumberFacts, NumberSituation, situation
from handoff_service.store.cases import cases
from handoff_service.store.conversations import (
    conversations,
    messages,
    promises,
    read_positions,
    requester_zones,
    scheduled_texts,
)
from handoff_service.store.desk.users import has_number, select_users
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.identity import associations, proofs
from handoff_service.store.identity.associations import was_verified_in
from handoff_service.store.messaging_actions import messaging_actions
from handoff_service.store.routing import inbox
from handoff_service.store.training.items import MarkedTurns, marked_turns
from handoff_service.store.views import (
    Association,
    Case,
    Interaction,
    KeptPromise,
    Message,
    PastProof,
    PromiseOffer,
    RunningTimer,
    ScheduledText,
    TransferNow,
    User,
    WorkItem,
)
from handoff_service.web.shared.shown_attributes import ShownAttributes, shown_attributes
from handoff_service.web.shared.shown_messages import ShownMessage, shown, with_unread_line

m = t.messages
AT_FIRST = 300  # a page first loads this many of the newest messages
BEFORE_A_LINE = 20  # a page shows this many messages before one that the agent searched for


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation and the panels beside it."""

    interaction: Interaction
    messages: list[ShownMessage]
    last_seq: int
    read_seq: int | None
    handoff: WorkItem | None
    cases: list[Case]
    past: list[Interaction]
    other_numbers: list[str]
    can_undo: bool
    reopen_until: datetime | None  #: the agent can undo closing the conversation until this time
    first_text: str
    transfer: TransferNow | None
    timers: list[RunningTimer]
    scheduled: list[ScheduledText]
    promises: list[KeptPromise]  #: the open ones
    #: a promise in the agent's last text that is not stored yet
    promise_offer: PromiseOffer | None
    zones: list[ZoneInfo]  #: the possible time zones of the requester
    history: list[Association]  #: the changes of the user that the number is linked to
    failed_proofs: list[PastProof]  #: the requester's failed attempts to prove an identity
    on_record_of: list[User]  #: the users whose records contain the number
    attributes: ShownAttributes
    marked: MarkedTurns  #: the virtual agent's answers that agents marked as misunderstood

    @property
    def conflict(self) -> bool:
        """Whether the number is on records, but not on that of the interaction's user."""
        whose = self.interaction.user
        users = tuple(user.id for user in self.on_record_of)
        facts = NumberFacts(users=users, has_profile=True, profile_user=whose.id if whose else None)
        return situation(facts) is NumberSituation.CONFLICT


def thread(
    conn: Connection,
    interaction_id: int,
    agent_id: int,
    zone: ZoneInfo,
    *,
    whole: bool = False,
    line: int | None = None,
) -> Thread:
    """Read a conversation for a new page: its newest messages, from shortly before ``line`` if that
    message is older, or all of them if ``whole`` is true. ``line``: the seq of a message to show.
    Raises NotFound for an unknown conversation."""
    last = (
        conn.execute(select(func.max(m.c.seq)).where(m.c.interaction_id == interaction_id)).scalar()
        or 0
    )
    begin = last - AT_FIRST if line is None else min(last - AT_FIRST, line - BEFORE_A_LINE)
    after = 0 if whole else max(begin, 0)
    found = messages.list_(conn, interaction_id, after=after)
    read_seq = read_positions.read_seq(conn, interaction_id, agent_id)
    return _thread(
        conn, interaction_id, agent_id, with_unread_line(shown(found, zone), read_seq), found
    )


def news(
    conn: Connection,
    interaction_id: int,
    agent_id: int,
    zone: ZoneInfo,
    *,
    after: int,
    watched: Collection[int],
) -> Thread:
    """Read the messages after the seq ``after``. Also read again the messages with the seqs in
    ``watched``, because their receipts may have changed, and those with a newer reaction."""
    watched = {*watched, *messages.reacted_since(conn, interaction_id, after)}
    wanted = {*watched, *(seq - 1 for seq in watched)}
    found = messages.matching(
        conn,
        [m.c.interaction_id == interaction_id, sa.or_(m.c.seq >= after, one_of(m.c.seq, wanted))],
    )
    by_seq = {one.seq: one for one in found}
    prepared = [
        shown_message
        for one in found
        if one.seq > after or one.seq in watched
        for shown_message in shown([one], zone, before=by_seq.get(one.seq - 1))
    ]
    return _thread(conn, interaction_id, agent_id, prepared, found)


def _thread(
    conn: Connection,
    interaction_id: int,
    agent_id: int,
    prepared: list[ShownMessage],
    found: list[Message],
) -> Thread:
    interaction = conversations.get(conn, interaction_id, agent_id)
    return Thread(
        interaction=interaction,
        messages=prepared,
        last_seq=found[-1].seq if found else 0,
        read_seq=read_positions.read_seq(conn, interaction_id, agent_id),
        handoff=inbox.handoff_of(conn, interaction_id),
        cases=cases.beside(conn, interaction),
        past=conversations.past(conn, interaction),
        other_numbers=_other_numbers(conn, interaction),
        can_undo=was_verified_in(conn, interaction_id),
        reopen_until=reopen.can_reopen_until(conn, interaction_id, interaction.closed_at, agent_id),
        first_text=messages.first_text(conn, interaction_id)[:DESCRIPTION],
        transfer=inbox.transfer_of(conn, interaction_id),
        timers=messaging_actions.running(conn, interaction_id),
        scheduled=scheduled_texts.waiting(conn, interaction_id),
        promises=promises.open_of(conn, interaction_id),
        promise_offer=promises.offer(conn, interaction_id, agent_id),
        zones=_zones(conn, interaction),
        history=associations.of_number(conn, interaction.requester_number),
        failed_proofs=proofs.of_number(conn, interaction.requester_number),
        on_record_of=select_users(conn, has_number(interaction.requester_number)),
        attributes=shown_attributes(conn, interaction),
        marked=marked_turns(conn, interaction_id),
    )


def _zones(conn: Connection, interaction: Interaction) -> list[ZoneInfo]:
    number = interaction.requester_number
    return requester_zones.of_interactions(conn, {interaction.id: number})[interaction.id]


def _other_numbers(conn: Connection, interaction: Interaction) -> list[str]:
    if interaction.user is None:
        return []
    (user,) = select_users(conn, t.users.c.id == interaction.user.id)
    return [number for number in user.numbers if number != interaction.requester_number]

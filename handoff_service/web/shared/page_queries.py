"""What the workspace shows: the list pane and a conversation, each read in one transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.operations.conversations import reopen
from handoff_service.operations.shared.end_interaction import DESCRIPTION
from handoff_service.rules.conversations.list_order import Sort, SortAndFilter, Tag, sort_and_filter
from handoff_service.rules.desk.attributes import AttributeOwner, AttributeType, in_words
from handoff_service.rules.identity.profile_matching import NumberFacts, NumberSituation, situation
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.cases import cases
from handoff_service.store.conversations import (
    conversations,
    list_views,
    messages,
    promises,
    read_positions,
    requester_zones,
    scheduled_texts,
)
from handoff_service.store.conversations.conversation_list import listed
from handoff_service.store.desk import attributes, labels
from handoff_service.store.desk.agents import agent_room
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.store.desk.users import has_number, select_users
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
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
    Label,
    ListItem,
    ListView,
    Message,
    Offered,
    PastProof,
    PromiseOffer,
    RunningTimer,
    ScheduledText,
    TransferNow,
    User,
    WorkItem,
)
from handoff_service.web.shared.ended_offers import EndedOffer, ended_offers
from handoff_service.web.shared.shown_attributes import ShownAttributes, shown_attributes
from handoff_service.web.shared.shown_messages import ShownMessage, shown, with_unread_line

m = t.messages
AT_FIRST = 300  # the newest messages, which a page loads first
LISTED_AT_FIRST = 100  # conversations of the list that a page shows; a link shows all of them
BEFORE_A_LINE = 20  # messages above a message that was searched for


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFacts:
    name: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The list pane, and the counts on the rail."""

    offers: list[Offered]
    gone: list[EndedOffer]  #: offers that the page shows and that have ended
    others: bool  #: whether ``ongoing`` has other agents' conversations instead of mine
    ongoing: list[ListItem]  #: as the agent has sorted and filtered them
    more: bool  #: whether there are more than ``ongoing`` has
    whole: bool  #: whether the agent wants to see all of them
    hidden: int  #: conversations that the filter leaves out
    how: SortAndFilter
    views: list[ListView]
    labels: list[Label]  #: to filter by
    attributes: dict[str, str]  #: to filter by: key, = and value -> in words
    others_count: int
    unread: int
    available: bool  #: whether I take new work
    room: int  #: how many more conversations I can take


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
    reopen_until: datetime | None  #: until when I can undo my closing
    first_text: str
    transfer: TransferNow | None
    timers: list[RunningTimer]
    scheduled: list[ScheduledText]
    promises: list[KeptPromise]  #: the open ones
    promise_offer: PromiseOffer | None  #: in my last text, to store a reminder for
    zones: list[ZoneInfo]  #: the possible time zones of the requester
    history: list[Association]  #: who the number was linked to over time
    failed_proofs: list[PastProof]  #: failed attempts to prove an identity
    on_record_of: list[User]  #: the users whose records have the number
    attributes: ShownAttributes
    marked: MarkedTurns  #: the answers that an agent marked as misunderstood

    @property
    def conflict(self) -> bool:
        """Whether the number is on the record of somebody other than the interaction's user (table
        1)."""
        whose = self.interaction.user
        users = tuple(user.id for user in self.on_record_of)
        facts = NumberFacts(users=users, has_profile=True, profile_user=whose.id if whose else None)
        return situation(facts) is NumberSituation.CONFLICT


def desk_facts(conn: Connection) -> DeskFacts:
    """Return the desk's name, and the time zone of its pages."""
    name, zone = desk_name_and_zone(conn)
    return DeskFacts(name=name, zone=ZoneInfo(zone))


def lists(
    conn: Connection,
    agent_id: int,
    *,
    others: bool,
    whole: bool = False,
    on_page: Collection[int] = (),
) -> Lists:
    """Read the list pane. ``whole``: all conversations, not only the first. ``on_page`` has the
    offers that the page shows; those that are no longer mine are returned as gone."""
    offers = inbox.offered(conn, agent_id)
    how = list_views.choice(conn, agent_id)
    # the browser filters by drafts
    most = None if whole or how.tag is Tag.DRAFT else LISTED_AT_FIRST
    # the database has the newest first, so other sorts and filters need all of them
    as_read = how.sort is Sort.NEWEST and not how.filters
    every = listed(
        conn, agent_id, others=others, most=most + 1 if most is not None and as_read else None
    )
    complete = not as_read or most is None or len(every) <= most
    chosen = sort_and_filter(list_views.with_attribute(conn, every, how), how, read_at(conn))
    missing = set(on_page) - {offer.id for offer in offers}
    free = agent_room(conn, agent_id)
    return Lists(
        offers=offers,
        gone=ended_offers(conn, agent_id, sorted(missing)),
        others=others,
        ongoing=chosen[:most],
        more=most is not None and len(chosen) > most,
        whole=whole,
        hidden=len(every) - len(chosen),
        how=how,
        views=list_views.list_(conn, agent_id),
        labels=labels.list_(conn),
        attributes=_to_filter_by(conn),
        others_count=len(every)
        if others and complete
        else conversations.others_count(conn, agent_id),
        unread=sum(one.interaction.unread > 0 for one in every)
        if complete and not others
        else read_positions.unread_conversations(conn, agent_id),
        available=free.takes_work,
        room=free.places,
    )


def _to_filter_by(conn: Connection) -> dict[str, str]:
    """Key, = and value -> in words, of the attributes with few values."""
    defined = attributes.definitions(conn, AttributeOwner.CONVERSATION)
    return {
        f"{one.key}={value}": f"{one.name}: {in_words(one, value)}"
        for one in defined.values()
        if one.type in (AttributeType.CHOICE, AttributeType.YES_NO)
        for value in (one.choices or ("yes", "no"))
    }


def thread(
    conn: Connection,
    interaction_id: int,
    agent_id: int,
    zone: ZoneInfo,
    *,
    whole: bool = False,
    line: int | None = None,
) -> Thread:
    """Read a conversation for a new page: its newest messages, and more if ``line`` is older.
    NotFound for an unknown conversation."""
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
    """Read the messages after ``after``. ``watched`` messages, whose receipts may have changed, are
    returned again as they are now."""
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
        reopen_until=reopen.may_until(conn, interaction_id, interaction.closed_at, agent_id),
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


def colleague(interaction: Interaction, agent_id: int) -> str | None:
    """Return the name of the colleague who has the conversation. None for one's own, and for one
    that no live agent has."""
    owner = interaction.owner
    return owner.name if owner.kind is Owner.AGENT and owner.id != agent_id else None


def must_join(interaction: Interaction, agent_id: int) -> bool:
    """Return whether a colleague has the conversation and this agent has not joined. Then every
    act of the page asks first."""
    members = {agent.id for agent in interaction.live_group}
    return colleague(interaction, agent_id) is not None and agent_id not in members


def answers(interaction: Interaction, agent_id: int) -> tuple[str, str]:
    """Return two sentences for the composer: who is replying, and what sending changes about
    that."""
    if interaction.unanswerable and interaction.owner.kind is not Owner.AGENT:
        return "Nobody can answer.", ""
    match interaction.owner.kind:
        case Owner.AGENT if interaction.assigned_to and interaction.assigned_to.id == agent_id:
            return "You are replying.", ""
        case Owner.AGENT:
            sending = (
                "Sending adds you to the conversation." if must_join(interaction, agent_id) else ""
            )
            return f"{interaction.owner.name} is replying.", sending
        case Owner.QUEUE:
            return f"Waiting in {interaction.owner.name}.", "Sending takes it over from the queue."
        case Owner.VIRTUAL_AGENT:
            return "The virtual agent is replying.", "Sending takes it over from the virtual agent."
    return "Nobody is replying.", ""

"""Reads the list pane of the workspace in one transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from handoff_service.rules.conversations.list_order import Sort, SortAndFilter, Tag, sort_and_filter
from handoff_service.rules.desk.attribute_filters import (
    AttributeFilter,
    FilterKind,
    choices,
    stored,
)
from handoff_service.rules.desk.attributes import AttributeFields, AttributeOwner
from handoff_service.store.conversations import conversations, list_views
from handoff_service.store.conversations.conversation_list import ongoing_items
from handoff_service.store.desk import attributes, labels
from handoff_service.store.engine.database import read_at
from handoff_service.store.views import (
    Label,
    ListItem,
    ListView,
    Offered,
)
from handoff_service.web.shared.ended_offers import EndedOffer, ended_offers
from handoff_service.web.shared.page_shell import ShellData, shell_data

LISTED_AT_FIRST = 100  # conversations in the list until the agent loads the whole list


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The data of the list pane, and the counts in the menu on the left."""

    shell: ShellData  #: the data of the page shell, read in the same transaction
    offers: list[Offered]
    gone: list[EndedOffer]  #: ended offers that the page still shows
    #: whether ``ongoing`` lists other agents' conversations instead of the agent's own
    others: bool
    ongoing: list[ListItem]  #: conversations, as the agent has sorted and filtered them
    more: bool  #: whether more conversations match than ``ongoing`` contains
    whole: bool  #: whether the agent has loaded the whole list
    hidden: int  #: number of conversations that the filter hides
    how: SortAndFilter
    views: list[ListView]
    labels: list[Label]  #: the labels that the filter offers
    #: the attribute filters that the pane offers: filter as text -> label
    attributes: dict[str, str]
    #: the chosen attribute filter, if it has a range or a search text that the agent can enter
    narrowed: AttributeFilter | None
    others_count: int
    unread: int
    available: bool  #: whether the agent's presence accepts new work
    room: int  #: how many more conversations fit into the agent's capacity


def lists(
    conn: Connection,
    agent_id: int,
    *,
    others: bool,
    whole: bool = False,
    on_page: Collection[int] = (),
) -> Lists:
    """Read the list pane. ``whole``: read all conversations, not only the first ones. ``on_page``:
    ids of the offers that the page shows. Those that have ended are returned in ``gone``."""
    shell = shell_data(conn, agent_id)
    how = list_views.choice(conn, agent_id)
    # drafts are stored only in the browser, which therefore filters the whole list itself
    most = None if whole or how.tag is Tag.DRAFT else LISTED_AT_FIRST
    # the query can limit only the unfiltered list that begins with the newest conversation
    as_read = how.sort is Sort.NEWEST and not how.has_filters
    every = ongoing_items(
        conn, agent_id, others=others, most=most + 1 if most is not None and as_read else None
    )
    complete = not as_read or most is None or len(every) <= most
    chosen = sort_and_filter(list_views.with_attribute(conn, every, how), how, read_at(conn))
    defined = attributes.definitions(conn, AttributeOwner.CONVERSATION)
    missing = set(on_page) - {offer.id for offer in shell.offered}
    return Lists(
        shell=shell,
        offers=shell.offered,
        gone=ended_offers(conn, agent_id, sorted(missing)),
        others=others,
        ongoing=chosen[:most],
        more=most is not None and len(chosen) > most,
        whole=whole,
        hidden=len(every) - len(chosen),
        how=how,
        views=list_views.list_(conn, agent_id),
        labels=labels.list_(conn),
        attributes=choices(defined),
        narrowed=_narrowed(how, defined),
        others_count=len(every)
        if others and complete
        else conversations.others_count(conn, agent_id),
        unread=shell.unread,
        available=shell.takes_work,
        room=max(shell.me.capacity - shell.me.load, 0),
    )


def _narrowed(how: SortAndFilter, defined: Mapping[str, AttributeFields]) -> AttributeFilter | None:
    if how.attribute is None:
        return None
    chosen = stored(how.attribute, defined)
    return None if chosen.kind is FilterKind.IS else chosen

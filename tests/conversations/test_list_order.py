"""The list as a work queue: sort orders, filters, and saved views, which are private or shared."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.errors import BadInput, NotFound
from handoff_service.operations.conversations.label_conversation import (
    LabelConversation,
    label_conversation,
)
from handoff_service.operations.conversations.list_views import (
    ChooseList,
    DeleteView,
    SaveView,
    choose_list,
    delete_view,
    save_view,
)
from handoff_service.operations.desk.labels import MakeLabel, delete_label, make_label
from handoff_service.rules.conversations.list_order import Sort, SortAndFilter, Tag, sort_and_filter
from handoff_service.store.conversations import list_views
from handoff_service.web.shared import list_query
from tests.conftest import MovedClock
from tests.support.story import BOB, DIRECT, MIA, OMAR, Story

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    waits: int | None = None  #: minutes before now
    due: int | None = None  #: minutes after now
    label_ids: Collection[int] = ()
    has: Collection[Tag] = field(default_factory=set)

    @property
    def waiting_since(self) -> datetime | None:
        return None if self.waits is None else NOW - timedelta(minutes=self.waits)

    @property
    def due_at(self) -> datetime | None:
        return None if self.due is None else NOW + timedelta(minutes=self.due)

    def tags(self, now: datetime) -> set[Tag]:
        return {*self.has, *([Tag.WAITING] if self.waits else [])}


ITEMS = [
    Item("new", label_ids=[1]),
    Item("short", waits=2, due=50, label_ids=[1, 2]),
    Item("long", waits=90, due=5, has={Tag.UNREAD}),
    Item("held", due=1, has={Tag.SNOOZED}),
]


@pytest.mark.parametrize(
    ("how", "order"),
    [
        (SortAndFilter(), "new short long held"),
        (SortAndFilter(sort=Sort.LONGEST_WAITING), "long short new held"),
        (SortAndFilter(sort=Sort.DUE), "held long short new"),
        (SortAndFilter(tag=Tag.WAITING), "short long"),
        (SortAndFilter(tag=Tag.SNOOZED, sort=Sort.DUE), "held"),
        (SortAndFilter(label_id=1, sort=Sort.LONGEST_WAITING), "short new"),
        (SortAndFilter(label_id=2, tag=Tag.UNREAD), ""),
    ],
)
def test_the_list_is_sorted_and_filtered(how: SortAndFilter, order: str) -> None:
    assert [one.name for one in sort_and_filter(ITEMS, how, NOW)] == order.split()


async def listed_ids(story: Story, agent: int = MIA) -> list[int]:
    lists = await story.store.read(list_query.lists, agent, others=False)
    return [one.interaction.id for one in lists.ongoing]


async def test_an_agents_choice_of_filters_stays_until_they_change_it(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    clock.move(600)
    bob = await story.with_agent(number=BOB)
    clock.move(61)
    await story.text("hello?", to=DIRECT)
    assert await listed_ids(story) == [ann, bob]
    await story.write(ann, "Here I am")
    await story.store.write(
        choose_list, ChooseList(agent_id=MIA, how=SortAndFilter(sort=Sort.LONGEST_WAITING))
    )
    assert await listed_ids(story) == [bob, ann]
    waiting = SortAndFilter(tag=Tag.WAITING)
    await story.store.write(choose_list, ChooseList(agent_id=MIA, how=waiting))
    lists = await story.store.read(list_query.lists, MIA, others=False)
    assert (await listed_ids(story), lists.hidden, lists.unread) == ([bob], 1, 1)


async def test_deleting_a_label_ends_its_filter(story: Story) -> None:
    ann, bob = await story.with_agent(), await story.with_agent(number=BOB)
    label = await story.store.write(make_label, MakeLabel(name="VIP"))
    await story.store.write(
        label_conversation, LabelConversation(interaction_id=ann, agent_id=MIA, label_id=label)
    )
    how = SortAndFilter(label_id=label)
    await story.store.write(choose_list, ChooseList(agent_id=MIA, how=how))
    assert await listed_ids(story) == [ann]
    await story.store.write(delete_label, label)
    assert sorted(await listed_ids(story)) == [ann, bob]


async def test_a_view_is_private_or_shared(story: Story) -> None:
    due = SortAndFilter(sort=Sort.DUE, tag=Tag.SNOOZED)
    for name, shared in (("Today", False), ("Waiting", True)):
        await story.store.write(
            save_view, SaveView(agent_id=MIA, name=name, how=due, shared=shared)
        )

    async def names(agent: int) -> list[tuple[str, bool]]:
        return [(one.name, one.mine) for one in await story.store.read(list_views.list_, agent)]

    assert await names(MIA) == [("Today", True), ("Waiting", True)]
    assert await names(OMAR) == [("Waiting", False)]
    again = await story.store.write(
        save_view, SaveView(agent_id=MIA, name="Today", how=SortAndFilter())
    )
    (today, _) = await story.store.read(list_views.list_, MIA)
    assert (today.id, today.sort, today.tag) == (again, Sort.NEWEST, None)
    with pytest.raises(NotFound):
        await story.store.write(delete_view, DeleteView(agent_id=OMAR, view_id=again))
    await story.store.write(delete_view, DeleteView(agent_id=MIA, view_id=again))
    assert await names(MIA) == [("Waiting", True)]
    with pytest.raises(BadInput):
        await story.store.write(save_view, SaveView(agent_id=MIA, name=" ", how=due))

"""Labels on conversations: agents add and remove them, search by them, and choose one as the topic
on closing.
"""

import pytest

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.conversations.label_conversation import (
    LabelConversation,
    label_conversation,
)
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.labels import (
    ChangeLabel,
    MakeLabel,
    change_label,
    delete_label,
    make_label,
)
from handoff_service.rules.conversations import search_query
from handoff_service.rules.desk.labels import Color
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.conversations import search
from handoff_service.store.conversations.conversation_list import ongoing_items
from handoff_service.store.desk import labels
from tests.support.story import BOB, MIA, OMAR, Story


async def make(story: Story, name: str, *, topic: bool = False) -> int:
    return await story.store.write(make_label, MakeLabel(name=name, color=Color.BLUE, topic=topic))


async def set_label(
    story: Story, ann: int, label: int, *, agent: int = MIA, on: bool = True
) -> bool:
    command = LabelConversation(interaction_id=ann, agent_id=agent, label_id=label, on=on)
    return await story.store.write(label_conversation, command)


async def names(story: Story, ann: int) -> list[str]:
    return [one.name for one in (await story.see(ann)).labels]


async def search_results(story: Story, words: str) -> list[int]:
    wanted = search_query.read(words)
    page = await story.store.read(search.find_interactions, wanted, limit=10)
    return [one.interaction_id for one in page.items]


async def test_conversation_history_and_list_show_a_label(story: Story) -> None:
    ann = await story.with_agent()
    printer, vip = await make(story, "Printer"), await make(story, "VIP")
    assert await set_label(story, ann, vip)
    assert await set_label(story, ann, printer)
    assert not await set_label(story, ann, printer), "the conversation already has the label"
    assert await names(story, ann) == ["Printer", "VIP"]
    (item,) = await story.store.read(ongoing_items, MIA, others=False)
    assert [one.name for one in item.labels] == ["Printer", "VIP"]
    assert await set_label(story, ann, vip, on=False)
    assert not await set_label(story, ann, vip, on=False)
    told = [one.body for one in await story.lines(ann) if one.event is Event.LABEL]
    assert told == [
        "Mia Chen added the label “VIP”",
        "Mia Chen added the label “Printer”",
        "Mia Chen removed the label “VIP”",
    ]
    with pytest.raises(NotFound):
        await set_label(story, ann, 99)


async def test_search_finds_conversations_by_label(story: Story) -> None:
    ann, bob = await story.with_agent(), await story.with_agent(number=BOB)
    label = await make(story, "Bürodrucker")
    await set_label(story, ann, label)
    assert await search_results(story, "burodrucker") == [ann]
    await set_label(story, bob, label)
    assert await search_results(story, "Bürodrucker") == [bob, ann]
    await set_label(story, ann, label, on=False)
    assert await search_results(story, "Bürodrucker") == [bob]


async def test_labels_have_unique_names_and_deleting_one_removes_it_from_conversations(
    story: Story,
) -> None:
    ann, printer = await story.with_agent(), await make(story, "Printer")
    vip = await make(story, "VIP")
    for refused in (
        (make_label, MakeLabel(name="VIP")),
        (change_label, ChangeLabel(id=printer, values={"name": "VIP"})),
    ):
        with pytest.raises(Conflict):
            await story.store.write(*refused)
    await set_label(story, ann, vip)
    await story.store.write(change_label, ChangeLabel(id=vip, values={"name": "Board"}))
    assert await names(story, ann) == ["Board"]
    await story.store.write(delete_label, vip)
    assert await names(story, ann) == []
    assert [one.name for one in await story.store.read(labels.list_)] == ["Printer"]


async def test_a_desk_that_asks_for_a_topic_requires_one_to_close(story: Story) -> None:
    ann = await story.with_agent()
    await story.store.write(change_desk, {"ask_topic": True})
    vip, printer = await make(story, "VIP"), await make(story, "Printer", topic=True)
    for topic in (None, vip, 99):
        with pytest.raises(BadInput) as refused:
            await story.close(ann, topic_id=topic)
        assert list(refused.value.errors) == ["topic_id"]
    await set_label(story, ann, vip)
    await story.close(ann, topic_id=printer)
    closed = await story.see(ann)
    assert (closed.topic and closed.topic.name, len(closed.labels)) == ("Printer", 2)
    assert "Mia Chen chose the topic “Printer”" in [one.body for one in await story.lines(ann)]


async def test_without_marked_topics_any_label_is_a_topic_and_without_labels_no_topic_is_required(
    story: Story,
) -> None:
    ann, bob = await story.with_agent(), await story.with_agent(number=BOB)
    await story.store.write(change_desk, {"ask_topic": True})
    await story.close(ann)
    vip = await make(story, "VIP")
    with pytest.raises(BadInput):
        await story.close(bob)
    await story.close(bob, OMAR, topic_id=vip)
    assert (await story.see(bob)).closed_at is not None

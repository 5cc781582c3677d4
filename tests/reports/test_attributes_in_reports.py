"""Reports count, filter and group by attributes with few values, with packed and unpacked facts."""

from datetime import date

import pytest

from handoff_service.errors import BadInput
from handoff_service.operations.desk.attributes import (
    ChangeAttribute,
    change_attribute,
    delete_attribute,
)
from handoff_service.rules.desk.attributes import AttributeType
from handoff_service.rules.reports.filters import Filters
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.store.engine import tables as t
from handoff_service.store.reports.choices import checked, filter_choices
from handoff_service.store.reports.figure_conversations import ids_after
from tests.conftest import MovedClock
from tests.conversations.test_attributes import define, set_values
from tests.reports.keeping import keep, pack, run_report, table, values
from tests.support.story import ANN, BOB, DIRECT, SHARED, Story

RANGE = (date(2026, 11, 1), date(2027, 1, 31))


async def begin_conversation(story: Story, number: str) -> int:
    return (await story.text("my badge is stuck", number=number, to=DIRECT)).interaction_id or 0


async def create_three_conversations(story: Story, clock: MovedClock) -> list[int]:
    """Create Ann's conversation with Gold and urgent and, a day later, Bob's with "Very good" and
    one without a value.
    """
    await define(story, "plan", AttributeType.CHOICE, choices=("Gold", "Silver", "Very good"))
    await define(story, "urgent", AttributeType.YES_NO)
    await define(story, "order", AttributeType.TEXT)
    made = [await begin_conversation(story, ANN)]
    await set_values(story, made[0], plan="Gold", urgent="yes", order="A-7")
    clock.move(86_400)
    made.append(await begin_conversation(story, BOB))
    await set_values(story, made[1], plan="Very good")
    made.append(await begin_conversation(story, SHARED))
    await keep(story.store)
    return made


@pytest.mark.parametrize("packed", [False, True])
async def test_reports_filter_and_group_by_attribute(
    story: Story, clock: MovedClock, packed: bool
) -> None:
    ids = await create_three_conversations(story, clock)
    if packed:
        clock.move(3600)
        assert await pack(story.store) == 2
    found = await run_report(story.store, "volume", *RANGE, group="attribute")
    assert table(found, "conversations") == {
        "Plan: Gold": 1,
        "Plan: Very good": 1,
        "Urgent: Yes": 1,
    }
    assert {row.key for row in found.rows} == {"plan=Gold", "plan=Very good", "urgent=yes"}
    for value, count in (("plan=Gold", 1), ("plan=Silver", 0), ("urgent=yes", 1), ("none", 1)):
        found = await run_report(story.store, "volume", *RANGE, attribute=value)
        assert values(found)["conversations"] == count, value
    (row,) = await story.rows(t.conversation_facts, t.conversation_facts.c.interaction_id == ids[0])
    assert row.attribute_values == "plan=Gold\nurgent=yes", (
        "attributes that are texts are not offered"
    )


async def test_the_facts_follow_changes_of_values_and_of_types(
    story: Story, clock: MovedClock
) -> None:
    ids = await create_three_conversations(story, clock)
    await set_values(story, ids[0], plan="Silver", urgent=None)
    await keep(story.store)
    found = await run_report(story.store, "volume", *RANGE, group="attribute")
    assert set(table(found, "conversations")) == {"Plan: Silver", "Plan: Very good"}
    (order,) = await story.rows(t.attributes, t.attributes.c.key == "order")
    change = {"type": AttributeType.CHOICE, "choices": ("A-7", "B-8")}
    await story.store.write(change_attribute, ChangeAttribute(id=order.id, values=change))
    await keep(story.store)
    found = await run_report(story.store, "volume", *RANGE, attribute="order=A-7")
    assert values(found)["conversations"] == 1


async def test_a_refusal_names_an_invalid_filter(story: Story, clock: MovedClock) -> None:
    await create_three_conversations(story, clock)

    async def check(**given: object) -> Filters:
        return await story.store.read(checked, Filters(**given))  # type: ignore[arg-type]

    assert await check(attribute="urgent=TRUE") == Filters(attribute="urgent=yes")
    for given, says in (
        ({"attribute": "size=1"}, "there is no attribute “size”"),
        ({"attribute": "plan=Bronze"}, "“Plan” must be one of Gold, Silver, Very good"),
        ({"attribute": "order=A-7"}, "“order” must be an attribute with choices"),
        ({"attribute": "plan"}, "must be KEY=VALUE"),
        ({"language": "xx"}, "must be one of en, "),
        ({"priority": 6}, "must be a number from 1 to 5"),
        ({"group": 99}, "there is no group 99"),
    ):
        with pytest.raises(BadInput) as refused:
            await check(**given)
        (name,) = given
        assert refused.value.errors[name].startswith(says)
        assert name in refused.value.detail


async def test_reports_still_offer_values_of_a_deleted_attribute(
    story: Story, clock: MovedClock
) -> None:
    await create_three_conversations(story, clock)
    (plan,) = await story.rows(t.attributes, t.attributes.c.key == "plan")
    await story.store.write(delete_attribute, plan.id)
    offered = (await story.store.read(filter_choices))["attribute"]
    assert {one.value: one.label for one in offered} == {
        "urgent=yes": "Urgent: Yes",
        "urgent=no": "Urgent: No",
        "plan=Gold": "plan=Gold",
        "plan=Very good": "plan=Very good",
    }
    kept = Filters(attribute="plan=Gold")
    assert await story.store.read(checked, kept) == kept


async def test_conversations_are_listed_page_by_page_with_filters(
    story: Story, clock: MovedClock
) -> None:
    ids = await create_three_conversations(story, clock)
    for n in range(3):
        clock.move(2 * 86_400)
        ids.append(await begin_conversation(story, f"+1202555030{n}"))
        await set_values(story, ids[-1], plan="Gold")
    await keep(story.store)
    of = DayRange(*RANGE)
    days = {r.interaction_id: r.day for r in await story.rows(t.conversation_facts)}

    async def pages(most: int, **given: str) -> list[int]:
        found: list[int] = []
        cursor = ("", 0)
        while part := await story.store.read(ids_after, of, Filters(**given), cursor, most):  # type: ignore[arg-type]
            found += part
            cursor = (days[part[-1]], part[-1])
        return found

    for most in (1, 2, 100):
        gold = [one for one in ids if one not in ids[1:3]]
        assert await pages(most, attribute="plan=Gold") == gold
        assert await pages(most, attribute="none") == ids[2:3]
        assert await pages(most) == ids

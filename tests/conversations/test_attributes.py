"""Attributes that an admin defines for users and conversations, on both databases."""

import pytest

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.conversations import list_views
from handoff_service.operations.conversations.change_attributes import (
    ChangeAttributes,
    change_attributes,
)
from handoff_service.operations.conversations.list_views import ChooseList, SaveView
from handoff_service.operations.desk.attributes import (
    ChangeAttribute,
    change_attribute,
    delete_attribute,
    make_attribute,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk.users import ChangeUser, MakeUser, change_user, make_user
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.desk_file import DeskFile
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.rules.conversations.list_order import SortAndFilter
from handoff_service.rules.desk.attributes import AttributeFields, AttributeOwner, AttributeType
from handoff_service.rules.shared.vocabulary import Presence, Role
from handoff_service.store.desk import attributes
from handoff_service.store.desk_file.export_desk import export_desk
from handoff_service.store.reports import export
from handoff_service.web.shared import list_query
from handoff_service.web.shared.bulk_actions import attributes_each, on_each, undo_each
from handoff_service.web.shared.bulk_undo import read_inverses, write_inverses
from tests.conftest import MovedClock
from tests.reports.keeping import keep
from tests.support.action_story import REQUESTER, Rules, fired
from tests.support.story import ANN, BOB, DIRECT, MIA, Story

USER, CONVERSATION = AttributeOwner


def read(file: str) -> DeskFile:
    return read_desk_file.read_bytes(file.encode(), "desk.toml")


async def define(
    story: Story,
    key: str,
    type_: AttributeType,
    owner: AttributeOwner = CONVERSATION,
    **more: object,
) -> int:
    fields = AttributeFields(key=key, name=key.title(), owner=owner, type=type_, **more)  # type: ignore[arg-type]
    return await story.store.write(make_attribute, fields)


async def set_values(story: Story, ann: int, **values: str | None) -> None:
    command = ChangeAttributes(interaction_id=ann, agent_id=MIA, values=values)
    await story.store.write(change_attributes, command)


async def test_setting_changing_and_removing_an_attribute_each_add_a_line(story: Story) -> None:
    ann = await story.with_agent()
    await define(story, "order", AttributeType.NUMBER)
    await set_values(story, ann, order="12.0")
    await set_values(story, ann, order="12")
    await set_values(story, ann, order="13")
    assert (await story.see(ann)).attributes == {"order": "13"}
    await set_values(story, ann, order=None)
    assert (await story.see(ann)).attributes == {}
    assert [one.body for one in await story.lines(ann)][-3:] == [
        "Mia Chen set “Order” to “12”",
        "Mia Chen changed “Order” from “12” to “13”",
        "Mia Chen removed “Order”, which was “13”",
    ]
    with pytest.raises(BadInput) as refused:
        await set_values(story, ann, order="x", size="1")
    assert refused.value.errors == {
        "attributes": "there is no conversation attribute “size”; “Order” must be a number, such "
        "as 12 or 12.5"
    }


async def test_lines_show_values_as_people_read_them(story: Story) -> None:
    ann = await story.with_agent()
    await define(story, "urgent", AttributeType.YES_NO)
    await define(story, "due", AttributeType.DATE)
    await set_values(story, ann, urgent="true", due="2026-11-30")
    await set_values(story, ann, urgent="no", due=None)
    assert [one.body for one in await story.lines(ann)][-4:] == [
        "Mia Chen set “Urgent” to “Yes”",
        "Mia Chen set “Due” to “30 Nov 2026”",
        "Mia Chen changed “Urgent” from “Yes” to “No”",
        "Mia Chen removed “Due”, which was “30 Nov 2026”",
    ]


async def test_the_list_and_its_views_filter_by_attribute(story: Story) -> None:
    ann = await story.with_agent()
    bob = await story.with_agent(number=BOB)
    await define(story, "urgent", AttributeType.YES_NO)
    await set_values(story, ann, urgent="yes")
    await set_values(story, bob, urgent="no")

    async def shown_conversations() -> list[int]:
        lists = await story.store.read(lambda conn: list_query.lists(conn, MIA, others=False))
        assert lists.attributes == {"urgent=yes": "Urgent: Yes", "urgent=no": "Urgent: No"}
        return [one.interaction.id for one in lists.ongoing]

    for value, found in (("urgent=Yes", [ann]), ("urgent=no", [bob]), (None, [bob, ann])):
        how = SortAndFilter(attribute=value)
        await story.store.write(list_views.choose_list, ChooseList(agent_id=MIA, how=how))
        assert await shown_conversations() == found
    view = SaveView(
        agent_id=MIA, name="Now", how=SortAndFilter(attribute="urgent=yes"), shared=True
    )
    await story.store.write(list_views.save_view, view)
    file = await story.store.read(export_desk)
    assert 'attribute = "urgent=yes"' in file
    await story.store.write(import_desk, read(file))
    for wrong in ("size=1", "urgent=maybe"):
        view = SaveView(agent_id=MIA, name="No", how=SortAndFilter(attribute=wrong))
        with pytest.raises(BadInput):
            await story.store.write(list_views.save_view, view)


async def test_a_bulk_action_sets_attributes_and_undo_restores_them(story: Story) -> None:
    ann = await story.with_agent()
    bob = await story.with_agent(number=BOB)
    await define(story, "order", AttributeType.NUMBER)
    await set_values(story, ann, order="12")
    roles = frozenset({Role.AGENT})
    mia = CurrentAgent(MIA, "Mia Chen", "mia@example.com", roles, Presence.AVAILABLE)
    each = attributes_each(story.store, mia, {"order": "13"})
    result = await on_each([ann, bob, 99], each)
    assert (result.done, len(result.refused)) == (2, 1)
    assert [(await story.see(one)).attributes for one in (ann, bob)] == [{"order": "13"}] * 2
    inverses = read_inverses(write_inverses(result.undo))
    await undo_each(story.store, mia, inverses)
    assert [(await story.see(one)).attributes for one in (ann, bob)] == [{"order": "12"}, {}]


async def test_a_refused_definition_names_the_stored_values_that_do_not_fit(story: Story) -> None:
    for n, value in enumerate(["Yes", "2", "3", "4", "5"]):
        made = MakeUser(external_id=f"N{n}", name=f"User {n}", attributes={"vip": value})
        await story.store.write(make_user, made)
    with pytest.raises(BadInput) as refused:
        await define(story, "vip", AttributeType.YES_NO, USER)
    assert refused.value.errors == {
        "type": "4 stored values do not fit: User 1 has “2”, User 2 has “3”, User 3 has “4”, and "
        "others. Correct the values first, or choose text"
    }
    vip = await define(story, "vip", AttributeType.TEXT, USER)
    change = ChangeAttribute(id=vip, values={"type": AttributeType.YES_NO})
    with pytest.raises(BadInput):
        await story.store.write(change_attribute, change)
    held = await story.store.read(lambda conn: list(attributes.stored_values(conn, USER, "vip")))
    for one in held[1:]:
        fixed = ChangeUser(id=one.id, by=None, values={"attributes": {"vip": "no"}})
        await story.store.write(change_user, fixed)
    await story.store.write(change_attribute, change)
    held = await story.store.read(lambda conn: list(attributes.stored_values(conn, USER, "vip")))
    assert [one.value for one in held] == ["yes", "no", "no", "no", "no"]
    wrong = ChangeUser(id=held[0].id, by=None, values={"attributes": {"vip": "2", "free": "2"}})
    with pytest.raises(BadInput) as refused:
        await story.store.write(change_user, wrong)
    assert refused.value.errors == {"attributes": "“Vip” must be yes or no"}


async def test_values_stay_when_a_definition_is_renamed_or_deleted(story: Story) -> None:
    ann = await story.with_agent()
    order = await define(story, "order", AttributeType.NUMBER)
    await set_values(story, ann, order="12")
    await story.store.write(change_attribute, ChangeAttribute(id=order, values={"name": "Order"}))
    for values in ({"key": "other"}, {"owner": USER}):
        with pytest.raises(Conflict):
            await story.store.write(change_attribute, ChangeAttribute(id=order, values=values))
    with pytest.raises(Conflict):
        await define(story, "order", AttributeType.TEXT)
    await story.store.write(delete_attribute, order)
    assert (await story.see(ann)).attributes == {"order": "12"}
    with pytest.raises(BadInput):
        await define(story, "order", AttributeType.DATE)
    await set_values(story, ann, order=None)
    assert (await story.see(ann)).attributes == {}


async def test_closing_requires_a_value_for_a_required_attribute(story: Story) -> None:
    ann = await story.with_agent()
    await define(story, "order", AttributeType.TEXT, required_to_close=True)
    with pytest.raises(BadInput) as refused:
        await story.close(ann)
    assert refused.value.errors == {"attributes": "must have “Order” before it can be closed"}
    await story.close(ann, attributes={"order": "A-7"})
    closed = await story.see(ann)
    assert (closed.closed_at is not None, closed.attributes) == (True, {"order": "A-7"})


async def test_a_messaging_actions_condition_compares_attributes(
    story: Story, clock: MovedClock
) -> None:
    rules = Rules(story.store, clock)
    await rules.none()
    order = await define(story, "order", AttributeType.NUMBER)
    condition = {"field": "conversation.order", "at_least": "100.0"}
    bad = {"field": "conversation.order", "is": "many"}
    with pytest.raises(BadInput) as refused:
        await rules.add("Bad", REQUESTER, "5m", conditions=[bad])
    assert list(refused.value.errors) == ["conditions"]
    await rules.add("Big orders", REQUESTER, "5m", conditions=[condition], text="Big order")
    small = await story.with_agent()
    big = await story.with_agent(number=BOB)
    await set_values(story, small, order="99")
    await set_values(story, big, order="100")
    for number in (ANN, BOB):
        await story.text("still waiting", to=DIRECT, number=number)
    await rules.wait(minutes=6)
    assert [fired(await story.lines(one)) for one in (small, big)] == [[], ["Big order"]]
    with pytest.raises(Conflict, match="Big orders"):
        await story.store.write(delete_attribute, order)


FILE = """
[[attributes]]
key = "contract"
name = "Contract"
owner = "user"
type = "date"
[[attributes]]
key = "plan"
name = "Plan"
owner = "conversation"
type = "choice"
choices = ["Gold", "Silver"]
required_to_close = true
shown = "header"
[[users]]
external_id = "N1"
name = "Nora"
attributes = { contract = "2026-01-31", free = "text" }
"""


async def test_a_desk_file_defines_attributes_and_checks_values(story: Story) -> None:
    await story.store.write(import_desk, read(FILE))
    exported = await story.store.read(export_desk)
    assert 'choices = [\n    "Gold",\n    "Silver",\n]' in exported
    await story.store.write(import_desk, read(exported))
    assert await story.store.read(export_desk) == exported
    wrong = read(FILE.replace("2026-01-31", "soon"))
    with pytest.raises(BadInput) as refused:
        await story.store.write(import_desk, wrong)
    assert refused.value.errors == {
        "users.N1.attributes": "“Contract” must be a date, such as 2026-01-31"
    }
    corrected = FILE.replace('"date"', '"yes_no"').replace("2026-01-31", "yes")
    await story.store.write(import_desk, read(corrected))


async def test_the_export_of_conversations_includes_attributes(story: Story) -> None:
    ann = await story.with_agent()
    await define(story, "order", AttributeType.TEXT)
    await set_values(story, ann, order="A-7")
    await keep(story.store)
    (row,) = await story.store.read(export.reported, [ann])
    assert row.attributes == {"order": "A-7"}

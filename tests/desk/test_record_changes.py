"""The change history of records: the author, the field, and both values, for changes by page, API
and desk file.
"""

from pathlib import Path

from handoff_service.operations.desk.agents import ChangeAgent, change_agent
from handoff_service.operations.desk.groups import (
    ChangeGroup,
    MakeGroup,
    change_group,
    delete_group,
    make_group,
)
from handoff_service.operations.desk.users import ChangeUser, change_user
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.rules.desk.record_changes import Noun, difference
from handoff_service.store.desk_file.record_changes import RecordChange, deleted_records, history
from tests.support.story import MIA, OMAR, Story


async def changes(story: Story, noun: Noun, record: str = "1") -> list[RecordChange]:
    return await story.store.read(history, noun, record)


def test_a_difference_has_both_values_except_for_secrets() -> None:
    before = {"name": "Ann", "email": None, "password": "hash 1"}
    after = {"name": "Ann Lee", "password": "hash 2"}
    assert difference(before, after) == {"name": ["Ann", "Ann Lee"], "password": [None, None]}
    assert difference(before, dict(before)) == {}


async def test_a_change_names_the_agent_the_field_and_both_values(story: Story) -> None:
    before = len(await changes(story, Noun.QUEUE))
    omars = story.store.acting(OMAR)
    change = ChangeQueue(id=1, values={"accept_seconds": 90, "schedule": "Mo-Fr 08:00-18:00"})
    await omars.write(change_queue, change)
    await omars.write(change_queue, change)  # The second change adds nothing.
    newest, *older = await changes(story, Noun.QUEUE)
    assert newest.by is not None
    assert newest.by.name == "Omar Haddad"
    assert newest.changes == {
        "schedule": [None, "Mo-Fr 08:00-18:00"],
        "accept_seconds": [60, 90],
    }
    assert (len(older), newest.version) == (before, before + 1)


async def test_an_import_of_the_desk_file_adds_the_same_history(
    story: Story, tmp_path: Path
) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(
        '[[users]]\nexternal_id = "E1001"\nname = "Ann Leigh"\nnumbers = ["+12025550101"]\n'
        'facts = { birth_year = "1971" }\n'
        '[[groups]]\nname = "Service desk"\ncapacity = 3\n'
    )
    read = read_desk_file.read(file)
    for _twice in range(2):  # The second import changes nothing.
        await story.store.write(import_desk, read)
    newest = (await changes(story, Noun.USER))[0]
    assert newest.by is None
    assert newest.changes["name"] == ["Ann Lee", "Ann Leigh"]
    assert newest.changes["facts"] == [None, None]
    ids = [one.version for one in await changes(story, Noun.USER)]
    assert ids == sorted(set(ids), reverse=True)
    assert (await changes(story, Noun.GROUP))[0].changes == {"capacity": [None, 3]}


async def test_the_history_names_secret_fields_but_never_stores_secrets(story: Story) -> None:
    secret = ChangeAgent(id=MIA, by=OMAR, values={"password_hash": "new hash"})
    await story.store.acting(OMAR).write(change_agent, secret)
    assert (await changes(story, Noun.AGENT, str(MIA)))[0].changes == {"password": [None, None]}
    leave = ChangeUser(id=1, by=OMAR, values={"active": False})
    await story.store.acting(OMAR).write(change_user, leave)
    newest = (await changes(story, Noun.USER))[0]
    assert newest.changes["active"] == [None, False]


async def test_a_deleted_record_keeps_its_history_and_a_new_one_starts_without(
    story: Story,
) -> None:
    omars = story.store.acting(OMAR)
    group = await omars.write(make_group, MakeGroup(name="Night shift"))
    await omars.write(change_group, ChangeGroup(id=group, values={"capacity": 2}))
    await omars.write(delete_group, group)
    assert await changes(story, Noun.GROUP, str(group)) == []
    (gone,) = await story.store.read(deleted_records, Noun.GROUP, most=9)
    assert (gone.name, gone.by and gone.by.name) == ("Night shift", "Omar Haddad")
    assert gone.was == {"name": ["Night shift", None], "capacity": [2, None]}
    assert [one.changes for one in gone.changes] == [{"capacity": [None, 2]}, {}]
    again = await omars.write(make_group, MakeGroup(name="Night shift"))
    assert [one.version for one in await changes(story, Noun.GROUP, str(again))] == [1]
    await omars.write(delete_group, again)
    both = await story.store.read(deleted_records, Noun.GROUP, most=9)
    assert [len(one.changes) for one in both] == [1, 2]
    page = await story.store.read(deleted_records, Noun.GROUP, before=both[0].id, most=9)
    assert page == both[1:]

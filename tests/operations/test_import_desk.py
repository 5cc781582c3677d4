"""The desk file: idempotent, whole or not at all, and wrong ones told with file, line and key."""

from pathlib import Path

import pytest

from handoff_service.errors import BadInput, SetupError
from handoff_service.operations import desk_file
from handoff_service.operations.import_desk import import_desk
from handoff_service.store import people
from handoff_service.store import tables as t
from handoff_service.store.export_desk import export_desk
from tests.conftest import DESK
from tests.story import Story

DEMO = Path(desk_file.__file__).parents[1] / "demo.toml"


async def test_importing_again_changes_nothing(story: Story) -> None:
    async def everything() -> dict[str, object]:
        return {name: await story.rows(table) for name, table in t.metadata.tables.items() if name != "due_work"}

    before = await everything()
    await story.store.write(import_desk, desk_file.read(DESK))
    assert await everything() == before


async def test_what_is_in_the_file_is_on_the_desk(story: Story) -> None:
    agents = await story.store.read(people.agents)
    assert [(a.name, a.roles, a.groups, a.skills, a.capacity) for a in agents.values()] == [
        ("Mia Chen", ["agent"], ["Service desk"], ["hardware"], 2),
        ("Omar Haddad", ["agent", "supervisor"], ["Service desk"], [], 2),
    ]
    (main, direct) = await story.store.read(people.provider_numbers)
    assert (main.label, main.first_responder, main.queue.name) == ("Main line", "virtual_agent", "Service desk")
    assert direct.first_responder == "live_agent"


async def test_the_demo_desk_is_a_right_file(story: Story) -> None:
    await story.store.write(import_desk, desk_file.read(DEMO))
    (fact,) = await story.rows(t.user_facts)
    assert "1990" not in fact.hash


async def test_an_exported_desk_imports_to_the_same(story: Story, tmp_path: Path) -> None:
    nasty = 'Zoë "Z" \\ O\'Hara\u007f\n😩'
    await story.store.write(lambda tx, _: tx.conn.execute(t.users.update().values(name=nasty)), None)
    path = tmp_path / "out.toml"
    path.write_text(await story.store.read(export_desk))
    tables = {n: table for n, table in t.metadata.tables.items() if n != "due_work"}
    before = {name: await story.rows(table) for name, table in tables.items()}
    await story.store.write(import_desk, desk_file.read(path))
    assert {name: await story.rows(table) for name, table in tables.items()} == before


FAULTS = [
    ("unknown key", '[[users]]\nexternal_id = "E1"\nname = "A"\nmail = "x"\n',
     "4: users[0].mail: there is no such key"),
    ("unknown table", '[[cats]]\nname = "x"\n', "1: cats: there is no such key"),
    ("second entry", '[[users]]\nexternal_id="E1"\nname="A"\n[[users]]\nexternal_id="E2"\nname="B"\nnumbers=["1"]\n',
     "7: users[1].numbers[0]: must be a number in E.164, such as +12025550101"),
    ("missing key", '[[users]]\nname = "A"\n', "1: users[0].external_id: Field required"),
    ("wrong zone", '[desk]\nname = "D"\ntime_zone = "Mars"\n', "3: desk.time_zone: must be a time zone's IANA name"),
    ("no TOML", "name = \n", "Invalid value"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_faults_are_told_with_file_line_and_key(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(text)
    with pytest.raises(SetupError) as error:
        desk_file.read(path)
    assert str(error.value).startswith(f"{path}:")
    assert says in str(error.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read: No such file"):
        desk_file.read(tmp_path / "none.toml")


async def test_a_file_that_cannot_be_taken_whole_changes_nothing(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(
        '[[users]]\nexternal_id = "E9"\nname = "New"\n[[provider_numbers]]\nnumber = "+18885550300"\nqueue = "None"\n'
    )
    with pytest.raises(BadInput) as error:
        await story.store.write(import_desk, desk_file.read(path))
    assert error.value.errors == {"provider_numbers.+18885550300.queue": "there is no queue 'None'"}
    assert await story.count(t.users, t.users.c.external_id == "E9") == 0


async def test_a_new_agent_needs_a_password(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text('[[agents]]\nemail = "new@example.com"\nname = "New"\n')
    with pytest.raises(BadInput, match="not as it should"):
        await story.store.write(import_desk, desk_file.read(path))

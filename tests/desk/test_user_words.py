"""The index of people follows the stored users, and both databases find the same people."""

import pytest
import sqlalchemy as sa

from handoff_service.operations.desk.users import ChangeUser, MakeUser, change_user, make_user
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.store.desk import user_search
from handoff_service.store.desk.users import search_users
from handoff_service.store.engine import tables as t
from tests.support.story import Story


async def search_results(story: Story, typed: str) -> list[str]:
    def read(conn: sa.Connection) -> list[str]:
        return [one.name for one in search_users(conn, typed, 9)]

    return await story.store.read(read)


@pytest.mark.parametrize("many", [True, False])
async def test_a_person_is_found_by_the_current_values(
    story: Story, monkeypatch: pytest.MonkeyPatch, many: bool
) -> None:
    if many:
        monkeypatch.setattr(user_search, "MAX_ROWS", 0)
    made = MakeUser(external_id="G7", name="Çağla Öztürk", numbers=["+447911123456"])
    user_id = await story.store.write(make_user, made)
    for typed in ("ozturk cagla", "g7", "0044 7911 123456", "123456", "+44 7911"):
        assert await search_results(story, typed) == ["Çağla Öztürk"], typed
    changes = {"name": "Çağla Demir", "numbers": []}
    await story.store.write(change_user, ChangeUser(id=user_id, by=None, values=changes))
    assert await search_results(story, "demir") == ["Çağla Demir"]
    for typed in ("ozturk", "123456", "123456 x5", "", "?"):
        assert await search_results(story, typed) == [], typed
    file = '[[users]]\nexternal_id = "G7"\nname = "Çağla Şahin"\nnumbers = ["+447911654321"]\n'
    await import_file(story.store, read_desk_file.read_bytes(file.encode(), "desk.toml"))
    assert (await search_results(story, "sahin"), await search_results(story, "demir")) == (
        ["Çağla Şahin"],
        [],
    )
    assert await search_results(story, "7911 654321") == ["Çağla Şahin"]
    assert await story.count(t.user_words, t.user_words.c.word == "demir") == 0

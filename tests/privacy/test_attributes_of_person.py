"""An export has the attributes of a person and their conversations. An erasure removes them."""

from pathlib import Path

from handoff_service.operations.desk.merge_users import MergeUsers, merge_users
from handoff_service.operations.desk.users import ChangeUser, MakeUser, change_user, make_user
from handoff_service.operations.privacy.hand_out import collect
from handoff_service.operations.privacy.request_erasure import RequestedPerson
from handoff_service.rules.desk.attributes import AttributeType
from handoff_service.rules.privacy.archive_page import page
from tests.conftest import MovedClock
from tests.conversations.test_attributes import USER, define, set_values
from tests.privacy.test_erase_person import ZOE, make_place
from tests.reports.keeping import keep
from tests.support.privacy import BotWithMemory, GoodProvider, everything_in
from tests.support.story import MIA, OMAR, Story

SECRETS = ("bassoonist", "obsidian", "mandolin", "kumquat")


async def create_history_of_zoe(story: Story) -> tuple[int, int]:
    """Create Zoe, after a merge with the user Zo, and Zoe's conversation. All attribute values are
    Zoe's words.
    """
    await define(story, "hobby", AttributeType.TEXT, USER)
    await define(story, "stone", AttributeType.TEXT)
    made = MakeUser(external_id="E77", name="Zoe", numbers=[ZOE], attributes={"hobby": SECRETS[0]})
    zoe = await story.store.write(make_user, made)
    other = MakeUser(external_id="E78", name="Zo", attributes={"free": SECRETS[2]})
    zo = await story.store.write(make_user, other)
    change = ChangeUser(id=zo, by=MIA, values={"attributes": {"free": SECRETS[3]}})
    await story.store.write(change_user, change)
    merge = MergeUsers(stays_id=zoe, goes_id=zo, take=(), agent_id=OMAR)
    await story.store.write(merge_users, merge)
    talk = await story.with_agent(number=ZOE)
    await set_values(story, talk, stone=SECRETS[1])
    await set_values(story, talk, stone=None)
    await set_values(story, talk, stone=SECRETS[1])
    await keep(story.store)
    return zoe, talk


async def test_the_export_includes_the_attributes(story: Story) -> None:
    zoe, _ = await create_history_of_zoe(story)
    archive = await story.store.read(collect, RequestedPerson(user_id=zoe))
    assert archive.sections["person"]["attributes"] == {"hobby": SECRETS[0], "free": SECRETS[3]}
    (talk,) = archive.sections["conversations"]
    assert talk["attributes"] == {"stone": SECRETS[1]}
    shown = page(archive.desk, archive.sections)
    assert [one for one in (SECRETS[0], SECRETS[1], SECRETS[3]) if one not in shown] == []


async def test_an_erasure_removes_the_attributes(
    story: Story, clock: MovedClock, database_url: str, tmp_path: Path
) -> None:
    zoe, talk = await create_history_of_zoe(story)
    await story.close(talk)
    place = make_place(story, clock, database_url, tmp_path, GoodProvider(), BotWithMemory())
    receipt = await place.erase(RequestedPerson(user_id=zoe))
    assert receipt.state == "done"
    left = {
        (table, word)
        for table, rows in everything_in(database_url).items()
        for word in SECRETS
        if word in rows
    }
    assert left == set()

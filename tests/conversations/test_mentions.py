"""@mentions in private notes: agents who are mentioned get a notice and find the note in a list."""

import pytest

from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.rules.conversations.mentions import agents_starting_with, mentioned_agents
from handoff_service.store.conversations import colleague_notices, mentions
from tests.support.story import MIA, OMAR, Story

AGENTS = {1: "Mia Chen", 2: "Omar Haddad", 3: "José Peña", 4: "Omar Said", 5: "Mia-Lu Ray"}


@pytest.mark.parametrize(
    ("note", "ids"),
    [
        ("@Mia look", {1}),
        ("see @mia chen, and @jose.", {1, 3}),
        ("@José Peña: yours", {3}),
        ("@Omar", set()),  # two agents have this first name
        ("@Omar Said and @omar haddad", {2, 4}),
        ("mia@chen.com", set()),
        ("@Miamar @@Mia", set()),
        ("@", set()),
        ("Mia", set()),
    ],
)
def test_a_note_mentions_agents_by_name(note: str, ids: set[int]) -> None:
    assert mentioned_agents(note, AGENTS) == ids


@pytest.mark.parametrize(
    ("letters", "ids"),
    [
        ("", [3, 1, 5, 2, 4]),
        ("mi", [1, 5]),
        ("JOSE", [3]),
        ("ch", [1]),
        ("omar s", [4]),
        ("Omar Said ", []),  # A complete name needs no suggestions.
        ("ia", []),
    ],
)
def test_typed_letters_suggest_agents_with_matching_names(letters: str, ids: list[int]) -> None:
    assert agents_starting_with(letters, AGENTS) == ids


async def test_a_mentioned_colleague_gets_a_notice_and_finds_the_note(story: Story) -> None:
    ann = await story.with_agent()
    for body in ("@Omar can you look?", "@Mia @Omar again", "nobody"):
        note = Write(interaction_id=ann, agent_id=MIA, body=body)
        seq = await story.store.write(write_note, note)
    (notice,) = await story.store.read(colleague_notices.open_notices, OMAR)
    assert notice.said == "Mia Chen mentioned you in a note"
    found = await story.store.read(mentions.of_agent, OMAR)
    assert [(one.body, one.by.name, one.seq) for one in found] == [
        ("@Mia @Omar again", "Mia Chen", seq - 1),
        ("@Omar can you look?", "Mia Chen", seq - 2),
    ]
    older = await story.store.read(mentions.of_agent, OMAR, below=found[0].id)
    assert [one.seq for one in older] == [seq - 2]
    assert await story.store.read(mentions.of_agent, MIA) == [], (
        "the author of a note gets no notice"
    )

"""Search: the results of each query, in order and in pages."""

import pytest
import sqlalchemy as sa

from handoff_service.operations.conversations.index_texts import index_texts
from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.rules.conversations.search_query import SearchQuery, read
from handoff_service.store.conversations import search
from handoff_service.store.desk import users
from handoff_service.store.desk.user_search import PageRequest
from handoff_service.store.engine import tables as t
from handoff_service.web.workspace.search import _found as search_page_results
from tests.conftest import MovedClock
from tests.support.story import ANN, BOB, DIRECT, MIA, SHARED, STRANGER, Story


async def index(story: Story) -> None:
    while await story.store.write(index_texts, None):
        pass


# One interaction each, in this order: 1 Ann, 2 Bob, 3 a stranger, 4 the number of Bob and Cy.
TEXTS = {
    ANN: ["my laptop won't start", "It says: ERROR 0x80070057", "Tschüß, Zoë & José"],
    BOB: [
        "scanner 7 is dead",
        "the laptop works",
        "call me at 202-555-0777",
        "我的打印机 坏了USB接口",
        "프린터가 고장났어요",
    ],
    STRANGER: [
        "quick: the printer is on fire",
        'say "hello" AND NOT (goodbye) OR * near^2 {x}',
        "ช่วยด้วยเครื่องพิมพ์ของฉันเสีย",
        "मेरा प्रिंटर खराब है",
    ],
    SHARED: ["привет мир", "日本語のテキスト"],
}

FOUND = {
    "a word": ("laptop", [2, 1]),
    "its beginning": ("lap", [2, 1]),
    "case does not matter": ("LAPTOP", [2, 1]),
    "the end of a word does not match": ("top", []),
    "only the last word may be incomplete": ("lap start", []),
    "all words must be in one line": ("laptop start", [1]),
    "words of two lines": ("laptop scanner", []),
    "an apostrophe": ("won't", [1]),
    "words in any order": ("start laptop", [1]),
    "a phrase": ('"laptop works"', [2]),
    "a phrase in another order": ('"works laptop"', []),
    "a phrase matches whole words": ('"laptop work"', []),
    "a phrase without a closing quote": ('"laptop works', [2]),
    "without accents": ("jose", [1]),
    "with accents": ("JOSÉ", [1]),
    "sharp s": ("tschüss", [1]),
    "letters and digits": ("0x8007", [1]),
    "another script": ("Привет", [4]),
    "Japanese, from the beginning": ("日本", [4]),
    "Japanese, from the middle": ("語のテキ", [4]),
    "Japanese, one letter": ("語", [4]),
    "Japanese, in another order": ("本日", []),
    "Japanese, halfwidth": ("ﾃｷｽﾄ", [4]),
    "two parts of one run": ("テキスト 本語", [4]),
    "a phrase across a space": ('"打印机 坏了"', [2]),
    "Chinese, in the middle": ("印机", [2]),
    "Korean, in a word": ("린터", [2]),
    "Thai, in the middle": ("เครื่องพิมพ์", [3]),
    "Thai, the end of a word": ("เสีย", [3]),
    "Thai, two letters": ("พิ", [3]),
    "Hindi, a word's beginning": ("प्रिं", [3]),
    "Hindi, another vowel sign": ("प्रा", []),
    "letters next to Chinese": ("usb", [2]),
    "operators are ordinary words": ("hello and not goodbye or near", [3]),
    "an operator alone": ("AND", [3]),
    "brackets and stars have no meaning": ("((printer)) *", [3]),
    "the name of an index column is an ordinary word": ("words:printer", []),
    "quotes and backslashes": ("\\\"'printer'", [3]),
    "one letter is too short": ("a", []),
    "nothing": ("", []),
    "signs only": ("?!*()\"'", []),
    "a name": ("ruiz", [2]),
    "a whole name in another order": ("lee ann", [1]),
    "a part of a name that is a symbol": ("%", []),
    "an employee number": ("e1002", [2]),
    "an interaction's number": ("INT0000003", [3]),
    "an interaction's number in small letters without zeros": ("int3", [3]),
    "the number of a missing interaction": ("INT0000099", []),
    "a number, international": ("+12025550101", [1]),
    "a number in its displayed format": ("+1 (202) 555-0101", [1]),
    "a number, national": ("202 555 0101", [1]),
    "a number, national with a zero": ("0202.555.0101", [1]),
    "a number with 00": ("0012025550101", [1]),
    "the last digits": ("0177", [3]),
    "an incomplete number": ("+1202555", [4, 3, 2, 1]),
    "three digits are not a number": ("177", []),
    "a number in a text": ("202-555-0777", [2]),
    "digits in the middle of a number": ("55501", []),
}


@pytest.fixture
async def indexed_desk(story: Story) -> Story:
    for number, texts in TEXTS.items():
        for body in texts:
            await story.text(body, number=number)
    await index(story)
    return story


async def test_each_query_has_its_results_in_order(indexed_desk: Story) -> None:
    found = {}
    for case, (typed, _) in FOUND.items():
        page = await indexed_desk.store.read(search.find_interactions, read(typed), limit=10)
        found[case] = [find.interaction_id for find in page.items]
    assert found == {case: right for case, (_, right) in FOUND.items()}


async def test_texts_that_are_not_indexed_yet_are_found(story: Story) -> None:
    for number, texts in TEXTS.items():
        for body in texts:
            await story.text(body, number=number)
    for case, (typed, right) in FOUND.items():
        found = (await story.store.read(search.find_interactions, read(typed), limit=10)).items
        assert (case, [find.interaction_id for find in found]) == (case, right)


async def test_a_result_shows_the_newest_matching_line(indexed_desk: Story) -> None:
    await indexed_desk.text("laptop again")
    await index(indexed_desk)
    (first, second) = (
        await indexed_desk.store.read(search.find_interactions, read("laptop"), limit=10)
    ).items
    assert (first, second) == (search.Result(2, 2), search.Result(1, 4))
    (by_number,) = (
        await indexed_desk.store.read(search.find_interactions, read("INT0000001"), limit=10)
    ).items
    assert by_number.seq is None


async def test_pages_follow_the_order_of_the_list_and_include_every_result(
    story: Story, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CHUNK", 3)
    monkeypatch.setattr(search, "MAX_LINES_READ", 6)
    right = []
    for n in range(30):
        clock.move(1)
        one = (
            await story.text("my badge", number=f"+1415555{n:04d}", to=DIRECT)
        ).interaction_id or 0
        for _ in range(n % 5):
            await story.text("the vpn is down", number=f"+1415555{n:04d}", to=DIRECT)
        right += [one] if n % 5 else []
    await index(story)
    for typed, limit, where, wanted in (
        ("vpn", 4, (), right),
        ("vpn", 1, (), right),
        ("vpn", 4, (t.interactions.c.requester_number == "+14155550001",), right[:1]),
        ("+1415", 7, (), list(range(1, 31))),
    ):
        seen, below = [], None
        for _ in range(100):
            page = await story.store.read(
                search.find_interactions, read(typed), where=where, below=below, limit=limit
            )
            seen += [find.interaction_id for find in page.items]
            assert len(page.items) <= limit
            if (below := page.below) is None:
                break
        assert seen == wanted[::-1]


async def test_notes_are_found_and_system_lines_are_not(
    story: Story,
) -> None:
    conversation = await story.with_agent()
    await story.store.write(
        write_note, Write(interaction_id=conversation, agent_id=MIA, body="ask Omar about the dock")
    )
    await story.write(conversation, "Have you tried another cable?")
    await index(story)
    lines = {line.seq: line.body for line in await story.lines(conversation)}
    for typed, said in {
        "dock": "ask Omar about the dock",
        "cable": "Have you tried another cable?",
    }.items():
        (find,) = (await story.store.read(search.find_interactions, read(typed), limit=10)).items
        assert lines[find.seq or 0] == said
    assert (
        await story.store.read(search.find_interactions, read("accepted"), limit=10)
    ).items == []
    assert "Mia Chen accepted" in lines.values()


def people(conn: sa.Connection, wanted: SearchQuery) -> list[search.FoundPerson]:
    return search.found_people(conn, search.people_ids(conn, wanted))


async def test_a_page_makes_one_query_for_people(
    indexed_desk: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []

    def counted(conn: sa.Connection, typed: str, page: PageRequest) -> list[int]:
        searched.append(typed)
        return users.search_user_ids(conn, typed, page)

    monkeypatch.setattr(search, "search_user_ids", counted)
    results = await indexed_desk.store.read(search_page_results, read("ann"), None, MIA)
    assert [one.user.name for one in results.people] == ["Ann Lee"]
    assert len(results.conversations) == 1
    assert searched == ["ann"]


async def test_people_come_with_their_newest_conversation(indexed_desk: Story) -> None:
    (ann,) = await indexed_desk.store.read(people, read("ann"))
    assert (ann.user.name, ann.conversations, ann.newest) == ("Ann Lee", 1, 1)
    found = await indexed_desk.store.read(people, read("0199"))
    assert [(one.user.name, one.newest) for one in found] == [("Bob Ruiz", 2), ("Cy Ruiz", None)]
    assert await indexed_desk.store.read(people, read("")) == []

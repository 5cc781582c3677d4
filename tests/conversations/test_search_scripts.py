"""Search in scripts without spaces and in mixed texts. A query finds any part of a run of such
letters, but only the beginning of a Latin word.
"""

import pytest

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.scripts import RUN
from handoff_service.rules.conversations.search_query import read
from handoff_service.store.conversations import search, text_index, text_matches
from tests.bench.sentences import SENTENCES
from tests.conversations.test_search import index
from tests.support.story import ANN, BOB, DIRECT, SHARED, STRANGER, Story

#: One interaction each, in this order.
TEXTS = {
    ANN: "会议室的投影仪昨天坏了",
    BOB: "請確認ノートパソコンの電源",
    SHARED: "모니터가갑자기 꺼졌어요",
    STRANGER: "จอภาพดับไปเมื่อวานนี้",
    "+13125550105": "Café laptop上的VPN断开 ticket4417 เปิดไม่ได้ 노트북",
    "+13125550106": "ab abc abcd",
}
FOUND = {
    "Chinese, one letter": ("投", [1]),
    "Chinese, two": ("影仪", [1]),
    "Chinese, three": ("投影仪", [1]),
    "Chinese, more": ("投影仪昨天坏了", [1]),
    "Chinese, the last letter": ("了", [1]),
    "Chinese, with a letter left out": ("投仪", []),
    "Japanese, one letter": ("源", [2]),
    "Japanese, two": ("パソ", [2]),
    "Japanese, three": ("パソコ", [2]),
    "Japanese, more": ("パソコンの電源", [2]),
    "Korean, one letter": ("갑", [3]),
    "Korean, two": ("니터", [3]),
    "Korean, three": ("니터가", [3]),
    "Korean, more": ("터가갑자기", [3]),
    "Korean, a phrase across a space": ('"갑자기 꺼졌어요"', [3]),
    "Thai, one letter is too short": ("จ", []),
    "Thai, two": ("ดั", [4]),
    "Thai, two letters at the end": ("นี้"[:2], [4]),
    "Thai, three": ("ภาพ", [4]),
    "Thai, more": ("ดับไปเมื่อ", [4]),
    "mixed, Latin next to Chinese": ("vpn", [5]),
    "mixed, the beginning of a run": ("vp", [5]),
    "mixed, the end of a run": ("pn", []),
    "mixed, a phrase across two scripts": ('"laptop上的vpn断开"', [5]),
    "mixed, an incomplete run": ("laptop上", [5]),
    "mixed, three scripts in any order": ("북 เปิ laptop", [5]),
    "mixed, a script that does not occur": ("노트북 断 laptop パソ", []),
    "mixed, an accent": ("cafe", [5]),
    "mixed, the beginning of a word with an accent": ("CAFÉ lap", [5]),
    "mixed, digits after letters": ("ticket44", [5]),
    "Latin, two letters": ("ab", [6]),
    "Latin, three": ("abc", [6]),
    "Latin, a phrase": ('"ab abc"', [6]),
    "Latin, a phrase of beginnings": ('"ab ab"', []),
    "Latin, the last word is one letter": ("abc a", [6]),
    "the filler is not a word": ("~~ab", [6]),
    "only the filler": ("~~", []),
    "a number by four digits": ("0106", [6]),
    "a number by its beginning": ("+13125550", [6, 5]),
}
SCRIPTS = ("Chinese", "Japanese", "Korean", "Thai")


@pytest.fixture
async def stored_texts(story: Story) -> Story:
    for number, body in TEXTS.items():
        await story.text(body, number=number, to=DIRECT)
    return story


async def _found(story: Story) -> dict[str, list[int]]:
    found = {}
    for case, (typed, _) in FOUND.items():
        page = await story.store.read(search.find_interactions, read(typed), limit=10)
        found[case] = [find.interaction_id for find in page.items]
    return found


async def test_search_finds_parts_of_words_in_each_script(stored_texts: Story) -> None:
    right = {case: wanted for case, (_, wanted) in FOUND.items()}
    assert await _found(stored_texts) == right, "before the texts are indexed"
    await index(stored_texts)
    assert await _found(stored_texts) == right, "after the texts are indexed"


async def test_each_part_of_a_run_finds_exactly_the_texts_with_it(story: Story) -> None:
    texts = [one for script in SCRIPTS for one in SENTENCES[script][:10]]
    for n, body in enumerate(texts):
        await story.text(body, number=f"+131255520{n:02d}", to=DIRECT)
    await index(story)
    parts = {part for body in texts for part in _parts(body)}
    for part in sorted(parts):
        found = await story.store.read(text_matches.matches, read(part), 1 << 62, 1000)
        right = {n for n, body in enumerate(texts, start=1) if folded(part) in folded(body)}
        assert {text_index.interaction_of(at)[0] for at in found} == right, part


def _parts(body: str) -> list[str]:
    """Return the parts of two to five letters inside the longest run."""
    run = max(RUN.findall(body), key=len)
    middle = len(run) // 3
    return [run[middle : middle + length] for length in range(2, 6) if middle + length <= len(run)]

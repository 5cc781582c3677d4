"""Earlier messages between two numbers, in pages back to the first message."""

import pytest

from handoff_service.store.conversations import earlier_messages
from handoff_service.store.conversations.earlier_messages import Before
from tests.support.story import ANN, DIRECT, Story


async def talks(story: Story, *counts: int) -> list[int]:
    """Create interactions of Ann on the direct number, each with this many additional texts. All
    interactions but the last are closed.
    """
    made = []
    for n, count in enumerate(counts):
        made.append(await story.with_agent())
        for k in range(count):
            await story.text(f"text {k} of talk {n}", to=DIRECT)
        if n < len(counts) - 1:
            await story.close(made[-1], short_description=f"talk {n}", closing_text="")
    return made


async def test_pages_reach_the_first_message_and_show_each_line_once(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_messages, "LINES", 7)
    monkeypatch.setattr(earlier_messages, "MAX_CHAPTERS", 2)
    made = await talks(story, 20, 0, 3, 1)
    await story.text("on another line", number=ANN)
    wanted = [(k, line.seq) for k in made for line in await story.lines(k)]
    seen: list[tuple[int, int]] = []
    ends: list[int] = []
    before = await story.store.read(earlier_messages.has_earlier, made[-1], 4)
    shown = [(made[-1], line.seq) for line in (await story.lines(made[-1])) if line.seq >= 4]
    while before is not None:
        page = await story.store.read(earlier_messages.earlier, made[-1], before)
        lines = [(c.interaction.id, line.seq) for c in page.chapters for line in c.lines]
        assert len(lines) <= 7
        seen = lines + seen
        ends = [c.interaction.id for c in page.chapters if c.to_its_end] + ends
        before = page.before
    assert seen + shown == wanted
    assert ends == made[:-1]


async def test_a_position_in_another_conversation_shows_no_messages(story: Story) -> None:
    (ann,) = await talks(story, 1)
    other = (await story.text("on another line")).interaction_id or 0
    page = await story.store.read(earlier_messages.earlier, ann, Before(other, 2))
    assert {c.interaction.id for c in page.chapters} <= {ann}
    assert await story.store.read(earlier_messages.has_earlier, ann, 1) is None
    assert (await story.store.read(earlier_messages.earlier, 999, Before(1, 1))).chapters == []

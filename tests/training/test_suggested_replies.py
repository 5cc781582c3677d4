"""Suggested replies from the desk's past conversations: similarity, masking, and solved
conversations.
"""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.bot_control.reply_index import PastReplies
from handoff_service.errors import BadInput
from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.rules.training.suggested_replies import OFTEN, PastAnswer, ReplyIndex, same
from tests.conftest import MovedClock
from tests.support.story import DIRECT, MIA, Story

AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
TONER = "Please take a new toner from the cabinet on floor 2."
VPN = "Please sign out of the VPN and sign in again."
PAST = [
    ("the printer says toner low", TONER),
    ("printer out of toner again", "please take a new toner from the cabinet on floor 2"),
    ("vpn keeps dropping", VPN),
    ("my vpn is slow today", "Hi ‹name›, please use the other VPN gateway for now."),
    ("thanks", "ok"),
]


def index(past: list[tuple[str, str]]) -> ReplyIndex:
    return ReplyIndex(
        [
            PastAnswer(
                interaction_id=n, question=q, answer=a, agent="Mia Chen", at=AT + timedelta(days=n)
            )
            for n, (q, a) in enumerate(past, 1)
        ]
    )


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("printer needs toner", TONER),
        ("PRINTER: TÓNER!!", TONER),
        ("VPN keeps dropping since Monday", VPN),
        ("can I bring my dog", None),
        ("", None),
    ],
)
def test_the_most_similar_answer_comes_first(text: str, first: str | None) -> None:
    found = index(PAST).suggest(text)
    assert (same(found[0].text) if found else None) == (same(first) if first else None)


def test_equal_answers_are_merged_and_the_newest_is_the_source() -> None:
    (found,) = index(PAST).suggest("toner")
    assert (found.interaction_id, found.times) == (2, 2)


def test_a_greeting_names_the_current_requester() -> None:
    texts = [one.text for one in index(PAST).suggest("vpn is slow", "Bob")]
    assert "Hi Bob, please use the other VPN gateway for now." in texts


def test_short_answers_are_not_suggested() -> None:
    assert index([("thanks", "ok")]).suggest("thanks") == []


def test_frequently_typed_texts_are_suggested_as_templates_unless_they_exist() -> None:
    many = index(
        [("toner", TONER)] * (OFTEN - 1) + [("toner", TONER.lower())] + [("vpn", VPN)] * (OFTEN - 1)
    )
    assert [(one.text, one.times) for one in many.typed_often()] == [(TONER, OFTEN)]
    assert many.typed_often([TONER.upper()]) == []


async def solve(story: Story, asked: str, answer: str) -> int:
    """Start a conversation that Mia answers and closes."""
    made = (await story.text(asked, to=DIRECT)).interaction_id or 0
    await story.write(made, answer)
    await story.close(made)
    return made


async def test_answers_count_if_the_conversation_stayed_closed_for_a_week(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    replies = PastReplies(story.store, clock)
    solved = await solve(story, "toner is empty", "Hi Ann, take one from floor 2, call 2025550188")
    clock.move(6 * 86_400)
    await replies.build()
    assert len(replies.index) == 0, "the requester may still text again"
    clock.move(2 * 86_400)
    await replies.build()
    (found,) = replies.index.suggest("no toner", "Bob")
    assert found.interaction_id == solved
    assert found.text == "Hi Bob, take one from floor 2, call ‹number›"
    await solve(story, "vpn is slow", "Please use the other gateway for now.")
    clock.move(3 * 86_400)
    await solve(story, "vpn is still slow", "It is a fault on our side, please wait a day.")
    clock.move(8 * 86_400)
    await replies.build()
    texts = [one.text for one in replies.index.suggest("vpn is slow")]
    assert texts == ["It is a fault on our side, please wait a day."], (
        "the first answer did not solve the problem"
    )


async def test_a_text_with_a_mask_is_not_sent(story: Story) -> None:
    await story.available(MIA)
    made = (await story.text("hi", to=DIRECT)).interaction_id or 0
    with pytest.raises(BadInput) as refused:
        await story.write(made, "Call ‹number›")
    assert "‹number›" in refused.value.errors["body"]


async def test_a_note_can_contain_a_mask(story: Story) -> None:
    made = (await story.text("hi", to=DIRECT)).interaction_id or 0
    note = Write(interaction_id=made, agent_id=MIA, body="The reply says ‹number›")
    assert await story.store.write(write_note, note)

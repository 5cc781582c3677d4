"""A batch of texts needs about as many statements as a single text, whatever the texts say."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from handoff_service.operations.conversations.receive_sms.receive import Received, receive_sms
from handoff_service.operations.conversations.receive_sms.text import Text
from handoff_service.operations.routing.offer_work import offer_work
from handoff_service.store.engine.transaction import Transaction
from tests.support.story import DIRECT, Story

FEW, MANY = 3, 60


@contextmanager
def statements(story: Story) -> Iterator[list[str]]:
    """Collect the statements that the store's writers run during the block."""
    seen: list[str] = []

    def see(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sa.event.listen(story.store._writing, "before_cursor_execute", see)
    yield seen
    sa.event.remove(story.store._writing, "before_cursor_execute", see)


def receive_together(tx: Transaction, texts: Sequence[Text]) -> list[Received]:
    return list(receive_sms.run(tx, texts))


async def batch(story: Story, body: str, numbers: range) -> None:
    texts = [
        Text(
            sid=f"SM{n:032}",
            requester_number=f"+1202555{n:04}",
            provider_number=DIRECT,
            body=body,
        )
        for n in numbers
    ]
    await story.store.write(receive_together, texts)


@pytest.mark.parametrize(
    "body",
    [
        "hello",
        "my laptop won't start",
        "still broken",
        "no me funciona",
        "where is my case?",
    ],
)
async def test_a_large_batch_needs_no_more_statements(story: Story, body: str) -> None:
    with statements(story) as few:
        await batch(story, body, range(FEW))
    with statements(story) as many:
        await batch(story, body, range(100, 100 + MANY))
    assert len(many) <= len(few) + 5


@pytest.mark.parametrize("body", ["my laptop won't start", "no me funciona el portátil"])
async def test_requesters_who_start_waiting_together_get_their_texts_in_one_batch(
    story: Story, body: str
) -> None:
    await batch(story, body, range(FEW))
    with statements(story) as few:
        await story.store.write(offer_work, None)
    await batch(story, body, range(100, 100 + MANY))
    with statements(story) as many:
        await story.store.write(offer_work, None)
    assert await story.count(sa.table("messages"), sa.text("author = 'system'")) == FEW + MANY
    assert len(many) <= len(few) + 5

"""Helpers for the worker's steps in the outbox: claim, begin and finish a send."""

from handoff_service.operations.delivery.begin_send import BeginSend, begin_sends
from handoff_service.operations.delivery.finish_send import FinishSend, finish_sends
from handoff_service.operations.delivery.limit_replies import HeldBack
from handoff_service.ports.sms_provider import Accepted, Outgoing, SendResult
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import messages
from handoff_service.store.engine import claiming
from handoff_service.store.engine.claiming import Claim, Claimed
from handoff_service.store.views import Message
from tests.support.story import MIA, Story


async def claim(story: Story) -> list[Claimed]:
    return [
        c for c in await story.store.write(claiming.claim, Claim(100)) if c.kind is Work.DELIVER
    ]


async def begin(story: Story, message: int) -> Outgoing | HeldBack | None:
    return await story.store.write(begin_sends, BeginSend(message, 1))


async def finish(story: Story, message: int, result: SendResult) -> None:
    await story.store.write(finish_sends, FinishSend(message, 1, result))


async def line(story: Story, message: int) -> Message:
    return await story.store.read(messages.get, message)


async def quiet_conversation(story: Story) -> int:
    """Create a conversation between Ann and Mia. The outbox is empty."""
    interaction = await story.with_agent(MIA)
    for one in await claim(story):
        await begin(story, int(one.key))
        await finish(story, int(one.key), Accepted(sid=f"SMline{one.key}"))
    return interaction

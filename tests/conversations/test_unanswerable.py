"""Senders that nobody can text back: names, withheld numbers and the company's own numbers."""

import pytest

from handoff_service.errors import Conflict
from handoff_service.operations.conversations.send_sms import Write, send_sms
from handoff_service.operations.conversations.start_conversation import Recipient, Start, start_conversation
from handoff_service.rules.delivery.senders import is_name, why_unanswerable
from handoff_service.store.engine import tables as t
from tests.support.story import DIRECT, MAIN, MIA, Story

SENDERS = {"a name": "Booking.com", "with a blank": "My Bank 24", "withheld": "+266696687", "our own": DIRECT}


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
async def test_such_a_text_is_stored_and_starts_nothing(story: Story, sender: str) -> None:
    ids = {(await story.text(body, number=sender)).interaction_id for body in ("Your code is ready", "STOP", "BOT")}
    (interaction,) = ids
    assert interaction is not None
    seen = await story.see(interaction)
    assert seen.unanswerable == why_unanswerable(sender, is_own=sender == DIRECT)
    assert await story.count(t.messages) == 3
    for table in (t.work_items, t.opt_outs):
        assert await story.count(table) == 0
    assert await story.begin(interaction) is None


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
async def test_nobody_texts_it(story: Story, sender: str) -> None:
    interaction = (await story.text(number=sender)).interaction_id or 0
    with pytest.raises(Conflict):
        await story.store.write(send_sms, Write(interaction_id=interaction, agent_id=MIA, body="hello"))
    first = Start(agent_id=MIA, recipient=Recipient(to=sender, provider_number=MAIN), body="hello")
    with pytest.raises(Conflict):
        await story.store.write(start_conversation, first)
    assert await story.count(t.messages) == 1


NAMES = {
    "DHL": True, "A": True, "O2 & you": True, "Lloyds_Bank": True, "Amazon.de": True,
    "12345": False, "": False, "   ": False, "TwelveLetter": False, "client:bob": False, "Caf\u00e9": False,
}  # fmt: skip


@pytest.mark.parametrize("sender", NAMES)
def test_names(sender: str) -> None:
    assert is_name(sender) is NAMES[sender]

"""Senders that cannot receive texts: names, withheld numbers and the company's own numbers."""

import pytest

from handoff_service.errors import Conflict
from handoff_service.operations.conversations.index_texts import index_texts
from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.send_sms import Write, send_sms
from handoff_service.operations.conversations.start_conversation import Start, start_conversation
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.virtual_agent.return_to_virtual_agent import (
    ReturnToBot,
    return_to_bot,
)
from handoff_service.rules.conversations import search_query
from handoff_service.rules.delivery.senders import is_name, why_unanswerable
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.conversations import conversations, search
from handoff_service.store.conversations.conversation_list import ongoing_items
from handoff_service.store.engine import tables as t
from tests.support.story import DIRECT, MAIN, MIA, Story

SENDERS = {
    "a name": "Booking.com",
    "a name with a space": "My Bank 24",
    "withheld": "+266696687",
    "a company number": DIRECT,
}


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
async def test_an_unanswerable_text_is_stored_and_starts_no_turn(story: Story, sender: str) -> None:
    ids = {
        (await story.text(body, number=sender)).interaction_id
        for body in ("Your code is ready", "STOP", "BOT")
    }
    (interaction,) = ids
    assert interaction is not None
    seen = await story.see(interaction)
    assert seen.unanswerable == why_unanswerable(sender, is_own=sender == DIRECT)
    assert await story.count(t.messages) == 3
    for table in (t.work_items, t.opt_outs):
        assert await story.count(table) == 0
    assert await story.begin(interaction) is None


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
async def test_no_text_is_sent_to_an_unanswerable_sender(story: Story, sender: str) -> None:
    interaction = (await story.text(number=sender)).interaction_id or 0
    with pytest.raises(Conflict):
        await story.store.write(
            send_sms, Write(interaction_id=interaction, agent_id=MIA, body="hello")
        )
    first = Start(agent_id=MIA, recipient=Recipient(to=sender, provider_number=MAIN), body="hello")
    with pytest.raises(Conflict):
        await story.store.write(start_conversation, first)
    assert await story.count(t.messages) == 1


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
async def test_agents_find_unanswerable_conversations_in_the_list_of_others_and_close_them(
    story: Story, sender: str
) -> None:
    interaction = (await story.text("Your parcel is late", number=sender)).interaction_id or 0
    assert (await story.see(interaction)).owner.kind is Owner.NONE
    (item,) = await story.store.read(lambda conn: ongoing_items(conn, MIA, others=True))
    assert (item.interaction.id, item.interaction.unanswerable) == (interaction, why(sender))
    assert await story.store.read(conversations.others_count, MIA) == 1
    assert not await story.store.read(lambda conn: ongoing_items(conn, MIA, others=False))
    await story.close(interaction)
    assert not await story.store.read(lambda conn: ongoing_items(conn, MIA, others=True))
    assert await story.texted(interaction) == []
    assert (await story.text("Again", number=sender)).interaction_id != interaction


FOUND = {
    "by the sender's name": ("CityBank 24", "citybank"), "by two words": ("My Bank", "my bank"),
    "by words of the text": ("O2", "card"),
    "withheld": ("+2562533", "blocked"), "a company number, by its last digits": (DIRECT, "0200"),
}  # fmt: skip


@pytest.mark.parametrize(("sender", "typed"), FOUND.values(), ids=FOUND)
async def test_search_finds_unanswerable_conversations(
    story: Story, sender: str, typed: str
) -> None:
    interaction = (await story.text("re: card", number=sender)).interaction_id
    for indexed in (False, True):
        if indexed:
            await story.store.write(index_texts, None)
        found = await story.store.read(
            lambda conn: search.find_interactions(conn, search_query.read(typed), limit=5)
        )
        assert [one.interaction_id for one in found.items] == [interaction], f"{indexed=}"


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
async def test_a_desk_can_queue_unanswerable_texts_without_ever_answering_them(
    story: Story, sender: str
) -> None:
    await story.store.write(change_desk, {"queue_unanswerable": True})
    interaction = (await story.text("Your parcel is late", number=sender)).interaction_id or 0
    assert (await story.see(interaction)).owner.kind is Owner.QUEUE
    await story.offer()  # To other requesters, this sends the text that no agent is free.
    await story.available(MIA)
    await story.offer()
    (offer,) = await story.inbox(MIA)
    assert offer.reason == why(sender)
    await story.accept(offer.id, MIA)
    await story.text("BOT", number=sender)
    assert (await story.see(interaction)).owner.kind is Owner.AGENT
    with pytest.raises(Conflict):
        await story.store.write(
            return_to_bot, ReturnToBot(interaction_id=interaction, agent_id=MIA, outcome="read")
        )
    await story.close(interaction)
    assert await story.texted(interaction) == []
    assert await story.count(t.timers) == 0


def why(sender: str) -> str | None:
    return why_unanswerable(sender, is_own=sender == DIRECT)


NAMES = {
    "DHL": True, "A": True, "O2 & you": True, "Lloyds_Bank": True, "Amazon.de": True,
    "12345": False, "": False, "   ": False, "TwelveLetter": False, "client:bob": False,
    "Caf\u00e9": False,
}  # fmt: skip


@pytest.mark.parametrize("sender", NAMES)
def test_a_senders_name_is_recognized(sender: str) -> None:
    assert is_name(sender) is NAMES[sender]

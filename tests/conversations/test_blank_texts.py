"""Agents cannot send a text without visible characters. The error names the characters of the text.
The service skips such texts in the virtual agent's answers.
"""

import pytest

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.send_sms import Write, send_sms, write_note
from handoff_service.operations.conversations.start_conversation import Start, start_conversation
from handoff_service.operations.desk.templates import MakeTemplate, make_template
from handoff_service.operations.virtual_agent.finish_turn import FinishTurn, finish_turn
from handoff_service.ports.bot import BotReply
from handoff_service.rules.shared.vocabulary import TurnOutcome
from handoff_service.rules.virtual_agent.bot_text import Choice
from tests.support.story import ANN, DIRECT, MIA, Story

NOTHING = " \u00ad\u2062\n"


async def test_a_refusal_of_an_invisible_text_names_its_characters(story: Story) -> None:
    ann = await story.with_agent(MIA)
    write = Write(interaction_id=ann, agent_id=MIA, body=NOTHING)
    start = Start(agent_id=MIA, recipient=Recipient(to=ANN, provider_number=DIRECT), body=NOTHING)
    with pytest.raises(BadInput) as sent:
        await story.store.write(send_sms, write)
    with pytest.raises(BadInput) as noted:
        await story.store.write(write_note, write)
    with pytest.raises(BadInput) as started:
        await story.store.write(start_conversation, start)
    with pytest.raises(BadInput) as made:
        await story.store.write(make_template, MakeTemplate(name="Nothing", body=NOTHING))
    for refused in (sent, noted, started, made):
        assert "a soft hyphen" in refused.value.errors["body"]


async def test_an_invisible_reply_of_the_virtual_agent_is_skipped(story: Story) -> None:
    ann = (await story.text("hi, my laptop won't start")).interaction_id or 0
    question = await story.begin(ann)
    assert question is not None
    assert (
        await story.finish(question, NOTHING, "How much does this affect you?")
        is TurnOutcome.ANSWERED
    )
    assert await story.texted(ann) == ["How much does this affect you?"]


async def test_a_requesters_blank_text_is_stored_and_answered_without_the_bot(story: Story) -> None:
    ann = (await story.text("\u200b \u2800")).interaction_id or 0
    assert await story.begin(ann) is None
    assert await story.texted(ann) == ["Your text had no words. How can I help?"]
    assert await story.begin(ann) is None  # the second blank text gets no answer
    await story.text("")
    await story.text("my laptop is slow")
    question = await story.begin(ann)
    assert question is not None
    assert question.message == "my laptop is slow"


async def test_an_emoji_that_matches_no_choice_repeats_the_choices(story: Story) -> None:
    ann = (await story.text("my laptop is slow")).interaction_id or 0
    question = await story.begin(ann)
    assert question is not None
    choices = (Choice("I cannot work", "/blocked"), Choice("I can wait", "/waits"))
    reply = BotReply(text="How much does this affect you?", choices=choices)
    await story.store.write(finish_turn, FinishTurn(turn_id=int(question.turn_id), replies=[reply]))
    await story.text("\U0001f44d\U0001f3fd")
    assert await story.begin(ann) is None
    assert (await story.texted(ann))[-1].endswith("one of these:\n1 I cannot work\n2 I can wait")
    await story.text("2")
    chosen = await story.begin(ann)
    assert chosen is not None
    assert chosen.message == "/waits"

"""A text that shows nothing is refused by name, whoever writes it, and skipped where the virtual agent does."""

import pytest

from handoff_service.errors import BadInput
from handoff_service.operations.change_template import Make, make_template
from handoff_service.operations.send_sms import Write, send_sms, write_note
from handoff_service.operations.start_conversation import Recipient, Start, start_conversation
from handoff_service.operations.take_bot_turn import TurnOutcome
from tests.story import ANN, DIRECT, MIA, Story

NOTHING = " \u00ad\u2062\n"


async def test_a_text_that_shows_nothing_is_refused_by_name(story: Story) -> None:
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
        await story.store.write(make_template, Make(name="Nothing", body=NOTHING))
    for refused in (sent, noted, started, made):
        assert "a soft hyphen" in refused.value.errors["body"]


async def test_a_reply_of_the_virtual_agent_that_shows_nothing_is_skipped(story: Story) -> None:
    ann = (await story.text("hi, my laptop won't start")).interaction_id or 0
    question = await story.begin(ann)
    assert question is not None
    assert await story.finish(question, NOTHING, "How bad is it?") is TurnOutcome.ANSWERED
    assert await story.texted(ann) == ["How bad is it?"]

"""Open prompts: who gets them, what ends them, and what dismissing one does."""

import pytest

from handoff_service.errors import NotFound
from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.operations.messaging_actions.dismiss_prompt import Dismiss, dismiss_prompt
from handoff_service.operations.messaging_actions.fire_timers import Fire, fire_timers
from handoff_service.operations.shared.conversation_hints import SUPERVISORS
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint
from handoff_service.store.messaging_actions import prompts
from handoff_service.store.views import Prompt
from tests.conftest import Heard, MovedClock
from tests.support.action_story import AGENT, REQUESTER, Rules
from tests.support.story import BOB, DIRECT, MIA, OMAR, Story


@pytest.fixture
async def rules(store: Store, clock: MovedClock) -> Rules:
    """Messaging actions that remind the agent after 30 minutes and after an hour, and when the
    requester has not replied for a day.
    """
    made = Rules(store, clock)
    await made.none()
    await made.add("Ann waits", REQUESTER, "30m")
    await made.add("Ann still waits", REQUESTER, "1h")
    await made.add("Ann is silent", AGENT, "1d")
    return made


async def prompts_of(story: Story, agent: int = MIA, *, supervises: bool = False) -> list[str]:
    return [one.said for one in await read_open_prompts(story, agent, supervises=supervises)]


async def read_open_prompts(
    story: Story, agent: int = MIA, *, supervises: bool = False
) -> list[Prompt]:
    return await story.store.read(prompts.open_prompts, agent, supervises=supervises)


async def prompt_seqs(story: Story, interaction_id: int) -> list[int]:
    return [line.seq for line in await story.lines(interaction_id) if line.event is Event.PROMPT]


async def dismiss(story: Story, interaction_id: int, seq: int, agent: int = MIA) -> None:
    await story.store.write(
        dismiss_prompt, Dismiss(interaction_id=interaction_id, agent_id=agent, seq=seq)
    )


async def test_an_agents_answer_ends_a_prompt_but_a_note_or_a_new_text_does_not(
    story: Story, rules: Rules
) -> None:
    ann = await story.with_agent()
    assert await prompts_of(story) == []
    await rules.wait(minutes=31)
    assert await prompts_of(story) == ["Ann waits"]
    await story.text("hello?", to=DIRECT)
    await story.store.write(write_note, Write(interaction_id=ann, agent_id=MIA, body="I know her"))
    assert await prompts_of(story) == ["Ann waits"]
    await story.write(ann, "Here I am", agent=OMAR)
    assert await prompts_of(story) == []


async def test_a_prompt_about_the_requesters_silence_ends_with_their_text(
    story: Story, rules: Rules
) -> None:
    ann = await story.with_agent()
    await story.write(ann, "Does it work now?")
    await rules.wait(days=1, minutes=1)
    assert await prompts_of(story) == ["Ann is silent"]
    await story.text("yes", to=DIRECT)
    assert await prompts_of(story) == []


async def test_the_live_group_sees_the_newest_prompt_of_each_conversation(
    story: Story, rules: Rules
) -> None:
    await story.with_agent()
    await rules.wait(minutes=31)
    await story.with_agent(number=BOB)
    await rules.wait(minutes=29, seconds=30)
    await rules.wait(minutes=1)
    # The newest prompt comes first, and it is about Bob.
    assert await prompts_of(story) == ["Ann waits", "Ann still waits"]
    assert await prompts_of(story, OMAR, supervises=True) == []
    assert await prompts_of(story, OMAR) == []


async def test_without_an_assigned_agent_supervisors_are_prompted_at_once(
    story: Story, rules: Rules, heard: Heard
) -> None:
    received = await story.text("anyone?", to=DIRECT)
    await rules.wait(minutes=31)
    assert await prompts_of(story, OMAR, supervises=True) == ["Ann waits"]
    assert not (await read_open_prompts(story, OMAR, supervises=True))[0].assigned
    assert await prompts_of(story) == []
    assert Hint(SUPERVISORS, received.interaction_id) in heard.hints
    assert received.interaction_id is not None
    await story.write(received.interaction_id, "Mia here")
    assert await prompts_of(story, OMAR, supervises=True) == []


async def test_closing_ends_a_prompt(story: Story, rules: Rules) -> None:
    ann = await story.with_agent()
    await rules.wait(minutes=31)
    await story.close(ann)
    assert await prompts_of(story) == []


async def test_an_agent_who_dismisses_a_prompt_still_gets_the_next_one(
    story: Story, rules: Rules
) -> None:
    ann = await story.with_agent()
    await story.write(ann, "Hello", agent=OMAR)
    await story.text("hi", to=DIRECT)
    await rules.wait(minutes=31)
    (first,) = await prompt_seqs(story, ann)
    await dismiss(story, ann, first)
    await dismiss(story, ann, first)
    assert (await prompts_of(story), await prompts_of(story, OMAR)) == ([], ["Ann waits"])
    await rules.wait(minutes=31)
    assert await prompts_of(story) == ["Ann still waits"]
    await dismiss(story, ann, first)
    assert await prompts_of(story) == ["Ann still waits"]
    await dismiss(story, ann, (await prompt_seqs(story, ann))[-1])
    await dismiss(story, ann, first)  # The request comes from an older tab. No prompt reappears.
    assert await prompts_of(story) == []


async def test_only_a_prompt_can_be_dismissed(story: Story, rules: Rules) -> None:
    ann = await story.with_agent()
    for interaction_id, seq in ((ann, 1), (ann, 999), (999, 1)):
        with pytest.raises(NotFound):
            await dismiss(story, interaction_id, seq)


async def test_dismissing_a_prompt_sends_a_hint_only_to_the_agents_other_tabs(
    story: Story, rules: Rules, heard: Heard
) -> None:
    ann = await story.with_agent()
    await rules.wait(minutes=31)
    heard.hints.clear()
    await dismiss(story, ann, (await prompt_seqs(story, ann))[0])
    assert heard.hints == [Hint(f"agent:{MIA}")]


async def test_without_a_due_timer_there_is_no_prompt(story: Story, rules: Rules) -> None:
    ann = await story.with_agent()
    await story.store.write(fire_timers, Fire(ann))
    assert await prompts_of(story) == []

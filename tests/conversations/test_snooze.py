"""A snooze ends at its time or with a text from the requester, whichever comes first."""

from datetime import timedelta
from typing import Any

import pytest

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    change_interaction,
)
from handoff_service.operations.conversations.end_holds import EndHold, end_hold
from handoff_service.rules.shared.vocabulary import Event, State, Work
from handoff_service.store.conversations import colleague_notices
from handoff_service.store.conversations.conversation_list import ongoing_items
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.support.story import BOB, DIRECT, MIA, Story

HOUR = timedelta(hours=1)


async def hold(story: Story, interaction_id: int, agent: int = MIA, **how: Any) -> None:
    command = ChangeInteraction(
        interaction_id=interaction_id, agent_id=agent, **({"state": State.ON_HOLD} | how)
    )
    await story.store.write(change_interaction, command)


async def end(story: Story, interaction_id: int) -> bool:
    return await story.store.write(end_hold, EndHold(interaction_id))


async def order(story: Story) -> list[int]:
    found = await story.store.read(ongoing_items, MIA, others=False)
    return [one.interaction.id for one in found]


async def test_a_snooze_ends_at_its_time_with_a_notice_and_goes_to_the_top_of_the_list(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    await hold(story, ann, hold_until=clock() + HOUR, state_reason="Waiting for a part")
    seen = await story.see(ann)
    assert (seen.state, seen.hold_until) == (State.ON_HOLD, clock() + HOUR)
    assert "Mia Chen put this on hold until " in (await story.lines(ann))[-1].body
    clock.move(60)
    bob = await story.with_agent(number=BOB)
    assert await order(story) == [bob, ann]
    clock.move(3600)
    assert await end(story, ann)
    assert await order(story) == [ann, bob]
    seen, last = await story.see(ann), (await story.lines(ann))[-1]
    assert (seen.state, seen.hold_until) == (State.WORK_IN_PROGRESS, None)
    assert (last.body, last.reason, last.event) == (
        "The hold has ended",
        "Waiting for a part",
        Event.STATE,
    )
    (notice,) = await story.store.read(colleague_notices.open_notices, MIA)
    assert notice.said == "The hold has ended: Waiting for a part"
    assert not await end(story, ann), "a repeat does nothing"


@pytest.mark.parametrize("act", ["text", "hold", "close"])
async def test_the_notice_disappears_when_its_agent_acts_on_the_conversation(
    act: str, story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    bob = await story.with_agent(number=BOB)
    for one in (ann, bob):
        await hold(story, one, hold_until=clock() + HOUR)
    clock.move(3600)
    for one in (ann, bob):
        await end(story, one)
    if act == "text":
        await story.write(ann, "The part is here")
    elif act == "hold":
        await hold(story, ann)
    else:
        await story.close(ann)
    notices = await story.store.read(colleague_notices.open_notices, MIA)
    assert [one.interaction_id for one in notices] == [bob]


async def test_a_requesters_text_ends_the_snooze_and_a_later_hold_is_independent(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    await hold(story, ann, hold_until=clock() + HOUR)
    await story.text("it works again", to=DIRECT)
    seen = await story.see(ann)
    assert (seen.state, seen.hold_until) == (State.WORK_IN_PROGRESS, None)
    await hold(story, ann)
    clock.move(3601)
    assert not await end(story, ann), "the later hold has no end time"
    assert (await story.see(ann)).state is State.ON_HOLD


async def test_a_second_snooze_moves_the_end_and_resuming_cancels_the_snooze(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    for hours in (1, 2):
        await hold(story, ann, hold_until=clock() + hours * HOUR)
    assert (await story.see(ann)).hold_until == clock() + 2 * HOUR
    waits = t.due_work.c.kind == Work.END_HOLD
    assert [row.due_at for row in await story.rows(t.due_work, waits)] == [clock() + 2 * HOUR]
    await hold(story, ann, state=State.WORK_IN_PROGRESS)
    assert await story.count(t.due_work, waits) == 0
    await hold(story, ann, hold_until=clock() + HOUR)
    await story.close(ann)
    assert await story.count(t.due_work, waits) == 0


@pytest.mark.parametrize(
    ("state", "hours", "why"),
    [
        (State.ON_HOLD, 0, "must be in the future"),
        (State.ON_HOLD, 24 * 400, "must be within a year"),
        (State.WORK_IN_PROGRESS, 1, "is allowed only with state on_hold"),
        (None, 1, "is allowed only with state on_hold"),
    ],
)
async def test_an_invalid_end_time_is_refused(
    state: State | None, hours: int, why: str, story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    with pytest.raises(BadInput) as refused:
        await hold(story, ann, state=state, hold_until=clock() + hours * HOUR)
    assert refused.value.errors == {"hold_until": why}

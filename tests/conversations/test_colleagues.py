"""An agent who acts on a colleague's conversation joins it, and the owner gets a notice. A text
that ends a hold adds a line.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    CloseInteraction,
    change_interaction,
    close_interaction,
)
from handoff_service.operations.conversations.join_group import Member, join_group
from handoff_service.operations.conversations.label_conversation import (
    LabelConversation,
    label_conversation,
)
from handoff_service.operations.conversations.see_notice import SeeNotice, see_notice
from handoff_service.operations.conversations.send_later import (
    OneText,
    ScheduleText,
    cancel_text,
    schedule_text,
)
from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.operations.desk.labels import MakeLabel, make_label
from handoff_service.operations.identity.ask_for_proof import AskForProof, ask_for_proof
from handoff_service.operations.identity.verify_by_hand import verify_by_hand
from handoff_service.operations.identity.verify_requester import Verify
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.operations.virtual_agent.return_to_virtual_agent import (
    ReturnToBot,
    return_to_bot,
)
from handoff_service.rules.shared.vocabulary import Event, State
from handoff_service.store.conversations import colleague_notices
from handoff_service.store.engine.transaction import Transaction
from tests.conftest import MovedClock
from tests.support.story import DIRECT, MIA, OMAR, Story

BOTH = {"agent_id": OMAR}


def _add_label(tx: Transaction, one: int) -> None:
    label_id = make_label(tx, MakeLabel(name="VIP"))
    label_conversation(tx, LabelConversation(interaction_id=one, label_id=label_id, **BOTH))


def _cancel_scheduled(tx: Transaction, one: int) -> None:
    text = ScheduleText(
        interaction_id=one, agent_id=MIA, body="Soon", send_at=tx.now + timedelta(hours=1)
    )
    text_id = schedule_text(tx, text)
    cancel_text(tx, OneText(interaction_id=one, text_id=text_id, **BOTH))


ACTIONS: dict[str, tuple[Callable[..., Any], Callable[[int], Any]]] = {
    "closed this conversation": (
        close_interaction,
        lambda one: CloseInteraction(interaction_id=one, **BOTH),
    ),
    "put this on hold": (
        change_interaction,
        lambda one: ChangeInteraction(interaction_id=one, state=State.ON_HOLD, **BOTH),
    ),
    "transferred this to Service desk": (
        transfer,
        lambda one: Transfer(interaction_id=one, to_queue=1, **BOTH),
    ),
    "handed this back to the virtual agent": (
        return_to_bot,
        lambda one: ReturnToBot(interaction_id=one, outcome="Done", **BOTH),
    ),
    "verified the requester as Bob Ruiz": (
        verify_by_hand,
        lambda one: Verify(interaction_id=one, user_id=2, **BOTH),
    ),
    "asked for an identity check": (
        ask_for_proof,
        lambda one: AskForProof(interaction_id=one, **BOTH),
    ),
    "opened case CS0000001": (
        open_by_hand,
        lambda one: OpenByHand(interaction_id=one, description="No power", **BOTH),
    ),
    "added the label “VIP”": (_add_label, int),
    "canceled a scheduled text": (_cancel_scheduled, int),
    "took over": (
        assign_by_hand,
        lambda one: AssignTo(interaction_id=one, agent_id=OMAR, by=OMAR),
    ),
}


async def notices(story: Story, agent: int = MIA) -> list[str]:
    return [one.said for one in await story.store.read(colleague_notices.open_notices, agent)]


async def joined(story: Story, interaction_id: int) -> bool:
    lines = await story.lines(interaction_id)
    return any(x.event is Event.LIVE_GROUP and x.body == "Omar Haddad joined" for x in lines)


@pytest.mark.parametrize(("did", "action"), ACTIONS.items(), ids=ACTIONS.keys())
async def test_the_owner_gets_a_notice_of_a_colleagues_action(
    did: str, action: tuple[Callable[..., Any], Callable[[int], Any]], story: Story
) -> None:
    ann = await story.with_agent(MIA)
    operation, command = action
    await story.store.write(operation, command(ann))
    takes = did.startswith(("closed", "transferred", "handed", "asked for", "took over"))
    whose = "It was your conversation" if takes else "This is your conversation"
    assert await notices(story) == [f"Omar Haddad {did}. {whose}"]
    assert await notices(story, OMAR) == []
    assert await joined(story, ann) == (did != "took over")
    assert any(f"Omar Haddad {did}" == line.body for line in await story.lines(ann)) or (
        did.startswith(("transferred", "verified"))
    )


async def test_the_owners_own_actions_add_no_notice(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.close(ann, MIA)
    assert await notices(story) == []


async def test_a_member_who_acts_does_not_join_twice_and_the_owner_gets_a_notice(
    story: Story,
) -> None:
    ann = await story.with_agent(MIA)
    await story.store.write(join_group, Member(interaction_id=ann, agent_id=OMAR))
    await story.close(ann, OMAR)
    lines = [line.body for line in await story.lines(ann)]
    assert (lines.count("Omar Haddad joined"), len(await notices(story))) == (1, 1)


async def test_a_note_joins_without_a_notice(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.store.write(write_note, Write(interaction_id=ann, agent_id=OMAR, body="Look here"))
    assert (await joined(story, ann), await notices(story)) == (True, [])


async def test_the_notice_of_the_last_action_stays_until_seen_or_for_a_day(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent(MIA)
    for state in (State.ON_HOLD, State.WORK_IN_PROGRESS):
        await story.store.write(
            change_interaction, ChangeInteraction(interaction_id=ann, agent_id=OMAR, state=state)
        )
    assert await notices(story) == ["Omar Haddad took this off hold. This is your conversation"]
    for _ in range(2):
        await story.store.write(see_notice, SeeNotice(interaction_id=ann, agent_id=MIA))
    assert await notices(story) == []
    await story.close(ann, OMAR)
    clock.move(24 * 3600)
    assert await notices(story) == []


async def test_a_text_that_ends_a_hold_adds_a_line(story: Story) -> None:
    ann = await story.with_agent(MIA)
    await story.store.write(
        change_interaction,
        ChangeInteraction(interaction_id=ann, agent_id=MIA, state=State.ON_HOLD),
    )
    for body in ("it came", "and it works"):
        await story.text(body, to=DIRECT)
    last = [(line.body, line.event) for line in (await story.lines(ann))[-3:]]
    assert last == [
        ("it came", None),
        ("A text from the requester took this off hold", Event.STATE),
        ("and it works", None),
    ]
    assert (await story.see(ann, MIA)).unread == 2

"""A requester texts. The service applies tables 1 and 2 in one transaction, for one text or for
many.
"""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    change_interaction,
)
from handoff_service.operations.conversations.receive_sms import (
    Attachment,
    ReceiveOutcome,
    Text,
    receive_sms,
)
from handoff_service.rules.shared.vocabulary import Owner, State, Work, WorkItemState
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import Heard, MovedClock
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, SHARED, STRANGER, Story


async def test_the_first_text_creates_profile_interaction_message_and_bot_turn(
    story: Story, clock: MovedClock
) -> None:
    received = await story.text("hi, my laptop won't start")
    assert received.outcome is ReceiveOutcome.STORED
    assert received.interaction_id is not None
    seen = await story.see(received.interaction_id)
    assert (seen.state, seen.owner.kind, seen.epoch, seen.guest) == (
        State.NEW,
        Owner.VIRTUAL_AGENT,
        1,
        False,
    )
    assert seen.user is not None
    assert seen.user.name == "Ann Lee"
    assert seen.number == f"INT{seen.id:07d}"
    (profile,) = await story.rows(t.messaging_profiles)
    assert (profile.number, profile.user_id, profile.active) == (ANN, seen.user.id, True)
    (line,) = await story.lines(seen.id)
    assert (line.seq, line.body, line.status) == (1, "hi, my laptop won't start", "received")
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.BOT_TURN)
    assert (work.kind, work.key, work.due_at) == (
        Work.BOT_TURN,
        str(seen.id),
        clock() + timedelta(seconds=1.5),
    )


async def test_the_next_text_joins_the_interaction_and_waits_for_the_burst_to_end(
    story: Story, clock: MovedClock
) -> None:
    first = await story.text("hi")
    clock.move(1)
    second = await story.text("my laptop won't start")
    assert second.interaction_id == first.interaction_id
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.BOT_TURN)
    assert work.due_at == clock() + timedelta(seconds=1.5)


async def test_a_requester_who_never_pauses_gets_an_answer_after_ten_windows(
    story: Story, clock: MovedClock
) -> None:
    began = clock()
    await story.text("so")
    for _ in range(16):
        clock.move(1)
        await story.text("and then")
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.BOT_TURN)
    assert work.due_at == began + timedelta(seconds=15)


async def test_a_repeated_webhook_does_nothing(story: Story) -> None:
    await story.text(sid="SM1")
    again = await story.text(sid="SM1")
    assert again.outcome is ReceiveOutcome.REPEAT
    assert await story.count(t.messages) == 1


async def test_a_text_to_an_unknown_company_number_is_not_stored(story: Story) -> None:
    assert (await story.text(to="+15005550006")).outcome is ReceiveOutcome.UNKNOWN_NUMBER
    assert await story.count(t.interactions) == 0


async def test_ten_simultaneous_repeats_store_one_message_and_one_interaction(
    story: Story,
) -> None:
    outcomes = [
        r.outcome for r in await asyncio.gather(*(story.text(sid="SM1") for _ in range(10)))
    ]
    assert sorted(outcomes) == [ReceiveOutcome.REPEAT] * 9 + [ReceiveOutcome.STORED]
    assert (await story.count(t.messages), await story.count(t.interactions)) == (1, 1)


async def test_ten_simultaneous_first_texts_share_one_interaction(
    story: Story,
) -> None:
    answers = await asyncio.gather(*(story.text(f"text {n}") for n in range(10)))
    assert len({a.interaction_id for a in answers}) == 1
    lines = await story.lines(answers[0].interaction_id or 0)
    assert [line.seq for line in lines] == list(range(1, 11))
    assert await story.count(t.messaging_profiles) == 1


async def test_each_company_number_has_its_own_interaction(story: Story) -> None:
    """A person who texts two company numbers has two interactions and one profile."""
    main, direct = await story.text(to=MAIN), await story.text(to=DIRECT)
    assert main.interaction_id != direct.interaction_id
    assert await story.count(t.messaging_profiles) == 1


async def test_a_text_to_a_live_agents_number_is_queued_at_once(story: Story) -> None:
    received = await story.text(to=DIRECT)
    seen = await story.see(received.interaction_id or 0)
    assert seen.owner.kind is Owner.QUEUE
    (item,) = await story.rows(t.work_items)
    assert (item.state, item.reason) == (
        WorkItemState.QUEUED,
        "Live agents answer this number first.",
    )
    await story.text(to=DIRECT)
    assert await story.count(t.work_items) == 1


async def test_without_a_bot_live_agents_answer_and_see_the_reason(
    database_url: str, clock: MovedClock
) -> None:
    store = Store(
        database_url,
        clock=clock,
        settings=OperationSettings(bot_answers=False),
        after_commit=Heard(),
    )
    await Story(store).text()
    (item,) = await Story(store).rows(t.work_items)
    store.close()
    assert item.reason == "There is no virtual agent."


async def test_an_unknown_number_is_a_guest_and_a_shared_number_has_candidates(
    story: Story,
) -> None:
    guest = await story.see((await story.text(number=STRANGER)).interaction_id or 0)
    assert (guest.guest, guest.user, guest.candidates, guest.identity.level) == (
        True,
        None,
        [],
        "guest",
    )
    shared = await story.see((await story.text(number=SHARED)).interaction_id or 0)
    assert shared.guest
    assert [user.name for user in shared.candidates] == ["Bob Ruiz", "Cy Ruiz"]


async def test_a_guest_becomes_the_user_whose_record_gets_the_number(story: Story) -> None:
    received = await story.text(number=STRANGER)
    await story.store.write(
        lambda tx, _: tx.conn.execute(sa.insert(t.user_numbers).values(user_id=1, number=STRANGER)),
        None,
    )
    await story.text(number=STRANGER)
    seen = await story.see(received.interaction_id or 0)
    assert seen.user is not None
    assert seen.user.name == "Ann Lee"
    (profile,) = await story.rows(t.messaging_profiles)
    assert profile.user_id == seen.user.id


async def test_in_a_conflict_the_profile_keeps_its_user_and_the_other_is_a_candidate(
    story: Story,
) -> None:
    await story.text(number=BOB)

    def give_number_to_ann(tx: object, _: None) -> None:
        conn = tx.conn  # type: ignore[attr-defined]
        conn.execute(
            sa.update(t.user_numbers).where(t.user_numbers.c.number == BOB).values(user_id=1)
        )

    await story.store.write(give_number_to_ann, None)
    seen = await story.see((await story.text(number=BOB)).interaction_id or 0)
    assert seen.user is not None
    assert seen.user.name == "Bob Ruiz"
    assert [user.name for user in seen.candidates] == ["Ann Lee"]
    assert await story.count(t.user_numbers, t.user_numbers.c.number == BOB) == 1, (
        "a text does not add its number to a user"
    )


async def test_a_text_to_a_live_agent_stays_with_that_agent_whose_page_gets_a_hint(
    story: Story, heard: Heard
) -> None:
    interaction_id = await story.with_agent(MIA)
    heard.hints.clear()
    received = await story.text("are you there?", to=DIRECT)
    assert received.interaction_id == interaction_id
    seen = await story.see(interaction_id, MIA)
    assert (seen.owner.kind, seen.owner.id, seen.unread) == (Owner.AGENT, MIA, 1)
    its = {f"interaction:{interaction_id}", f"requester:{ANN}", f"agent:{MIA}"}
    assert {h.channel for h in heard.hints} == its | {"desk", "conversations"}
    assert await story.count(t.due_work, t.due_work.c.kind == Work.BOT_TURN) == 0


async def test_a_text_ends_the_hold_of_the_interaction(story: Story) -> None:
    interaction_id = await story.with_agent(MIA)
    await story.store.write(
        change_interaction,
        ChangeInteraction(interaction_id=interaction_id, agent_id=MIA, state=State.ON_HOLD),
    )
    await story.text("back", to=DIRECT)
    assert (await story.see(interaction_id)).state is State.WORK_IN_PROGRESS


async def test_after_closing_the_next_text_starts_a_new_interaction(
    story: Story,
) -> None:
    first = (await story.text()).interaction_id or 0
    await story.close(first)
    second = await story.see((await story.text("me again")).interaction_id or 0)
    assert second.id != first
    assert (second.owner.kind, second.epoch) == (Owner.VIRTUAL_AGENT, 1)
    assert await story.count(t.messaging_profiles) == 1


async def test_pictures_are_stored_with_their_text(story: Story) -> None:
    media = tuple(Attachment(f"https://api.twilio.com/media/{n}", "image/jpeg") for n in range(10))
    text = Text(sid="SM1", requester_number=ANN, provider_number=MAIN, body="", media=media)
    received = await story.store.write(receive_sms, text)
    (line,) = await story.lines(received.interaction_id or 0)
    assert [(m.status, m.content_type) for m in line.media] == [("waiting", "image/jpeg")] * 10
    assert [row.url for row in await story.rows(t.media)] == [m.url for m in media]
    work = await story.rows(t.due_work, t.due_work.c.kind == Work.FETCH_MEDIA)
    assert len({(w.key, w.line) for w in work}) == 10, "the worker fetches each picture separately"


@pytest.mark.parametrize(
    "body", ["😩", "a" * 1600, "<script>alert(1)</script>", "line\nbreak", "\u202edrow", ""]
)
async def test_the_body_of_a_text_is_stored_unchanged(story: Story, body: str) -> None:
    received = await story.text(body)
    assert (await story.lines(received.interaction_id or 0))[0].body == body

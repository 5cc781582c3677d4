"""Chosen and automatic presence: what sets agents to Away, and what ends it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from handoff_service.operations.routing import presence
from handoff_service.operations.routing.answer_offer import Expire, expire_offer
from handoff_service.operations.routing.connection import (
    Connected,
    Gap,
    Lost,
    after_gap,
    connection_lost,
    still_connected,
)
from handoff_service.operations.routing.presence import (
    LOST,
    RAN_OUT,
    RecordSignIn,
    SetPresence,
    set_presence,
    signed_in,
)
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import presence as store_presence
from handoff_service.store.views import Agent
from tests.conftest import MovedClock
from tests.support.story import DIRECT, MIA, OMAR, Story


async def mia(story: Story) -> Agent:
    return (await story.store.read(agents_by_id))[MIA]


async def presence_of_mia(story: Story) -> tuple[str, str | None, str | None]:
    one = await mia(story)
    return one.presence, one.presence_reason, one.returned_from


async def choose(story: Story, what: str) -> None:
    await story.store.write(set_presence, SetPresence(agent_id=MIA, presence=what))


async def lose_connection(story: Story, clock: MovedClock) -> None:
    """Let Mia lose the connection for longer than the grace time."""
    await story.store.write(still_connected, Connected(held=[MIA]))
    clock.move(56)
    await story.store.write(connection_lost, Lost(MIA))


async def miss_an_offer(story: Story, clock: MovedClock) -> None:
    await story.text("hi", to=DIRECT)
    await story.offer()
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.EXPIRE_OFFER)
    clock.now = work.due_at
    await story.store.write(expire_offer, Expire(int(work.key)))


AUTOMATIC = pytest.mark.parametrize(
    ("act", "why"), [(lose_connection, LOST), (miss_an_offer, RAN_OUT)]
)


@AUTOMATIC
async def test_reconnecting_ends_an_automatic_away_with_a_notice(
    story: Story, clock: MovedClock, act: object, why: str
) -> None:
    await story.available(MIA)
    await act(story, clock)  # type: ignore[operator]
    assert await presence_of_mia(story) == ("away", why, None)
    await story.store.write(still_connected, Connected(held=[MIA], arrived=[MIA]))
    assert await presence_of_mia(story) == ("available", None, why)
    await story.store.write(presence.dismiss_notice, MIA)
    assert await presence_of_mia(story) == ("available", None, None)
    history = await story.store.read(store_presence.history, MIA)
    assert [(one.presence, one.reason) for one in history][:2] == [
        ("available", presence.CAME_BACK),
        ("away", why),
    ]


@AUTOMATIC
@pytest.mark.parametrize("to_work", [True, False])
async def test_signing_in_ends_an_automatic_away(
    story: Story, clock: MovedClock, act: object, why: str, to_work: bool
) -> None:
    await story.available(MIA)
    await act(story, clock)  # type: ignore[operator]
    await story.store.write(signed_in, RecordSignIn(agent_id=MIA, to_work=to_work))
    assert await presence_of_mia(story) == ("available", None, why)


async def test_the_chosen_presence_returns_after_an_automatic_away(
    story: Story, clock: MovedClock
) -> None:
    """The chosen presence returns even if it is a custom state that takes work."""
    own = sa.insert(t.presence_states).values(name="Back office", takes_work=True, position=1)
    await story.store.write(lambda tx, _: tx.conn.execute(own), None)
    await choose(story, "Back office")
    await lose_connection(story, clock)
    assert (await mia(story)).presence == "away"
    await story.store.write(still_connected, Connected(held=[MIA], arrived=[MIA]))
    assert (await mia(story)).presence == "Back office"


@pytest.mark.parametrize("chosen", ["away", "offline"])
async def test_reconnecting_and_signing_in_keep_a_chosen_away_or_offline(
    story: Story, clock: MovedClock, chosen: str
) -> None:
    await choose(story, chosen)
    await lose_connection(story, clock)
    await story.store.write(still_connected, Connected(held=[MIA], arrived=[MIA]))
    await story.store.write(signed_in, RecordSignIn(agent_id=MIA, to_work=False))
    assert await presence_of_mia(story) == (chosen, None, None)


async def test_signing_in_to_the_workspace_makes_only_an_offline_agent_available(
    story: Story,
) -> None:
    await choose(story, "offline")
    await story.store.write(signed_in, RecordSignIn(agent_id=MIA, to_work=True))
    assert (await mia(story)).presence == "available"
    await choose(story, "away")
    await story.store.write(signed_in, RecordSignIn(agent_id=MIA, to_work=True))
    assert (await mia(story)).presence == "away"


async def test_choosing_ends_an_automatic_away_and_its_notice(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    await lose_connection(story, clock)
    await choose(story, "away")
    assert await presence_of_mia(story) == ("away", None, None)
    await story.store.write(still_connected, Connected(held=[MIA], arrived=[MIA]))
    assert await presence_of_mia(story) == ("away", None, None), (
        "the presence is now Mia's own choice"
    )


async def test_an_open_page_alone_does_not_end_away_after_a_missed_offer(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    await miss_an_offer(story, clock)
    await story.store.write(still_connected, Connected(held=[MIA]))
    assert (await mia(story)).presence == "away"


async def test_the_next_report_corrects_a_connection_that_only_seemed_lost(
    story: Story, clock: MovedClock
) -> None:
    """A process that was frozen or lost the database may still hold the agent's stream."""
    await story.available(MIA)
    await lose_connection(story, clock)
    await story.store.write(still_connected, Connected(held=[MIA]))
    assert await presence_of_mia(story) == ("available", None, LOST)


@pytest.mark.parametrize(
    ("verdict", "stays"),
    [
        (Lost(MIA), False),
        (Lost(MIA, connected=True), True),
        (Lost(MIA, steady_for=timedelta(seconds=44)), True),
        (Lost(MIA, steady_for=timedelta(seconds=45)), False),
    ],
)
async def test_the_decision_considers_connected_agents_and_gaps_of_the_service(
    story: Story, clock: MovedClock, verdict: Lost, stays: bool
) -> None:
    await story.available(MIA)
    await story.store.write(still_connected, Connected(held=[MIA]))
    clock.move(56)
    await story.store.write(connection_lost, verdict)
    assert (await mia(story)).presence == ("available" if stays else "away")
    work = await story.rows(t.due_work, t.due_work.c.kind == Work.LOST_CONNECTION)
    assert [(one.due_at, one.lease_until) for one in work] == [
        (clock.now + timedelta(seconds=45), None)
    ] * stays


async def test_a_report_after_the_claim_postpones_the_decision(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    await story.store.write(still_connected, Connected(held=[MIA]))
    clock.move(56)
    await story.store.write(still_connected, Connected(held=[MIA]))
    await story.store.write(connection_lost, Lost(MIA))
    assert (await mia(story)).presence == "available"
    assert len(await story.rows(t.due_work, t.due_work.c.kind == Work.LOST_CONNECTION)) == 1


async def test_the_grace_time_begins_when_the_last_stream_closes(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    await story.store.write(still_connected, Connected(held=[MIA]))
    clock.move(3)
    await story.store.write(still_connected, Connected(left=[MIA]))
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.LOST_CONNECTION)
    assert work.due_at == clock.now + timedelta(seconds=45)


@pytest.mark.parametrize(
    ("reports", "seconds"),
    [
        ([Connected(held=[MIA]), Connected(left=[MIA])], 45),
        ([Connected(left=[MIA]), Connected(held=[MIA], arrived=[MIA])], 55),
    ],
    ids=["leaves", "comes back"],
)
async def test_the_last_of_several_reports_in_one_batch_counts(
    story: Story, clock: MovedClock, reports: list[Connected], seconds: int
) -> None:
    await story.available(MIA)
    await story.store.write(still_connected.run, reports)
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.LOST_CONNECTION)
    assert work.due_at == clock.now + timedelta(seconds=seconds)


async def test_an_offer_that_could_not_be_answered_gets_its_full_time_again(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    await story.text("hi", to=DIRECT)
    await story.offer()
    (offer,) = await story.rows(t.offers)
    clock.move(61)
    await story.store.write(expire_offer, Expire(offer.id, steady_for=timedelta(seconds=5)))
    (again,) = await story.rows(t.offers)
    assert (again.outcome, again.expires_at - clock.now) == (
        None,
        offer.expires_at - offer.offered_at,
    )
    assert (await mia(story)).presence == "available"
    clock.move(60)
    await story.store.write(expire_offer, Expire(offer.id, steady_for=timedelta(seconds=65)))
    assert await presence_of_mia(story) == ("away", RAN_OUT, None)


async def test_after_a_gap_every_agent_gets_the_full_time_again(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA, OMAR)
    await story.text("hi", to=DIRECT)
    await story.offer()
    (offer,) = await story.rows(t.offers)
    await story.store.write(still_connected, Connected(held=[MIA, OMAR]))
    clock.move(3600)
    await story.store.write(after_gap, Gap(held=[OMAR]))
    work = await story.rows(t.due_work, t.due_work.c.kind == Work.LOST_CONNECTION)
    assert {one.key: (one.due_at - clock.now).total_seconds() for one in work} == {
        str(MIA): 45,
        str(OMAR): 55,
    }
    (again,) = await story.rows(t.offers)
    assert (again.outcome, again.expires_at - clock.now) == (
        None,
        offer.expires_at - offer.offered_at,
    )


async def test_a_clock_that_steps_back_an_hour_delays_nothing(
    story: Story, clock: MovedClock
) -> None:
    """The test covers the decision about a lost connection, an offer, claimed work, and a text that
    waits for its number's rate.
    """
    await story.available(MIA)
    await story.text("hi", to=DIRECT)
    await story.offer()
    await story.store.write(still_connected, Connected(left=[MIA]))
    d = t.due_work
    row = {"kind": Work.DELIVER, "line": "x", "attempts": 0, "due_at": clock.now}
    far = due_work.HELD
    rows = [
        # The process that claimed this work has died.
        {**row, "key": "901", "lease_until": clock.now + timedelta(seconds=60)},
        {**row, "key": "902", "lease_until": None, "due_at": clock.now + timedelta(seconds=2)},
        {
            **row,
            "key": "903",
            "lease_until": None,
            "due_at": clock.now + timedelta(seconds=9),
            "attempts": 2,
        },
        {**row, "key": "904", "lease_until": None, "due_at": far},
        {**row, "key": "905", "lease_until": None, "due_at": far, "attempts": 2},
        {**row, "key": "906", "lease_until": None, "due_at": far, "kind": Work.BOT_TURN},
    ]
    await story.store.write(lambda tx, _: tx.conn.execute(sa.insert(d), rows), None)
    clock.move(-3600)
    await story.store.write(after_gap, Gap(clock_changed=True))
    soon = clock.now + timedelta(seconds=61)
    (offer,) = await story.rows(t.offers)
    assert offer.expires_at <= soon
    waiting = {one.key: one for one in await story.rows(d)}
    assert waiting["901"].lease_until <= soon
    due_at = [waiting[key].due_at for key in ("902", "903", "904", "905", "906")]
    assert due_at == [clock.now, clock.now, far, far, far], "a restore puts the last ones on hold"
    (lost,) = await story.rows(d, d.c.kind == Work.LOST_CONNECTION)
    assert lost.due_at <= soon

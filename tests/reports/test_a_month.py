"""Three reports of an invented month. The comments calculate the correct numbers by hand.

| day | who | what happens |
|---|---|---|
| 1 | Ann | the virtual agent solves it |
| 2 | Bob | handed over; waits 60 s, answered after 90 s; later texts again, answered after 40 s |
| 3 | Carl | texts the agents' number; waits 300 s, answered after 330 s |
| 3 | Dora | texts the agents' number; waits 10 s, answered after 20 s |
| 5 | Carl | comes back; it is closed as abandoned while he waits |
| 8 | Eve | Mia texts first, from the virtual agent's number |
| 9 | Ann | says nothing more to the virtual agent; closed as abandoned |
"""

from datetime import UTC, date, datetime

import pytest

from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.start_conversation import Start, start_conversation
from handoff_service.operations.shared.end_interaction import end_interaction
from handoff_service.rules.reports.figures import FIGURES
from handoff_service.rules.reports.filters import Filters
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.rules.shared.vocabulary import State
from handoff_service.store.conversations import interactions
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.reports import export
from handoff_service.store.reports.figure_conversations import conversations_of
from handoff_service.store.reports.report_result import ReportResult
from tests.conftest import MovedClock
from tests.reports.keeping import keep, pack, run_report, table, values
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, Story

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 30)
CARL, DORA, EVE = "+12025550155", "+12025550166", "+12025550188"


@pytest.fixture
async def month(story: Story, clock: MovedClock) -> Story:
    """Create the month and the facts of its conversations, as of 5 July."""

    def at(day: int, minute: int = 0) -> None:
        clock.now = datetime(2026, 6, day, 14, minute, tzinfo=UTC)

    at(1)
    await end(story, await text(story, ANN, MAIN), State.CLOSED_COMPLETE)
    at(2)
    bob = await text(story, BOB, MAIN)
    await story.hand_off(bob, "Asked for a person: about my laptop.")
    await accept_after(story, clock, waits=60)
    clock.move(30)
    await story.write(bob, "hello")
    clock.move(100)
    await story.text("and now?", number=BOB, to=MAIN)
    clock.move(40)
    await story.write(bob, "now it works")
    await story.close(bob)
    at(3)
    carl = await text(story, CARL, DIRECT)
    await accept_and_answer(story, clock, carl, waits=300, answers=30)
    at(3, 30)
    dora = await text(story, DORA, DIRECT)
    await accept_and_answer(story, clock, dora, waits=10, answers=10)
    at(5)
    again = await text(story, CARL, DIRECT)
    clock.move(600)
    await end(story, again, State.CLOSED_ABANDONED)
    at(8)
    to_eve = Start(
        agent_id=MIA, recipient=Recipient(to=EVE, provider_number=MAIN), body="Your laptop is here"
    )
    eve = await story.store.write(start_conversation, to_eve)
    clock.move(120)
    await story.close(eve.interaction_id)
    at(9)
    await end(story, await text(story, ANN, MAIN), State.CLOSED_ABANDONED)
    clock.now = datetime(2026, 7, 5, 14, tzinfo=UTC)
    await keep(story.store)
    return story


async def text(story: Story, number: str, to: str) -> int:
    return (await story.text("my laptop is dead", number=number, to=to)).interaction_id or 0


async def accept_after(story: Story, clock: MovedClock, *, waits: int) -> None:
    """Let Mia accept the waiting conversation after this many seconds."""
    clock.move(waits)
    await story.available(MIA)
    await story.offer()
    for one in await story.inbox(MIA):
        await story.accept(one.id, MIA)


async def accept_and_answer(
    story: Story, clock: MovedClock, interaction_id: int, *, waits: int, answers: int
) -> None:
    await accept_after(story, clock, waits=waits)
    clock.move(answers)
    await story.write(interaction_id, "hello")
    clock.move(60)
    await story.close(interaction_id)


async def end(story: Story, interaction_id: int, state: State) -> None:
    """Close the conversation without an agent, as a timer does."""

    def close(tx: Transaction, _: None) -> None:
        end_interaction(tx, interactions.lock(tx.conn, interaction_id), state, sentence="Closed")

    await story.store.write(close, None)


async def test_the_report_of_response_times_has_the_numbers_calculated_by_hand(
    month: Story,
) -> None:
    found = await run_report(month.store, "responses", FIRST, LAST, group="number")
    whole = values(found)
    # 20, 90, 330: the median is 90, and nine tenths of the way from the first to the last is 1.8
    # steps: 90 + 0.8 * (330 - 90) = 282
    assert (whole["first_response_median"], whole["first_response_p90"]) == (90, 282)
    assert whole["next_response_median"] == 40, "only Bob's second text counts as a later one"
    # 2 June: 90; 3 June: (20 + 330) / 2 = 175. The mean of the days would be 132, which is wrong.
    by_day = {one.first: one.values["first_response_median"] for one in found.parts}
    assert (by_day["2026-06-02"], by_day["2026-06-03"], by_day["2026-06-04"]) == (90, 175, None)
    # the virtual agent's number: 90; the agents' number: (20 + 330) / 2
    assert sorted(v for v in table(found, "first_response_median").values() if v) == [90, 175]


async def test_the_report_of_waiting_times_has_the_numbers_calculated_by_hand(month: Story) -> None:
    whole = values(await run_report(month.store, "waiting", FIRST, LAST))
    # Bob, Carl twice and Dora waited: 60, 300, never, 10
    assert (whole["queued"], whole["waiting_median"]) == (4, 60)
    assert whole["abandoned_waiting"] == 25, "1 of 4"
    assert whole["abandoned"] == pytest.approx(100 * 2 / 7), "Carl's and Ann's second conversations"
    assert (whole["offers_accepted"], whole["offers_declined"]) == (3, 0)
    agents = await run_report(month.store, "agents", FIRST, LAST)
    # Bob 2, Carl 1, Dora 1, Eve 1
    assert table(agents, "answers") == {"Mia Chen": 5, "No agent": None}
    assert table(agents, "conversations") == {"Mia Chen": 4, "No agent": 3}


async def test_the_report_of_the_virtual_agent_has_the_numbers_calculated_by_hand(
    month: Story,
) -> None:
    found = await run_report(month.store, "bot", FIRST, LAST, group="reason")
    # Ann twice, and Bob. Eve does not count, because Mia texted first, although Mia used the
    # virtual agent's number and there was no handoff.
    third = pytest.approx(100 / 3)
    assert values(found) == {
        "bot_began": 3,
        "contained": third,
        "handed_over": third,
        "bot_abandoned": third,
        "not_understood": 0,
    }
    assert table(found, "bot_began") == {"Asked for a person": 1, "Not handed to agents": 2}, (
        "the reason leaves out Bob's own words"
    )


async def test_the_report_of_durable_resolutions_has_the_numbers_calculated_by_hand(
    month: Story,
) -> None:
    whole = values(await run_report(month.store, "lasting", FIRST, LAST))
    # 4 of 7: Ann's first, Bob, Dora and Eve. Carl came back after 2 days, Ann only after 8.
    assert whole["durable"] == pytest.approx(100 * 4 / 7)
    assert whole["came_back"] == pytest.approx(100 * 1 / 7)


async def test_packed_days_give_the_same_numbers(month: Story, clock: MovedClock) -> None:
    names = ("volume", "responses", "resolution", "waiting", "agents", "bot", "lasting", "cost")

    async def all_of_them() -> list[ReportResult]:
        return [await run_report(month.store, name, FIRST, LAST) for name in names]

    before = await all_of_them()
    assert await pack(month.store) == 0, "the facts of these days have just changed"
    clock.move(3600)
    assert await pack(month.store) == 6, "days with conversations"
    assert [values(one) for one in await all_of_them()] == [values(one) for one in before]
    assert [one.rows for one in await all_of_them() if one.report != "agents"] == [
        one.rows for one in before if one.report != "agents"
    ]


OPENED = [  # Number, days, filters, and the conversations that the number counts.
    ("contained", (FIRST, LAST), {}, 1),
    ("first_response_median", (FIRST, LAST), {}, 3),
    ("durable", (FIRST, LAST), {}, 4),
    ("conversations", (FIRST, LAST), {"agent": MIA}, 4),
    ("conversations", (FIRST, LAST), {"language": "en", "queue": 1}, 7),
    ("conversations", (FIRST, LAST), {"topic": "none"}, 7),
    ("conversations", (FIRST, LAST), {"topic": "no such topic"}, 0),
    ("conversations", (date(2026, 6, 3), date(2026, 6, 3)), {}, 2),
    ("conversations", (date(2027, 1, 1), date(2028, 1, 31)), {}, 0),
]


async def test_a_number_links_to_the_conversations_that_it_counts(month: Story) -> None:
    for figure, days, filters, count in OPENED:
        found = await month.store.read(
            conversations_of,
            FIGURES[figure],
            DayRange(*days),
            Filters(**filters),  # type: ignore[arg-type]
            skip=0,
            most=50,
        )
        assert (found.count, len(found.ids)) == (count, count), (figure, days, filters)
        rows = await month.store.read(export.reported, found.ids)
        assert [one.id for one in rows] == found.ids
        if figure == "first_response_median":
            assert found.values == [330, 90, 20], "the longest comes first"


async def test_the_report_compares_the_previous_range(month: Story) -> None:
    found = await run_report(month.store, "volume", date(2026, 6, 5), date(2026, 6, 9))
    (count, *_) = found.figures
    assert (found.first_before, found.last_before) == ("2026-05-31", "2026-06-04")
    assert (count.value, count.before) == (3, 4)


async def test_a_durable_resolution_is_known_only_after_seven_days(
    story: Story, clock: MovedClock, month: Story
) -> None:
    clock.now = datetime(2026, 7, 6, 14, tzinfo=UTC)
    await end(story, await text(story, BOB, MAIN), State.CLOSED_COMPLETE)
    july = (date(2026, 7, 1), date(2026, 7, 31))

    async def durable() -> float | None:
        await keep(story.store)
        return values(await run_report(story.store, "lasting", *july))["durable"]

    assert await durable() is None
    clock.move(6 * 86_400)
    assert await durable() is None
    clock.move(86_400)
    assert await durable() == 100, "the background job checks again by itself"

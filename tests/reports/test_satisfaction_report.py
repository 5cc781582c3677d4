"""The satisfaction report. The comments calculate the correct numbers by hand.

| who | had by | answer |
|---|---|---|
| Ann | Mia | 5 |
| Bob | Mia | 2, with a comment |
| Carl | Mia | 4 |
| Dora | Mia | none |
| Eve | the virtual agent | 3 |
| Fay | Mia | asked, but the text fails |
"""

from datetime import date

import pytest

from handoff_service.operations.conversations.ask_satisfaction import (
    AskOutcome,
    AskSatisfaction,
    ask_satisfaction,
)
from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.ports.sms_provider import Accepted, Refused
from handoff_service.rules.reports.figures import FIGURES
from handoff_service.rules.reports.filters import Filters
from handoff_service.rules.reports.intervals import wilson
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.rules.shared.vocabulary import State, Status
from handoff_service.store.reports import export
from handoff_service.store.reports.figure_conversations import conversations_of
from handoff_service.store.reports.intervals import Interval
from tests.conftest import MovedClock
from tests.reports.keeping import keep, pack, run_report, table, values
from tests.reports.test_a_month import end
from tests.support.sending_story import begin, claim, finish
from tests.support.story import ANN, BOB, DIRECT, MAIN, Story

FIRST, LAST = date(2026, 11, 23), date(2026, 11, 24)
CARL, DORA, EVE, FAY = (f"+1202555{n}" for n in ("0155", "0166", "0188", "0199"))


async def send_all(story: Story, result: Accepted | Refused) -> None:
    while due := await claim(story):
        for one in due:
            await begin(story, int(one.key))
            sid = f"SM{one.key}"
            known = (
                Accepted(sid=sid, status=Status.SENT) if isinstance(result, Accepted) else result
            )
            await finish(story, int(one.key), known)


@pytest.fixture
async def graded(story: Story, clock: MovedClock) -> Story:
    values = {"satisfaction_after_hours": 0}
    await story.store.write(change_queue, ChangeQueue(id=1, values=values))
    eve = (await story.text("hours?", number=EVE, to=MAIN)).interaction_id or 0
    question = await story.begin(eve)
    assert question is not None
    await story.finish(question, "We are open from 8 to 18.")
    await end(story, eve, State.CLOSED_COMPLETE)
    ids = {EVE: eve}
    for number in (ANN, BOB, CARL, DORA, FAY):
        ids[number] = await story.with_agent(number=number)
        await story.write(ids[number], "It works again")
        await story.close(ids[number])
    await send_all(story, Accepted(sid=""))
    clock.move(120)
    for number, one in ids.items():
        outcome = await story.store.write(ask_satisfaction, AskSatisfaction(one))
        assert outcome is AskOutcome.ASKED, number
        await send_all(story, Refused(code=30003) if number == FAY else Accepted(sid=""))
    answers = {ANN: "5!", BOB: "2, nobody called back", CARL: "4", EVE: "three"}
    for number, body in answers.items():
        to = MAIN if number == EVE else DIRECT
        assert (await story.text(body, number=number, to=to)).interaction_id == ids[number]
    await keep(story.store)
    return story


async def test_the_report_has_the_grades_and_the_response_rate(
    graded: Story, clock: MovedClock
) -> None:
    found = await run_report(graded.store, "satisfaction", FIRST, LAST, group="solver")
    # Fay's text failed, so five requesters were asked, and four answered: 5, 2, 4 and 3.
    assert values(found) == {
        "asked": 5,
        "graded": 4,
        "response_rate": 80,
        "satisfied": 50,
        "satisfied_agents": pytest.approx(100 * 2 / 3),
        "satisfied_bot": 0,
        "grade_5": 1,
        "grade_4": 1,
        "grade_3": 1,
        "grade_2": 1,
        "grade_1": 0,
    }
    assert table(found, "graded") == {"Agents": 3, "Virtual agent": 1, "Not asked": 0}
    assert table(found, "satisfied") == {"Agents": pytest.approx(200 / 3), "Virtual agent": 0,
                                         "Not asked": None}  # fmt: skip
    by_figure = {one.figure: one.interval for one in found.figures}
    assert by_figure["satisfied"] == Interval(*(wilson(2, 4) or ()))
    assert by_figure["graded"] is None
    agents = next(row for row in found.rows if row.name == "Agents")
    assert agents.intervals["satisfied"] == Interval(*(wilson(2, 3) or ()))
    before = values(found), found.rows
    clock.move(3600)
    assert await pack(graded.store) == 1
    again = await run_report(graded.store, "satisfaction", FIRST, LAST, group="solver")
    assert (values(again), again.rows) == before, "packed days have the same numbers"


OPENED = [  # Number, filters, and the conversations that the number counts.
    ("asked", {}, 5),
    ("satisfied", {}, 2),
    ("grade_2", {}, 1),
    ("graded", {"solver": "virtual_agent"}, 1),
    ("graded", {"solver": "none"}, 0),
    ("response_rate", {"agent": 1}, 3),
]


async def test_a_number_links_to_the_conversations_that_it_counts(graded: Story) -> None:
    for figure, filters, count in OPENED:
        found = await graded.store.read(
            conversations_of,
            FIGURES[figure],
            DayRange(FIRST, LAST),
            Filters(**filters),  # type: ignore[arg-type]
            skip=0,
            most=50,
        )
        assert found.count == count, (figure, filters)
        rows = await graded.store.read(export.reported, found.ids)
        if figure == "grade_2":
            assert (rows[0].facts["grade"], rows[0].comment) == (2, "nobody called back")


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        # Newcombe (1998), Statistics in Medicine 17, table I, method 3
        (81, 263, (25.53, 36.62)),
        (15, 148, (6.24, 16.05)),
        (0, 20, (0.00, 16.11)),
        (1, 29, (0.61, 17.18)),
        (3, 3, (43.85, 100.0)),
    ],
)
def test_the_interval_follows_wilson(part: int, whole: int, expected: tuple[float, float]) -> None:
    assert wilson(part, whole) == pytest.approx(expected, abs=0.006)


def test_no_answers_have_no_interval() -> None:
    assert wilson(0, 0) is None

"""An unfinished report becomes a case when the conversation leaves the virtual agent."""

import pytest

from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.operations.virtual_agent.follow_up import AGAIN, REASON
from handoff_service.ports.bot import Understood
from handoff_service.rules.shared.vocabulary import State, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.support.action_story import REQUESTER, Nobody, Rules
from tests.support.story import MIA, Story

PROBLEM = "my laptop won't start"
OPENED = f"I've opened case CS0000001: {PROBLEM}. A person will continue with you here."


@pytest.fixture
async def ann(story: Story) -> int:
    """Ann's interaction, in which the virtual agent waits for the impact."""
    interaction = (await story.text(PROBLEM)).interaction_id or 0
    await answer(story, interaction, {"Problem": PROBLEM, "Device": "laptop"})
    return interaction


async def answer(story: Story, interaction: int, collected: dict[str, str]) -> None:
    question = await story.begin(interaction)
    assert question is not None
    told = Understood(intent="report_problem", confidence=0.9, collected=collected)
    await story.finish(question, "How bad?", understood=told)


async def test_asking_for_an_agent_opens_the_case(story: Story, ann: int) -> None:
    await story.text("AGENT")
    (case,) = await story.rows(t.cases)
    assert (case.description, case.device, case.impact) == (PROBLEM, "laptop", None)
    assert OPENED in await story.texted(ann)
    (item,) = await story.rows(t.work_items)
    assert item.collected["Case"] == "CS0000001"


async def test_a_failure_of_the_bot_opens_the_case(story: Story, ann: int) -> None:
    await story.text("2")
    question = await story.begin(ann)
    assert question is not None
    await story.finish(question, failure="The virtual agent did not answer in time.")
    assert [case.description for case in await story.rows(t.cases)] == [PROBLEM]
    assert OPENED in await story.texted(ann)


async def test_the_same_report_opens_only_one_case(story: Story, ann: int) -> None:
    await story.text("AGENT")
    await story.text("RESTART")  # returns the conversation from the queue to the virtual agent
    await answer(story, ann, {"Problem": PROBLEM})
    await story.text("AGENT")
    assert len(await story.rows(t.cases)) == 1


async def test_the_agent_sees_the_cases_of_both_reports(story: Story, ann: int) -> None:
    await story.text("and the printer")
    await answer(story, ann, {"Problem": "no toner", "Case": "CS0000012", "Impact": "blocked"})
    await story.text("AGENT")
    (case,) = await story.rows(t.cases)
    assert (case.description, case.priority) == ("no toner", 2)
    (item,) = await story.rows(t.work_items)
    assert item.collected["Case"] == "CS0000012, CS0000001"


async def test_a_rule_that_closes_the_conversation_opens_the_case(
    story: Story, store: Store, clock: MovedClock
) -> None:
    rules = Rules(store, clock)
    await rules.none()
    await rules.add("give up", REQUESTER, "20m", "set_state", state="closed_abandoned")
    ann = (await story.text(PROBLEM)).interaction_id or 0
    await answer(story, ann, {"Problem": PROBLEM})
    await rules.wait(minutes=20)
    assert (await story.see(ann)).state is State.CLOSED_ABANDONED
    assert [case.description for case in await story.rows(t.cases)] == [PROBLEM]


# The question is asked again, then a live agent takes over ----------------------------------------


async def let_time_pass(story: Story, clock: MovedClock, minutes: float) -> None:
    """Let time pass, and run the follow-ups that are due."""
    clock.move(minutes * 60)
    deps = WorkerDeps(store=story.store, provider=Nobody(), bot=Nobody(), clock=clock)  # type: ignore[arg-type]
    worker = Worker(deps, frozenset({Work.FOLLOW_UP}))
    while await worker.step():
        pass


async def test_an_unanswered_question_is_repeated_once_and_then_a_person_gets_the_case(
    story: Story, clock: MovedClock, ann: int
) -> None:
    before = len(await story.texted(ann))
    await let_time_pass(story, clock, 29)
    assert len(await story.texted(ann)) == before
    await let_time_pass(story, clock, 1)
    assert (await story.texted(ann))[before:] == [AGAIN]
    await let_time_pass(story, clock, 30)
    assert (await story.texted(ann))[before + 1] == OPENED
    (case,) = await story.rows(t.cases)
    assert (case.description, case.impact) == (PROBLEM, None)
    (item,) = await story.rows(t.work_items)
    assert (item.reason, item.collected["Case"]) == (REASON, "CS0000001")


async def test_each_answer_restarts_the_wait_for_the_next_one(
    story: Story, clock: MovedClock, ann: int
) -> None:
    await let_time_pass(story, clock, 30)
    await story.text("it beeps")
    await answer(story, ann, {"Problem": f"{PROBLEM}\nit beeps"})
    await let_time_pass(story, clock, 29)
    assert (await story.texted(ann)).count(AGAIN) == 1
    await let_time_pass(story, clock, 1)
    assert (await story.texted(ann)).count(AGAIN) == 2


async def test_a_finished_report_gets_no_follow_up(
    story: Story, clock: MovedClock, ann: int
) -> None:
    await story.text("2")
    await answer(story, ann, {})
    await let_time_pass(story, clock, 90)
    assert AGAIN not in await story.texted(ann)
    assert await story.count(t.due_work, t.due_work.c.kind == Work.FOLLOW_UP) == 0


async def test_an_agent_who_takes_over_ends_the_follow_up(
    story: Story, clock: MovedClock, ann: int
) -> None:
    await story.write(ann, "Mia here, I take this.", MIA)
    await let_time_pass(story, clock, 90)
    assert AGAIN not in await story.texted(ann)
    assert await story.rows(t.cases) == []

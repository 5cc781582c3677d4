"""When a requester opts in again, the report that the opt-out interrupted continues."""

import pytest

from handoff_service.operations.consent.apply_consent import ONLY_REPORT
from handoff_service.ports.bot import Understood
from handoff_service.rules.shared.vocabulary import State
from tests.support.story import Story


async def start_report(story: Story, **collected: str) -> int:
    interaction = (await story.text("my laptop is dead")).interaction_id or 0
    question = await story.begin(interaction)
    assert question is not None
    understood = Understood(
        intent="report_problem", confidence=0.9, did=("problem_form",), collected=collected
    )
    await story.finish(question, "How bad is it?", understood=understood)
    return interaction


async def test_the_topic_continues_after_stop_and_start(story: Story) -> None:
    await start_report(story, Problem="my laptop is dead", Device="laptop")
    await story.text("STOP")
    back = (await story.text("START")).interaction_id or 0
    assert (await story.see(back)).state not in (State.CLOSED_COMPLETE, State.CLOSED_ABANDONED)
    question = await story.begin(back)
    assert question is not None
    assert question.message == "/resume_topic"
    assert question.metadata["before"]["slots"] == {
        "problem": "my laptop is dead",
        "device": "laptop",
    }
    await story.finish(question, "Welcome back.", "How bad is it?")
    assert await story.begin(back) is None, "START itself gets an answer"


async def test_without_a_report_no_topic_continues(story: Story) -> None:
    await start_report(story, Topic="account")
    await story.text("STOP")
    back = (await story.text("START")).interaction_id or 0
    assert (await story.see(back)).state is State.CLOSED_COMPLETE


@pytest.mark.parametrize(("word", "explains"), [("CANCEL", True), ("quit", True), ("STOP", False)])
async def test_cancel_inside_a_report_gets_an_explanation(
    story: Story, word: str, explains: bool
) -> None:
    interaction = await start_report(story, Problem="my laptop is dead")
    await story.text(word)
    assert (await story.texted(interaction))[-1].endswith(ONLY_REPORT) is explains


async def test_cancel_outside_a_report_is_only_an_opt_out(story: Story) -> None:
    interaction = await start_report(story, Topic="account")
    await story.text("CANCEL")
    assert ONLY_REPORT not in (await story.texted(interaction))[-1]

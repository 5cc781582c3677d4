"""Satisfaction grades in the thread, the supervisors' prompt, the report and its CSV file."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from handoff_service.operations.conversations.ask_satisfaction import (
    AskOutcome,
    AskSatisfaction,
    ask_satisfaction,
)
from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from tests.reports.keeping import keep
from tests.support.story import DIRECT
from tests.web.workspace_server import Running, Visitor, running, shown

REPORTS = "/workspace/supervisor/reports"
#: A requester's comment in a right-to-left script, with markup that pages must escape.
WORDS = "<b>לא</b> ענו לי"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def omar(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        assert (await one.sign_in("omar@example.com", "demo-omar")).status == 303
        yield one


@pytest.fixture
async def graded(desk: Running) -> int:
    """Add a conversation that Ann graded with 1 and the comment ``WORDS``."""
    story = desk.story
    values = {"satisfaction_after_hours": 0}
    await story.store.write(change_queue, ChangeQueue(id=1, values=values))
    ann = await story.with_agent()
    await story.write(ann, "It opens again")
    await story.close(ann)

    def close_two_minutes_earlier(tx: Transaction, _: None) -> None:
        closed_at = desk.desk.clock() - timedelta(minutes=2)
        tx.conn.execute(update(t.interactions).values(closed_at=closed_at))

    def deliver_question(tx: Transaction, _: None) -> None:
        tx.conn.execute(update(t.messages).values(status=Status.DELIVERED))

    await story.store.write(close_two_minutes_earlier, None)
    assert await story.store.write(ask_satisfaction, AskSatisfaction(ann)) is AskOutcome.ASKED
    await story.store.write(deliver_question, None)
    assert (await story.text(f"1, {WORDS}", to=DIRECT)).interaction_id == ann
    await keep(story.store)
    return ann


async def test_a_low_grade_is_in_the_thread_and_prompts_supervisors(
    omar: Visitor, graded: int
) -> None:
    text = (await omar.get(f"/workspace/conversations/{graded}")).text
    assert "Grade 1 of 5" in shown(text)
    assert "Graded 1 of 5" in shown(text)
    assert "&lt;b&gt;לא&lt;/b&gt; ענו לי" in text
    assert "<b>לא" not in text
    (seq,) = {one.split('"')[0] for one in re.split(r'name="seq"\s+value="', text)[1:]}
    dismissed = f"/workspace/conversations/{graded}/prompts/dismiss"
    assert (await omar.act(dismissed, seq=seq)).status == 204
    assert "Graded 1 of 5" not in (await omar.get("/workspace/supervisor")).text


async def test_the_report_shows_confidence_intervals_and_comments(
    omar: Visitor, graded: int
) -> None:
    text = shown((await omar.get(f"{REPORTS}/satisfaction?range=today")).text)
    assert "Satisfied 0.0 % (0–79 %)" in text
    assert "Response rate 100.0 % (21–100 %)" in text
    found = (await omar.get(f"{REPORTS}/conversations?figure=grade_1&range=today")).text
    assert "&lt;b&gt;לא&lt;/b&gt; ענו לי" in found
    answer = await omar.get(f"{REPORTS}/satisfaction/csv?range=today&by=solver")
    (row,) = list(csv.DictReader(io.StringIO(answer.text)))
    assert row["Solver"] == "Agents"
    assert (row["Satisfied (percent)"], row["Satisfied (percent), high"]) == ("0.0", "79.3")
    every = await omar.get(f"{REPORTS}/conversations/csv?range=today")
    (one,) = list(csv.DictReader(io.StringIO(every.text)))
    assert (one["grade"], one["solved_by"], one["comment"]) == ("1", "agent", WORDS)

"""Agents change states and timers and see the history of a number on pages."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.start_conversation import Start, start_conversation
from handoff_service.operations.identity.verify_requester import (
    Undo,
    Verify,
    undo_verification,
    verify_requester,
)
from handoff_service.rules.shared.vocabulary import Event, State
from handoff_service.store.engine import tables as t
from handoff_service.store.messaging_actions import messaging_actions
from handoff_service.store.views import RunningTimer
from tests.support.story import ANN, DIRECT, MAIN, MIA, OMAR, STRANGER
from tests.web.workspace_server import SCRIPT, Running, Visitor, running, shown

ANN_ID, BOB_ID = 1, 2


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def conversation(desk: Running, mia: Visitor) -> int:
    """Give Mia a conversation with Ann."""
    received = await desk.story.text("my laptop is dead", to=DIRECT)
    await desk.story.write(received.interaction_id or 0, "Hi Ann")
    return received.interaction_id or 0


# State changes ------------------------------------------------------------------------------------


async def state(desk: Running, conversation: int) -> State:
    return (await desk.story.see(conversation)).state


async def test_an_agent_holds_resumes_and_closes_a_conversation(
    desk: Running, mia: Visitor, conversation: int
) -> None:
    path = f"/workspace/conversations/{conversation}"
    assert (await mia.act(f"{path}/hold", reason="Waiting for another team")).status == 204
    assert await state(desk, conversation) is State.ON_HOLD
    page = shown((await mia.get(path)).text)
    assert "On hold: Waiting for another team" in page
    assert "Mia Chen put this on hold: Waiting for another team" in page
    assert (await mia.act(f"{path}/hold", words="The part is on order")).status == 204, (
        "another reason"
    )
    assert "On hold: The part is on order" in shown((await mia.get(path)).text)
    assert (await mia.act(f"{path}/resume")).status == 204
    assert await state(desk, conversation) is State.WORK_IN_PROGRESS
    assert "Mia Chen took this off hold" in shown((await mia.get(path)).text)
    assert "The part is on order" not in shown(
        (await mia.get(f"{path}/news?after=999", SCRIPT)).text
    )
    await mia.act(f"{path}/hold", reason="Waiting for the requester")
    await desk.story.text("here I am", to=DIRECT)
    assert "Work in progress" in shown((await mia.get(f"{path}/news?after=999", SCRIPT)).text)
    await mia.act(f"{path}/hold", reason="Waiting for the requester")
    await mia.act(
        f"{path}/close", short_description="Laptop", state="closed_abandoned", closing_text=""
    )
    assert await state(desk, conversation) is State.CLOSED_ABANDONED
    for verb in ("hold", "resume", "close"):
        refused = await mia.act(f"{path}/{verb}", reason="x", short_description="x")
        assert (verb, refused.status) == (verb, 409)
    history = [
        line.body for line in await desk.story.lines(conversation) if line.event is Event.STATE
    ]
    assert len(history) == 6
    assert history[4] == "A text from the requester took this off hold"


async def test_a_new_conversation_cannot_be_put_on_hold_but_can_be_closed(
    desk: Running, mia: Visitor
) -> None:
    new = (await desk.story.text("hi", to=DIRECT)).interaction_id or 0
    path = f"/workspace/conversations/{new}"
    assert 'id="hold-it"' not in (await mia.get(path)).text
    refused = await mia.act(f"{path}/hold", reason="x")
    assert (refused.status, await state(desk, new)) == (409, State.NEW)
    assert (await mia.act(f"{path}/resume")).status == 409
    assert (await mia.act(f"{path}/close", short_description="Spam")).status == 204
    assert await state(desk, new) is State.CLOSED_COMPLETE


async def test_hold_requires_a_reason_and_close_requires_a_description(
    desk: Running, mia: Visitor, conversation: int
) -> None:
    path = f"/workspace/conversations/{conversation}"
    assert (
        'name="short_description" maxlength="160" aria-required="true" value="my laptop is dead"'
        in (await mia.get(path)).text
    )
    for verb, why in (
        ("hold", "Write a reason"),
        ("close", "Describe in a few words what it was about"),
    ):
        answer = await mia.act(f"{path}/{verb}", reason="  ", short_description=" \t ")
        assert answer.status == 400
        assert why in answer.text
    assert await state(desk, conversation) is State.WORK_IN_PROGRESS


def test_only_the_rules_module_decides_state_transitions() -> None:
    """All code that writes an interaction's state gets it from rules/conversations/states.py."""
    operations = Path(__file__).parents[2] / "handoff_service" / "operations"
    for path in operations.rglob("*.py"):
        # the module of a package that decides the state that ``path`` writes
        beside = path.with_name("decide.py")
        source = path.read_text() + (beside.read_text() if beside.exists() else "")
        if "put_state(" in source or '"state": c.state' in source:
            assert re.search(r"\bnext_state\(|states\.TRANSITIONS\[", source), path.name


# Timers -------------------------------------------------------------------------------------------


async def timers(desk: Running, conversation: int) -> list[RunningTimer]:
    return await desk.desk.store.read(messaging_actions.running, conversation)


async def test_an_agent_sees_postpones_and_cancels_a_timer(
    desk: Running, mia: Visitor, conversation: int
) -> None:
    path = f"/workspace/conversations/{conversation}"
    (timer,) = await timers(desk, conversation)
    page = (await mia.get(path)).text
    assert f'id="timer-{timer.id}"' in page
    assert 'id="timer-chip"' in page
    assert "Close when abandoned" in shown(page)
    zone = ZoneInfo("America/New_York")
    for later, by in (("15m", timedelta(minutes=15)), ("1h", timedelta(hours=1))):
        before = (await timers(desk, conversation))[0].due_at
        assert (await mia.act(f"{path}/timers/{timer.id}/postpone", later=later)).status == 204
        assert (await timers(desk, conversation))[0].due_at - before == by
    assert (await mia.act(f"{path}/timers/{timer.id}/postpone", later="tomorrow")).status == 204
    due = (await timers(desk, conversation))[0].due_at.astimezone(zone)
    assert (due.hour, due.minute) == (9, 0)
    own = (desk.desk.clock().astimezone(zone) + timedelta(days=9)).replace(
        hour=9, minute=30, second=0, microsecond=0
    )
    day = f"{own:%Y-%m-%d}"
    for fields in ({"at": f"{own:%Y-%m-%dT%H:%M}"}, {"day": day, "time": "9:30"}):
        answer = await mia.act(f"{path}/timers/{timer.id}/postpone", **fields)
        assert answer.status == 204
        assert (await timers(desk, conversation))[0].due_at == own
    assert (await mia.act(f"{path}/timers/{timer.id}/cancel")).status == 204
    assert await timers(desk, conversation) == []
    page = (await mia.get(f"{path}/news?after=0", SCRIPT)).text
    assert 'id="timer-chip"' not in page
    assert "Mia Chen canceled “Close when abandoned”" in shown(page)
    assert (await mia.act(f"{path}/timers/{timer.id}/cancel")).status == 404


BAD_TIMES: dict[str, tuple[dict[str, str], str]] = {
    "no time": ({}, "Enter a date and time"),
    "a day without a time": ({"day": "2099-01-01", "time": ""}, "Enter a date and time"),
    "not a time": ({"at": "soon"}, "Enter a date and time"),
    "an invalid action": ({"later": "never"}, "Enter a date and time"),
    "a past time": ({"at": "2020-01-01T09:00"}, "That time has passed"),
    "far away": ({"at": "9999-12-31T23:59"}, "more than a year away"),
    "huge": ({"at": "2" * 9000}, "Enter a date and time"),
}


async def test_an_invalid_time_shows_an_error(
    desk: Running, mia: Visitor, conversation: int
) -> None:
    (before,) = await timers(desk, conversation)
    for label, (fields, why) in BAD_TIMES.items():
        answer = await mia.act(
            f"/workspace/conversations/{conversation}/timers/{before.id}/postpone", **fields
        )
        assert (label, answer.status) == (label, 400)
        assert why in answer.text, label
    assert await timers(desk, conversation) == [before]


# The history of a number --------------------------------------------------------------------------


async def test_the_page_shows_the_history_of_the_number_newest_first(
    desk: Running, mia: Visitor
) -> None:
    one = (await desk.story.text("hi", number=STRANGER, to=DIRECT)).interaction_id or 0
    store = desk.desk.store
    await store.write(
        verify_requester,
        Verify(interaction_id=one, agent_id=OMAR, user_id=BOB_ID, note="saw the <b>badge</b>"),
    )
    await store.write(verify_requester, Verify(interaction_id=one, agent_id=MIA, user_id=ANN_ID))
    await store.write(undo_verification, Undo(interaction_id=one, agent_id=MIA))
    page = (await mia.get(f"/workspace/conversations/{one}")).text
    fold = shown(page.split('id="fold-history"')[1].split("</details>")[0])
    assert "History 2" in fold
    assert re.search(
        r"Bob Ruiz → Ann Lee Undone Manually, by Mia Chen, .* · undone .*Nobody → Bob Ruiz", fold
    )
    assert "“saw the <b>badge</b>”" in fold
    assert "<b>badge" not in page
    await desk.story.close(one)
    later = (await desk.story.text("again", number=STRANGER, to=MAIN)).interaction_id or 0
    assert "INT0000001" in shown(
        (await mia.get(f"/workspace/conversations/{later}")).text.split("fold-history")[1]
    )


async def test_a_notice_explains_a_number_on_another_users_record(
    desk: Running, mia: Visitor
) -> None:
    recipient = Recipient(to=ANN, provider_number=MAIN, user_id=BOB_ID)
    command = Start(agent_id=MIA, recipient=recipient, body="Hi Bob")
    one = (await desk.desk.store.write(start_conversation, command)).interaction_id
    path = f"/workspace/conversations/{one}"
    page = shown((await mia.get(path)).text)
    assert "This number is on Ann Lee's record, but linked to Bob Ruiz." in page
    assert "On this number 1" in page
    assert (await mia.act(f"{path}/verify", user_id=str(ANN_ID))).status == 204
    page = (await mia.get(path)).text
    assert 'id="conflict"' not in page
    assert "Bob Ruiz → Ann Lee" in shown(page)


async def test_without_a_conflict_there_is_no_notice(
    desk: Running, mia: Visitor, conversation: int
) -> None:
    assert 'id="conflict"' not in (await mia.get(f"/workspace/conversations/{conversation}")).text
    await desk.desk.store.write(lambda tx, _: tx.conn.execute(sa.delete(t.user_numbers)), None)
    assert (
        'id="conflict"' not in (await mia.get(f"/workspace/conversations/{conversation}")).text
    ), "the number is on a profile but on no user"

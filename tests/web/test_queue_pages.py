"""Pages of the work queue: scheduled texts, snooze, labels, saved views of the list, and bulk
actions.
"""

import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from handoff_service.operations.conversations.join_group import Member, leave_group
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.labels import MakeLabel, make_label
from handoff_service.operations.desk.macros import make_macro
from handoff_service.operations.desk.templates import MakeTemplate, make_template
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
from handoff_service.rules.desk.macros import MacroFields
from handoff_service.rules.shared.vocabulary import State, Status
from handoff_service.store.conversations import promises, scheduled_texts
from handoff_service.web.shared.template_filters import there
from tests.support.story import BOB, DIRECT, MIA, OMAR
from tests.web.workspace_server import Running, Visitor, running, shown

PATH = "/workspace/conversations"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def two_conversations(desk: Running, mia: Visitor) -> list[int]:
    """Give Mia a conversation with Ann and one with Bob."""
    made = []
    for number in (None, BOB):
        to = {"number": number} if number else {}
        received = await desk.story.text("my laptop is dead", to=DIRECT, **to)
        await desk.story.write(received.interaction_id or 0, "Hi")
        made.append(received.interaction_id or 0)
    return made


async def see(mia: Visitor, path: str) -> str:
    return shown((await mia.get(path)).text)


async def states(desk: Running, ids: list[int]) -> list[State]:
    return [(await desk.story.see(one)).state for one in ids]


def undo_of(page: str) -> str:
    found = re.search(r'name="undo"\s+value="([^"]*)"', page)
    assert found is not None, page
    return html.unescape(found[1])


async def test_an_agent_schedules_moves_and_cancels_a_text(
    desk: Running, mia: Visitor, two_conversations: list[int]
) -> None:
    ann = two_conversations[0]
    dialog = await see(mia, f"{PATH}/{ann}/later")
    assert "for Ann" in dialog
    assert (await mia.act(f"{PATH}/{ann}/scheduled", body="Soon", until="tomorrow")).status == 204
    assert "To be sent tomorrow at 09:00" in await see(mia, f"{PATH}/{ann}")
    (text,) = await desk.desk.store.read(scheduled_texts.waiting, ann)
    assert text.send_at.hour == 14, "09:00 in New York, where Ann is"
    await desk.story.text("it works", to=DIRECT)
    assert "has texted since" in await see(mia, f"{PATH}/{ann}/news")
    one = f"{PATH}/{ann}/scheduled/{text.id}"
    await mia.act(f"{one}/keep")
    await mia.act(f"{one}/keep", until="3h")
    (moved,) = await desk.desk.store.read(scheduled_texts.waiting, ann)
    assert (moved.question, moved.send_at < text.send_at or moved.send_at > text.send_at) == (
        None,
        True,
    )
    await mia.act(f"{one}/cancel")
    assert await desk.desk.store.read(scheduled_texts.waiting, ann) == []


@pytest.mark.parametrize(
    ("zones", "shown_as"),
    [
        (["America/New_York"], "Mon 09:00"),
        (["America/New_York", "America/Los_Angeles"], "Mon 06:00 to 09:00"),
        (["America/New_York", "America/Detroit"], "Mon 09:00"),
        (["Asia/Tokyo", "Europe/Berlin"], "Mon 15:00 to 23:00"),
        (["Pacific/Auckland", "Europe/Berlin"], "Mon 15:00 to 03:00 Tue"),
    ],
)
def test_a_time_is_shown_in_the_requesters_time_zone(zones: list[str], shown_as: str) -> None:
    at = datetime(2026, 11, 30, 14, tzinfo=UTC)
    assert there(at, [ZoneInfo(one) for one in zones]) == shown_as


async def test_an_agent_labels_snoozes_and_closes_several_conversations_and_undoes_each(
    desk: Running, mia: Visitor, two_conversations: list[int]
) -> None:
    label = await desk.desk.store.write(make_label, MakeLabel(name="VIP"))
    for act in ("assign", "label", "snooze", "close"):
        assert (await mia.get(f"/workspace/bulk/{act}")).status == 200
    ids = ",".join(map(str, two_conversations))
    answer = await mia.act("/workspace/bulk/label", ids=ids, label_id=str(label))
    assert "2 conversations labeled" in shown(answer.text)
    await mia.act("/workspace/bulk/undo", undo=undo_of(answer.text))
    assert [(await desk.story.see(one)).labels for one in two_conversations] == [[], []]
    answer = await mia.act("/workspace/bulk/snooze", ids=ids, until="1h")
    assert await states(desk, two_conversations) == [State.ON_HOLD] * 2
    await mia.act("/workspace/bulk/undo", undo=undo_of(answer.text))
    assert await states(desk, two_conversations) == [State.WORK_IN_PROGRESS] * 2
    answer = await mia.act("/workspace/bulk/close", ids=ids + ",99", says="1")
    assert await states(desk, two_conversations) == [State.CLOSED_COMPLETE] * 2
    assert "INT0000099" in answer.text, "the page shows why one conversation was refused"
    await mia.act("/workspace/bulk/undo", undo=undo_of(answer.text))
    assert await states(desk, two_conversations) == [State.WORK_IN_PROGRESS] * 2


async def test_the_dialog_of_a_bulk_action_names_colleagues_with_some_of_the_conversations(
    desk: Running, mia: Visitor, two_conversations: list[int]
) -> None:
    ids = ",".join(map(str, two_conversations))
    acts = ("macro", "assign", "label", "snooze", "close")
    for act in acts:
        assert "Colleagues" not in await see(mia, f"/workspace/bulk/{act}?ids={ids}")
    await desk.desk.store.write(
        assign_by_hand, AssignTo(interaction_id=two_conversations[0], agent_id=OMAR, by=OMAR)
    )
    await desk.desk.store.write(
        leave_group, Member(interaction_id=two_conversations[0], agent_id=MIA)
    )
    for act in acts:
        dialog = await see(mia, f"/workspace/bulk/{act}?ids={ids}")
        assert "Colleagues have some of these conversations: Omar Haddad 1." in dialog


async def test_an_agent_runs_a_macro_on_several_conversations_and_undoes_it(
    desk: Running, mia: Visitor, two_conversations: list[int]
) -> None:
    write = desk.desk.store.write
    text = await write(make_template, MakeTemplate(name="Done", body="Hi {requester.first_name}"))
    label = await write(make_label, MakeLabel(name="VIP"))
    closes = MacroFields(
        name="Done <now>", template_id=text, label_id=label, state=State.CLOSED_COMPLETE
    )
    macro = str(await write(make_macro, closes))
    ids = ",".join(map(str, two_conversations))
    dialog = shown((await mia.get(f"/workspace/bulk/macro?ids={ids}")).text)
    assert "Done <now>" in dialog
    assert "2 texts, 2 segments" in dialog
    answer = await mia.act("/workspace/bulk/macro", ids=ids + ",99", macro_id=macro)
    assert "2 conversations changed by the macro “Done <now>”" in shown(answer.text).translate(
        dict.fromkeys(map(ord, "\u2068\u2069"))
    )
    assert "INT0000099" in answer.text
    assert await states(desk, two_conversations) == [State.CLOSED_COMPLETE] * 2
    await mia.act("/workspace/bulk/undo", undo=undo_of(answer.text))
    assert await states(desk, two_conversations) == [State.WORK_IN_PROGRESS] * 2
    assert [(await desk.story.see(one)).labels for one in two_conversations] == [[], []]
    for one in two_conversations:
        (sent,) = [line for line in await desk.story.lines(one) if line.body.startswith("Hi ")]
        assert sent.status is Status.CANCELED
    one = f"{PATH}/{two_conversations[0]}/macros"
    assert "Hi " in await see(mia, f"{one}?q=done")
    answer = await mia.act(f"{one}/{macro}")
    assert "Undo" in answer.text
    assert (await mia.act(f"{one}/{macro}")).status == 409, "the macro closed the conversation"


@pytest.mark.parametrize(
    "forged",
    [
        "", "x", "[1]", "[[]]", '{"a": 1}', '[["drop", 1]]', '[["unlabel", "1", 2]]',
        '[["assign", 1, 2]]', '[["resume", 1, 2, 3]]', '[["unlabel", 1]]', '[["unlabel", 1, "x"]]',
        '[["hold", 1, "tomorrow", ""]]',
        '[["macro", 1, [["resume", 2]]]]', '[["macro", 1, [["macro", 1, []]]]]',
        '[["hold", 1, "2030-01-01T09:00:00", ""]]',
        f'[["reopen", {10**30}]]', f'[["unlabel", 1, {10**30}]]', '[["reopen", true]]',
        '[[["reopen"], 1]]', "[" * 5000,
    ],
)  # fmt: skip
async def test_a_forged_undo_changes_nothing_and_gets_an_answer(
    desk: Running, mia: Visitor, two_conversations: list[int], forged: str
) -> None:
    before = await states(desk, two_conversations)
    answer = await mia.act("/workspace/bulk/undo", undo=forged)
    assert answer.status in (200, 400, 422)
    assert "restored" not in shown(answer.text) or "0 conversations" in shown(answer.text)
    assert await states(desk, two_conversations) == before


async def test_the_palette_shows_only_pages_that_the_role_may_open(
    mia: Visitor, two_conversations: list[int]
) -> None:
    ann, bob = two_conversations
    for q in ("quiet", "desk", "supervisor", "teach", ""):
        found = (await mia.get(f"/workspace/palette?q={q}&open={ann}")).text
        assert not re.search("/workspace/(admin|trainer|supervisor)", found)
    assert 'data-press="close-it"' in found
    assert f'data-href="{PATH}/{bob}"' in found
    assert "data-press" not in (await mia.get("/workspace/palette?q=close&open=99")).text
    assert "Search" in (await mia.get("/workspace/palette?q=sea&open=x")).text


async def test_the_palette_finds_macros_by_name_only(
    desk: Running, mia: Visitor, two_conversations: list[int]
) -> None:
    """A macro's text can name the requester. If the palette searched macro texts, a search for a
    person would offer the macro.
    """
    hi = MakeTemplate(name="Hi", body="Hi {requester.first_name}")
    text = await desk.desk.store.write(make_template, hi)
    await desk.desk.store.write(make_macro, MacroFields(name="Greet, wait", template_id=text))
    for q, runs in (("ann", False), ("greet", True), ("wait", True), ("", True)):
        found = (await mia.get(f"/workspace/palette?q={q}&open={two_conversations[0]}")).text
        assert ("Greet, wait" in found) is runs, q
        assert "Ann Lee" in found or q in ("greet", "wait")
        assert ("1 segment · Hi Ann" in shown(found)) is runs, q


@pytest.mark.parametrize("ids", ["", ",", "x", "-1", f"1,{10**30}", "1," * 101])
async def test_a_bulk_action_with_invalid_conversations_is_refused(
    mia: Visitor, two_conversations: list[int], desk: Running, ids: str
) -> None:
    before = await states(desk, two_conversations)
    answer = await mia.act("/workspace/bulk/close", ids=ids)
    assert answer.status == 400
    assert await states(desk, two_conversations) == before


async def test_the_close_dialog_asks_for_a_topic(
    desk: Running, mia: Visitor, two_conversations: list[int]
) -> None:
    await desk.desk.store.write(change_desk, {"ask_topic": True})
    label = await desk.desk.store.write(make_label, MakeLabel(name="Printer", topic=True))
    ann, bob = two_conversations
    assert "Choose what it was about" in await see(mia, f"{PATH}/{ann}")
    sent = {"short_description": "Laptop", "closing_text": ""}
    refused = await mia.act(f"{PATH}/{ann}/close", **sent)
    assert "Choose a topic" in refused.text
    await mia.act(f"{PATH}/{ann}/close", **sent, topic_id=str(label))
    topic = (await desk.story.see(ann)).topic
    assert topic is not None
    assert topic.name == "Printer"
    refused = await mia.act("/workspace/bulk/close", ids=str(bob))
    assert "The topic is required. Choose what the conversation was about." in refused.text


async def test_an_agent_filters_the_list_and_saves_a_view(
    desk: Running, mia: Visitor, two_conversations: list[int]
) -> None:
    await mia.act("/workspace/list", sort="due", shows="snoozed")
    page = await see(mia, "/workspace")
    assert "2 conversations do not match the filter" in " ".join(page.split())
    await mia.act("/workspace/list/views", name="On <hold>", sort="due", shows="snoozed")
    assert "On <hold>" in await see(mia, "/workspace")
    await mia.act("/workspace/list/views/1/delete")
    assert "No saved views yet" in await see(mia, "/workspace")
    wrong = await mia.act("/workspace/list", sort="oldest")
    assert wrong.status == 400


async def test_the_page_offers_to_record_a_promise_and_to_cancel_it(
    desk: Running, mia: Visitor, two_conversations: list[int]
) -> None:
    ann = two_conversations[0]
    assert "Remind me " not in await see(mia, f"{PATH}/{ann}")
    message = await desk.story.write(ann, "I'll text you in an hour")
    assert "Remind me " in await see(mia, f"{PATH}/{ann}/news")
    await mia.act(f"{PATH}/{ann}/messages/{message}/remind")
    page = await see(mia, f"{PATH}/{ann}")
    assert "Promised for" in page
    assert "Remind me " not in page
    (one,) = await desk.desk.store.read(promises.open_of, ann)
    await mia.act(f"{PATH}/{ann}/promises/{one.id}/cancel")
    assert "Promised for" not in await see(mia, f"{PATH}/{ann}/news")
    declined = await desk.story.write(ann, "I'll call you in 2 hours")
    await mia.act(f"{PATH}/{ann}/messages/{declined}/no-reminder")
    assert "Remind me " not in await see(mia, f"{PATH}/{ann}/news")


async def test_resolving_a_case_offers_to_text_the_requester(
    desk: Running, mia: Visitor, two_conversations: list[int]
) -> None:
    ann = two_conversations[0]
    path = f"{PATH}/{ann}/cases"
    await mia.act(f"{path}/new", description="Laptop is dead", kind="problem", priority="3")
    dialog = await see(mia, f"{path}/1")
    assert "Your case CS0000001 (Laptop is dead) is resolved." in dialog
    change = {"state": "resolved", "priority": "3", "external_number": "", "note": ""}
    await mia.act(f"{path}/1", text="It works", **change)
    assert "It works" not in await desk.story.texted(ann), "the agent did not tick the box"
    await mia.act(f"{path}/1", **change | {"state": "open"})
    await mia.act(f"{path}/1", text="It works", send="1", **change)
    assert "It works" in await desk.story.texted(ann)

"""The conversation list over the HTTP API: sort orders, filters, and bulk actions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from handoff_service.operations.desk.labels import MakeLabel, make_label
from handoff_service.operations.desk.macros import make_macro
from handoff_service.operations.desk.templates import MakeTemplate, make_template
from handoff_service.rules.desk.macros import MacroFields
from handoff_service.rules.shared.vocabulary import State, Status
from handoff_service.rules.training.suggested_replies import OFTEN, PastAnswer, ReplyIndex
from handoff_service.store.conversations import conversations
from handoff_service.store.views import Interaction
from tests.support.story import BOB, DIRECT, OMAR
from tests.web.test_api import Client
from tests.web.test_desk_api import sign_in
from tests.web.workspace_server import Running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
async def mia(desk: Running, session: aiohttp.ClientSession) -> Client:
    return await sign_in(desk, session, "mia")


@pytest.fixture
async def two_conversations(desk: Running) -> list[int]:
    """Give Mia a conversation with Ann and a newer one with Bob."""
    made = []
    for to in ({}, {"number": BOB}):
        received = await desk.story.text("my laptop is dead", to=DIRECT, **to)
        made.append(received.interaction_id or 0)
        await desk.story.write(made[-1], "Hi")
    return made


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


async def states(desk: Running, ids: list[int]) -> list[State]:
    return [(await desk.story.see(one)).state for one in ids]


async def test_the_list_is_sorted_and_filtered(
    desk: Running, mia: Client, two_conversations: list[int]
) -> None:
    ann, bob = two_conversations
    await mia.call(
        "PATCH",
        f"/interactions/{ann}",
        {"state": "on_hold", "hold_until": in_an_hour()},
    )
    label = await desk.desk.store.write(make_label, MakeLabel(name="VIP"))
    await mia.call("PUT", f"/interactions/{bob}/labels/{label}")

    async def listed(query: str) -> list[int]:
        return [one["id"] for one in (await mia.call("GET", f"/ongoing{query}"))["items"]]

    assert await listed("") == [bob, ann]
    assert await listed("?sort=due") == [ann, bob]
    assert await listed("?tag=snoozed") == [ann]
    assert await listed(f"?label={label}") == [bob]
    assert (await mia.call("GET", "/ongoing"))["tags"] == {str(ann): ["snoozed"], str(bob): []}
    refused = await mia.call("GET", "/ongoing?tag=draft", status=400)
    assert "only the agent's browser knows drafts" in refused["errors"]["tag"]


async def test_the_list_reads_each_conversation_in_full_only_once(
    desk: Running, mia: Client, two_conversations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filters and sorts read a few columns; only the matching conversations are read in full."""
    full = list[int]()
    read_all = conversations.list_

    def record_reads(*args: Any, **how: Any) -> list[Interaction]:
        found = read_all(*args, **how)
        full.extend(one.id for one in found)
        return found

    monkeypatch.setattr(conversations, "list_", record_reads)
    _, bob = two_conversations
    label = await desk.desk.store.write(make_label, MakeLabel(name="VIP"))
    await mia.call("PUT", f"/interactions/{bob}/labels/{label}")
    full.clear()
    items = (await mia.call("GET", f"/ongoing?label={label}"))["items"]
    assert [one["id"] for one in items] == full == [bob]


async def test_each_bulk_action_changes_several_conversations_and_can_be_undone(
    desk: Running, mia: Client, two_conversations: list[int]
) -> None:
    label = await desk.desk.store.write(make_label, MakeLabel(name="VIP"))
    text = await desk.desk.store.write(make_template, MakeTemplate(name="Done", body="Done"))
    macro = await desk.desk.store.write(
        make_macro, MacroFields(name="Done", template_id=text, state=State.CLOSED_COMPLETE)
    )

    async def act(action: str, **how: object) -> str:
        body = {
            "action": action,
            "interaction_ids": [*two_conversations, two_conversations[0]],
            **how,
        }
        outcome = await mia.call("POST", "/bulk", body)
        assert (outcome["done"], outcome["refused"]) == (2, [])
        return str(outcome["undo"])

    async def undo(sent: str) -> None:
        assert (await mia.call("POST", "/bulk/undo", {"undo": sent}))["done"] == 2
        assert await states(desk, two_conversations) == [State.WORK_IN_PROGRESS] * 2

    back = await act("label", label_id=label)
    assert [len((await desk.story.see(one)).labels) for one in two_conversations] == [1, 1]
    await undo(back)
    assert [(await desk.story.see(one)).labels for one in two_conversations] == [[], []]
    back = await act("hold", hold_until=in_an_hour(), state_reason="Part ordered")
    assert [(await desk.story.see(one)).state_reason for one in two_conversations] == [
        "Part ordered"
    ] * 2
    await undo(back)
    back = await act("close", closing_text="Bye")
    assert await states(desk, two_conversations) == [State.CLOSED_COMPLETE] * 2
    await undo(back)
    back = await act("macro", macro_id=macro)
    assert await states(desk, two_conversations) == [State.CLOSED_COMPLETE] * 2
    await undo(back)
    await desk.story.available(OMAR)
    await undo(await act("assign", agent_id=OMAR))
    for one in two_conversations:
        sent = [line for line in await desk.story.lines(one) if line.body in ("Done", "Bye")]
        assert [line.status for line in sent] == [Status.CANCELED] * 2


async def test_a_refused_bulk_action_names_the_wrong_field(
    mia: Client, two_conversations: list[int]
) -> None:
    one = {"interaction_ids": two_conversations}
    missing = await mia.call("POST", "/bulk", {"action": "label", **one}, status=400)
    assert missing["errors"] == {"label_id": "is missing; label needs it"}
    none = {"action": "hold", "interaction_ids": []}
    assert "interaction_ids" in (await mia.call("POST", "/bulk", none, status=400))["errors"]
    outcome = await mia.call("POST", "/bulk", {"action": "hold", "interaction_ids": [99]})
    assert (outcome["done"], outcome["undo"]) == (0, None)
    assert outcome["refused"][0].startswith("INT0000099: ")
    forged = {"undo": '[["assign", 1, 1]]'}
    refused = await mia.call("POST", "/bulk/undo", forged)
    assert (refused["done"], len(refused["refused"])) == (0, 1)
    await mia.call("POST", "/bulk/undo", {"undo": "[]"}, status=409)


async def test_admins_read_the_texts_that_agents_type_often(
    desk: Running, session: aiohttp.ClientSession, mia: Client
) -> None:
    said = [
        PastAnswer(
            interaction_id=n,
            question="my dock",
            answer="Please restart the dock.",
            agent="Mia Chen",
            at=desk.desk.clock(),
        )
        for n in range(OFTEN)
    ]
    desk.desk.replies.index = ReplyIndex(said)
    await mia.call("GET", "/templates/typed-often", status=403)
    grace = await sign_in(desk, session, "grace")
    found = await grace.call("GET", "/templates/typed-often")
    assert found == [{"text": "Please restart the dock.", "times": OFTEN}]

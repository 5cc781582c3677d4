"""The outgoing webhook against a real receiver: signed, in order, at least once, for a day, and
never elsewhere."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from handoff_service.operations.cases.call_webhook import call_again
from handoff_service.operations.cases.webhook_settings import PutWebhook, put_webhook
from handoff_service.rules.cases.webhook import secret_of

from handoff_service.gateways.webhook.gateway import HttpWebhook
from handoff_service.operations.cases.change_case import ChangeCase, change_case
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.store.cases import webhook
from handoff_service.store.engine import tables as t
from handoff_service.store.views import WebhookCall
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.support.service import free_port
from tests.support.story import ANN, MIA, Story
from tests.support.ticket_system import SECRET, TicketSystem, ticket_system

ANN_ID = 1


@pytest.fixture
async def tickets(story: Story) -> AsyncIterator[TicketSystem]:
    async with ticket_system() as receiver:
        await story.store.write(put_webhook, PutWebhook(url=receiver.address, secret=SECRET))
        yield receiver


@pytest.fixture
async def worker(story: Story, clock: MovedClock) -> AsyncIterator[Worker]:
    hook = HttpWebhook(["127.0.0.1"], timeout=30)
    none: Any = None
    yield Worker(WorkerDeps(store=story.store, provider=none, bot=none, clock=clock, webhook=hook))
    await hook.close()


async def work(worker: Worker) -> None:
    while await worker.step():
        pass


async def opened(
    story: Story, description: str = "Dock is dead", interaction_id: int | None = None
) -> int:
    command = OpenByHand(
        agent_id=MIA, description=description, user_id=ANN_ID, interaction_id=interaction_id
    )
    return await story.store.write(open_by_hand, command)


async def changed(story: Story, case_id: int, note: str | None = None, **values: Any) -> None:
    await story.store.write(
        change_case, ChangeCase(id=case_id, agent_id=MIA, values=values, note=note)
    )


async def calls(story: Story) -> list[WebhookCall]:
    return (await story.store.read(webhook.calls, 50))[::-1]


async def test_what_is_told_of_a_case(
    story: Story, tickets: TicketSystem, worker: Worker, clock: MovedClock
) -> None:
    ann = (await story.text("my dock is dead")).interaction_id
    case = await opened(story, interaction_id=ann)
    await changed(story, case, note="On its way", state="in_progress")
    await work(worker)
    created, change = tickets.events
    assert (created["type"], change["type"]) == ("case.created", "case.changed")
    assert created["timestamp"] == "2026-11-23T14:00:00Z"
    told = change["data"]["case"]
    assert (told["number"], told["kind"], told["state"], told["version"]) == (
        "CS0000001",
        "problem",
        "in_progress",
        2,
    )
    assert (told["user"], told["interaction"]["name"]) == (
        {"id": 1, "name": "Ann Lee"},
        "INT0000001",
    )
    assert "history" not in told
    assert created["data"]["requester"] == {
        "user_id": 1, "external_id": "E1001", "name": "Ann Lee", "email": "ann@example.com",
        "number": ANN,
    }  # fmt: skip
    assert change["data"]["change"]["changes"] == {
        "state": {"before": "open", "after": "in_progress"}
    }
    assert (change["data"]["change"]["note"], change["data"]["change"]["by"]["name"]) == (
        "On its way",
        "Mia Chen",
    )
    assert tickets.times == [int(clock.now.timestamp())] * 2
    assert [
        (call.state, call.attempts, call.status, call.next_at) for call in await calls(story)
    ] == [("delivered", 1, 204, None)] * 2
    assert await story.count(t.due_work, t.due_work.c.kind == "call_webhook") == 0


async def test_what_changes_nothing_is_told_to_nobody(
    story: Story, tickets: TicketSystem, worker: Worker
) -> None:
    """Otherwise two systems that send each other changes would loop."""
    case = await opened(story)
    await changed(story, case, external_number="T-1")
    await changed(story, case, external_number="T-1", state="open")
    await work(worker)
    assert [event["data"]["case"]["version"] for event in tickets.events] == [1, 2]


async def test_a_failed_call_is_retried_under_its_id_and_delays_only_calls_about_its_case(
    story: Story, tickets: TicketSystem, worker: Worker, clock: MovedClock
) -> None:
    tickets.answers = [500]
    case = await opened(story)
    await changed(story, case, state="resolved")
    await work(worker)
    other = await opened(story, "Mouse")
    await work(worker)
    told = [
        (event["data"]["case"]["id"], event["data"]["case"]["version"]) for event in tickets.events
    ]
    assert told == [(case, 1), (other, 1)]
    first = (await calls(story))[0]
    assert (first.state, first.status, first.why) == ("waiting", 500, "It answered 500.")
    assert first.next_at == clock.now + timedelta(seconds=5)
    clock.move(5)
    await work(worker)
    told = [
        (event["data"]["case"]["id"], event["data"]["case"]["version"]) for event in tickets.events
    ]
    assert told[2:] == [(case, 1), (case, 2)]
    assert tickets.ids[0] == tickets.ids[2], "the same event"
    assert len(set(tickets.ids)) == 3
    assert tickets.times[2] == tickets.times[0] + 5, "signed anew"


async def test_a_redirect_is_not_followed(
    story: Story, tickets: TicketSystem, worker: Worker
) -> None:
    tickets.answers = [307]
    await opened(story)
    await work(worker)
    (call,) = await calls(story)
    assert (call.why, tickets.elsewhere) == (
        "It answered with a redirect (307), which is not followed.",
        0,
    )


async def test_a_receiver_that_is_away_is_tried_for_a_day_then_given_up_and_can_be_called_again(
    story: Story, tickets: TicketSystem, worker: Worker, clock: MovedClock
) -> None:
    away = f"http://127.0.0.1:{free_port()}/hook"
    await story.store.write(put_webhook, PutWebhook(url=away))
    await opened(story)
    begun = clock.now
    await work(worker)
    while (following := (await calls(story))[0].next_at) is not None:
        clock.now = following
        await work(worker)
    (call,) = await calls(story)
    assert (call.state, call.status, call.why) == ("given_up", None, "It could not be reached.")
    assert clock.now == begun + timedelta(days=1)
    assert await story.store.read(webhook.given_up) == 1
    await story.store.write(put_webhook, PutWebhook(url=tickets.address))
    await story.store.write(call_again, call.id)
    await work(worker)
    (again,) = await calls(story)
    assert (again.state, again.why, tickets.ids) == ("delivered", None, [call.event_id])


async def test_another_secret_is_not_believed_and_the_right_one_mends_it(
    story: Story, tickets: TicketSystem, worker: Worker, clock: MovedClock
) -> None:
    await story.store.write(
        put_webhook, PutWebhook(url=tickets.address, secret=secret_of(b"another key" * 3))
    )
    await opened(story)
    await work(worker)
    assert (tickets.forged, tickets.events) == (1, [])
    await story.store.write(put_webhook, PutWebhook(url=tickets.address, secret=SECRET))
    clock.move(5)
    await work(worker)
    assert len(tickets.events) == 1


async def test_without_an_address_nothing_waits(
    story: Story, tickets: TicketSystem, worker: Worker
) -> None:
    case = await opened(story)
    await story.store.write(put_webhook, PutWebhook(url=None))
    await changed(story, case, state="closed")
    await work(worker)
    (call,) = await calls(story)
    assert (call.state, call.why, tickets.events) == (
        "given_up",
        "The webhook no longer has an address.",
        [],
    )


async def test_a_call_whose_answer_was_lost_is_made_again(
    story: Story,
    tickets: TicketSystem,
    worker: Worker,
    clock: MovedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process dies between the call and recording its result. Its lease ends, and the call is
    repeated."""
    await opened(story)
    write = story.store.write
    lost: Any = story.store

    async def dies(operation: Any, command: Any, **near: Any) -> Any:
        if operation.__name__ in ("finish_call", "release_claim"):
            raise ConnectionError
        return await write(operation, command, **near)

    lost.write = dies
    monkeypatch.setattr("handoff_service.worker.GIVES_BACK_FOR", 1)
    await worker.step()
    lost.write = write
    assert len(tickets.events) == 1
    clock.move(61)  # the lease
    await work(worker)
    assert tickets.ids[0] == tickets.ids[1]
    assert [call.state for call in await calls(story)] == ["delivered"]

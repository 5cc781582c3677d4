"""Webhooks with a real receiver. The service signs calls, makes them in order for each subject
and at least once, and retries them for a day. It never calls a forbidden address.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from handoff_service.errors import BadInput, Conflict
from handoff_service.gateways.webhook.gateway import HttpWebhook
from handoff_service.operations.cases.change_case import ChangeCase, change_case
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.operations.webhooks.send_again import (
    SendAgain,
    send_again,
    send_missed,
    send_test,
)
from handoff_service.operations.webhooks.webhooks import (
    ChangeWebhook,
    MakeWebhook,
    ReplaceSecret,
    change_webhook,
    make_webhook,
    replace_secret,
)
from handoff_service.ports.mail import Mail, Mailed
from handoff_service.rules.shared.outside_addresses import PRIVATE
from handoff_service.rules.shared.vocabulary import WebhookEvent, Work
from handoff_service.rules.webhooks.signature import secret_of
from handoff_service.rules.webhooks.webhooks import WebhookFields
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Webhook, WebhookCall
from handoff_service.store.webhooks import webhooks
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.support.service import free_port
from tests.support.story import ANN, BOB, MIA, Story
from tests.support.ticket_system import SECRET, TicketSystem, ticket_system

ANN_ID = 1
CASES = (WebhookEvent.CASE_CREATED, WebhookEvent.CASE_CHANGED)
HOOK = 1  # the ticket system's webhook
OLD = "https://10.0.0.5"  # an address that was stored before the setting changed
OTHER = secret_of(b"another key" * 3)


class Inbox:
    """A mailer that records its mails."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> Mailed:
        self.mails.append(mail)
        return Mailed()


def fields(url: str, **changes: Any) -> WebhookFields:
    given: dict[str, Any] = {
        "name": "Tickets",
        "url": url,
        "events": CASES,
        "with_texts": True,
    }
    return WebhookFields(**given | changes)


@pytest.fixture
async def tickets(story: Story) -> AsyncIterator[TicketSystem]:
    async with ticket_system() as receiver:
        await make(story, receiver.address)
        yield receiver


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def worker(story: Story, clock: MovedClock, inbox: Inbox) -> AsyncIterator[Worker]:
    hook = HttpWebhook(["127.0.0.1"], timeout=30)
    none: Any = None
    deps = WorkerDeps(
        store=story.store, provider=none, bot=none, clock=clock, webhook=hook, mailer=inbox
    )
    yield Worker(deps)
    await hook.close()


async def make(story: Story, url: str, secret: str = SECRET, **changes: Any) -> int:
    made = MakeWebhook(fields=fields(url, **changes), secret=secret)
    return await story.store.write(make_webhook, made)


async def change(story: Story, **values: Any) -> None:
    await story.store.write(change_webhook, ChangeWebhook(id=HOOK, values=values))


async def work(worker: Worker) -> None:
    while await worker.step():
        pass


async def open_one(
    story: Story, description: str = "Dock is dead", interaction_id: int | None = None
) -> int:
    command = OpenByHand(
        agent_id=MIA, description=description, user_id=ANN_ID, interaction_id=interaction_id
    )
    return await story.store.write(open_by_hand, command)


async def update_case(story: Story, case_id: int, note: str | None = None, **values: Any) -> None:
    await story.store.write(
        change_case, ChangeCase(id=case_id, agent_id=MIA, values=values, note=note)
    )


async def calls(story: Story) -> list[WebhookCall]:
    return (await story.store.read(webhooks.calls, HOOK, most=50))[::-1]


async def hook(story: Story) -> Webhook:
    return await story.store.read(webhooks.get, HOOK)


def versions(tickets: TicketSystem) -> list[tuple[int, int]]:
    return [(e["data"]["case"]["id"], e["data"]["case"]["version"]) for e in tickets.events]


async def test_case_events_contain_the_case_the_requester_and_the_change(
    story: Story, tickets: TicketSystem, worker: Worker, clock: MovedClock
) -> None:
    ann = (await story.text("my dock is dead")).interaction_id
    case = await open_one(story, interaction_id=ann)
    await update_case(story, case, note="On its way", state="in_progress")
    await work(worker)
    created, change = tickets.events
    assert (created["type"], change["type"]) == ("case.created", "case.changed")
    assert (created["timestamp"], created["version"]) == ("2026-11-23T14:00:00Z", 1)
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


async def test_an_update_that_changes_nothing_sends_no_event(
    story: Story, tickets: TicketSystem, worker: Worker
) -> None:
    """Otherwise two systems that send each other changes would loop."""
    case = await open_one(story)
    await update_case(story, case, external_number="T-1")
    await update_case(story, case, external_number="T-1", state="open")
    await work(worker)
    assert [event["data"]["case"]["version"] for event in tickets.events] == [1, 2]


async def test_a_failed_call_is_retried_under_its_id_and_delays_only_calls_about_its_subject(
    story: Story, tickets: TicketSystem, worker: Worker, clock: MovedClock
) -> None:
    tickets.answers = [500]
    case = await open_one(story)
    await update_case(story, case, state="resolved")
    await work(worker)
    other = await open_one(story, "Mouse")
    await work(worker)
    assert versions(tickets) == [(case, 1), (other, 1)]
    first = (await calls(story))[0]
    assert (first.state, first.status, first.why, first.answer) == (
        "waiting",
        500,
        "It answered 500.",
        "Sorry",
    )
    assert first.next_at == clock.now + timedelta(seconds=5)
    clock.move(5)
    await work(worker)
    assert versions(tickets)[2:] == [(case, 1), (case, 2)]
    assert tickets.ids[0] == tickets.ids[2], "the retry sends the same event"
    assert len(set(tickets.ids)) == 3
    assert tickets.times[2] == tickets.times[0] + 5, "each call has a new signature"


async def test_a_retry_delays_only_texts_of_its_own_conversation(
    story: Story, tickets: TicketSystem, worker: Worker, clock: MovedClock
) -> None:
    await change(story, events=(WebhookEvent.MESSAGE_INBOUND,))
    tickets.answers = [503]
    for body, number in (("one", ANN), ("two", ANN), ("other", BOB)):
        await story.text(body, number=number)
    call = worker_of_calls(worker)
    await work(call)
    assert [event["data"]["message"]["body"] for event in tickets.events] == ["one", "other"]
    clock.move(5)
    await work(call)
    assert [e["data"]["message"]["body"] for e in tickets.events][2:] == ["one", "two"]


def worker_of_calls(worker: Worker) -> Worker:
    return Worker(worker._deps, frozenset({Work.CALL_WEBHOOK}))


async def test_a_webhook_that_the_setting_no_longer_allows_can_be_switched_off(
    story: Story, tickets: TicketSystem
) -> None:
    await open_one(story)
    await story.store.write(
        lambda tx, url: tx.conn.execute(update(t.webhooks).values(url=url)), OLD
    )
    with pytest.raises(BadInput) as refused:
        await change(story, url=f"{OLD}/elsewhere")
    assert refused.value.errors == {"url": PRIVATE}
    await change(story, active=False, name="Old tickets")
    with pytest.raises(BadInput):
        await change(story, active=True)


async def test_a_redirect_is_not_followed(
    story: Story, tickets: TicketSystem, worker: Worker
) -> None:
    tickets.answers = [307]
    await open_one(story)
    await work(worker)
    (call,) = await calls(story)
    assert (call.why, tickets.elsewhere) == (
        "It answered with a redirect (307), which is not followed.",
        0,
    )


async def test_an_unreachable_receiver_is_retried_for_a_day_and_events_can_be_resent(
    story: Story, tickets: TicketSystem, worker: Worker, clock: MovedClock
) -> None:
    both = (*CASES, WebhookEvent.JOB_FAILED)
    await change(story, url=f"http://127.0.0.1:{free_port()}/hook", events=both)
    case = await open_one(story)
    begun = clock.now
    await work(worker)
    while (following := (await calls(story))[0].next_at) is not None:
        clock.now = following
        await work(worker)
    call, failed = await calls(story)
    assert (call.state, call.status, call.why) == ("given_up", None, "It could not be reached.")
    assert clock.now == begun + timedelta(days=1)
    assert (await hook(story)).given_up == 1
    # If the service gives a call up, that is itself an event. If it also gives up the call for that
    # event, no further event follows.
    assert failed.type == WebhookEvent.JOB_FAILED
    while (following := (await calls(story))[1].next_at) is not None:
        clock.now = following
        await work(worker)
    assert [one.state for one in await calls(story)] == ["given_up"] * 2
    await change(story, url=tickets.address, events=CASES)
    await update_case(story, case, state="resolved")
    assert await story.store.write(send_missed, HOOK) == 2
    await work(worker)
    assert [one.state for one in await calls(story)] == ["delivered"] * 3
    assert call.event_id in tickets.ids
    assert (await hook(story)).failing_since is None
    await story.store.write(send_again, SendAgain(webhook_id=HOOK, call_id=call.id))
    await work(worker)
    assert tickets.ids.count(call.event_id) == 2


async def test_days_of_failure_switch_the_webhook_off_and_mail_the_admins(
    story: Story, tickets: TicketSystem, worker: Worker, clock: MovedClock, inbox: Inbox
) -> None:
    await make_admin(story)
    tickets.answers = [500] * 1000
    days = 0
    while (await hook(story)).active:
        await open_one(story)
        for _ in range(30):
            clock.move(3600)
            await work(worker)
        days += 1
        assert days < 6
    assert (await hook(story)).switched_off_at is not None
    assert (await hook(story)).waiting == 0
    (mail,) = inbox.mails
    assert (mail.to, "Tickets" in mail.subject, "It answered 500." in mail.body) == (
        "mia@example.com",
        True,
        True,
    )
    tickets.answers = []
    before = len(await calls(story))
    await open_one(story)
    assert len(await calls(story)) == before, "no call is stored for the webhook"
    with pytest.raises(Conflict):
        await story.store.write(send_missed, HOOK)
    await change(story, active=True)
    assert await story.store.write(send_missed, HOOK) == before
    await work(worker)
    assert {call.state for call in await calls(story)} == {"delivered"}


async def make_admin(story: Story) -> None:
    row = {"agent_id": MIA, "role": "admin"}
    await story.store.write(lambda tx, _: tx.conn.execute(t.agent_roles.insert().values(row)), None)


async def test_a_new_secret_signs_at_once_and_the_old_one_for_another_day(
    story: Story, tickets: TicketSystem, worker: Worker, clock: MovedClock
) -> None:
    await story.store.write(replace_secret, ReplaceSecret(id=HOOK, secret=OTHER))
    await open_one(story)
    await work(worker)
    tickets.secret = OTHER
    await open_one(story)
    await work(worker)
    assert (tickets.forged, len(tickets.events)) == (0, 2), "signatures of both secrets are valid"
    tickets.secret = SECRET
    clock.move(timedelta(days=1).total_seconds())
    await open_one(story)
    await work(worker)
    assert (tickets.forged, len(tickets.events)) == (1, 2)
    (row,) = await story.rows(t.webhooks)
    assert "whsec_" not in row.secret + row.former_secret, "the secret is encrypted"


async def test_each_webhook_gets_its_events_and_a_failing_one_does_not_delay_another(
    story: Story, tickets: TicketSystem, worker: Worker
) -> None:
    tickets.answers = [500, 500]
    async with ticket_system() as second:
        await make(story, second.address, name="Second", events=(WebhookEvent.CASE_CHANGED,))
        case = await open_one(story)
        await update_case(story, case, state="resolved")
        await work(worker)
        assert (versions(tickets), versions(second)) == ([(case, 1)], [(case, 2)])


async def test_an_event_without_texts_names_people_by_their_ids(
    story: Story, tickets: TicketSystem, worker: Worker
) -> None:
    await change(story, with_texts=False)
    ann = (await story.text("my dock is dead")).interaction_id
    await update_case(
        story, await open_one(story, interaction_id=ann), note="Call Ann", impact="high"
    )
    await work(worker)
    sent = str(tickets.events)
    assert not [word for word in ("Ann", "dock", "Dock", "example.com", ANN) if word in sent]
    assert tickets.events[0]["data"]["requester"] == {"user_id": 1, "external_id": "E1001"}


async def test_an_admin_sends_a_test_event(
    story: Story, tickets: TicketSystem, worker: Worker
) -> None:
    await story.store.write(send_test, HOOK)
    await work(worker)
    assert tickets.events == [
        {
            "type": "webhook.test",
            "version": 1,
            "timestamp": "2026-11-23T14:00:00Z",
            "data": {"test": {"webhook_id": HOOK}},
        }
    ]
    await change(story, active=False)
    with pytest.raises(Conflict):
        await story.store.write(send_test, HOOK)


async def test_switching_a_webhook_off_gives_up_its_waiting_events(
    story: Story, tickets: TicketSystem, worker: Worker
) -> None:
    await open_one(story)
    await change(story, active=False)
    await work(worker)
    (call,) = await calls(story)
    assert (call.state, call.why, tickets.events) == (
        "given_up",
        "The webhook was switched off before it got this event.",
        [],
    )


async def test_a_call_whose_answer_was_lost_is_repeated(
    story: Story,
    tickets: TicketSystem,
    worker: Worker,
    clock: MovedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process dies between making the call and recording its result. Its lease ends, and
    another process repeats the call.
    """
    await open_one(story)
    write = story.store.write
    lost: Any = story.store

    async def die_before_recording(operation: Any, command: Any, **near: Any) -> Any:
        if operation.__name__ in ("finish_call", "release_failed_job"):
            raise ConnectionError
        return await write(operation, command, **near)

    lost.write = die_before_recording
    monkeypatch.setattr("handoff_service.worker.RELEASE_ATTEMPTS", 1)
    await worker.step()
    lost.write = write
    assert len(tickets.events) == 1
    clock.move(61)  # the lease
    await work(worker)
    assert tickets.ids[0] == tickets.ids[1]
    assert [call.state for call in await calls(story)] == ["delivered"]

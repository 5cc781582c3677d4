"""Every event is sent once with the content that the reference shows. An event without a subscriber
causes no work.
"""

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.operations.cases.change_case import ChangeCase, change_case
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.consent.push_consents import Batch, PushFailed, postpone_push
from handoff_service.operations.conversations.ask_satisfaction import (
    AskSatisfaction,
    ask_satisfaction,
)
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.conversations.reopen import Reopen, reopen
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.operations.desk.password_links import (
    FinishLinkMail,
    MailLink,
    finish_link_mail,
)
from handoff_service.operations.identity.mail_code import FinishMail, finish_mail
from handoff_service.operations.identity.verify_requester import (
    Undo,
    Verify,
    undo_verification,
    verify_requester,
)
from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.operations.shared.failed_job import FailedJob, release_failed_job
from handoff_service.operations.virtual_agent.return_to_virtual_agent import (
    ReturnToBot,
    return_to_bot,
)
from handoff_service.operations.webhooks.send_again import send_test
from handoff_service.operations.webhooks.webhooks import MakeWebhook, make_webhook
from handoff_service.ports.mail import NotMailed
from handoff_service.ports.sms_provider import Accepted
from handoff_service.rules.desk.password_links import Purpose
from handoff_service.rules.shared.vocabulary import Status, WebhookEvent, Work
from handoff_service.rules.webhooks.events import EVENTS
from handoff_service.rules.webhooks.payloads import PRIVATE, without_private
from handoff_service.rules.webhooks.webhooks import WebhookFields
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.support.sending_story import begin, claim, finish
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, Story
from tests.support.ticket_system import SECRET

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "webhook-events.md"
BOB_ID = 2
FAILED = FailedJob(
    kind=Work.TIMER, key="1", attempts=1, error="KeyError", after=timedelta(seconds=5)
)


async def add_webhook(story: Story, *events: WebhookEvent) -> None:
    fields = WebhookFields(
        name="All", url="https://a.example/hook", events=events or tuple(EVENTS), with_texts=True
    )
    await story.store.write(make_webhook, MakeWebhook(fields=fields, secret=SECRET))


async def sent(story: Story) -> list[dict[str, Any]]:
    return [json.loads(row.body) for row in await story.rows(t.webhook_calls)]


async def types(story: Story) -> list[str]:
    return [one["type"] for one in await sent(story)]


async def play_a_day(story: Story, clock: MovedClock) -> None:
    """Play a day that has every event."""
    ask_soon = {"satisfaction_after_hours": 1, "satisfaction_every_days": 30}
    await story.store.write(change_queue, ChangeQueue(id=1, values=ask_soon))
    ann = (await story.text("my dock is dead")).interaction_id
    assert ann is not None
    await story.hand_off(ann, "Asked for a person.")
    await story.available(MIA)
    await story.offer()
    (offer,) = await story.inbox(MIA)
    await story.accept(offer.id, MIA)
    await story.store.write(
        verify_requester, Verify(interaction_id=ann, agent_id=MIA, user_id=BOB_ID)
    )
    await story.store.write(undo_verification, Undo(interaction_id=ann, agent_id=MIA))
    case = OpenByHand(agent_id=MIA, description="Dock", user_id=1, interaction_id=ann)
    made = await story.store.write(open_by_hand, case)
    change = ChangeCase(id=made, agent_id=MIA, values={"state": "resolved"}, note="Swapped it")
    await story.store.write(change_case, change)
    text = await story.write(ann, "It is on its way.")
    await send_all(story)
    await story.store.write(record_receipt, Receipt(sid=f"SM{text}", status=Status.DELIVERED))
    back = ReturnToBot(interaction_id=ann, agent_id=MIA, outcome="Dock ordered")
    await story.store.write(return_to_bot, back)
    await story.text("STOP", number=BOB)
    bob = await story.with_agent(MIA, number="+12025550188")
    await story.write(bob, "Your badge works again.")
    await story.close(bob)
    await story.store.write(reopen, Reopen(interaction_id=bob, agent_id=MIA))
    await story.close(bob)
    await ask_for_a_grade(story, bob, clock)
    carl = await story.with_agent(MIA, number="+12025550177")
    await story.store.write(transfer, Transfer(interaction_id=carl, agent_id=MIA, to_queue=1))
    await story.store.write(release_failed_job, FAILED)
    await story.store.write(send_test, 1)


async def send_all(story: Story) -> None:
    """Let the provider accept all waiting texts."""
    while due := await claim(story):
        for one in due:
            await begin(story, int(one.key))
            await finish(story, int(one.key), Accepted(sid=f"SM{one.key}"))


async def ask_for_a_grade(story: Story, interaction: int, clock: MovedClock) -> None:
    """Send the satisfaction question, and let the requester answer 5."""
    clock.move(3600)
    await story.store.write(ask_satisfaction, AskSatisfaction(interaction))
    await send_all(story)
    await story.text("5", number="+12025550188", to=DIRECT)


def examples() -> dict[str, Any]:
    """Return event -> the body in the reference."""
    found = re.findall(r"^### `([a-z_.]+)`$(.*?)^```json$(.*?)^```$", REFERENCE.read_text(),
                       re.MULTILINE | re.DOTALL)  # fmt: skip
    return {name: json.loads(body) for name, _, body in found}


def shape(value: Any) -> Any:
    """Return the names of a value's fields, without their values, because a field can be null in
    one example and filled in another.
    """
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return None


async def test_every_event_matches_the_reference(story: Story, clock: MovedClock) -> None:
    await add_webhook(story)
    await play_a_day(story, clock)
    first: dict[str, Any] = {}
    for event in await sent(story):
        first.setdefault(event["type"], event)
    assert first.keys() == {*EVENTS, "webhook.test"}
    shown = examples()
    assert shown.keys() == first.keys()
    for name, event in first.items():
        assert shape(shown[name]) == shape(event), name


async def test_events_of_a_conversation_are_in_order(story: Story, clock: MovedClock) -> None:
    await add_webhook(story)
    await play_a_day(story, clock)
    of_ann = [row for row in await story.rows(t.webhook_calls) if row.subject == "conversation:1"]
    assert [row.type for row in of_ann] == [
        "conversation.opened",
        "message.inbound",
        "conversation.handed_off",
        "message.outbound",
        "conversation.assigned",
        "identity.changed",
        "identity.changed",
        "message.outbound",
        "message.status",
        "conversation.returned",
    ]
    assert len({row.event_id for row in await story.rows(t.webhook_calls)}) == len(
        await story.rows(t.webhook_calls)
    )


async def test_a_job_that_keeps_failing_is_reported_once_an_hour(
    story: Story, clock: MovedClock
) -> None:
    await add_webhook(story, WebhookEvent.JOB_FAILED)
    for seconds in (0, 5, 3600):
        clock.move(seconds)
        await story.store.write(release_failed_job, FAILED)
    assert await types(story) == ["job.failed"] * 2
    of_webhooks = replace(FAILED, kind=Work.CALL_WEBHOOK)
    await story.store.write(release_failed_job, of_webhooks)
    assert len(await types(story)) == 2, "a failed call causes no event"


async def test_failed_mails_and_failed_consent_pushes_are_reported(story: Story) -> None:
    await add_webhook(story, WebhookEvent.JOB_FAILED)
    failed = NotMailed(why="no such mailbox", again=False)
    link = MailLink(MIA, Purpose.RESET)
    await story.store.write(finish_link_mail, FinishLinkMail(link=link, attempts=1, result=failed))
    await story.store.write(finish_mail, FinishMail(send_id=7, attempts=2, result=failed))
    await story.store.write(postpone_push, PushFailed(Batch({}, []), "no answer"))
    await story.store.write(postpone_push, PushFailed(Batch({}, []), "no answer"))
    assert [one["data"]["job"] for one in await sent(story)] == [
        {"kind": "mail_link", "key": f"reset:{MIA}", "attempts": 1, "error": "NotMailed",
         "given_up": True},
        {"kind": "mail_code", "key": "7", "attempts": 2, "error": "NotMailed", "given_up": True},
        {"kind": "tell_consents", "key": "consent", "attempts": 1, "error": "NotPushed",
         "given_up": False},
    ]  # fmt: skip


async def test_each_closing_of_a_conversation_causes_one_event(story: Story) -> None:
    await add_webhook(story, WebhookEvent.CONVERSATION_CLOSED, WebhookEvent.CONVERSATION_REOPENED)
    ann = await story.with_agent(MIA)
    await story.close(ann)
    await story.store.write(reopen, Reopen(interaction_id=ann, agent_id=MIA))
    await story.close(ann)
    assert await types(story) == [
        "conversation.closed",
        "conversation.reopened",
        "conversation.closed",
    ]


async def test_a_webhook_gets_only_its_events(story: Story, clock: MovedClock) -> None:
    await add_webhook(story, WebhookEvent.PRESENCE_CHANGED)
    await play_a_day(story, clock)
    assert Counter(await types(story)) == {"presence.changed": 1, "webhook.test": 1}


async def test_without_an_active_webhook_no_event_is_stored(
    story: Story, clock: MovedClock
) -> None:
    await add_webhook(story)
    await story.store.write(
        lambda tx, _: tx.conn.execute(sa.update(t.webhooks).values(active=False)), None
    )
    ann = await story.with_agent(MIA)
    await story.write(ann, "hello")
    assert await story.count(t.webhook_calls) == 0


async def test_a_batch_of_texts_causes_one_event_for_each_text_in_order(story: Story) -> None:
    """This holds even if all texts share a transaction and the clock stands still."""
    await add_webhook(story, WebhookEvent.MESSAGE_INBOUND)
    for n in range(5):
        await story.text(f"text {n}", number=ANN)
    bodies = [one["data"]["message"]["body"] for one in await sent(story)]
    assert bodies == [f"text {n}" for n in range(5)]


async def test_a_failed_transaction_stores_no_events(story: Story) -> None:
    await add_webhook(story)

    def fails(tx: Any, text: Any) -> None:
        receive_sms.run(tx, [text])
        raise ZeroDivisionError

    text = Text(sid="SM1", requester_number=ANN, provider_number=MAIN, body="hi")
    with pytest.raises(ZeroDivisionError):
        await story.store.write(fails, text)
    assert await story.count(t.webhook_calls) == 0


def test_private_fields_are_removed_from_an_event() -> None:
    data = {
        "message": {"id": 1, "body": "hi"},
        "requester": {"user_id": 1, "number": "+1"},
        "case": {"number": "CS1", "user": {"id": 1, "name": "Ann"}},
    }
    assert without_private(data) == {
        "message": {"id": 1},
        "requester": {"user_id": 1},
        "case": {"number": "CS1", "user": {"id": 1}},
    }


def test_the_reference_explains_each_event() -> None:
    text = re.sub(r"\s+", " ", REFERENCE.read_text())
    assert not [
        event for event, meaning in EVENTS.items() if f"### `{event}` {meaning}" not in text
    ]
    assert not [name for name in PRIVATE if f"`{name.rpartition('.')[2]}`" not in text]

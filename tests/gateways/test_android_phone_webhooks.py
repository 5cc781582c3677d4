"""The phone's webhooks, as the fake phone posts and signs them: the answers and the stored data."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handoff_service import clock as the_clock
from handoff_service import settings
from handoff_service.gateways.android_phone import errors
from handoff_service.gateways.android_phone.incoming import PICTURE
from handoff_service.gateways.android_phone.provider import KIND
from handoff_service.operations.conversations.receive_sms import (
    Received,
    ReceiveOutcome,
    Text,
    receive_sms,
)
from handoff_service.operations.delivery.record_receipt import Receipt
from handoff_service.operations.delivery.watch_gateway import record_heartbeat
from handoff_service.rules.shared.vocabulary import Status
from tests.conftest import MovedClock
from tests.support.fake_phone import SIM_1, SIM_2, FakePhone
from tests.support.fake_phone_events import KEY, signed
from tests.web.webhook_server import RecordingStore, serving

ANN = "+12025550101"
EVENTS = "https://sms.example.com/webhooks/android_phone/events"


@pytest.fixture
def recorder() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
async def phone(
    recorder: RecordingStore, clock: MovedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FakePhone]:
    """A phone with our webhooks, and the service that they reach."""
    monkeypatch.setattr(the_clock, "now", clock)
    async with FakePhone(clock=clock) as fake:
        config = settings.read(fake.environ(tmp_path))
        assert KIND.point_here is not None
        assert await KIND.point_here(config, SIM_1) is None
        async with serving(recorder, KIND, config) as base:
            fake.reroute = {"https://sms.example.com": base}
            yield fake


def event(name: object = "sms:received", **payload: Any) -> bytes:
    said = {
        "messageId": "abc123", "message": "Hello", "phoneNumber": ANN, "simNumber": 1,
        "receivedAt": "2026-11-23T21:00:00.000+07:00",
    } | payload  # fmt: skip
    return json.dumps({"event": name, "payload": said}).encode()


def texts(recorder: RecordingStore) -> list[Text]:
    return [command for _operation, command in recorder.written if isinstance(command, Text)]


async def test_a_text_is_stored_for_the_number_of_its_sim_card(
    phone: FakePhone, recorder: RecordingStore
) -> None:
    phone.text_in(ANN, "Grüße \U0001f44d", sim=2)
    assert await phone.post_events() == [200]
    (text,) = texts(recorder)
    assert (text.requester_number, text.provider_number, text.body) == (
        ANN, SIM_2, "Grüße \U0001f44d",
    )  # fmt: skip


async def test_a_text_has_the_same_id_in_webhook_and_inbox(
    phone: FakePhone, recorder: RecordingStore, clock: MovedClock, tmp_path: Path
) -> None:
    clock.move(0.123)
    phone.text_in(ANN, "Hello")
    phone.picture_in(ANN, None, b"png")
    phone.picture_in(ANN, "Look", b"png")
    assert await phone.post_events() == [200, 200, 200]
    provider = KIND.open(settings.read(phone.environ(tmp_path)), _nobody)
    listed = await provider.received(SIM_1, clock() - timedelta(minutes=1))
    await provider.close()
    assert {one.sid for one in listed} == {one.sid for one in texts(recorder)}
    assert {one.body for one in listed} == {"Hello", "", "Look"}
    assert texts(recorder)[1].media[0].url.startswith(PICTURE)


async def _nobody(_receipt: Receipt) -> None:
    raise AssertionError


async def test_a_redelivered_event_stores_no_second_text(
    phone: FakePhone, recorder: RecordingStore, clock: MovedClock
) -> None:
    """A retry has a new signature and the same content."""
    phone.text_in(ANN, "Hello")
    await phone.post_events()
    clock.move(3600)
    recorder.answers[id(receive_sms)] = Received(ReceiveOutcome.REPEAT)
    assert await phone.redeliver() == [200]
    assert len({one.sid for one in texts(recorder)}) == 1


@pytest.mark.parametrize(
    ("headers", "apart"),
    [
        ({"X-Signature": ""}, 0),
        ({"X-Signature": "0" * 64}, 0),
        ({"X-Timestamp": "1"}, 0),
        ({}, 301),
        ({}, -301),
    ],
    ids=["no signature", "wrong signature", "another time", "recorded", "from the future"],
)
async def test_unsigned_and_old_requests_are_refused(
    phone: FakePhone,
    recorder: RecordingStore,
    clock: MovedClock,
    headers: dict[str, str],
    apart: int,
) -> None:
    body = event()
    old = signed(body, clock() - timedelta(seconds=apart), KEY)
    assert await phone.post(EVENTS, body, **old | headers) == 403
    assert recorder.written == []


async def test_a_slightly_wrong_clock_is_accepted(phone: FakePhone, clock: MovedClock) -> None:
    body = event()
    assert await phone.post(EVENTS, body, **signed(body, clock() - timedelta(seconds=299))) == 200


@pytest.mark.parametrize(
    ("sender", "known"),
    [
        (ANN, ANN),
        ("202-555-0101", ANN),
        ("12025550101", ANN),
        ("72345", "72345"),
        ("Vodafone", "Vodafone"),
        ("My Bank", "My Bank"),
        ("A long name of a bank", "A long name"),
    ],
)
async def test_each_network_format_of_a_sender_is_read(
    phone: FakePhone, recorder: RecordingStore, sender: str, known: str
) -> None:
    assert await phone.post(EVENTS, event(sender=sender)) == 200
    assert texts(recorder)[0].requester_number == known


RECEIPTS: list[tuple[str, dict[str, str], Status, int | None]] = [
    ("sms:sent", {}, Status.SENT, None),
    ("sms:delivered", {}, Status.DELIVERED, None),
    ("sms:failed", {"reason": "TTL expired"}, Status.FAILED, errors.EXPIRED_ON_PHONE),
    ("sms:cancelled", {}, Status.FAILED, errors.CANCELED_ON_PHONE),
]


@pytest.mark.parametrize(("name", "more", "status", "code"), RECEIPTS)
async def test_a_receipt_updates_its_text(
    phone: FakePhone,
    recorder: RecordingStore,
    name: str,
    more: dict[str, str],
    status: Status,
    code: int | None,
) -> None:
    assert await phone.post(EVENTS, event(name, messageId="app-made", **more)) == 200
    (_operation, receipt) = recorder.written[0]
    assert receipt == Receipt(sid="app-made", status=status, error_code=code)


async def test_a_heartbeat_is_recorded(phone: FakePhone, recorder: RecordingStore) -> None:
    phone.emit("system:ping", {})
    assert await phone.post_events() == [200]
    assert [operation for operation, _command in recorder.written] == [record_heartbeat]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (event("something:new"), 200),
        (event(None), 400),
        (event(simNumber=3), 400),
        (event(simNumber="1"), 400),
        (event(message=None), 400),
        (event(phoneNumber=""), 400),
        (event(receivedAt="yesterday"), 400),
        (event("sms:sent", messageId=""), 400),
        (b"[]", 400),
        (b"\xff{", 400),
        (b'{"event": "sms:received"}', 400),
    ],
)
async def test_other_events_are_ignored_and_wrong_ones_refused(
    phone: FakePhone, recorder: RecordingStore, body: bytes, answer: int
) -> None:
    assert await phone.post(EVENTS, body) == answer
    assert recorder.written == []


async def test_a_text_to_an_unknown_sim_card_waits_on_the_phone(
    phone: FakePhone, recorder: RecordingStore
) -> None:
    """After an admin sets up the number, the phone's next attempt delivers the text."""
    phone.text_in(ANN, "Hello", sim=3)
    assert await phone.post_events() == [400]
    assert len(phone.events) == 1

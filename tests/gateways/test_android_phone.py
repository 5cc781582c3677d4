"""The gateway for an Android phone, with the fake phone: the shared contract, sending once, and
ids.
"""

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handoff_service import settings
from handoff_service.gateways.android_phone import errors, message_ids
from handoff_service.gateways.android_phone.errors import code_of
from handoff_service.gateways.android_phone.gateway import AndroidPhone
from handoff_service.gateways.android_phone.provider import KIND
from handoff_service.ports.not_offered import NotOffered
from handoff_service.ports.sms_provider import (
    Accepted,
    Later,
    NotFetched,
    Outgoing,
    Refused,
    SentBefore,
    Unsure,
)
from handoff_service.rules.delivery.send_errors import Reason
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.settings import Settings
from tests.conftest import MovedClock
from tests.gateways.sms_provider_contract import ANN, SmsProviderContract, outgoing
from tests.support.fake_phone import SIM_2, FakePhone, bodies


@pytest.fixture
async def phone(clock: MovedClock) -> AsyncIterator[FakePhone]:
    async with FakePhone(clock=clock) as fake:
        yield fake


@pytest.fixture
def config(phone: FakePhone, tmp_path: Path) -> Settings:
    return settings.read(phone.environ(tmp_path))


@pytest.fixture
async def provider(config: Settings) -> AsyncIterator[AndroidPhone]:
    made = AndroidPhone(config)
    yield made
    await made.close()


class TestContract(SmsProviderContract):
    """The contract of every SMS provider."""

    errors = errors.ERRORS
    takes_our_ids = True


def outgoing_with(**changes: object) -> Outgoing:
    return dataclasses.replace(outgoing(), **changes)  # type: ignore[arg-type]  # of a test


async def test_a_text_leaves_through_the_sim_card_of_its_number(
    phone: FakePhone, provider: AndroidPhone
) -> None:
    await provider.send(outgoing_with(sender=SIM_2))
    (text,) = phone.texts.values()
    asked = text.asked
    assert (asked["simNumber"], asked["ttl"], asked["withDeliveryReport"]) == (2, 14_400, True)
    refused = await provider.send(outgoing_with(sender="+18885550300"))
    assert refused == Refused(code=errors.NOT_OUR_NUMBER)


async def test_with_one_number_the_phone_chooses_the_sim_card(
    phone: FakePhone, config: Settings
) -> None:
    """The request must not choose a SIM card, because the app would need an additional permission
    for that.
    """
    one = AndroidPhone(dataclasses.replace(config, android_phone_numbers="+18885550100"))
    await one.send(outgoing())
    await one.close()
    (text,) = phone.texts.values()
    assert "simNumber" not in text.asked


@pytest.mark.parametrize("is_strict", [True, False], ids=["since 1.58", "before"])
async def test_a_retry_after_a_lost_answer_sends_nothing_twice(
    phone: FakePhone, provider: AndroidPhone, *, is_strict: bool
) -> None:
    phone.is_strict, phone.loses_answers = is_strict, 1
    assert isinstance(await provider.send(outgoing()), Unsure)
    (found,) = await provider.find(outgoing())
    again = await provider.send(outgoing())
    assert again == Accepted(sid=found.sid)
    phone.carry()
    assert bodies(phone.sent) == ["Your printer is ready."]
    assert await provider.find(outgoing()) == [SentBefore(sid=found.sid, status=Status.DELIVERED)]


async def test_a_retry_after_a_failure_is_a_new_text(
    phone: FakePhone, provider: AndroidPhone
) -> None:
    await provider.send(outgoing())
    phone.carry(fails="Send result: RESULT_ERROR_NO_SERVICE (...)")
    await provider.send(outgoing_with(retries=1))
    phone.carry()
    assert len(phone.texts) == 2
    assert len(phone.sent) == 1


async def test_an_unreachable_phone_certainly_did_not_get_the_text(
    phone: FakePhone, provider: AndroidPhone
) -> None:
    await phone.go_away()
    assert isinstance(await provider.send(outgoing()), Later)
    with pytest.raises(OSError, match="could not be asked"):
        await provider.find(outgoing())
    await phone.come_back()
    assert await provider.find(outgoing()) == []


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (400, Refused(code=errors.TEXT_REFUSED)),
        (401, Refused(code=errors.WRONG_PASSWORD)),
        (404, Refused(code=errors.NOT_THE_APP)),
        (302, Refused(code=errors.NOT_THE_APP)),
        (500, Unsure(why="HTTP 500")),
    ],
)
async def test_each_http_status_of_the_phone_has_its_result(
    phone: FakePhone, provider: AndroidPhone, status: int, result: object
) -> None:
    phone.failing = status
    assert await provider.send(outgoing()) == result


async def test_a_wrong_password_stops_the_sending_from_its_number(
    phone: FakePhone, config: Settings
) -> None:
    other = AndroidPhone(dataclasses.replace(config, android_phone_password="wrong"))
    refused = await other.send(outgoing())
    await other.close()
    assert refused == Refused(code=errors.WRONG_PASSWORD)
    assert errors.ERRORS.explain(errors.WRONG_PASSWORD).holds_line


async def test_a_phone_sends_no_pictures_and_has_no_opt_out_list(
    phone: FakePhone, provider: AndroidPhone
) -> None:
    refused = await provider.send(outgoing_with(media_urls=("https://sms.example.com/media/1",)))
    assert refused == Refused(code=errors.NO_PICTURES)
    assert not phone.texts
    with pytest.raises(NotOffered, match="no list of opt-outs"):
        await provider.push_consents([])


async def test_the_phones_list_of_texts_supplies_lost_receipts(
    phone: FakePhone, provider: AndroidPhone, clock: MovedClock
) -> None:
    sent = [await provider.send(outgoing(n)) for n in (1, 2)]
    sids = [one.sid for one in sent if isinstance(one, Accepted)]
    phone.carry(fails="Delivery result from SC +1: 98")
    found = await provider.reports("+18885550100", {sids[0], "phone-other"}, clock())
    assert [(one.sid, one.status, one.error_code, one.price) for one in found] == [
        (sids[0], Status.FAILED, errors.CARRIER_GAVE_UP, None)
    ]
    assert await provider.reports("+18885550100", {"phone-other"}, clock()) == ()


async def test_the_inbox_is_read_in_pages_for_each_number(
    phone: FakePhone, provider: AndroidPhone, clock: MovedClock
) -> None:
    phone.text_in(ANN, "before")
    clock.move(60)
    since = clock()
    for n in range(501):
        phone.text_in(ANN, str(n), sim=1 + (n == 500))
    (last,) = await provider.received(SIM_2, since)
    assert (last.sender, last.to, last.body, last.sent_at) == (ANN, SIM_2, "500", since)
    assert len(await provider.received("+18885550100", since)) == 500


async def test_the_gateway_fetches_a_picture_from_the_inbox(
    phone: FakePhone, provider: AndroidPhone, clock: MovedClock
) -> None:
    phone.picture_in(ANN, None, b"png")
    (listed,) = await provider.received("+18885550100", clock())
    assert (listed.pictures, listed.body) == (1, "")
    ((url, content_type),) = await provider.pictures_of(listed.sid)
    assert (content_type, await provider.fetch(url)) == ("image/png", b"png")
    phone.parts.clear()
    assert await provider.fetch(url) == NotFetched(why="The phone answered 404.", again=False)
    await phone.go_away()
    gone = await provider.fetch(url)
    assert isinstance(gone, NotFetched)
    assert gone.again
    for elsewhere in ("http://169.254.169.254/7", f"phone-picture:{'9' * 30}/7"):
        found = await provider.fetch(elsewhere)
        assert found == NotFetched(why="It is not on this phone.", again=False)


def test_the_sim_cards_share_the_phones_rate_limit(config: Settings) -> None:
    assert KIND.segments_per_second(config) == pytest.approx(5 / 60)
    alone = dataclasses.replace(config, android_phone_numbers=SIM_2, android_phone_per_minute=30)
    assert KIND.segments_per_second(alone) == pytest.approx(0.5)


def test_an_id_contains_the_desk_the_message_and_the_attempt(config: Settings) -> None:
    sid = message_ids.id_of(config, outgoing_with(message_id=10**9, retries=3))
    assert len(sid) <= 36
    assert message_ids.about(config, sid) == (10**9, 3)
    other = dataclasses.replace(config, secret_key="another desk")
    assert message_ids.about(other, sid) == (None, 0), (
        "another desk can have a message with the same id"
    )
    assert message_ids.id_of(config, outgoing()) == message_ids.id_of(config, outgoing())
    copied = outgoing_with(body="Another text of a copy of this desk.")
    assert message_ids.id_of(config, outgoing()) != message_ids.id_of(config, copied)


def test_incoming_ids_differ_even_if_the_apps_ids_are_equal() -> None:
    at = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    same = {"sender": ANN, "sim": 1, "at": at, "body": "yes", "mms": False}
    ids = {
        message_ids.id_of_incoming(**same | change)  # type: ignore[arg-type]  # of a test
        for change in ({}, {"sim": 2}, {"body": "no"}, {"at": at.replace(second=1)}, {"mms": True})
    }
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("Send result: RESULT_ERROR_NO_SERVICE (Failed because service is unavailable)", 4),
        ("Send result: RESULT_ERROR_LIMIT_EXCEEDED (...)", 5),
        ("Send result: RESULT_NEW_ONE (...)", errors.UNKNOWN),
        ("Delivery result from SC +12025550000: 65", errors.UNDELIVERABLE),
        ("Delivery result from SC null: 70", errors.VALIDITY_EXPIRED),
        ("Delivery result from SC +12025550000: 97", errors.CARRIER_GAVE_UP),
        ("TTL expired", errors.EXPIRED_ON_PHONE),
        ("Can't send message: SIM 2 not found", errors.NO_SIM),
        ("Can't send message: SIM selection requires READ_PHONE_STATE permission",
         errors.NO_PERMISSION),
        ("", errors.UNKNOWN),
    ],
)  # fmt: skip
def test_each_failure_has_a_meaning(reason: str, code: int) -> None:
    assert code_of(reason) == code
    assert errors.ERRORS.explain(code).meaning


def test_failures_that_need_an_admin_name_the_fix() -> None:
    for code in (errors.NO_SIM, errors.NO_PERMISSION, errors.WRONG_PASSWORD, 4):
        assert errors.CODES[code].reason is Reason.ACCOUNT

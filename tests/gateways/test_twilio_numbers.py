"""The account's numbers in the setup: it tests the credentials, and connects a number's webhooks to
this service.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handoff_service import settings
from handoff_service.gateways.provider import AccountNumber
from handoff_service.gateways.twilio.numbers import point_here, report
from handoff_service.settings import Settings
from tests.support.fake_twilio import FakeTwilio
from tests.support.story import MAIN

PUBLIC = "https://sms.example.com"
HERE = f"{PUBLIC}/webhooks/twilio/sms"
ELSEWHERE = "https://elsewhere.example/sms"


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as fake:
        yield fake


@pytest.fixture
def config(twilio: FakeTwilio, tmp_path: Path) -> Settings:
    return replace(settings.read(twilio.environ(tmp_path)), public_url=PUBLIC)


async def test_the_list_shows_where_each_numbers_texts_go(
    twilio: FakeTwilio, config: Settings
) -> None:
    twilio.numbers = {
        "+18885550100": {"sms_url": HERE},
        "+18885550101": {"sms_url": ELSEWHERE},
        "+18885550102": {},
        "+18885550103": {"sms_url": HERE, "sms_application_sid": "AP1"},
    }
    found = await report(config)
    assert found.problems == []
    assert found.numbers == [
        AccountNumber(number="+18885550100", texts_go_to=HERE, is_ours=True),
        AccountNumber(number="+18885550101", texts_go_to=ELSEWHERE, is_ours=False),
        AccountNumber(number="+18885550102", texts_go_to="", is_ours=False),
        AccountNumber(number="+18885550103", texts_go_to="the TwiML app AP1", is_ours=False),
    ]


async def test_one_click_connects_a_number_to_this_service(
    twilio: FakeTwilio, config: Settings
) -> None:
    twilio.numbers = {MAIN: {"sms_url": ELSEWHERE, "sms_method": "GET"}}
    assert await point_here(config, MAIN) is None
    assert twilio.numbers[MAIN] == {
        "sms_url": HERE,
        "sms_method": "POST",
        "sms_fallback_url": HERE,
        "sms_fallback_method": "POST",
        "sms_application_sid": "",
    }
    [one] = (await report(config)).numbers
    assert one.is_ours
    assert await point_here(config, MAIN) is None, "a second click changes nothing"


async def test_wrong_credentials_are_reported_and_no_number_is_listed(
    twilio: FakeTwilio, config: Settings
) -> None:
    twilio.numbers = {MAIN: {}}
    wrong = replace(config, twilio_auth_token="another")
    found = await report(wrong)
    assert ["Twilio refuses" in fault for fault in found.problems] == [True]
    assert found.numbers == []
    assert "Twilio answered 401" in (await point_here(wrong, MAIN) or "")


async def test_a_number_of_another_account_is_refused(config: Settings) -> None:
    why = await point_here(config, MAIN)
    assert why == f"{MAIN} is not a number of this Twilio account."


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://10.1.2.3"])
async def test_a_public_address_that_twilio_cannot_reach_is_refused(
    config: Settings, url: str
) -> None:
    found = await report(replace(config, public_url=url))
    assert ["Twilio cannot reach" in fault for fault in found.problems] == [True]


async def test_an_account_that_does_not_answer_is_reported(config: Settings) -> None:
    away = replace(config, twilio_api_url="http://127.0.0.1:9")
    assert "does not answer" in (await report(away)).problems[0]
    assert "does not answer" in (await point_here(away, MAIN) or "")

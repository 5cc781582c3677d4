"""``patchboard doctor`` and ``patchboard number`` with a phone: each problem has its fix."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from handoff_service import cli, settings
from handoff_service import clock as the_clock
from handoff_service.gateways.android_phone.gateway import AndroidPhone
from handoff_service.gateways.android_phone.health import phone_problems
from handoff_service.gateways.android_phone.provider import KIND
from handoff_service.gateways.android_phone.registration import point_here, report
from handoff_service.rules.shared.vocabulary import FirstResponder
from handoff_service.settings import Settings
from handoff_service.store.views import Named, ProviderNumber
from tests.conftest import MovedClock
from tests.support.fake_phone import SIM_1, SIM_2, FakePhone
from tests.support.fake_phone_events import KEY
from tests.web.webhook_server import RecordingStore, serving


@pytest.fixture
async def phone(clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePhone]:
    monkeypatch.setattr(the_clock, "now", clock)
    async with FakePhone(clock=clock) as fake:
        yield fake


@pytest.fixture
async def config(phone: FakePhone, tmp_path: Path) -> Settings:
    """The settings for a phone that is set up correctly."""
    made = settings.read(phone.environ(tmp_path))
    assert await point_here(made, SIM_1) is None
    return made


def number(value: str) -> ProviderNumber:
    return ProviderNumber(
        id=1, number=value, label=value, first_responder=FirstResponder.LIVE_AGENT,
        queue=Named(id=1, name="Service desk"), segments_per_second=1, messaging_service=None,
    )  # fmt: skip


async def test_a_phone_that_works_has_no_problems(
    phone: FakePhone, config: Settings, tmp_path: Path
) -> None:
    """The check's signed request reaches the service."""
    async with serving(RecordingStore(), KIND, config) as base:
        here = dataclasses.replace(config, public_url=base)
        assert await point_here(here, SIM_1) is None
        assert await KIND.problems(here, [number(SIM_1), number(SIM_2)]) == []
        other = dataclasses.replace(here, android_phone_signing_key="another")
        (wrong,) = await KIND.problems(other, [])
        assert "rejects our signature" in wrong
    (gone,) = await KIND.problems(here, [])
    assert gone.startswith(f"Nothing answers at {base}/webhooks/android_phone/events")


async def test_the_doctor_reports_numbers_without_a_sim_card_or_an_entry(
    phone: FakePhone, config: Settings
) -> None:
    found = await KIND.problems(config, [number("+18885550300"), number(SIM_1)])
    assert found[0].startswith("+18885550300 is not in PATCHBOARD_ANDROID_PHONE_NUMBERS.")
    assert found[1].startswith(
        f"{SIM_2} in PATCHBOARD_ANDROID_PHONE_NUMBERS is not a company number"
    )


BATTERY = {"battery:level": {"observedValue": 12, "status": "warn"}}


async def test_a_phone_answers_until_it_is_away(phone: FakePhone, config: Settings) -> None:
    gateway = AndroidPhone(config)
    assert await gateway.answers()
    phone.health = {"connection:status": {"observedValue": 0, "status": "fail"}}
    assert await gateway.answers(), "with a problem, but it is there"
    await phone.go_away()
    assert not await gateway.answers()
    await gateway.close()


@pytest.mark.parametrize(
    ("health", "says"),
    [
        (BATTERY, "The phone's battery is at 12 %. Connect it to a charger."),
        (
            BATTERY | {"battery:charging": {"observedValue": 5, "status": "pass"}},
            "The phone's battery is at 12 %.",
        ),
        (
            {"connection:status": {"observedValue": 0, "status": "fail"}},
            "The phone has no internet connection",
        ),
        (
            {"messages:failed": {"observedValue": 3, "status": "fail"}},
            "The phone could not send texts in the last hour.",
        ),
        ({"messages:failed": {"observedValue": 1, "status": "warn"}}, ""),
    ],
)
async def test_the_doctor_reports_the_phones_own_problems(
    phone: FakePhone, config: Settings, health: dict[str, object], says: str
) -> None:
    phone.health = health
    found = await phone_problems(config)
    assert [one[: len(says)] for one in found] == ([says] if says else [])


async def test_the_doctor_reports_a_phone_that_is_unreachable_or_refuses_the_password(
    phone: FakePhone, config: Settings
) -> None:
    wrong = dataclasses.replace(config, android_phone_password="wrong")
    (refused,) = await phone_problems(wrong)
    assert refused.startswith("The phone refuses PATCHBOARD_ANDROID_PHONE_USER")
    await phone.go_away()
    (away,) = await phone_problems(config)
    assert away.startswith(f"The phone does not answer at {phone.url} (ClientConnectorError).")
    told = await report(config)
    assert told.problems[0].startswith("The phone does not answer")
    assert told.numbers == ()


async def test_the_doctor_checks_webhooks_order_version_clock_and_sim_cards(
    phone: FakePhone, config: Settings, clock: MovedClock
) -> None:
    phone.webhooks.pop("patchboard-sms-sent")
    phone.settings["messages"]["processing_order"] = "LIFO"
    phone.version = "1.50.2"
    at = clock()
    phone.clock = lambda: at + timedelta(minutes=4)
    swapped = dataclasses.replace(config, android_phone_numbers=f"{SIM_2},{SIM_1},+12025550150")
    found = await phone_problems(swapped)
    for says, one in zip(
        (
            "The app's version is 1.50.2. Install 1.59 or newer",
            "The phone's clock is 240 s off",
            "The phone does not send sms:sent to https://sms.example.com/webhooks/",
            f"SIM 1 has a number that ends in 0100, not {SIM_2}.",
            "The phone has no SIM 3 for +12025550150.",
            "The app sends the newest text first",
        ),
        found,
        strict=True,
    ):
        assert one.startswith(says)


async def test_the_app_refuses_an_address_without_a_certificate(
    phone: FakePhone, config: Settings
) -> None:
    plain = dataclasses.replace(config, public_url="http://sms.example.com")
    why = await point_here(plain, SIM_1)
    assert why is not None
    assert why.startswith("The phone answered 400 when sms:received was registered. The app accept")
    told = await report(plain)
    assert [one.is_ours for one in told.numbers] == [False, False]
    assert told.numbers[0].texts_go_to == "https://sms.example.com/webhooks/android_phone/events"
    assert told.problems[0].startswith("The app does not call http://sms.example.com")


async def test_the_command_registers_the_webhooks_and_the_key(
    phone: FakePhone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in phone.environ(tmp_path).items():
        monkeypatch.setenv(name, value)
    assert await asyncio.to_thread(cli.main, ["number", "point-here", SIM_2]) == 0
    assert capsys.readouterr().out == f"Texts to {SIM_2} now arrive at https://sms.example.com.\n"
    assert len(phone.webhooks) == 7
    assert phone.settings["ping"] == {"interval_seconds": 300}
    assert phone.settings["webhooks"]["signing_key"] == KEY
    assert await asyncio.to_thread(cli.main, ["number", "point-here", "+12025550150"]) == 1
    assert "is not in PATCHBOARD_ANDROID_PHONE_NUMBERS" in capsys.readouterr().err

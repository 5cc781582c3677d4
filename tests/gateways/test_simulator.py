"""The simulator passes the contract of an SMS provider, and delivers as a carrier would."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handoff_service.gateways.simulator.errors import ERRORS
from handoff_service.gateways.simulator.gateway import Behavior, Simulator
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.operations.delivery.record_receipt import Receipt
from handoff_service.ports.sms_provider import Accepted, Refused
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.shared.vocabulary import Status
from tests.gateways.sms_provider_contract import ANN, SmsProviderContract, outgoing


class Receipts:
    """Collects receipts, and lets a test wait for the n-th."""

    def __init__(self) -> None:
        self.all: asyncio.Queue[Receipt] = asyncio.Queue()

    async def __call__(self, receipt: Receipt) -> None:
        await self.all.put(receipt)


@pytest.fixture
def receipts() -> Receipts:
    return Receipts()


@pytest.fixture
async def provider(receipts: Receipts, tmp_path: Path) -> AsyncIterator[Simulator]:
    simulator = Simulator(receipts, pictures=MediaFolder(tmp_path), pace=0)
    yield simulator
    await simulator.close()


class TestContract(SmsProviderContract):
    """The contract of every SMS provider."""

    errors = ERRORS


async def test_a_text_is_sent_and_then_delivered(provider: Simulator, receipts: Receipts) -> None:
    accepted = await provider.send(outgoing())
    assert isinstance(accepted, Accepted)
    statuses = [await asyncio.wait_for(receipts.all.get(), 5) for _ in range(2)]
    assert [r.status for r in statuses] == [Status.SENT, Status.DELIVERED]
    assert {(r.sid, r.message_id) for r in statuses} == {(accepted.sid, outgoing().message_id)}


@pytest.mark.parametrize(
    ("behavior", "steps"),
    [
        (Behavior.USUAL, [("sent", None), ("delivered", None)]),
        (Behavior.OFF, [("undelivered", 30003)]),
        (Behavior.LANDLINE, [("undelivered", 30006)]),
        (Behavior.FILTERED, [("undelivered", 30007)]),
        (Behavior.TWICE, [("sent", None), ("delivered", None)] * 2),
        (Behavior.SIGNS, [("sent", None), ("delivered", None)]),
    ],
)
async def test_a_phone_has_the_chosen_behavior(
    tmp_path: Path, behavior: Behavior, steps: list[tuple[str, int | None]]
) -> None:
    told: list[Receipt] = []

    async def receipt(one: Receipt) -> None:
        told.append(one)

    simulator = Simulator(receipt, pictures=MediaFolder(tmp_path), pace=0)
    simulator.behave(ANN, behavior)
    await simulator.send(outgoing())
    while len(told) < len(steps):
        await asyncio.sleep(0)
    assert [(one.status, one.error_code) for one in told] == steps
    await simulator.close()


TO = {
    "a short code": ("77077", True),
    "a name": ("CityBank", False),
    "withheld": ("+8656696", False),
    "none": ("7", False),
}


@pytest.mark.parametrize(("to", "taken"), TO.values(), ids=TO)
async def test_the_simulator_accepts_only_valid_numbers(
    provider: Simulator, to: str, *, taken: bool
) -> None:
    assert isinstance(
        await provider.send(replace(outgoing(), to=to)), Accepted if taken else Refused
    )


async def test_a_phone_with_a_signature_adds_it_below_each_text(
    tmp_path: Path,
) -> None:
    async def receipt(_one: Receipt) -> None: ...

    simulator = Simulator(receipt, pictures=MediaFolder(tmp_path), pace=0)
    assert simulator.as_sent(ANN, "2") == "2"
    simulator.behave(ANN, Behavior.SIGNS)
    sent = simulator.as_sent(ANN, "2")
    assert sent.startswith("2\n\n")
    assert without_signature(sent) == "2"
    assert simulator.as_sent(ANN, "") == "", "a picture without words has no signature"

"""The simulator passes the contract of an SMS provider, and delivers as a carrier would."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handoff_service.gateways.simulator import Behaviour, Simulator
from handoff_service.media_folder import MediaFolder
from handoff_service.operations.ports import Accepted
from handoff_service.operations.record_receipt import Receipt
from handoff_service.rules.vocabulary import Status
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
    """What every SMS provider does."""


async def test_a_text_is_sent_and_then_delivered(provider: Simulator, receipts: Receipts) -> None:
    accepted = await provider.send(outgoing())
    assert isinstance(accepted, Accepted)
    statuses = [await asyncio.wait_for(receipts.all.get(), 5) for _ in range(2)]
    assert [r.status for r in statuses] == [Status.SENT, Status.DELIVERED]
    assert {(r.sid, r.message_id) for r in statuses} == {(accepted.sid, outgoing().message_id)}


@pytest.mark.parametrize(
    ("behaviour", "steps"),
    [
        (Behaviour.USUAL, [("sent", None), ("delivered", None)]),
        (Behaviour.OFF, [("undelivered", 30003)]),
        (Behaviour.LANDLINE, [("undelivered", 30006)]),
        (Behaviour.FILTERED, [("undelivered", 30007)]),
        (Behaviour.TWICE, [("sent", None), ("delivered", None)] * 2),
    ],
)
async def test_a_phone_behaves_as_it_is_told(
    tmp_path: Path, behaviour: Behaviour, steps: list[tuple[str, int | None]]
) -> None:
    told: list[Receipt] = []

    async def receipt(one: Receipt) -> None:
        told.append(one)

    simulator = Simulator(receipt, pictures=MediaFolder(tmp_path), pace=0)
    simulator.behave(ANN, behaviour)
    await simulator.send(outgoing())
    while len(told) < len(steps):
        await asyncio.sleep(0)
    assert [(one.status, one.error_code) for one in told] == steps
    await simulator.close()

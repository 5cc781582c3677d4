"""Operations decide by the reasons in the provider's error table, not by the numbers of its
codes.
"""

from datetime import timedelta

import pytest

from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.ports.sms_provider import Accepted, Refused
from handoff_service.rules.delivery.send_errors import (
    OPTED_OUT,
    UNNAMED,
    Reason,
    SendError,
    SendErrors,
)
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.store.consent import consents
from handoff_service.store.delivery import outbox
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import MovedClock
from tests.support.sending_story import begin, claim, finish, line, quiet_conversation
from tests.support.story import DIRECT, Story

HELD = SendError("Pigeons are out.", "Feed them.", Reason.ACCOUNT, holds_line=True)
ERRORS = SendErrors(
    {
        7: SendError("Said no.", "Wait for START.", Reason.OPTED_OUT),
        8: HELD,
        9: SendError(
            "Nobody home.",
            "If it is urgent, call.",
            Reason.UNREACHABLE,
            waits=(timedelta(minutes=5),),
        ),
        OPTED_OUT: SendError("Something else.", "Nothing."),
    }
)


@pytest.fixture
def operation_settings() -> OperationSettings:
    return OperationSettings(send_errors=ERRORS)


async def _text(story: Story) -> int:
    """Begin to send a text. Return its id."""
    message = await story.write(await quiet_conversation(story), "hello")
    await claim(story)
    await begin(story, message)
    return message


@pytest.mark.parametrize("how", ["answer", "receipt"])
async def test_an_opt_out_is_recognized_by_its_reason(story: Story, how: str) -> None:
    message = await _text(story)
    if how == "answer":
        await finish(story, message, Refused(code=7))
    else:
        await finish(story, message, Accepted(sid="P1"))
        await story.store.write(
            record_receipt, Receipt(sid="P1", status=Status.FAILED, error_code=7)
        )
    (opted_out,) = await story.store.read(consents.in_force)
    assert (opted_out.provider_number, opted_out.words) == (DIRECT, "7")


async def test_an_error_that_holds_the_line_waits_in_the_outbox(story: Story) -> None:
    message = await _text(story)
    await finish(story, message, Refused(code=8))
    assert (await line(story, message)).status is Status.QUEUED
    (waiting,) = await story.store.read(outbox.not_taken)
    assert (waiting.code, waiting.meaning, waiting.advice) == (8, HELD.meaning, HELD.advice)


async def test_an_error_with_waiting_times_is_retried(story: Story, clock: MovedClock) -> None:
    message = await _text(story)
    await finish(story, message, Refused(code=9))
    shown = (await line(story, message)).error
    assert shown is not None
    assert (shown.meaning, shown.advice) == (
        "Nobody home.",
        "It is sent again within 5 minutes. If it is urgent, call.",
    )
    clock.move(300)
    assert [int(one.key) for one in await claim(story)] == [message]


def test_patchboards_own_codes_mean_the_same_with_every_provider() -> None:
    assert ERRORS.explain(OPTED_OUT).meaning == "The requester has opted out."
    assert ERRORS.explain(30003) is UNNAMED, "Twilio's code, which this provider does not have"

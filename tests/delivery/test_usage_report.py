"""The usage report counts sent, delivered and failed texts by day and number, on both databases."""

from datetime import date

from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.ports.sms_provider import Accepted
from handoff_service.rules.shared.vocabulary import Status
from handoff_service.store.delivery.usage_report import TextCounts, usage_report
from tests.conftest import MovedClock
from tests.consent.test_consent import sent
from tests.support.sending_story import begin, claim, finish
from tests.support.story import DIRECT, MAIN, MIA, Story


async def test_the_report_counts_texts_by_day_number_and_reason(
    story: Story, clock: MovedClock
) -> None:
    interaction = await story.with_agent(MIA)
    await sent(story)
    clock.move(14 * 3600)  # 23:00 in Washington, which is the next day in UTC
    for n, (body, status, code) in enumerate(
        [
            ("x" * 200, Status.DELIVERED, None),
            ("two", Status.UNDELIVERED, 30006),
            ("three", Status.FAILED, 30007),
        ]
    ):
        message = await story.write(interaction, body)
        (one,) = await claim(story)
        await begin(story, int(one.key))
        await finish(story, message, Accepted(sid=f"SMx{n}"))
        await story.store.write(
            record_receipt, Receipt(sid=f"SMx{n}", status=status, error_code=code)
        )
    clock.move(3600)
    await story.text("STOP", to=MAIN)
    await sent(story)
    found = await story.store.read(usage_report)
    assert (found.since, len(found.days)) == (date(2026, 10, 26), 30)
    days = dict(found.days)
    assert days[date(2026, 11, 23)] == TextCounts(
        received=1, sent=4, delivered=1, failed=2, segments=5
    )
    assert days[date(2026, 11, 24)] == TextCounts(received=1, sent=1, segments=1), (
        "the confirmation was sent"
    )
    assert [(number, one.received, one.sent) for _, number, one in found.numbers] == [
        (MAIN, 1, 1),
        (DIRECT, 1, 4),
    ]
    assert [(one.code, one.count) for one in found.failures] == [(30006, 1), (30007, 1)]
    assert found.whole.sent == 5

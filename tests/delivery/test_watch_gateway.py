"""The desk watches the company's own SMS gateway and raises one alert during an outage."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.mail.mailbox import Mailbox
from handoff_service.operations.delivery.watch_gateway import (
    Heartbeat,
    record_heartbeat,
    watch_gateway,
)
from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.desk_checks import gateway_problems
from handoff_service.operations.routing.change_notification_targets import AddTarget, add_target
from handoff_service.operations.routing.notify_agents import begin_notifications
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.delivery.gateway_watch import (
    AwayReason,
    GatewayWatch,
    after_check,
    after_start,
)
from handoff_service.rules.routing.notifications import NotificationMethod
from handoff_service.rules.shared.vocabulary import Role, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import DESK
from handoff_service.store.routing import supervision
from handoff_service.worker import Worker
from tests.conftest import Heard, MovedClock
from tests.support.story import OMAR, Story

AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def minutes(count: float) -> datetime:
    return AT + timedelta(minutes=count)


NO_ANSWER, SILENT = AwayReason.NO_ANSWER, AwayReason.SILENT
FAILS = GatewayWatch(failing_since=AT, reason=NO_ANSWER)
AWAY = GatewayWatch(failing_since=AT, reason=NO_ANSWER, alerted_at=minutes(3))
HEARD = GatewayWatch(heard_at=AT)
IS_SILENT = GatewayWatch(failing_since=AT, reason=SILENT, alerted_at=minutes(15), heard_at=AT)
CASES = {
    "it answers": (GatewayWatch(), True, 0, GatewayWatch()),
    "it fails for the first time": (GatewayWatch(), False, 0, FAILS),
    "it still fails, and may come back": (FAILS, False, 2, FAILS),
    "it answers before there is an alert": (FAILS, True, 2, GatewayWatch()),
    "it has failed for three minutes": (FAILS, False, 3, AWAY),
    "there is an alert already": (AWAY, False, 60, AWAY),
    "it is back": (AWAY, True, 60, GatewayWatch()),
    "its heartbeats arrive": (HEARD, True, 14, HEARD),
    "three heartbeats are missing": (HEARD, True, 15, IS_SILENT),
    "its heartbeats still do not arrive": (IS_SILENT, True, 60, IS_SILENT),
    "a heartbeat has arrived": (
        GatewayWatch(failing_since=AT, reason=SILENT, alerted_at=minutes(15), heard_at=minutes(20)),
        True,
        21,
        GatewayWatch(heard_at=minutes(20)),
    ),
    "it is back, and its next heartbeat is on the way": (
        GatewayWatch(failing_since=AT, reason=NO_ANSWER, alerted_at=minutes(3), heard_at=AT),
        True,
        30,
        GatewayWatch(heard_at=minutes(30)),
    ),
}


@pytest.mark.parametrize(("before", "answers", "minute", "after"), CASES.values(), ids=CASES.keys())
def test_each_check_changes_the_watch_as_expected(
    before: GatewayWatch, minute: int, after: GatewayWatch, *, answers: bool
) -> None:
    assert after_check(before, answers=answers, now=minutes(minute)) == after


def test_after_a_start_only_later_failures_count() -> None:
    now = minutes(60)
    assert after_start(FAILS, now) == GatewayWatch()
    assert after_start(HEARD, now) == GatewayWatch(heard_at=now)
    assert after_start(AWAY, now) == AWAY


@dataclass
class Phone:
    """A provider that is reachable or not."""

    is_there: bool = True

    async def answers(self) -> bool:
        return self.is_there


class WatchedDesk:
    """A desk that watches its phone. A check is due every minute."""

    def __init__(self, story: Story, clock: MovedClock) -> None:
        self.story, self.clock, self.phone = story, clock, Phone()
        self.mailbox = Mailbox(clock)
        provider: Any = self.phone
        deps = WorkerDeps(
            store=story.store, provider=provider, bot=NoBot(), clock=clock, mailer=self.mailbox
        )
        self._worker = Worker(deps, frozenset({Work.WATCH_GATEWAY}))

    async def let_minutes_pass(self, minutes: int) -> None:
        """Let time pass, with a check each minute."""
        for _ in range(minutes):
            self.clock.move(60)
            assert await self._worker.step() == 1

    async def away(self) -> AwayReason | None:
        seen = await self.story.store.read(supervision.now, OMAR)
        return seen.gateway_away.reason if seen.gateway_away else None

    async def notified(self) -> list[str]:
        self.clock.move(3)
        sent = await self.story.store.write(begin_notifications, None)
        return [one.notification.title for one in sent]


@pytest.fixture
async def desk(story: Story, clock: MovedClock) -> WatchedDesk:
    grace = MakeAgent(
        email="grace@example.com", name="Grace", password_hash="", capacity=0, roles=[Role.ADMIN]
    )
    await story.store.write(make_agent, grace)
    hook = AddTarget(agent_id=OMAR, way=NotificationMethod.WEBHOOK, address="https://example.com/")
    await story.available(OMAR)
    await story.store.write(add_target, hook)
    await story.store.write(watch_gateway, True)
    return WatchedDesk(story, clock)


async def test_an_outage_raises_one_alert_that_ends_when_the_phone_is_back(
    desk: WatchedDesk, heard: Heard
) -> None:
    await desk.let_minutes_pass(2)
    desk.phone.is_there = False
    await desk.let_minutes_pass(3)
    assert await desk.away() is None
    heard.hints.clear()
    await desk.let_minutes_pass(1)
    assert await desk.away() is NO_ANSWER
    assert DESK in {hint.channel for hint in heard.hints}, "the supervisors' page shows it"
    assert await desk.notified() == ["The SMS gateway is unavailable"]
    (mail,) = [one.mail for one in desk.mailbox.mails()]
    assert mail.to == "grace@example.com"
    says = "The SMS gateway has not answered since 23 November 2026, 09:03 EST. Texts wait"
    (problem,) = await desk.story.store.read(gateway_problems)
    assert (problem.startswith(says), mail.body.startswith(says)) == (True, True)
    await desk.let_minutes_pass(30)
    assert (await desk.notified(), len(desk.mailbox.mails())) == ([], 1)
    desk.phone.is_there = True
    heard.hints.clear()
    await desk.let_minutes_pass(1)
    assert await desk.away() is None
    assert DESK in {hint.channel for hint in heard.hints}
    assert await desk.story.store.read(gateway_problems) == []
    desk.phone.is_there = False
    await desk.let_minutes_pass(4)
    assert len(desk.mailbox.mails()) == 2, "another outage has its own alert"


async def test_missing_heartbeats_of_a_phone_raise_an_alert(desk: WatchedDesk) -> None:
    await desk.let_minutes_pass(20)
    assert await desk.away() is None, "this phone has never sent a heartbeat"
    await desk.story.store.write(record_heartbeat, Heartbeat())
    await desk.let_minutes_pass(14)
    assert await desk.away() is None
    await desk.let_minutes_pass(1)
    assert await desk.away() is SILENT
    (mail,) = [one.mail for one in desk.mailbox.mails()]
    assert "its heartbeats have not arrived since" in mail.body
    await desk.story.store.write(record_heartbeat, Heartbeat())
    await desk.let_minutes_pass(1)
    assert await desk.away() is None


async def test_each_process_starts_the_watch_and_none_repeats_the_alert(desk: WatchedDesk) -> None:
    desk.phone.is_there = False
    await desk.let_minutes_pass(4)
    assert await desk.away() is NO_ANSWER
    await desk.story.store.write(watch_gateway, True)
    await desk.let_minutes_pass(2)
    assert await desk.away() is NO_ANSWER
    assert len(desk.mailbox.mails()) == 1
    assert await desk.story.count(t.gateway_watch) == 1


async def test_another_provider_ends_the_watch(desk: WatchedDesk) -> None:
    desk.phone.is_there = False
    await desk.let_minutes_pass(4)
    await desk.story.store.write(watch_gateway, False)
    assert await desk.away() is None
    assert await desk.story.count(t.due_work, t.due_work.c.kind == Work.WATCH_GATEWAY) == 0
    await desk.story.store.write(record_heartbeat, Heartbeat())
    assert await desk.story.count(t.gateway_watch) == 0

"""The worker does due work once and in order, and survives errors."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from handoff_service.lib.media_folder import MediaFolder
from handoff_service.operations.conversations.receive_sms import Attachment, Text, receive_sms
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.operations.shared.uploads import StoredUpload, Upload, keep_upload
from handoff_service.ports.bot import BotAnswer, BotFailed, BotReply, Question
from handoff_service.ports.sms_provider import (
    Accepted,
    Later,
    NotFetched,
    Outgoing,
    Refused,
    SentBefore,
    Unsure,
)
from handoff_service.rules.conversations.media import AcceptedFile
from handoff_service.rules.shared.vocabulary import Event, Status, Work
from handoff_service.store.engine import tables as t
from handoff_service.worker import POOLS, Worker, build_workers, nudge_workers
from tests.conftest import Heard, MovedClock
from tests.support.pictures import PDF, picture
from tests.support.story import ANN, BOB, DIRECT, MIA, Story


class Provider:
    """Accepts every text unless the test sets another answer."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.results: list[Accepted | Refused | Later | Unsure | Exception] = []
        self.found: Sequence[SentBefore] = ()
        self.media: dict[str, bytes | NotFetched] = {}

    async def send(self, message: Outgoing) -> Accepted | Refused | Later | Unsure:
        result = (
            self.results.pop(0)
            if self.results
            else Accepted(sid=f"SM{message.message_id}", status=Status.SENT)
        )
        if isinstance(result, Exception):
            raise result
        if isinstance(result, Accepted):
            self.sent.append(message.body)
        return result

    async def find(self, message: Outgoing) -> Sequence[SentBefore]:
        return self.found

    async def fetch(self, url: str) -> bytes | NotFetched:
        return self.media[url]

    async def close(self) -> None:
        pass


class Bot:
    """Returns the answers that the test sets, in order."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.answers: list[Sequence[BotReply] | BotFailed] = []

    async def ask(self, question: Question) -> BotAnswer:
        self.asked.append(question)
        answer = (
            self.answers.pop(0)
            if self.answers
            else [BotReply(text=f"You said: {question.message}")]
        )
        if isinstance(answer, BotFailed):
            raise answer
        return BotAnswer(tuple(answer))

    async def close(self) -> None:
        pass


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
def worker(story: Story, provider: Provider, bot: Bot, clock: MovedClock) -> Worker:
    return Worker(WorkerDeps(store=story.store, provider=provider, bot=bot, clock=clock))


async def work(worker: Worker) -> None:
    """Do all due work, until none is left."""
    while await worker.step():
        pass


def pool_of(kind: Work, deps: WorkerDeps) -> Worker:
    """Return the pool that does work of this kind."""
    return next(
        pool for (kinds, _), pool in zip(POOLS, build_workers(deps), strict=True) if kind in kinds
    )


async def test_the_bot_answers_after_the_burst(
    worker: Worker, story: Story, provider: Provider, bot: Bot, clock: MovedClock
) -> None:
    await story.text("hi")
    await story.text("my laptop won't start")
    await work(worker)
    assert bot.asked == []
    clock.move(1.5)
    await work(worker)
    assert [q.message for q in bot.asked] == ["hi\nmy laptop won't start"]
    assert provider.sent == ["You said: hi\nmy laptop won't start"]


async def test_a_failing_bot_gets_one_retry_and_then_a_handoff(
    worker: Worker, story: Story, provider: Provider, bot: Bot, clock: MovedClock
) -> None:
    await story.available(MIA)
    bot.answers = [BotFailed("no"), BotFailed("The virtual agent could not be reached.")]
    await story.text("hi")
    clock.move(2)
    await work(worker)
    assert [q.turn_id for q in bot.asked] == ["1", "1"]
    (offer,) = await story.inbox(MIA)
    assert offer.reason == "The virtual agent could not be reached."
    assert provider.sent == ["You're in line for Service desk. We'll reply here."]


async def test_a_bot_that_recovers_answers_the_retry(
    worker: Worker, provider: Provider, story: Story, bot: Bot, clock: MovedClock
) -> None:
    bot.answers = [BotFailed("no")]
    await story.text("hi")
    clock.move(2)
    await work(worker)
    assert provider.sent == ["You said: hi"]


async def test_agents_texts_leave_in_order_whatever_the_provider_does(
    worker: Worker, story: Story, provider: Provider, clock: MovedClock
) -> None:
    ann = await story.with_agent(MIA)
    await work(worker)
    provider.sent.clear()
    provider.results = [Later(why="429"), Later(why="429")]
    for body in ("one", "two", "three"):
        await story.write(ann, body)
    for _ in range(10):
        await work(worker)
        clock.move(10)
    assert provider.sent == ["one", "two", "three"]


async def test_an_unknown_outcome_is_linked_if_the_text_was_sent_and_otherwise_retried(
    worker: Worker, story: Story, provider: Provider, clock: MovedClock
) -> None:
    ann = await story.with_agent(MIA)
    await work(worker)
    provider.sent.clear()
    provider.results = [Unsure(why="timeout")]
    provider.found = [SentBefore(sid="SMfound", status=Status.SENT)]
    await story.write(ann, "hello")
    await work(worker)
    clock.move(30)
    await work(worker)
    assert provider.sent == []
    assert (await story.lines(ann))[-1].provider_sid == "SMfound"
    provider.results, provider.found = [Unsure(why="timeout")], []
    await story.write(ann, "again")
    await work(worker)
    clock.move(30)
    await work(worker)
    assert provider.sent == ["again"]


async def test_an_error_in_one_piece_of_work_is_logged_and_retried(
    worker: Worker,
    story: Story,
    provider: Provider,
    clock: MovedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import logging

    logging.getLogger("patchboard").propagate = True
    ann, bob = await story.with_agent(MIA, number=ANN), await story.with_agent(MIA, number=BOB)
    await work(worker)
    provider.sent.clear()
    provider.results = [RuntimeError("the provider's client broke")]
    await story.write(ann, "hello Ann")
    await worker.step()
    await story.write(bob, "hello Bob")
    await worker.step()
    assert provider.sent == ["hello Bob"]
    assert "action=work_failed" in caplog.text
    assert "hello" not in caplog.text, "the log never contains a text's words"
    clock.move(5)
    await work(worker)
    assert "hello Ann" not in provider.sent, (
        "the text may have been sent, so the worker looks it up first"
    )
    clock.move(30)
    await work(worker)
    assert "hello Ann" in provider.sent


async def test_each_failed_attempt_is_logged(
    worker: Worker,
    story: Story,
    provider: Provider,
    clock: MovedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import logging

    logging.getLogger("patchboard").propagate = True
    ann = await story.with_agent(MIA)
    await work(worker)
    provider.results = [Refused(code=20003), Later(why="ConnectTimeout"), Refused(code=30006)]
    message = await story.write(ann, "hello")
    for _ in range(3):
        await work(worker)
        clock.move(300)
    said = [one.getMessage() for one in caplog.records if "not_taken" in one.getMessage()]
    assert said == [
        f"action=text_not_taken message={message} attempts=1 code=20003",
        f"action=text_not_taken message={message} attempts=2 why=ConnectTimeout",
    ]


async def test_a_running_worker_wakes_for_new_work_and_for_due_work(
    story: Story, provider: Provider, bot: Bot, clock: MovedClock, heard: Heard
) -> None:
    """The test uses the real clock. The worker does not poll, so only nudges after commits and due
    times can wake it.
    """
    from handoff_service import clock as real

    worker = Worker(WorkerDeps(store=story.store, provider=provider, bot=bot, clock=real.now))
    heard.workers = [worker]
    running = asyncio.create_task(worker.run())
    clock.now = real.now()
    await story.text("hi", number=BOB, to=DIRECT)
    async with asyncio.timeout(10):
        while not provider.sent:
            await asyncio.sleep(0)
    running.cancel()
    await worker.close()


async def test_a_commit_wakes_only_the_pools_that_have_work(
    story: Story, provider: Provider, bot: Bot, clock: MovedClock
) -> None:
    """There are 17 pools, and each one that wakes searches the database twice."""
    deps = WorkerDeps(store=story.store, provider=provider, bot=bot, clock=clock)
    woken: list[Work] = []

    class Pool(Worker):
        def nudge(self, at: datetime) -> None:
            woken.extend(self.kinds)

    pools = [Pool(deps, frozenset({kind})) for kind in Work]
    at = clock()
    nudge_workers(pools, {Work.OFFER_WORK: at, Work.DELIVER: at})
    assert sorted(woken) == sorted([Work.OFFER_WORK, Work.DELIVER])


async def test_a_text_for_live_agents_makes_only_offers_due(
    story: Story, heard: Heard, clock: MovedClock
) -> None:
    await story.text("hi", number=BOB, to=DIRECT)
    due_now = {kind for kind, at in heard.work_at.items() if at <= clock()}
    assert due_now == {Work.OFFER_WORK}


async def test_a_hanging_bot_delays_no_agents_text(
    story: Story, provider: Provider, clock: MovedClock
) -> None:
    class Hangs(Bot):
        async def ask(self, question: Question) -> BotAnswer:
            await asyncio.Event().wait()
            raise AssertionError

    for n in range(100):
        await story.text("hi", number=f"+1202555{6000 + n}")
    ann = await story.with_agent(MIA, number=BOB)
    await story.write(ann, "Still here")
    clock.move(2)
    deps = WorkerDeps(store=story.store, provider=provider, bot=Hangs(), clock=clock)
    turns = pool_of(Work.BOT_TURN, deps)
    hanging = asyncio.create_task(turns.run())
    await work(pool_of(Work.OFFER_WORK, deps))
    await work(pool_of(Work.DELIVER, deps))
    assert provider.sent[-1] == "Still here"
    hanging.cancel()
    await turns.close()


async def picture_in(story: Story, *types: str, number: str = ANN) -> int:
    """Receive a text from a phone with one attachment of each of these types."""
    found = tuple(Attachment(f"https://api.twilio.com/{n}", kind) for n, kind in enumerate(types))
    text = Text(
        sid=f"MM{number}", requester_number=number, provider_number=DIRECT, body="", media=found
    )
    received = await story.store.write(receive_sms, text)
    return received.interaction_id or 0


async def test_media_are_downloaded_checked_and_stored(
    story: Story, provider: Provider, bot: Bot, clock: MovedClock, tmp_path: Path
) -> None:
    folder = MediaFolder(tmp_path)
    worker = Worker(
        WorkerDeps(store=story.store, provider=provider, bot=bot, clock=clock, media=folder)
    )
    interaction = await picture_in(story, "image/png", "application/pdf", "image/png", "image/png")
    gone = NotFetched(why="The provider does not have it (404).", again=True)
    found: list[bytes | NotFetched] = [picture(), PDF, b"<script>", gone]
    provider.media = {f"https://api.twilio.com/{n}": one for n, one in enumerate(found)}
    await work(worker)
    (line,) = [one for one in await story.lines(interaction) if one.media]
    assert [(m.status, m.content_type, m.width, m.why) for m in line.media] == [
        ("stored", "image/png", 64, None),
        ("stored", "application/pdf", None, None),
        ("refused", "image/png", None, "Its content does not match its type (image/png)."),
        ("waiting", "image/png", None, "The provider does not have it (404)."),
    ]
    clock.move(2)
    provider.media["https://api.twilio.com/3"] = picture("GIF")
    await work(worker)
    (line,) = [one for one in await story.lines(interaction) if one.media]
    assert (line.media[3].status, line.media[3].content_type, line.media[3].why) == (
        "stored",
        "image/gif",
        None,
    )
    by_id = sorted(await story.rows(t.media), key=lambda row: row.id)
    files = [str(row.file) for row in by_id if row.file]
    assert [folder.read(name) for name in files] == [picture(), PDF, picture("GIF")]


async def test_deleting_an_expired_upload_also_deletes_its_file(
    story: Story, provider: Provider, bot: Bot, clock: MovedClock, tmp_path: Path
) -> None:
    folder = MediaFolder(tmp_path)
    worker = Worker(
        WorkerDeps(store=story.store, provider=provider, bot=bot, clock=clock, media=folder)
    )
    stored = StoredUpload(
        file=folder.keep(picture(), clock()),
        size=len(picture()),
        taken=AcceptedFile("image/png", 64, 48),
    )
    await story.store.write(keep_upload, Upload(agent_id=MIA, stored=stored))
    clock.move(24 * 3600)
    await work(worker)
    assert folder.read(stored.file) is None
    assert await story.count(t.media) == 0


async def test_hanging_downloads_delay_no_agents_text(
    story: Story, bot: Bot, clock: MovedClock
) -> None:
    class Hangs(Provider):
        async def fetch(self, url: str) -> bytes | NotFetched:
            await asyncio.Event().wait()
            raise AssertionError

    for n in range(20):
        await picture_in(story, "image/png", number=f"+1202555{6000 + n}")
    hangs = Hangs()
    bob = await story.with_agent(MIA, number=BOB)
    await story.write(bob, "Still here")
    deps = WorkerDeps(store=story.store, provider=hangs, bot=bot, clock=clock)
    fetching = pool_of(Work.FETCH_MEDIA, deps)
    hanging = asyncio.create_task(fetching.run())
    await work(pool_of(Work.DELIVER, deps))
    assert hangs.sent[-1] == "Still here"
    hanging.cancel()
    await fetching.close()


async def test_a_late_answer_is_stored_for_agents(
    worker: Worker, story: Story, bot: Bot, clock: MovedClock
) -> None:
    received = await story.text("hi")
    clock.move(2)
    interaction = received.interaction_id or 0

    class TakesOver(Bot):
        async def ask(self, question: Question) -> BotAnswer:
            await story.write(interaction, "Mia here", MIA)
            return BotAnswer((BotReply(text="too late"),))

    late = Worker(WorkerDeps(store=story.store, provider=Provider(), bot=TakesOver(), clock=clock))
    await work(late)
    assert await story.texted(interaction) == ["Mia here"]
    assert [
        line.body for line in await story.lines(interaction) if line.event is Event.LATE_REPLY
    ] == ["too late"]
    assert await story.count(t.work_items) == 0

"""Pictures and files from requesters and from agents."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.clock import now
from handoff_service.errors import BadInput
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.s3.media_store import S3Media
from handoff_service.operations.conversations.fetch_media import (
    MOST_ATTEMPTS,
    FinishFetch,
    NotStored,
    finish_fetch,
)
from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.receive_sms import (
    Attachment,
    Received,
    Text,
    receive_sms,
)
from handoff_service.operations.conversations.send_sms import Write, send_sms
from handoff_service.operations.conversations.start_conversation import Start, start_conversation
from handoff_service.operations.delivery.begin_send import BeginSend, begin_sends
from handoff_service.operations.delivery.finish_send import FinishSend, finish_sends
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.operations.shared.uploads import (
    StoredUpload,
    Upload,
    forget_upload,
    keep_upload,
)
from handoff_service.ports.media_store import MediaStore
from handoff_service.ports.sms_provider import Later
from handoff_service.rules.conversations.media import AcceptedFile, RefusedFile
from handoff_service.rules.conversations.media_links import is_valid
from handoff_service.rules.shared.vocabulary import MediaStatus, Work
from handoff_service.store.conversations import media
from handoff_service.store.engine import claiming
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.claiming import Claim
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.store.views import Medium, Message
from handoff_service.worker import Worker
from tests.conftest import Heard, MovedClock
from tests.support.privacy import GoodProvider
from tests.support.s3_server import S3Server
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, OMAR, Story

PNG = StoredUpload(file="a" * 64, size=214_000, taken=AcceptedFile("image/png", 640, 480))
URL = "https://api.twilio.com/media/1"


@pytest.fixture
def operation_settings() -> OperationSettings:
    return OperationSettings(public_url="https://sms.example.com", link_key="key")


async def picture_in(story: Story, *, to: str = MAIN, sid: str = "MM1", count: int = 1) -> Received:
    found = tuple(Attachment(URL, "image/jpeg") for _ in range(count))
    text = Text(sid=sid, requester_number=ANN, provider_number=to, body="", media=found)
    return await story.store.write(receive_sms, text)


async def end_fetch(
    story: Story, result: Any, *, media_id: int = 1, attempts: int = 1
) -> MediaStatus:
    command = FinishFetch(media_id=media_id, attempts=attempts, result=result)
    return await story.store.write(finish_fetch, command)


async def first_medium(story: Story, received: Received) -> Medium:
    return (await story.lines(received.interaction_id or 0))[0].media[0]


async def fetches(story: Story) -> list[str]:
    wish = Claim(100, frozenset({Work.FETCH_MEDIA}))
    return [claimed.key for claimed in await story.store.write(claiming.claim, wish)]


async def upload(
    story: Story, *, size: int = 214_000, agent: int = MIA, file: str = "a" * 64
) -> int:
    stored = StoredUpload(file=file, size=size, taken=PNG.taken)
    return await story.store.write(keep_upload, Upload(agent_id=agent, stored=stored))


async def write(
    story: Story, interaction: int, *uploads: int, body: str = "", agent: int = MIA
) -> Message:
    command = Write(interaction_id=interaction, agent_id=agent, body=body, media=uploads)
    await story.store.write(send_sms, command)
    return (await story.lines(interaction))[-1]


# Received media -----------------------------------------------------------------------------------


async def test_a_received_picture_is_stored_and_open_pages_get_a_hint(
    story: Story, heard: Heard
) -> None:
    received = await picture_in(story)
    waiting = await first_medium(story, received)
    assert (waiting.status, waiting.size, waiting.url) == (
        "waiting",
        None,
        "https://sms.example.com/api/v1/media/1",
    )
    assert await fetches(story) == ["1"]
    heard.hints.clear()
    assert await end_fetch(story, PNG) is MediaStatus.STORED
    stored = await first_medium(story, received)
    assert (stored.status, stored.size, stored.width, stored.height) == (
        "stored",
        214_000,
        640,
        480,
    )
    assert (stored.content_type, stored.is_picture) == ("image/png", True)
    assert {h.channel for h in heard.hints} == {
        f"interaction:{received.interaction_id}",
        f"requester:{ANN}",
        "desk",
        "conversations",
    }
    assert await story.count(t.due_work, t.due_work.c.kind == Work.FETCH_MEDIA) == 0
    kept = await story.store.read(media.kept, 1, agent_id=None)
    assert (kept.file, kept.content_type) == ("a" * 64, "image/png")


async def test_pictures_of_one_text_do_not_wait_for_each_other(story: Story) -> None:
    await picture_in(story, count=10)
    assert len(await fetches(story)) == 10


async def test_a_refused_picture_shows_the_reason(story: Story) -> None:
    received = await picture_in(story)
    assert await end_fetch(story, RefusedFile("It is larger than 5 MB.")) is MediaStatus.REFUSED
    refused = await first_medium(story, received)
    assert (refused.status, refused.why, refused.is_picture) == (
        "refused",
        "It is larger than 5 MB.",
        False,
    )
    with pytest.raises(Exception, match="no picture or file 1"):
        await story.store.read(media.kept, 1, agent_id=None)
    assert await story.count(t.due_work, t.due_work.c.kind == Work.FETCH_MEDIA) == 0


async def test_a_failing_download_is_retried_at_growing_intervals_and_then_refused(
    story: Story, clock: MovedClock
) -> None:
    received, waits, began = await picture_in(story), [], clock()
    for attempt in range(1, MOST_ATTEMPTS):
        assert await fetches(story) == ["1"]
        assert (
            await end_fetch(story, "The provider does not have it (404).", attempts=attempt)
            is MediaStatus.WAITING
        )
        waits.append(
            (await story.store.read(claiming.next_due, clock(), frozenset({Work.FETCH_MEDIA})))
            or timedelta()
        )
        clock.move(waits[-1].total_seconds())
    assert waits[:3] == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
    assert timedelta(minutes=30) < clock() - began < timedelta(hours=2)
    assert (await first_medium(story, received)).why == "The provider does not have it (404)."
    assert (
        await end_fetch(story, "The provider does not have it (404).", attempts=MOST_ATTEMPTS)
        is MediaStatus.REFUSED
    )
    assert await fetches(story) == []


async def test_an_unreachable_media_store_uses_up_no_attempt(
    story: Story, clock: MovedClock
) -> None:
    received = await picture_in(story)
    assert await fetches(story) == ["1"]
    for _ in range(MOST_ATTEMPTS + 1):
        assert await end_fetch(story, NotStored(), attempts=MOST_ATTEMPTS) is MediaStatus.WAITING
        clock.move(30)
        assert await fetches(story) == ["1"]
    assert (
        await first_medium(story, received)
    ).why == "The media store of this desk does not answer."
    (work,) = await story.rows(t.due_work, t.due_work.c.kind == Work.FETCH_MEDIA)
    assert work.attempts == MOST_ATTEMPTS, (
        "the claim counts one attempt, and the outage takes it back"
    )
    assert await end_fetch(story, PNG) is MediaStatus.STORED


async def test_the_file_of_an_expired_upload_is_deleted_when_the_store_is_back(
    story: Story, clock: MovedClock, s3: S3Server
) -> None:
    bucket = s3.bucket()
    store, away = S3Media(bucket), S3Media(replace(bucket, url="http://127.0.0.1:1"))
    file = store.keep(b"a picture", clock())
    clock.now = max(clock.now, now())  # The S3 server has its own clock.
    await upload(story, file=file)
    clock.move(24 * 3600)
    await upload_cleaner(story, clock, away).step()
    assert (await story.rows(t.media), list(store.names())) == ([], [file])
    clock.move(11 * 60)
    await upload_cleaner(story, clock, away).step()
    clock.move(11 * 60)
    assert await upload_cleaner(story, clock, store).step() == 1
    assert list(store.names()) == []
    assert await story.count(t.due_work, t.due_work.c.kind == Work.FORGET_UPLOAD) == 0


def upload_cleaner(story: Story, clock: MovedClock, media: MediaStore) -> Worker:
    deps = WorkerDeps(
        store=story.store, provider=GoodProvider(), bot=NoBot(), clock=clock, media=media
    )
    return Worker(deps, frozenset({Work.FORGET_UPLOAD}))


async def test_a_picture_that_is_fetched_twice_is_stored_once(story: Story) -> None:
    """The lease ends during a download, so the file is downloaded twice. The second result changes
    nothing.
    """
    received = await picture_in(story)
    await end_fetch(story, PNG)
    assert await end_fetch(story, RefusedFile("too late")) is MediaStatus.STORED
    assert (await first_medium(story, received)).status is MediaStatus.STORED
    assert await story.store.read(media.wanted, 1) is None


async def test_the_bot_gets_a_placeholder_word_for_a_picture(story: Story) -> None:
    received = await picture_in(story)
    question = await story.begin(received.interaction_id or 0)
    assert question is not None
    assert question.message == "(picture)"


# Sent media ---------------------------------------------------------------------------------------


async def test_each_attempt_has_a_new_link_to_the_picture(story: Story, clock: MovedClock) -> None:
    ann = await story.with_agent(MIA)
    two = [await upload(story), await upload(story)]
    line = await write(story, ann, *reversed(two))
    assert (line.body, line.segments, line.encoding) == ("", 1, None)
    assert [m.id for m in line.media] == list(reversed(two)), (
        "the pictures are in the order that the agent chose"
    )

    def expiry(outgoing: Any) -> list[int]:
        found = []
        for media_id, url in zip(reversed(two), outgoing.media_urls, strict=True):
            address, _, query = url.partition("?expires=")
            expires, _, signature = query.partition("&signature=")
            assert address == f"https://sms.example.com/media/{media_id}"
            assert is_valid("key", media_id, expires, signature, clock())
            found.append(int(expires))
        return found

    before = expiry(await story.store.write(begin_sends, BeginSend(line.id, 1)))
    await story.store.write(finish_sends, FinishSend(line.id, 1, Later(why="too many requests")))
    clock.move(7200)
    after = expiry(await story.store.write(begin_sends, BeginSend(line.id, 2)))
    assert [b - a for a, b in zip(before, after, strict=True)] == [7200, 7200]


async def test_a_text_without_pictures_has_no_media_links(story: Story) -> None:
    ann = await story.with_agent(MIA)
    message = await story.write(ann, "hello")
    outgoing = await story.store.write(begin_sends, BeginSend(message, 1))
    assert outgoing is not None
    assert outgoing.media_urls == ()


async def test_an_agent_starts_a_conversation_with_a_picture(story: Story) -> None:
    recipient = Recipient(to=BOB, provider_number=DIRECT)
    start = Start(agent_id=MIA, recipient=recipient, body="", media=(await upload(story),))
    started = await story.store.write(start_conversation, start)
    assert [m.status for m in (await story.lines(started.interaction_id))[-1].media] == ["stored"]


async def test_an_invalid_attachment_is_refused_and_nothing_is_sent(story: Story) -> None:
    ann = await story.with_agent(MIA)
    used, mine, omars = await upload(story), await upload(story), await upload(story, agent=OMAR)
    await write(story, ann, used)
    large = [await upload(story, size=2_600_000) for _ in range(2)]
    many = [await upload(story, size=1000) for _ in range(11)]
    before = await story.count(t.messages)
    cases = [
        ((used,), "has expired or was already sent"),
        ((mine, omars), "another agent uploaded it"),
        ((999,), "A picture has expired"),
        (tuple(large), "The files total 5.2 MB. The limit is 5 MB"),
        (tuple(many), "up to 10 files; this one has 11"),
    ]
    for uploads, said in cases:
        with pytest.raises(BadInput) as refused:
            await write(story, ann, *uploads, body="look")
        assert said in refused.value.errors["media"]
    with pytest.raises(BadInput) as empty:
        await write(story, ann)
    assert empty.value.errors == {"body": "must not be empty"}
    assert await story.count(t.messages) == before
    await write(story, ann, mine, mine)  # An upload that is named twice is attached once.
    assert [m.id for m in (await story.lines(ann))[-1].media] == [mine]


async def test_only_its_agent_sees_an_upload_until_it_is_sent(story: Story) -> None:
    ann, one = await story.with_agent(MIA), await upload(story)
    assert (await story.store.read(media.kept, one, agent_id=MIA)).id == one
    for other in (OMAR, None):
        with pytest.raises(Exception, match="no picture or file"):
            await story.store.read(media.kept, one, agent_id=other)
    await write(story, ann, one)
    assert (await story.store.read(media.kept, one, agent_id=OMAR)).id == one


async def test_an_upload_that_nobody_sends_is_deleted_after_a_day(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent(MIA)
    sent, shared, alone = (
        await upload(story),
        await upload(story),
        await upload(story, file="b" * 64),
    )
    await write(story, ann, sent)
    wish = Claim(100, frozenset({Work.FORGET_UPLOAD}))
    assert await story.store.write(claiming.claim, wish) == []
    clock.move(24 * 3600)
    assert [c.key for c in await story.store.write(claiming.claim, wish)] == [
        str(shared),
        str(alone),
    ]
    assert await story.store.write(forget_upload, shared) is None, (
        "a sent upload uses the same file"
    )
    assert await story.store.write(forget_upload, alone) == "b" * 64
    assert await story.store.write(forget_upload, sent) is None
    assert await story.store.write(forget_upload, alone) is None, "a repeat does nothing"
    assert [row.id for row in await story.rows(t.media)] == [sent]


async def test_a_text_without_media_needs_no_extra_query(story: Story) -> None:
    """No statement may read the table of media, so that the webhook stays fast."""
    said: list[str] = []
    engine = story.store._writing
    sa.event.listen(engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    await story.text("hi")
    assert said
    assert not [statement for statement in said if "media" in statement]

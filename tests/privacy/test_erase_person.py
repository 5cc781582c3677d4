"""An erasure of a person with a long history leaves no trace in the database, its file and WAL, the
media folder, the logs, a later backup, or at the provider.
"""

import asyncio
import logging
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import settings
from handoff_service.backup.create import back_up
from handoff_service.doctor.database_checks import stuck
from handoff_service.errors import Conflict, NotFound
from handoff_service.gateways.s3.media_store import S3Media
from handoff_service.gateways.twilio.gateway import TwilioProvider
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.consent.change_consent import (
    ConsentRequest,
    change_consent,
    import_opt_outs,
)
from handoff_service.operations.conversations import start_conversation
from handoff_service.operations.conversations.index_texts import index_texts
from handoff_service.operations.conversations.preview_start import Recipient, preview_start
from handoff_service.operations.conversations.receive_sms import Attachment, Text, receive_sms
from handoff_service.operations.conversations.start_conversation import Start
from handoff_service.operations.desk.audit_chain import check_chain
from handoff_service.operations.desk.merge_users import MergeUsers, merge_users
from handoff_service.operations.desk.users import (
    ChangeUser,
    DeleteUser,
    MakeUser,
    change_user,
    delete_user,
    make_user,
)
from handoff_service.operations.privacy.request_erasure import (
    RequestedPerson,
    RequestErasure,
    preview,
    request_erasure,
)
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.ports.media_store import MediaStore
from handoff_service.ports.sms_provider import NotErased
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.consent import consents
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database_copy import copy_before, database_file
from handoff_service.store.privacy import erasures, people
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.reports.keeping import keep
from tests.support.fake_twilio import FakeTwilio
from tests.support.privacy import BotWithMemory, GoodProvider, everything_in, files_with
from tests.support.s3_server import S3Server
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, OMAR, Story

ZOE, NAME, MAIL, EMPLOYEE = "+12025550642", "Zoe Quetzalcoatl", "zoe@quetzal.example", "E77431"
WORDS = ("xylophonist", "marmalade", "zeppelin", "quokka", "tamarind", "wolframite")
CANARIES = (*WORDS, ZOE, ZOE.lstrip("+"), "Quetzalcoatl", MAIL, EMPLOYEE)
PICTURE = b"\x89PNG\r\n\x1a\n a picture of a tamarind"


@dataclass(slots=True)
class Place:
    """The places that store the person's data."""

    story: Story
    worker: Worker
    bot: BotWithMemory
    media: MediaStore
    url: str
    home: Path
    clock: MovedClock

    async def work(self) -> None:
        for _ in range(40):
            if not await self.worker.step():
                return

    async def erase(self, whom: RequestedPerson, *, works: bool = True) -> erasures.Erasure:
        """Request an erasure and return it. With ``works``, the worker first carries it out."""
        store = self.story.store
        planned = await store.read(preview, whom)
        command = RequestErasure(whom=whom, agent_id=MIA, planned=planned.counts)
        erasure_id = await store.write(request_erasure, command)
        if works:
            await self.work()
        return await store.read(erasures.get, erasure_id)


def make_place(
    story: Story,
    clock: MovedClock,
    url: str,
    home: Path,
    provider: Any,
    bot: BotWithMemory,
    media: MediaStore | None = None,
) -> Place:
    media = media or MediaFolder(home / "media")
    deps = WorkerDeps(store=story.store, provider=provider, bot=bot, clock=clock, media=media)
    worker = Worker(deps, frozenset({Work.ERASE}))
    return Place(story, worker, bot, media, url, home, clock)


@pytest.fixture
def place(story: Story, clock: MovedClock, database_url: str, tmp_path: Path) -> Place:
    return make_place(story, clock, database_url, tmp_path, GoodProvider(), BotWithMemory())


async def create_history_of_zoe(place: Place) -> tuple[int, int]:
    """Create Zoe's history: texts, a picture, a case, a note, a verification, and a note about Zoe
    in Ann's conversation. Return the ids of the user and of Zoe's conversation.
    """
    story, store = place.story, place.story.store
    made = MakeUser(
        external_id=EMPLOYEE, name=NAME, email=MAIL, numbers=[ZOE], attributes={"desk": WORDS[0]}
    )
    user_id = await store.write(make_user, made)
    await store.write(
        change_user, ChangeUser(id=user_id, by=MIA, values={"attributes": {"desk": WORDS[1]}})
    )
    interaction_id = await story.with_agent(number=ZOE)
    await story.text(f"my {WORDS[2]} is broken", number=ZOE, to=DIRECT)
    await story.write(interaction_id, f"We will look at the {WORDS[2]}, {NAME}.")
    case = OpenByHand(agent_id=MIA, description=f"The {WORDS[3]}", interaction_id=interaction_id)
    await store.write(open_by_hand, case)
    picture = place.media.keep(PICTURE, place.clock())
    received = await store.write(
        receive_sms,
        Text(
            sid="MM" + "7" * 32,
            requester_number=ZOE,
            provider_number=DIRECT,
            body=WORDS[4],
            media=(Attachment("https://api.example/Media/ME1", "image/png"),),
        ),
    )
    await store.write(
        lambda tx, _: tx.conn.execute(
            sa.update(t.media).values(file=picture, status="stored", size=len(PICTURE))
        ),
        None,
    )
    assert received.interaction_id == interaction_id
    await story.close(interaction_id)
    ann = await story.text("hello", number=ANN, to=DIRECT)
    await story.offer()
    await store.write(
        lambda tx, _: tx.conn.execute(
            sa.update(t.messages)
            .where(t.messages.c.interaction_id == ann.interaction_id)
            .values(body=f"Ann asked about {NAME} ({ZOE})")
        ),
        None,
    )
    while await store.write(index_texts, None):
        pass
    await store.write(index_texts, None)
    return user_id, interaction_id


async def test_an_erasure_leaves_nothing_of_the_person(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    user_id, interaction_id = await create_history_of_zoe(place)
    assert any(word in text for text in everything_in(place.url).values() for word in CANARIES)
    if (file := database_file(place.url)) is not None:
        copy_before(file, "9999")
    receipt = await place.erase(RequestedPerson(user_id=user_id))
    assert (receipt.state, receipt.doing, receipt.copies_waiting) == ("done", None, 0)
    assert receipt.planned["texts"] == 4
    assert receipt.removed["users"] == 1
    assert place.bot.forgotten == [str(interaction_id)]
    left = {
        (table, word)
        for table, rows in (await asyncio.to_thread(everything_in, place.url)).items()
        for word in CANARIES
        if word in rows
    }
    assert left == set()
    assert not list(place.media.names())
    chain = await check_chain(place.story.store)
    assert (chain.faults, chain.removed) == ([], receipt.removed["audit_entries"])
    config = settings.read(
        {"PATCHBOARD_HOME": str(place.home), "PATCHBOARD_DATABASE_URL": place.url}
    )
    await asyncio.to_thread(back_up, config, place.home / "later.tar.gz", lambda _: None)
    for word in CANARIES:
        assert word not in caplog.text
    folder = place.home / "unpacked"
    with tarfile.open(place.home / "later.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    # SQLite's file and WAL are also in this folder.
    assert files_with(place.home, CANARIES) == []


async def test_files_in_an_s3_store_are_erased_after_an_outage_of_the_store(
    story: Story, clock: MovedClock, database_url: str, tmp_path: Path, s3: S3Server
) -> None:
    bucket = s3.bucket()
    store, away = S3Media(bucket), S3Media(replace(bucket, url="http://127.0.0.1:1"))
    made = GoodProvider(), BotWithMemory()
    user_id, _ = await create_history_of_zoe(
        make_place(story, clock, database_url, tmp_path, *made, store)
    )
    cut_off = make_place(story, clock, database_url, tmp_path, *made, away)
    receipt = await cut_off.erase(RequestedPerson(user_id=user_id))
    assert (receipt.state, receipt.doing) == (
        "running",
        "Emptying conversations and deleting media",
    )
    assert len(list(store.names())) == 1
    clock.move(60)
    back = make_place(story, clock, database_url, tmp_path, *made, store)
    await back.work()
    receipt = await story.store.read(erasures.get, receipt.id)
    assert (receipt.state, list(store.names())) == ("done", [])
    assert store.leaves in receipt.left


async def test_an_erasure_does_not_change_the_data_of_other_people(place: Place) -> None:
    user_id, _ = await create_history_of_zoe(place)
    before = await place.story.count(t.interactions)
    receipt = await place.erase(RequestedPerson(user_id=user_id))
    assert receipt.removed["mentions"] >= 1
    (ann,) = await place.story.rows(t.interactions, t.interactions.c.requester_number == ANN)
    first = (await place.story.lines(ann.id))[0]
    assert first.body == "Ann asked about [erased] ([erased])"
    assert await place.story.count(t.interactions) == before, "the counts in reports stay"
    again = await place.story.text("hello again", number=ZOE, to=DIRECT)
    (new,) = await place.story.rows(t.interactions, t.interactions.c.id == again.interaction_id)
    assert new.user_id is None


async def test_an_erasure_closes_an_open_conversation_without_a_text(place: Place) -> None:
    interaction_id = await place.story.with_agent(number=BOB)
    sent = await place.story.texted(interaction_id)
    await place.erase(RequestedPerson(number=BOB))
    row = (await place.story.rows(t.interactions, t.interactions.c.id == interaction_id))[0]
    assert row.closed_at is not None
    assert row.requester_number.startswith("erased-1-")
    assert len(await place.story.texted(interaction_id)) == len(sent)
    assert not await place.story.count(t.due_work, t.due_work.c.line.contains(BOB))


async def test_an_opt_out_survives_the_erasure_of_its_number(place: Place) -> None:
    await place.story.text("STOP", number=BOB, to=MAIN)
    store = place.story.store
    await place.erase(RequestedPerson(number=BOB))
    assert BOB not in "".join((await asyncio.to_thread(everything_in, place.url)).values())
    held = await store.read(preview_start, Recipient(to=BOB, provider_number=MAIN), MIA)
    assert held.opted_out is not None
    assert held.opted_out.is_the_requesters
    start = Start(agent_id=MIA, recipient=Recipient(to=BOB, provider_number=MAIN), body="hi")
    with pytest.raises(Conflict, match="Opted out on"):
        await store.write(start_conversation.start_conversation, start)
    received = await place.story.text("hello", number=BOB, to=MAIN)
    seen = await place.story.see(received.interaction_id or 0)
    assert seen.opted_out is not None
    assert not await place.story.count(t.kept_opt_outs), "the ledger lists the opt-out again"


async def test_neither_an_import_nor_an_agent_can_undo_the_opt_out_of_an_erased_number(
    place: Place,
) -> None:
    await place.story.text("STOP", number=BOB, to=MAIN)
    store = place.story.store
    await place.erase(RequestedPerson(number=BOB))
    asked = ConsentRequest(number=BOB, opted_out=True, source=Source.IMPORT, agent_id=None)
    await store.write(import_opt_outs, [asked])
    (entry,) = await store.read(consents.ledger, BOB)
    assert entry.source is Source.KEYWORD
    lift = ConsentRequest(
        number=BOB, opted_out=False, source=Source.AGENT, agent_id=OMAR, note="by phone"
    )
    with pytest.raises(Conflict, match="opted out by text"):
        await store.write(change_consent, lift)


async def test_the_record_of_a_deleted_user_is_also_erased(place: Place) -> None:
    store = place.story.store
    made = MakeUser(external_id=EMPLOYEE, name=NAME, email=MAIL, numbers=[ZOE])
    user_id = await store.write(make_user, made)
    assert await store.write(delete_user, DeleteUser(id=user_id, by=MIA))
    await place.story.text("hi", number=ZOE)
    receipt = await place.erase(RequestedPerson(number=ZOE))
    assert receipt.removed["deleted_records"] == 1
    assert NAME not in "".join((await asyncio.to_thread(everything_in, place.url)).values())


async def test_reports_keep_their_numbers_after_an_erasure(place: Place) -> None:
    user_id, interaction_id = await create_history_of_zoe(place)
    store, f = place.story.store, t.conversation_facts
    await keep(store)
    (before,) = await place.story.rows(f, f.c.interaction_id == interaction_id)
    await place.erase(RequestedPerson(user_id=user_id))
    await keep(store)
    (after,) = await place.story.rows(f, f.c.interaction_id == interaction_id)
    same = {name: value for name, value in before._mapping.items() if name != "look_again_at"}
    assert same == {name: after._mapping[name] for name in same}
    assert before.texts_in == 3


async def test_an_erasure_of_an_unknown_person_or_a_second_erasure_is_refused(place: Place) -> None:
    store = place.story.store
    with pytest.raises(NotFound, match="nothing to erase"):
        await store.read(preview, RequestedPerson(number="+12025550666"))
    await place.story.text("hi", number=BOB)
    command = RequestErasure(whom=RequestedPerson(number=BOB), agent_id=MIA, planned={})
    await store.write(request_erasure, command)
    with pytest.raises(Conflict, match="Open the receipt ERA0000001"):
        await store.write(request_erasure, command)


async def test_twilios_copies_are_redacted(
    story: Story,
    clock: MovedClock,
    database_url: str,
    tmp_path: Path,
    twilio: FakeTwilio,
    at_twilio: TwilioProvider,
) -> None:
    place = make_place(story, clock, database_url, tmp_path, at_twilio, BotWithMemory())
    medium = twilio.keep_media(PICTURE)
    await twilio.send_inbound("http://127.0.0.1:1/", BOB, MAIN, WORDS[0], [medium])
    (message,) = twilio.messages.values()
    await story.text(WORDS[0], number=BOB, to=MAIN, sid=message.sid)
    receipt = await place.erase(RequestedPerson(number=BOB))
    assert (receipt.state, receipt.removed["provider_copies"]) == ("done", 1)
    assert (message.body, list(message.media), twilio.media) == ("", [], {})


async def test_the_receipt_lists_data_that_the_provider_keeps(
    story: Story, clock: MovedClock, database_url: str, tmp_path: Path
) -> None:
    provider = GoodProvider(objects=NotErased(why="it refused (20403).", again=False))
    place = make_place(story, clock, database_url, tmp_path, provider, BotWithMemory())
    await story.text("hi", number=BOB)
    receipt = await place.erase(RequestedPerson(number=BOB))
    refused = "The provider did not erase some texts (1). Erase its copies in your account there. "
    assert f"{refused}The reason: it refused (20403)." in receipt.left
    assert receipt.state == "done"


async def test_an_unreachable_provider_or_bot_is_retried(
    story: Story, clock: MovedClock, database_url: str, tmp_path: Path
) -> None:
    provider, bot = GoodProvider(objects=OSError("away")), BotWithMemory(fails="It is away.")
    place = make_place(story, clock, database_url, tmp_path, provider, bot)
    await story.text("hi", number=BOB)
    receipt = await place.erase(RequestedPerson(number=BOB))
    assert receipt.doing == "Deleting the virtual agent's memory"
    bot.fails = None
    clock.move(3600)
    await place.work()
    receipt = await story.store.read(erasures.get, receipt.id)
    assert (receipt.doing, receipt.copies_waiting) == ("Erasing the provider's copies", 1)
    provider.objects = None
    clock.move(3600)
    await place.work()
    receipt = await story.store.read(erasures.get, receipt.id)
    assert (receipt.state, receipt.copies_waiting) == ("done", 0)


async def test_erasing_the_remaining_user_of_a_merge_also_erases_the_merged_user(
    place: Place,
) -> None:
    user_id, _ = await create_history_of_zoe(place)
    store, other = place.story.store, ("Ottoline Wolfsbane", "E88112", "otto@wolfsbane.example")
    made = MakeUser(external_id=other[1], name=other[0], email=other[2], numbers=[BOB])
    goes = await store.write(make_user, made)
    merge = MergeUsers(stays_id=user_id, goes_id=goes, take=["email"], agent_id=MIA)
    await store.write(merge_users, merge)
    assert await store.read(people.find_user, f"user {goes}") == goes
    assert await store.read(people.find_user, "OTTO@wolfsbane.example") == user_id
    whom = RequestedPerson(user_id=goes)
    listed = await store.read(preview, whom)
    assert (listed.name, listed.counts["users"]) == (NAME, 2)
    assert (await place.erase(whom)).state == "done"
    rows = await asyncio.to_thread(everything_in, place.url)
    words = (*CANARIES, "Ottoline", "Wolfsbane", *other[1:])
    assert {name: word for name, text in rows.items() for word in words if word in text} == {}
    assert await place.story.count(t.user_merges) == 0


async def test_the_doctor_finds_an_erasure_that_does_not_proceed(place: Place) -> None:
    user_id, _ = await create_history_of_zoe(place)
    place.bot.fails = "It is away."
    receipt = await place.erase(RequestedPerson(user_id=user_id))
    read, clock = place.story.store.read, place.clock
    assert await read(erasures.stuck, clock()) == []
    for _ in range(5):
        clock.move(3600)
        await place.work()
    (found,) = await read(erasures.stuck, clock())
    assert (found.number, found.doing, found.tries > 4) == (receipt.number, receipt.doing, True)
    clock.move(7200)  # Time passes, and no service is running.
    (found,) = await read(erasures.stuck, clock())
    assert found.tries == 0
    (said,) = stuck(await read(erasures.stuck, clock()))
    assert "ERA0000001" in said
    assert "patchboard serve" in said

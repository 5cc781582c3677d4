"""STOP, START and HELP: one ledger, one confirmation, and no text to a number after an opt-out."""

import asyncio
import os
import random
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from handoff_service.errors import BadInput, Conflict
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.operations.consent.change_consent import ConsentRequest, change_consent
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.operations.shared import messages as conversation_messages
from handoff_service.ports.sms_provider import Accepted, Refused
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.shared.vocabulary import Author, Event, Owner, State, Status, Work
from handoff_service.rules.virtual_agent.commands import Command
from handoff_service.store.consent import consents
from handoff_service.store.conversations import interactions
from handoff_service.store.desk_file.export_desk import export_desk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from handoff_service.store.views import Consent
from tests.conftest import Heard, MovedClock
from tests.support.sending_story import begin, claim, finish, line
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, STRANGER, Story

RACES = int(os.environ.get("PATCHBOARD_CHAOS_RACES", "100"))
OUT = (
    "You've opted out of texts from Northwind IT and won't get any more. Text START to opt back in."
)
OUT_ES = "Ya no recibe textos de Northwind IT. Escriba START para volver a recibirlos."
IN = "You'll get texts from Northwind IT again. Text HELP for help, STOP to opt out."


async def ledger(story: Story, number: str = ANN) -> list[Consent]:
    return await story.store.read(consents.ledger, number)


async def sent(story: Story) -> list[str]:
    """Let the worker send all due texts, and let the provider accept them."""
    texts = []
    while claimed := await claim(story):
        for one in claimed:
            outgoing = await begin(story, int(one.key))
            if outgoing is not None:
                texts.append(outgoing.body)
                await finish(story, int(one.key), Accepted(sid=f"SMsent{one.key}"))
    return texts


def ask(
    number: str = ANN, *, opted_out: bool = True, note: str | None = None, agent: int | None = MIA
) -> ConsentRequest:
    return ConsentRequest(
        number=number, opted_out=opted_out, source=Source.AGENT, agent_id=agent, note=note
    )


async def test_stop_to_the_virtual_agent_gets_one_confirmation_and_closes(story: Story) -> None:
    interaction = (await story.text("my laptop")).interaction_id or 0
    await story.text(" Stop. ")
    seen = await story.see(interaction)
    assert (seen.state, seen.owner.kind) == (State.CLOSED_ABANDONED, Owner.NONE)
    assert await sent(story) == [OUT]
    (entry,) = await ledger(story)
    assert (entry.source, entry.words, entry.opted_out, entry.in_force) == (
        Source.KEYWORD,
        "Stop.",
        True,
        True,
    )
    assert await story.count(t.due_work, t.due_work.c.kind == Work.BOT_TURN) == 0
    again = (await story.text("STOP")).interaction_id or 0
    assert (await story.see(again)).closed_at is not None
    assert await sent(story) == [], "the requester gets no second confirmation"
    assert len(await ledger(story)) == 1


async def test_stop_as_the_first_text_creates_an_interaction_and_closes_it(
    story: Story,
) -> None:
    for to in (MAIN, DIRECT):
        number = {MAIN: ANN, DIRECT: BOB}[to]
        interaction = (await story.text("STOP", number=number, to=to)).interaction_id or 0
        assert (await story.see(interaction)).closed_at is not None
    assert await sent(story) == [OUT, OUT]
    assert await story.count(t.work_items, t.work_items.c.state == "queued") == 0


@pytest.mark.parametrize(
    "body", ["STOP 12345", "please stop calling", "stop it from beeping", "the bus stop"]
)
async def test_a_text_that_only_contains_a_keyword_reaches_an_agent_or_the_bot(
    story: Story, body: str
) -> None:
    interaction = (await story.text(body)).interaction_id or 0
    assert (await story.see(interaction)).owner.kind is Owner.VIRTUAL_AGENT
    assert await ledger(story) == []


async def test_after_stop_a_live_agent_keeps_the_conversation_and_sees_the_opt_out(
    story: Story,
) -> None:
    interaction = await story.with_agent(MIA)
    await story.text("unsubscribe", to=DIRECT)
    assert (await story.see(interaction)).owner.kind is Owner.AGENT
    (said,) = [
        one
        for one in await story.lines(interaction)
        if one.event is Event.CONSENT and not one.direction
    ]
    assert said.body == "The requester texted “unsubscribe”. Opted out: no texts can be sent"
    with pytest.raises(Conflict, match="Opted out on 23 November 2026"):
        await story.write(interaction, "Are you still there?")


async def test_stop_cancels_queued_texts_with_a_reason(story: Story) -> None:
    interaction = await story.with_agent(MIA)
    await sent(story)
    message = await story.write(interaction, "Does it have a light on?")
    await story.text("STOP", to=DIRECT)
    assert await sent(story) == [OUT]
    kept = await line(story, message)
    assert kept.status is Status.CANCELED
    assert kept.error is not None
    assert kept.error.code == 21610


async def test_start_opts_in_again_and_yes_is_a_keyword_only_after_an_opt_out(story: Story) -> None:
    interaction = (await story.text("yes")).interaction_id or 0
    assert (await story.see(interaction)).owner.kind is Owner.VIRTUAL_AGENT
    for word in ("START", "yes"):
        await story.text("STOP")
        back = (await story.text(word)).interaction_id or 0
        assert (await story.see(back)).state is State.CLOSED_COMPLETE
        assert await sent(story) == [OUT, IN]
    assert [entry.in_force for entry in await ledger(story)] == [False] * 4
    assert (await story.text("my laptop")).interaction_id != interaction
    assert await story.store.read(consents.in_force) == []


async def test_a_text_of_an_opted_out_requester_reaches_an_agent(story: Story) -> None:
    await story.text("STOP")
    await sent(story)
    interaction = (await story.text("my badge is stuck")).interaction_id or 0
    seen = await story.see(interaction)
    assert seen.owner.kind is Owner.QUEUE
    assert seen.opted_out is not None
    item = (await story.rows(t.work_items, t.work_items.c.interaction_id == interaction))[0]
    assert item.reason == "The requester has opted out and cannot be texted."
    assert await sent(story) == []


async def test_help_is_also_answered_after_an_opt_out(story: Story) -> None:
    await story.text("STOP")
    await story.text("help")
    first, help_line = await sent(story)
    assert (first, help_line.partition(":")[0]) == (OUT, "Northwind IT")


async def test_help_is_answered_in_queued_and_live_agents_conversations(
    story: Story,
) -> None:
    waiting = (await story.text("my laptop", to=DIRECT)).interaction_id or 0
    await story.text("HELP", to=DIRECT)
    assert (await story.texted(waiting))[-1].startswith("Northwind IT: ")
    bob = await story.with_agent(number=BOB)
    await story.text("Info", number=BOB, to=DIRECT)
    assert (await story.texted(bob))[-1].startswith("Northwind IT: ")


@pytest.mark.parametrize("word", [Command.HELP, Command.OPT_IN])
async def test_a_keyword_that_the_provider_answered_starts_no_conversation(
    story: Story, word: Command
) -> None:
    text = Text(
        sid="SMword", requester_number=ANN, provider_number=DIRECT, body="HELP", answered_as=word
    )
    received = await story.store.write(receive_sms, text)
    await story.offer()
    assert (await story.see(received.interaction_id or 0)).owner.kind == Owner.NONE
    assert await story.texted(received.interaction_id or 0) == []
    assert (await story.text("my laptop", to=DIRECT)).interaction_id != received.interaction_id


async def test_keywords_that_the_provider_answered_get_no_second_answer(story: Story) -> None:
    for word, took_for in (
        ("arrêt", Command.OPT_OUT),
        ("hilfe", Command.HELP),
        ("unstop", Command.OPT_IN),
    ):
        text = Text(
            sid=word, requester_number=ANN, provider_number=MAIN, body=word, answered_as=took_for
        )
        await story.store.write(receive_sms, text)
    assert await sent(story) == []
    assert [(one.opted_out, one.words) for one in await ledger(story)] == [
        (False, "unstop"),
        (True, "arrêt"),
    ]


@pytest.mark.parametrize("how", ["answer", "receipt"])
async def test_a_refusal_of_the_provider_applies_only_to_its_company_number(
    story: Story, how: str
) -> None:
    interaction = await story.with_agent(MIA)
    await sent(story)
    message = await story.write(interaction, "hello?")
    (one,) = await claim(story)
    await begin(story, int(one.key))
    if how == "answer":
        await finish(story, message, Refused(code=21610))
    else:
        await finish(story, message, Accepted(sid="SMx"))
        receipt = Receipt(sid="SMx", status=Status.FAILED, error_code=21610, message_id=message)
        await story.store.write(record_receipt, receipt)
    assert (await line(story, message)).status is Status.FAILED
    (entry,) = await ledger(story)
    assert (entry.source, entry.provider_number, entry.words) == (Source.PROVIDER, DIRECT, "21610")
    with pytest.raises(Conflict, match="Opted out"):
        await story.write(interaction, "hello?")
    other = (await story.text("hi", to=MAIN)).interaction_id or 0
    assert (await story.see(other)).owner.kind is Owner.VIRTUAL_AGENT
    await story.text("START", to=DIRECT)
    assert await story.store.read(consents.in_force) == []


async def test_a_confirmation_that_the_provider_refuses_is_canceled(story: Story) -> None:
    interaction = (await story.text("STOP")).interaction_id or 0
    (one,) = await claim(story)
    await begin(story, int(one.key))
    await finish(story, int(one.key), Refused(code=21610))
    (message,) = [m for m in await story.lines(interaction) if m.direction == "outbound"]
    assert (message.status, message.error) == (Status.CANCELED, None)
    assert len(await ledger(story)) == 1


async def test_agents_record_consent_but_only_requesters_undo_their_own_opt_out(
    story: Story,
) -> None:
    interaction = await story.with_agent(MIA)
    entry = await story.store.write(change_consent, ask(note="She said so on the phone."))
    assert (entry.source, entry.agent and entry.agent.name, entry.note) == (
        Source.AGENT,
        "Mia Chen",
        "She said so on the phone.",
    )
    assert (await story.lines(interaction))[
        -1
    ].body == "Recorded by Mia Chen. Opted out: no texts can be sent"
    with pytest.raises(Conflict, match="has already opted out"):
        await story.store.write(change_consent, ask())
    with pytest.raises(BadInput):
        await story.store.write(change_consent, ask(opted_out=False))
    await story.store.write(change_consent, ask(opted_out=False, note="A mistake of mine."))
    await story.write(interaction, "There you are.")
    await story.text("STOP", to=DIRECT)
    with pytest.raises(Conflict, match="Only they can"):
        await story.store.write(change_consent, ask(opted_out=False, note="He wants to."))


async def test_a_text_and_a_stop_at_the_same_time_are_both_handled(story: Story) -> None:
    at_once = [
        Text(sid=f"SM{n}", requester_number=ANN, provider_number=MAIN, body=body)
        for n, body in enumerate(["hello", "STOP", "START", "STOP", "are you there?"])
    ]
    received = await story.store.write(receive_sms.run, at_once)
    assert len({one.interaction_id for one in received}) == 4, "each keyword ends its conversation"
    assert (await story.see(received[-1].interaction_id or 0)).owner.kind is Owner.QUEUE
    assert [entry.opted_out for entry in await ledger(story)] == [True, False, True]
    assert await sent(story) == [OUT, OUT]


async def test_sending_waits_for_an_uncommitted_opt_out(
    postgres_url: str, clock: MovedClock
) -> None:
    """One process has received a STOP but not committed it. Meanwhile another process checks
    consent before a send.
    """
    opened = Store(
        postgres_url,
        clock=clock,
        settings=OperationSettings(send_errors=ERRORS),
        after_commit=Heard(),
    )
    story = Story(opened)
    interaction = await story.with_agent(MIA)
    await sent(story)
    message = await story.write(interaction, "Does it have a light on?")
    engine = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as conn:
        text = Text(sid="SMstop", requester_number=ANN, provider_number=DIRECT, body="STOP")
        receive_sms.run(Transaction(conn, clock(), OperationSettings(send_errors=ERRORS)), [text])
        sending = asyncio.ensure_future(begin(story, message))
        waiting = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query "
            "LIKE '%SHARE%'"
        )
        with engine.connect() as other:
            while not other.execute(waiting).scalar_one():
                await asyncio.sleep(0.01)
                other.rollback()
        assert not sending.done()
        conn.commit()
    assert await sending is None
    assert (await line(story, message)).status is Status.CANCELED
    engine.dispose()
    opened.close()


async def test_an_admin_imports_and_exports_opt_outs(story: Story, tmp_path: Path) -> None:
    await story.text("STOP", number=BOB)
    file = tmp_path / "desk.toml"
    file.write_text(
        f'[[opt_outs]]\nnumber = "{ANN}"\nprovider_number = "{DIRECT}"\nnote = "From the old '
        f'system"\n'
    )
    for _ in range(2):
        await story.store.write(import_desk, read_desk_file.read(file))
    (entry,) = await ledger(story)
    assert (entry.source, entry.provider_number, entry.note) == (
        Source.IMPORT,
        DIRECT,
        "From the old system",
    )
    exported = await story.store.read(export_desk)
    written = {
        (one["number"], one.get("provider_number")) for one in tomllib.loads(exported)["opt_outs"]
    }
    assert written == {(ANN, DIRECT), (BOB, None)}


async def test_no_text_leaves_after_a_stop_that_races_with_a_send(story: Story) -> None:
    """The test runs a hundred races on each database, and a thousand in ``make chaos``. The service
    sends no text after it has stored the STOP.
    """
    chance = random.Random(11)
    numbers = [f"+1303555{n:04d}" for n in range(RACES)]
    begun = await asyncio.gather(
        *(story.text("hi", number=number, to=DIRECT) for number in numbers)
    )

    def send_agents_text(tx: Transaction, _: None) -> list[int]:
        rows = interactions.lock_each(tx.conn, [one.interaction_id or 0 for one in begun])
        return [
            conversation_messages.send_text(
                tx, rows[one.interaction_id or 0], "Hello", Author.SYSTEM
            )
            for one in begun
        ]

    messages = await story.store.write(send_agents_text, None)
    stopped: dict[str, bool] = {}
    late, left = 0, 0

    async def stop(number: str) -> None:
        await story.text("STOP", number=number, to=DIRECT)
        stopped[number] = True

    async def send(number: str, message: int) -> None:
        nonlocal late, left
        was_stopped = stopped.get(number, False)
        outgoing = await begin(story, message)
        left += outgoing is not None
        late += was_stopped and outgoing is not None

    races = list(zip(numbers, messages, strict=True))
    # A lane handles all texts of a batch together, and all sends together. The kind that came first
    # into the queue wins the race.
    for n in range(0, RACES, 10):
        acts: list[Callable[[], Awaitable[None]]] = [
            act
            for number, message in races[n : n + 10]
            for act in (partial(stop, number), partial(send, number, message))
        ]
        first = acts.pop(n // 10 % 2)
        chance.shuffle(acts)
        await asyncio.gather(*(act() for act in [first, *acts]))
    assert late == 0
    assert 0 < left < RACES, "each side won some races"
    statuses = [(await line(story, message)).status for message in messages]
    assert statuses.count(Status.CANCELED) == RACES - left


async def test_an_imported_opt_out_applies_to_a_number_that_never_texted(
    story: Story, tmp_path: Path
) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(f'[[opt_outs]]\nnumber = "{STRANGER}"\n\n[[opt_outs]]\nnumber = "{BOB}"\n')
    await story.store.write(import_desk, read_desk_file.read(file))
    interaction = (await story.text("my badge is stuck", number=STRANGER)).interaction_id or 0
    assert (await story.see(interaction)).owner.kind is Owner.QUEUE
    await story.text("START", number=BOB)
    assert await sent(story) == [IN]
    assert [entry.number for entry in await story.store.read(consents.in_force)] == [STRANGER]


async def test_a_repeated_import_does_not_undo_a_start(story: Story, tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(f'[[opt_outs]]\nnumber = "{BOB}"\n')
    await story.store.write(import_desk, read_desk_file.read(file))
    await story.text("STOP", number=ANN)
    exported = tmp_path / "exported.toml"
    exported.write_text(await story.store.read(export_desk))
    for number in (ANN, BOB):
        await story.text("START", number=number)
    for again in (file, exported):
        await story.store.write(import_desk, read_desk_file.read(again))
    assert await story.store.read(consents.in_force) == []


async def test_only_the_requester_can_undo_the_carriers_opt_out(story: Story) -> None:
    interaction = await story.with_agent(MIA)
    await sent(story)
    message = await story.write(interaction, "hello?")
    await claim(story)
    await begin(story, message)
    await finish(story, message, Refused(code=21610))
    again = ask(opted_out=False, note="She says so.")
    with pytest.raises(Conflict, match="Only they can"):
        await story.store.write(change_consent, replace(again, provider_number=DIRECT))
    with pytest.raises(Conflict, match="nothing to undo"):
        await story.store.write(change_consent, again)


async def test_an_import_stores_thousands_of_opt_outs_once_each(
    story: Story, tmp_path: Path
) -> None:
    numbers = [f"+1303{n:07d}" for n in range(5000)]
    entries = [f'[[opt_outs]]\nnumber = "{number}"\n' for number in [*numbers, numbers[0]]]
    file = tmp_path / "desk.toml"
    file.write_text("".join(entries))
    for _ in range(2):
        await story.store.write(import_desk, read_desk_file.read(file))
    assert await story.count(t.opt_outs) == await story.count(t.consents) == 5000
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(f'[[opt_outs]]\nnumber = "{ANN}"\nprovider_number = "{BOB}"\n')
    with pytest.raises(BadInput) as refusal:
        await story.store.write(import_desk, read_desk_file.read(wrong))
    assert refusal.value.errors == {
        f"opt_outs.{ANN}.provider_number": f"{BOB} is not a company number"
    }


@pytest.mark.parametrize(
    "body",
    ["take me off your list", "Stop. Thank you", "STOP\n--\nJo Bloggs", "no me escriban más"],
)
async def test_a_clear_request_opts_out_and_gets_the_same_confirmation_as_stop(
    story: Story, body: str
) -> None:
    interaction = (await story.text("my laptop")).interaction_id or 0
    await story.text(body)
    assert (await story.see(interaction)).state is State.CLOSED_ABANDONED
    assert await sent(story) == [OUT_ES if body.startswith("no me") else OUT]
    (entry,) = await ledger(story)
    assert (entry.source, entry.words, entry.told_at) == (
        Source.KEYWORD,
        body.partition("\n")[0],
        None,
    ), "the opt-out is pushed to the provider"
    assert await story.count(t.due_work, t.due_work.c.kind == Work.BOT_TURN) == 0


async def test_a_clear_request_in_a_live_agents_conversation_reaches_the_ledger(
    story: Story,
) -> None:
    interaction = await story.with_agent(MIA)
    await story.text("please stop texting me", to=DIRECT)
    assert (await story.see(interaction)).owner.kind is Owner.AGENT
    assert [one.opted_out for one in await ledger(story)] == [True]


async def test_the_desk_asks_once_about_a_likely_request_and_then_an_agent_decides(
    story: Story,
) -> None:
    interaction = (await story.text("take me off the list")).interaction_id or 0
    asked = (
        "Would you like to stop texts from Northwind IT? Reply STOP to opt out, or tell us "
        "what you need."
    )
    assert await story.texted(interaction) == [asked]
    assert await story.begin(interaction) is None, "the virtual agent does not see it"
    assert await ledger(story) == []
    await story.text("leave me alone")
    assert (await story.see(interaction)).owner.kind is Owner.QUEUE
    assert await story.texted(interaction) == [asked]
    await story.text("STOP")
    assert [one.opted_out for one in await ledger(story)] == [True]


async def test_after_the_question_about_a_likely_request_the_virtual_agent_continues(
    story: Story,
) -> None:
    interaction = (await story.text("remove me")).interaction_id or 0
    await story.text("from the sales team channel")
    question = await story.begin(interaction)
    assert question is not None
    assert question.message == "from the sales team channel"


async def test_a_likely_request_in_a_live_agents_conversation_is_left_to_the_agent(
    story: Story,
) -> None:
    interaction = await story.with_agent(MIA)
    before = await story.texted(interaction)
    await story.text("take me off the list", to=DIRECT)
    assert await story.texted(interaction) == before


async def test_unknown_senders_get_an_explanation_of_the_number(story: Story) -> None:
    interaction = (await story.text("wrong number, who is this")).interaction_id or 0
    assert await story.texted(interaction) == [
        "This is Northwind IT, a help desk you can text. Reply STOP to opt out, or tell us "
        "what you need."
    ]
    assert await story.begin(interaction) is None


async def test_help_as_the_first_text_to_live_agents_gets_one_text_and_no_conversation(
    story: Story,
) -> None:
    interaction = (await story.text("HELP", number=BOB, to=DIRECT)).interaction_id or 0
    await story.offer()
    assert (await story.see(interaction)).closed_at is not None
    (told,) = await story.texted(interaction)
    assert told.startswith("Northwind IT: ")
    assert await story.count(t.work_items, t.work_items.c.state == "queued") == 0
    assert (await story.text("my badge", number=BOB, to=DIRECT)).interaction_id != interaction

"""Texts that report a resolved case or the end of an outage, and the requesters' answers."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import update

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.cases.change_case import ChangeCase
from handoff_service.operations.cases.open_case import (
    OpenByHand,
    OpenInTurn,
    open_by_hand,
    open_case,
)
from handoff_service.operations.cases.outages import make_outage
from handoff_service.operations.conversations.end_outage import (
    EndOutage,
    end_outage,
)
from handoff_service.operations.conversations.resolve_case import (
    ChangeAndText,
    change_and_text,
    why_cannot_text,
)
from handoff_service.operations.conversations.text_outage import (
    BATCH,
    NOT_REACHABLE,
    OPTED_OUT,
    CancelOutageText,
    TextBatch,
    cancel_outage_text,
    text_batch,
)
from handoff_service.operations.delivery.begin_send import BeginSend, begin_sends
from handoff_service.rules.cases.outages import OutageFields
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.versions import OTHER_LANGUAGES
from handoff_service.rules.shared.vocabulary import (
    Author,
    CaseState,
    Event,
    Owner,
    State,
    Status,
    Work,
)
from handoff_service.store.cases import case_lines, cases, outage_reporters, outage_texts, outages
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import OutageTextState, Reachable
from tests.conftest import MovedClock
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, OMAR, STRANGER, Story

RESOLVED = "Your case is resolved. Still broken? Just reply."
AGAIN = "VPN is working again. Still broken for you? Just reply."
NEWS = "The VPN is down. We are working on it."


async def case_of(story: Story, ann: int, description: str = "Badge is stuck") -> int:
    command = OpenByHand(agent_id=MIA, description=description, interaction_id=ann)
    return await story.store.write(open_by_hand, command)


async def resolve(
    story: Story, case: int, text: str | None = RESOLVED, state: str = "resolved", **more: Any
) -> None:
    change = ChangeCase(id=case, agent_id=MIA, values={"state": state}, **more)
    await story.store.write(change_and_text, ChangeAndText(change=change, text=text))


async def report_vpn_outage(story: Story, clock: MovedClock) -> int:
    since = clock() - timedelta(hours=1)
    return await story.store.write(make_outage, OutageFields(title="VPN", text=NEWS, since=since))


async def end_vpn_outage(story: Story, outage: int, **more: Any) -> int:
    command = EndOutage(outage_id=outage, agent_id=OMAR, text=AGAIN, **more)
    text_id = await story.store.write(end_outage, command)
    assert text_id is not None
    return text_id


async def batch(story: Story, text_id: int) -> OutageTextState | None:
    return await story.store.write(text_batch, TextBatch(text_id))


async def opt_out(story: Story, number: str) -> None:
    await story.text("STOP", number=number)


async def set_quiet_hours(story: Story, hours: str) -> None:
    await story.store.write(
        lambda tx, _: tx.conn.execute(update(t.desk).values(quiet_hours=hours)) and None, None
    )


# Cases --------------------------------------------------------------------------------------------


async def test_in_an_open_conversation_the_agent_is_the_author_of_the_resolved_text(
    story: Story,
) -> None:
    ann = await story.with_agent()
    case = await case_of(story, ann)
    await resolve(story, case)
    line = next(one for one in await story.lines(ann) if one.body == RESOLVED)
    assert (line.author.kind, line.author.id, line.event) == (Author.AGENT, MIA, Event.CASE_TEXT)
    (entry,) = (await story.store.read(cases.get, case)).history[1:]
    assert entry.note == f"Texted “{RESOLVED}”"
    await resolve(story, case)
    assert (await story.texted(ann)).count(RESOLVED) == 1, "a repeated call sends no second text"


async def test_a_closed_conversation_gets_the_resolved_text_and_stays_closed(story: Story) -> None:
    ann = await story.with_agent()
    case = await case_of(story, ann)
    await story.close(ann)
    await resolve(story, case)
    assert (await story.texted(ann))[-1] == RESOLVED
    seen = await story.see(ann)
    assert (seen.state, seen.owner.kind) == (State.CLOSED_COMPLETE, Owner.NONE)
    assert await story.count(t.timers, t.timers.c.interaction_id == ann) == 0


async def test_a_resolved_text_that_cannot_be_sent_is_refused(story: Story) -> None:
    ann = await story.with_agent()
    case = await case_of(story, ann)
    with pytest.raises(BadInput) as error:
        await resolve(story, case, state="in_progress")
    assert "text" in (error.value.errors or {})
    await opt_out(story, ANN)
    with pytest.raises(Conflict):
        await resolve(story, case)
    assert "STOP" in (await story.store.read(why_cannot_text, case) or "")
    assert (await story.store.read(cases.get, case)).state is CaseState.OPEN
    await resolve(story, case, text=None)
    assert (await story.store.read(cases.get, case)).state is CaseState.RESOLVED


async def test_the_resolved_text_waits_for_the_end_of_quiet_hours(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    case = await case_of(story, ann)
    await set_quiet_hours(story, f"{(clock() - timedelta(hours=6)):%H:%M}-23:59")
    await resolve(story, case)
    (row,) = await story.rows(t.messages, t.messages.c.event == Event.CASE_TEXT)
    assert await story.store.write(begin_sends, BeginSend(row.id, 1)) is None
    (due,) = await story.rows(t.due_work, t.due_work.c.key == str(row.id))
    assert due.due_at > clock() + timedelta(hours=1)


async def test_a_case_shows_that_the_virtual_agent_promised_a_text(story: Story) -> None:
    received = await story.text("my badge is stuck", to=MAIN)
    ann = received.interaction_id or 0
    question = await story.begin(ann)
    assert question is not None
    wish = OpenInTurn(turn_id=int(question.turn_id), description="Badge is stuck")
    await story.store.write(open_case, wish)
    assert not await story.store.read(case_lines.text_is_promised, 1)
    await story.finish(question, "I opened case CS0000001. We'll text you updates.")
    assert await story.store.read(case_lines.text_is_promised, 1)
    by_hand = await case_of(story, ann)
    assert not await story.store.read(case_lines.text_is_promised, by_hand)


async def test_the_answer_still_broken_reopens_the_case_for_a_live_agent(
    story: Story, clock: MovedClock
) -> None:
    ann = await story.with_agent()
    case = await case_of(story, ann)
    await story.close(ann)
    clock.move(3 * 86_400)
    await resolve(story, case)
    clock.move(600)
    received = await story.text("Still not working", to=DIRECT, sid="SM1")
    assert received.interaction_id == ann
    seen = await story.see(ann)
    assert (seen.owner.kind, seen.state) == (Owner.QUEUE, State.WORK_IN_PROGRESS)
    (work,) = [one for one in await story.rows(t.work_items) if one.state == "queued"]
    assert RESOLVED[:40] in work.reason
    assert work.collected == {"Case": "CS0000001"}
    found = await story.store.read(cases.get, case)
    assert (found.state, found.history[-1].note) == (CaseState.OPEN, "Still not working")
    assert found.history[-1].by.kind is Author.REQUESTER
    assert (await story.lines(ann))[-1].body == "Still not working"


async def test_thanks_stay_in_the_closed_conversation(story: Story, clock: MovedClock) -> None:
    ann = await story.with_agent()
    case = await case_of(story, ann)
    await story.close(ann)
    clock.move(3 * 86_400)
    await resolve(story, case)
    clock.move(600)
    assert (await story.text("thanks, it works now", to=DIRECT)).interaction_id == ann
    assert (await story.see(ann)).state is State.CLOSED_COMPLETE
    assert (await story.store.read(cases.get, case)).state is CaseState.RESOLVED
    clock.move(8 * 86_400)
    late = await story.text("still broken", to=DIRECT)
    assert late.interaction_id != ann, "a week later the text is a new report"


async def test_a_requester_who_still_lacks_access_is_handed_off(story: Story) -> None:
    ann = (await story.text("the vpn is down", to=MAIN)).interaction_id or 0
    case = await case_of(story, ann, "vpn is down")
    await resolve(story, case)
    await story.text("no puedo entrar", to=MAIN)
    seen = await story.see(ann)
    assert seen.owner.kind is Owner.QUEUE
    assert (await story.store.read(cases.get, case)).state is CaseState.OPEN


# Outages ------------------------------------------------------------------------------------------


async def test_a_dry_run_counts_each_number_once(story: Story, clock: MovedClock) -> None:
    outage = await report_vpn_outage(story, clock)
    ann = (await story.text("the vpn is down", number=ANN)).interaction_id or 0
    await case_of(story, ann, "VPN drops")
    await story.text("vpn does not work", number=ANN, to=DIRECT)
    await story.text("how do I set up the vpn", number=BOB)
    await story.text("VPN is slow today", number=STRANGER)
    await opt_out(story, STRANGER)
    run = await story.store.read(outage_reporters.dry_run, outage, AGAIN)
    assert [(one.requester_number, one.reachable) for one in run.people] == [
        (ANN, Reachable.NOW),
        (STRANGER, Reachable.OPTED_OUT),
    ]
    assert run.people[0].why == "case CS0000001"
    assert (run.texted, run.duplicates, run.versions[0].segments, run.segments, run.costs) == (
        1,
        2,
        1,
        1,
        {},
    )
    assert await story.texted(ann) == [], "a dry run changes nothing"
    await story.store.write(
        lambda tx, _: (
            tx.conn.execute(
                update(t.messages).values(
                    direction="outbound", segments=2, price=16_600, currency="USD"
                )
            )
            and None
        ),
        None,
    )
    assert (await story.store.read(outage_reporters.dry_run, outage, AGAIN)).texted == 1
    assert (await story.store.read(outage_reporters.dry_run, outage, AGAIN)).costs == {"USD": 8300}


async def test_two_simultaneous_ends_of_an_outage_text_once(
    story: Story, clock: MovedClock
) -> None:
    outage = await report_vpn_outage(story, clock)
    ann = (await story.text("the vpn is down", number=ANN, to=DIRECT)).interaction_id or 0
    done = await asyncio.gather(
        *(end_vpn_outage(story, outage) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "int"]
    (text_id,) = [one for one in done if isinstance(one, int)]
    assert await batch(story, text_id) is OutageTextState.DONE
    assert (await story.texted(ann)).count(AGAIN) == 1


async def test_each_requester_gets_the_resolved_text_in_their_language(
    story: Story, clock: MovedClock
) -> None:
    outage = await report_vpn_outage(story, clock)
    reported = {
        Language.ENGLISH: "the vpn is down",
        Language.SPANISH: "hola, la vpn no funciona",
        Language.GERMAN: "das VPN geht nicht",
        Language.FRENCH: "le VPN ne marche pas",
    }
    people = {
        language: (await story.text(text, number=f"+1202555019{n}", to=DIRECT)).interaction_id or 0
        for n, (language, text) in enumerate(reported.items())
    }
    spanish, german = "¿VPN: ya funciona? " + "Sí. " * 20, "Das VPN geht wieder."
    translations = {Language.SPANISH: spanish, Language.GERMAN: german}
    run = await story.store.read(outage_reporters.dry_run, outage, AGAIN, translations)
    assert [one.language for one in run.people] == list(reported)
    assert [(one.language, one.texted, one.segments) for one in run.versions] == [
        ("en", 2, 1),  # the French requester gets the English text
        ("es", 1, 2),
        ("de", 1, 1),
    ]
    assert (run.texted, run.segments) == (4, 5)
    text_id = await end_vpn_outage(story, outage, translations=translations)
    assert (await story.store.read(outage_texts.get, text_id)).translations == {
        Language.SPANISH: spanish.strip(),
        Language.GERMAN: german,
    }
    assert await batch(story, text_id) is OutageTextState.DONE
    assert {one: (await story.texted(ann))[-1] for one, ann in people.items()} == {
        Language.ENGLISH: AGAIN,
        Language.SPANISH: spanish.strip(),
        Language.GERMAN: german,
        Language.FRENCH: AGAIN,
    }


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
async def test_the_error_of_a_wrong_translation_names_its_field(
    story: Story, clock: MovedClock, language: Language
) -> None:
    outage = await report_vpn_outage(story, clock)
    with pytest.raises(BadInput) as error:
        await end_vpn_outage(story, outage, translations={language: "Reply STOP"})
    assert list(error.value.errors) == [f"text_{language}"]


async def test_ending_an_outage_texts_each_reporter_once(story: Story, clock: MovedClock) -> None:
    outage = await report_vpn_outage(story, clock)
    ann = (await story.text("the vpn is down", number=ANN)).interaction_id or 0
    question = await story.begin(ann)
    assert question is not None
    await story.finish(question, f"{NEWS} Is that your problem?")
    bob = (await story.text("Is there an outage", number=BOB, to=DIRECT)).interaction_id or 0
    with pytest.raises(Conflict):
        await end_vpn_outage(story, outage, most=0)
    text_id = await end_vpn_outage(story, outage, most=1)
    assert not (await story.store.read(outages.get, outage)).current
    with pytest.raises(Conflict):
        await end_vpn_outage(story, outage)
    assert await batch(story, text_id) is OutageTextState.DONE
    assert (await story.texted(ann))[-1] == AGAIN
    assert await story.texted(bob) == []
    assert (await story.lines(ann))[-1].event is Event.OUTAGE_OVER
    progress = await story.store.read(outage_texts.get, text_id)
    assert (progress.people, progress.sent, progress.waiting) == (1, 0, 1)
    (row,) = await story.rows(t.messages, t.messages.c.event == Event.OUTAGE_OVER)
    assert await story.store.write(begin_sends, BeginSend(row.id, 1)) is not None
    with pytest.raises(Conflict):
        await end_vpn_outage(story, outage)
    again = await story.store.read(outage_reporters.dry_run, outage, AGAIN)
    assert [one.reachable for one in again.people] == [Reachable.TEXTED_BEFORE]


async def test_a_batch_skips_whom_no_text_can_reach(story: Story, clock: MovedClock) -> None:
    outage = await report_vpn_outage(story, clock)
    for number in (ANN, BOB):
        await story.text("vpn is down", number=number)
    text_id = await end_vpn_outage(story, outage)
    await story.text("STOP", number=ANN)

    def own_bobs_number(tx: Transaction, _: None) -> None:
        p = t.provider_numbers
        tx.conn.execute(sa.update(p).where(p.c.number == DIRECT).values(number=BOB))

    await story.store.write(own_bobs_number, None)
    assert await batch(story, text_id) is OutageTextState.DONE
    skipped = {row.skipped for row in await story.rows(t.outage_recipients)}
    assert skipped == {OPTED_OUT, NOT_REACHABLE}


async def test_batches_wait_for_the_outbox_and_can_be_canceled(
    story: Story, clock: MovedClock
) -> None:
    outage = await report_vpn_outage(story, clock)
    for n in range(BATCH + 5):
        await story.text("vpn is down", number=f"+1202555{n:04}")
    text_id = await end_vpn_outage(story, outage)
    assert await batch(story, text_id) is OutageTextState.SENDING
    assert await batch(story, text_id) is OutageTextState.SENDING
    sent = t.messages.c.event == Event.OUTAGE_OVER
    assert await story.count(t.messages, sent) == BATCH, "the outbox is still full"
    assert await story.count(t.due_work, t.due_work.c.kind == Work.TEXT_OUTAGE) == 1
    command = CancelOutageText(outage_id=outage, text_id=text_id)
    await story.store.write(cancel_outage_text, command)
    progress = await story.store.read(outage_texts.get, text_id)
    assert (progress.state, progress.canceled) == (OutageTextState.CANCELED, BATCH + 5)
    assert await story.count(t.messages, sent, t.messages.c.status == Status.QUEUED) == 0
    assert await batch(story, text_id) is OutageTextState.CANCELED
    assert (await story.store.read(outage_reporters.dry_run, outage, AGAIN)).texted == BATCH + 5
    with pytest.raises(Conflict):
        await story.store.write(cancel_outage_text, command)


async def test_quiet_hours_delay_the_text_until_the_requester_texts(
    story: Story, clock: MovedClock
) -> None:
    outage = await report_vpn_outage(story, clock)
    ann = (await story.text("vpn is down", number=ANN)).interaction_id or 0
    await set_quiet_hours(story, f"{(clock() - timedelta(hours=6)):%H:%M}-23:59")
    run = await story.store.read(outage_reporters.dry_run, outage, AGAIN)
    assert (run.texted, run.later, run.people[0].reachable) == (1, 1, Reachable.LATER)
    text_id = await end_vpn_outage(story, outage)
    await batch(story, text_id)
    (row,) = await story.rows(t.messages, t.messages.c.event == Event.OUTAGE_OVER)
    assert await story.store.write(begin_sends, BeginSend(row.id, 1)) is None
    assert (await story.store.read(outage_texts.get, text_id)).quiet == 1
    await story.text("hello?", number=ANN)
    assert await story.store.write(begin_sends, BeginSend(row.id, 1)) is not None
    assert (await story.texted(ann))[-1] == AGAIN


async def test_the_answer_still_broken_after_an_outage_goes_to_a_live_agent(
    story: Story, clock: MovedClock
) -> None:
    outage = await report_vpn_outage(story, clock)
    ann = (await story.text("vpn is down", number=ANN, to=DIRECT)).interaction_id or 0
    text_id = await end_vpn_outage(story, outage)
    await story.store.write(
        lambda tx, _: (
            tx.conn.execute(
                update(t.interactions).values(
                    closed_at=clock(), state=State.CLOSED_COMPLETE, owner=Owner.NONE
                )
            )
            and None
        ),
        None,
    )
    await batch(story, text_id)
    await story.text("sigue sin funcionar", number=ANN, to=DIRECT)
    seen = await story.see(ann)
    assert (seen.owner.kind, seen.state) == (Owner.QUEUE, State.WORK_IN_PROGRESS)

"""The satisfaction question after closing: who gets it, which texts answer it, and what a low grade
causes.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import update

from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.operations.conversations.ask_satisfaction import (
    AskOutcome,
    AskSatisfaction,
    ask_satisfaction,
)
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.conversations.reopen import Reopen, reopen
from handoff_service.operations.desk.users import MakeUser, make_user
from handoff_service.operations.messaging_actions.dismiss_prompt import Dismiss, dismiss_prompt
from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.ports.sms_provider import Accepted
from handoff_service.rules.shared.vocabulary import Event, Owner, State, Status, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from handoff_service.store.messaging_actions import low_grades
from tests.conftest import Heard, MovedClock
from tests.reports.test_a_month import end
from tests.support.sending_story import begin, claim, finish
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, OMAR, SHARED, Story

QUESTION = "How did we do? Reply 1-5 (5 is best)."
WHY = "Thank you for telling us. What should we have done better?"
HOUR = 3600


@pytest.fixture
async def asking_desk(story: Story) -> Story:
    """Set the queue to ask one hour after closing, and each requester at most once in 30 days."""
    values = {"satisfaction_after_hours": 1, "satisfaction_every_days": 30}
    await story.store.write(change_queue, ChangeQueue(id=1, values=values))
    return story


async def change_rows(story: Story, statement: sa.Executable) -> None:
    """Change rows directly, in ways that no page offers."""

    def change(tx: Transaction, _: None) -> None:
        tx.conn.execute(statement)

    await story.store.write(change, None)


async def closed_conversation(story: Story, number: str = ANN) -> int:
    """Create a conversation that Mia has answered and closed."""
    ann = await story.with_agent(number=number)
    await story.write(ann, "Your badge works again")
    await story.close(ann)
    return ann


async def ask(story: Story, interaction: int) -> AskOutcome:
    return await story.store.write(ask_satisfaction, AskSatisfaction(interaction))


async def send_all(story: Story) -> None:
    """Let the outbox send all waiting texts."""
    while due := await claim(story):
        for one in due:
            await begin(story, int(one.key))
            await finish(story, int(one.key), Accepted(sid=f"SM{one.key}", status=Status.SENT))


async def closed_and_asked(story: Story, clock: MovedClock, number: str = ANN) -> int:
    """Create a closed conversation whose requester has received the question."""
    ann = await closed_conversation(story, number)
    clock.move(HOUR)
    assert await ask(story, ann) is AskOutcome.ASKED
    await send_all(story)
    return ann


async def text_in(story: Story, body: str, number: str = ANN) -> int:
    """Text the number that live agents answer. Return the conversation that contains the text."""
    return (await story.text(body, number=number, to=DIRECT)).interaction_id or 0


async def grade(story: Story, interaction: int) -> tuple[int | None, str | None]:
    (row,) = await story.rows(
        t.satisfaction_questions, t.satisfaction_questions.c.interaction_id == interaction
    )
    return row.grade, row.comment


async def alerts(story: Story) -> list[str]:
    """Return the prompts of the supervisor Omar."""
    return [one.said for one in await story.store.read(low_grades.open_prompts, OMAR)]


# The question -------------------------------------------------------------------------------------


async def test_the_question_is_due_after_the_queues_number_of_hours(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_conversation(asking_desk)
    kind = t.due_work.c.kind == Work.ASK_SATISFACTION
    (work,) = await asking_desk.rows(t.due_work, kind)
    assert (work.key, work.due_at) == (str(ann), clock() + timedelta(hours=1))
    clock.move(HOUR)
    assert await ask(asking_desk, ann) is AskOutcome.ASKED
    assert await asking_desk.count(t.due_work, kind) == 0
    line = (await asking_desk.lines(ann))[-1]
    assert (line.body, line.event, line.segments) == (QUESTION, Event.SATISFACTION, 1)
    seen = await asking_desk.see(ann)
    assert (seen.state, seen.owner.kind) == (State.CLOSED_COMPLETE, Owner.NONE)
    assert await asking_desk.count(t.timers, t.timers.c.interaction_id == ann) == 0
    assert await ask(asking_desk, ann) is AskOutcome.NOT_ASKED, (
        "the question is scheduled only once"
    )


async def test_without_the_queue_setting_nobody_is_asked(story: Story, clock: MovedClock) -> None:
    ann = await closed_conversation(story)
    assert await story.count(t.due_work, t.due_work.c.kind == Work.ASK_SATISFACTION) == 0
    clock.move(HOUR)
    assert await ask(story, ann) is AskOutcome.NOT_ASKED


async def test_a_longer_delay_also_applies_to_scheduled_questions(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_conversation(asking_desk)
    due = clock() + timedelta(hours=24)
    await asking_desk.store.write(
        change_queue, ChangeQueue(id=1, values={"satisfaction_after_hours": 24})
    )
    clock.move(HOUR)
    assert await ask(asking_desk, ann) is AskOutcome.LATER
    (work,) = await asking_desk.rows(t.due_work, t.due_work.c.kind == Work.ASK_SATISFACTION)
    assert work.due_at == due


async def test_a_delay_of_zero_hours_leaves_time_to_undo_closing(
    asking_desk: Story, clock: MovedClock
) -> None:
    await asking_desk.store.write(
        change_queue, ChangeQueue(id=1, values={"satisfaction_after_hours": 0})
    )
    ann = await closed_conversation(asking_desk)
    (work,) = await asking_desk.rows(t.due_work, t.due_work.c.kind == Work.ASK_SATISFACTION)
    assert work.due_at == clock() + timedelta(minutes=2)
    await asking_desk.store.write(reopen, Reopen(interaction_id=ann, agent_id=MIA))
    clock.move(120)
    assert await ask(asking_desk, ann) is AskOutcome.NOT_ASKED, "the conversation is open again"


async def test_unanswered_abandoned_and_old_conversations_get_no_question(
    asking_desk: Story, clock: MovedClock
) -> None:
    async def outcome(ann: int) -> AskOutcome:
        clock.move(HOUR)
        return await ask(asking_desk, ann)

    unanswered = await asking_desk.with_agent()
    await asking_desk.close(unanswered)
    assert await outcome(unanswered) is AskOutcome.NOT_ASKED, "no agent answered the conversation"
    abandoned = await asking_desk.with_agent()
    await asking_desk.write(abandoned, "Are you there?")
    await asking_desk.close(abandoned, state=State.CLOSED_ABANDONED)
    assert await outcome(abandoned) is AskOutcome.NOT_ASKED
    newer = await closed_conversation(asking_desk)
    await asking_desk.text("my VPN is down", to=MAIN)
    assert await outcome(newer) is AskOutcome.NOT_ASKED, (
        "the requester has a new problem on another number"
    )
    opted_out = await closed_conversation(asking_desk, BOB)
    await asking_desk.text("STOP", number=BOB, to=MAIN)
    assert await outcome(opted_out) is AskOutcome.NOT_ASKED
    late = await closed_conversation(asking_desk, "+12025550144")
    clock.move(3 * 24 * HOUR)
    assert await outcome(late) is AskOutcome.NOT_ASKED, "the service was down for days"


async def test_a_person_with_several_numbers_is_asked_once_per_period(
    asking_desk: Story, clock: MovedClock
) -> None:
    u = t.user_numbers
    # The number SHARED now belongs only to Bob.
    await change_rows(asking_desk, u.delete().where(u.c.user_id == 3))
    await closed_and_asked(asking_desk, clock, BOB)
    clock.move(29 * 24 * HOUR)
    second = await closed_conversation(asking_desk, BOB)
    other_number = await closed_conversation(asking_desk, SHARED)
    clock.move(HOUR)
    assert await ask(asking_desk, second) is AskOutcome.NOT_ASKED
    assert await ask(asking_desk, other_number) is AskOutcome.NOT_ASKED, (
        "the question to Bob's other number counts"
    )
    clock.move(24 * HOUR)
    third = await closed_conversation(asking_desk, BOB)
    clock.move(HOUR)
    assert await ask(asking_desk, third) is AskOutcome.ASKED


async def test_two_processes_ask_each_person_once(
    asking_desk: Story, clock: MovedClock, database_url: str
) -> None:
    """Each person has two numbers. Both conversations' questions are due at the same time."""
    other = Store(
        database_url,
        clock=clock,
        settings=OperationSettings(send_errors=ERRORS),
        after_commit=Heard(),
    )
    pairs = []
    for n in range(6):
        numbers = [f"+1202555{1000 + n}", f"+1202555{2000 + n}"]
        user = MakeUser(external_id=f"E2{n}", name="Zoe Park", numbers=tuple(numbers))
        await asking_desk.store.write(make_user, user)
        pairs.append([await closed_conversation(asking_desk, number) for number in numbers])
    clock.move(HOUR)
    for first, second in pairs:
        commands = [
            (asking_desk.store, first),
            (other, second),
            (other, first),
            (asking_desk.store, second),
        ]
        await asyncio.gather(
            *(store.write(ask_satisfaction, AskSatisfaction(one)) for store, one in commands)
        )
    assert await asking_desk.count(t.satisfaction_questions) == len(pairs)
    other.close()


async def test_the_question_waits_for_the_end_of_quiet_hours(
    asking_desk: Story, clock: MovedClock
) -> None:
    await change_rows(asking_desk, update(t.desk).values(quiet_hours="21:00-08:00"))
    clock.now = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # 20:30 in Washington
    ann = await closed_conversation(asking_desk)
    clock.move(HOUR)
    assert await ask(asking_desk, ann) is AskOutcome.LATER
    (work,) = await asking_desk.rows(t.due_work, t.due_work.c.kind == Work.ASK_SATISFACTION)
    assert work.due_at == datetime(2026, 11, 24, 13, 0, tzinfo=UTC)  # 08:00
    assert QUESTION not in await asking_desk.texted(ann)
    clock.now = work.due_at
    assert await ask(asking_desk, ann) is AskOutcome.ASKED


async def test_a_new_text_cancels_a_question_that_was_not_sent_yet(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_conversation(asking_desk)
    clock.move(HOUR)
    await ask(asking_desk, ann)
    await text_in(asking_desk, "my VPN is down")
    await send_all(asking_desk)
    line = next(one for one in await asking_desk.lines(ann) if one.event is Event.SATISFACTION)
    assert line.status is Status.CANCELED


@pytest.mark.parametrize("to", [DIRECT, MAIN])
async def test_thanks_before_the_question_do_not_cancel_it(
    asking_desk: Story, clock: MovedClock, to: str
) -> None:
    """The text arrives after the desk's time for thanks, and on a number of either kind."""
    ann = (await asking_desk.text("my badge is stuck", to=to)).interaction_id or 0
    if to == MAIN:
        await asking_desk.hand_off(ann)
    await asking_desk.available(MIA)
    await asking_desk.offer()
    await asking_desk.accept((await asking_desk.inbox(MIA))[-1].id, MIA)
    await asking_desk.write(ann, "Your badge works again")
    await asking_desk.close(ann)
    items = await asking_desk.count(t.work_items)
    clock.move(HOUR // 2)
    assert (await asking_desk.text("Thank you so much Mia!", to=to)).interaction_id == ann
    assert (await asking_desk.count(t.interactions), await asking_desk.count(t.work_items)) == (
        1,
        items,
    )
    clock.move(HOUR // 2)
    assert await ask(asking_desk, ann) is AskOutcome.ASKED
    await send_all(asking_desk)
    assert (await asking_desk.text("5", to=to)).interaction_id == ann
    assert await grade(asking_desk, ann) == (5, None)


async def test_a_problem_before_the_question_still_cancels_it(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_conversation(asking_desk)
    clock.move(HOUR // 2)
    assert await text_in(asking_desk, "Thanks, but it broke again") != ann
    clock.move(HOUR // 2)
    assert await ask(asking_desk, ann) is AskOutcome.NOT_ASKED


async def test_thanks_leave_a_question_in_the_outbox(asking_desk: Story, clock: MovedClock) -> None:
    ann = await closed_conversation(asking_desk)
    clock.move(HOUR)
    await ask(asking_desk, ann)
    assert await text_in(asking_desk, "Thanks!") == ann
    await send_all(asking_desk)
    line = next(one for one in await asking_desk.lines(ann) if one.event is Event.SATISFACTION)
    assert line.status is Status.SENT
    assert await text_in(asking_desk, "4") == ann


async def test_requesters_who_text_in_spanish_get_the_question_in_spanish(
    asking_desk: Story, clock: MovedClock
) -> None:
    await asking_desk.available(MIA)
    text = "Hola, no puedo entrar en mi cuenta, necesito ayuda por favor"
    ann = await text_in(asking_desk, text)
    await asking_desk.offer()
    await asking_desk.accept((await asking_desk.inbox(MIA))[-1].id, MIA)
    await asking_desk.write(ann, "Listo")
    await asking_desk.close(ann)
    clock.move(HOUR)
    assert await ask(asking_desk, ann) is AskOutcome.ASKED
    assert (await asking_desk.texted(ann))[-1].startswith("¿Qué tal le atendimos?")


# Answers ------------------------------------------------------------------------------------------


async def test_a_grade_stays_in_the_closed_conversation_and_notifies_no_agent(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    items, due = await asking_desk.count(t.work_items), await asking_desk.rows(t.due_work)
    assert await text_in(asking_desk, "5, thanks Mia!") == ann
    assert await grade(asking_desk, ann) == (5, None)
    line = (await asking_desk.lines(ann))[-1]
    assert (line.body, line.event, line.reason) == ("5, thanks Mia!", Event.GRADE, "5")
    seen = await asking_desk.see(ann)
    assert (seen.state, seen.owner.kind) == (State.CLOSED_COMPLETE, Owner.NONE)
    assert (await asking_desk.count(t.work_items), await asking_desk.rows(t.due_work)) == (
        items,
        due,
    )
    assert await alerts(asking_desk) == []
    assert await asking_desk.count(t.interactions) == 1


@pytest.mark.parametrize("body", ["Great service, thanks Mia!", "👍"])
async def test_praise_without_a_digit_also_answers_the_question(
    asking_desk: Story, clock: MovedClock, body: str
) -> None:
    """The text arrives long after closing, when thanks would otherwise start a conversation."""
    ann = await closed_and_asked(asking_desk, clock)
    clock.move(24 * HOUR)
    assert await text_in(asking_desk, body) == ann
    assert await grade(asking_desk, ann) == (None, None)
    assert await text_in(asking_desk, "5") == ann


async def test_without_a_question_a_digit_is_an_ordinary_text(story: Story) -> None:
    ann = await closed_conversation(story)
    assert await text_in(story, "5") != ann


async def test_a_new_problem_cancels_the_question(asking_desk: Story, clock: MovedClock) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    second = await text_in(asking_desk, "my VPN is down")
    assert second != ann
    assert await text_in(asking_desk, "5") == second, (
        "the conversation about the new problem is open"
    )
    await asking_desk.close(second)
    assert await text_in(asking_desk, "5") not in (ann, second), (
        "the conversation about the new problem is closed"
    )
    assert await grade(asking_desk, ann) == (None, None)


async def test_a_digit_answers_the_virtual_agents_newer_question(
    asking_desk: Story, clock: MovedClock
) -> None:
    """The digit arrives on the same number, after an unanswered satisfaction question."""

    async def bot_says(body: str) -> int:
        interaction = (await asking_desk.text("my laptop won't start", to=MAIN)).interaction_id or 0
        question = await asking_desk.begin(interaction)
        assert question is not None
        await asking_desk.finish(question, body)
        return interaction

    first = await bot_says("Press the power button for ten seconds.")
    await end(asking_desk, first, State.CLOSED_COMPLETE)
    clock.move(HOUR)
    assert await ask(asking_desk, first) is AskOutcome.ASKED
    await send_all(asking_desk)
    second = await bot_says("How much does this affect you?\n1 I cannot work\n2 I can wait")
    assert second != first
    assert (await asking_desk.text("1", to=MAIN)).interaction_id == second
    question = await asking_desk.begin(second)
    assert question is not None
    assert question.message == "1"
    assert await grade(asking_desk, first) == (None, None)


async def test_a_question_is_open_for_a_week(asking_desk: Story, clock: MovedClock) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    clock.move(7 * 24 * HOUR)
    assert await text_in(asking_desk, "5") != ann


async def test_a_digit_answers_a_later_text_of_the_desk(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    (question,) = await asking_desk.rows(t.satisfaction_questions)
    m = t.messages
    later = update(m).where(m.c.body == "Your badge works again")
    await change_rows(
        asking_desk, later.values(id=question.message_id + 1000, event=Event.CASE_TEXT)
    )
    assert await text_in(asking_desk, "1") != ann


async def test_a_second_grade_corrects_the_first_for_an_hour(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    await text_in(asking_desk, "1")
    assert len(await alerts(asking_desk)) == 1
    assert await text_in(asking_desk, "5") == ann
    assert await grade(asking_desk, ann) == (5, None)
    assert await alerts(asking_desk) == []
    clock.move(HOUR)
    assert await text_in(asking_desk, "4") != ann


# Low grades ---------------------------------------------------------------------------------------


async def test_a_low_grade_asks_why_and_alerts_the_supervisors(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    await text_in(asking_desk, "2")
    assert (await asking_desk.texted(ann))[-1] == WHY
    assert await alerts(asking_desk) == ["Graded 2 of 5"]
    assert await text_in(asking_desk, "Nobody called me back") == ann
    assert await grade(asking_desk, ann) == (2, "Nobody called me back")
    said = "Graded 2 of 5: “Nobody called me back”"
    assert await alerts(asking_desk) == [said]
    assert (await asking_desk.lines(ann))[-1].event is Event.GRADE_COMMENT
    assert await asking_desk.count(t.interactions) == 1
    (prompt,) = await asking_desk.store.read(low_grades.open_prompts, OMAR)
    await asking_desk.store.write(
        dismiss_prompt, Dismiss(interaction_id=ann, agent_id=OMAR, seq=prompt.seq)
    )
    assert await alerts(asking_desk) == []
    assert await text_in(asking_desk, "Anything else is a new text") != ann


async def test_a_grade_and_its_comment_can_arrive_in_one_transaction(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    texts = [
        Text(sid=f"SM{n}", requester_number=ANN, provider_number=DIRECT, body=body)
        for n, body in enumerate(["1", "Nobody called me back", "my VPN is down"])
    ]
    received = await asking_desk.store.write(lambda tx, _: receive_sms.run(tx, texts), None)
    assert [one.interaction_id == ann for one in received] == [True, True, False]
    assert await grade(asking_desk, ann) == (1, "Nobody called me back")


async def test_one_text_can_have_a_low_grade_and_its_comment(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    await text_in(asking_desk, "1, Mia was rude")
    assert await grade(asking_desk, ann) == (1, "Mia was rude")
    assert (await asking_desk.texted(ann))[-1] == QUESTION, (
        "the desk does not ask for a comment that it has"
    )
    assert await alerts(asking_desk) == ["Graded 1 of 5: “Mia was rude”"]


async def test_a_second_low_grade_keeps_the_comment_and_sends_no_question(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    await text_in(asking_desk, "1")
    await text_in(asking_desk, "Nobody called me back")
    texted = await asking_desk.texted(ann)
    assert await text_in(asking_desk, "2") == ann
    assert await grade(asking_desk, ann) == (2, "Nobody called me back")
    assert await asking_desk.texted(ann) == texted
    assert await alerts(asking_desk) == ["Graded 2 of 5: “Nobody called me back”"]
    await text_in(asking_desk, "1 Mia was rude")
    assert await grade(asking_desk, ann) == (1, "Mia was rude"), (
        "a new comment replaces the old one"
    )


async def test_a_comment_after_two_low_grades_belongs_to_the_second(
    asking_desk: Story, clock: MovedClock
) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    await text_in(asking_desk, "1")
    await text_in(asking_desk, "2")
    assert (await asking_desk.texted(ann)).count(WHY) == 1
    assert await text_in(asking_desk, "Nobody called me back") == ann
    assert await grade(asking_desk, ann) == (2, "Nobody called me back")


@pytest.mark.parametrize("body", ["my laptop is broken too", "When will you call me?", "agent"])
async def test_a_new_problem_after_a_low_grade_starts_a_conversation(
    asking_desk: Story, clock: MovedClock, body: str
) -> None:
    ann = await closed_and_asked(asking_desk, clock)
    await text_in(asking_desk, "1")
    assert await text_in(asking_desk, body) != ann
    assert await grade(asking_desk, ann) == (1, None)

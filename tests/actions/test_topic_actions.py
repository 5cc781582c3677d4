"""The actions of the topics: requests, account help, case status, outages, office hours."""

from datetime import timedelta
from typing import Any

import pytest

from actions.account_help import REASON
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.cases.outages import make_outage
from handoff_service.operations.identity.verify_requester import Verify, verify_requester
from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.rules.cases.outages import OutageFields
from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.virtual_agent.bot_replies import (
    ANOTHER_PROBLEM,
    NO_CASES,
    NO_OUTAGE,
    UNKNOWN_CASE,
)
from handoff_service.store.engine import tables as t
from tests.actions.test_actions import EMPTIED, Bot, slots_set
from tests.conftest import MovedClock
from tests.support.story import MIA, Story

ANN_ID, BOB_ID = 1, 2


@pytest.fixture
async def bot(story: Story) -> Bot:
    made = Bot(story)
    await made.start()
    return made


@pytest.fixture
async def proven(bot: Bot, story: Story) -> Bot:
    """Verify Ann's identity and return the bot of her conversation."""
    await story.store.write(
        verify_requester, Verify(interaction_id=bot.interaction, agent_id=MIA, user_id=ANN_ID)
    )
    return bot


def one_segment_texts(result: Any) -> list[str]:
    texts = [response["text"] for response in result["responses"]]
    assert all(segments(text).count == 1 for text in texts)
    return texts


async def opened(story: Story, description: str, user: int = ANN_ID, **more: Any) -> int:
    command = OpenByHand(agent_id=MIA, description=description, user_id=user, **more)
    return await story.store.write(open_by_hand, command)


# Requests -----------------------------------------------------------------------------------------


async def test_a_turn_opens_a_request_once_and_empties_its_slots(bot: Bot, story: Story) -> None:
    slots = {"item": "a second monitor", "item_reason": "mine is broken", "problem": "kept"}
    result = [await bot.run("action_open_request", slots=slots) for _ in range(2)][1]
    assert one_segment_texts(result) == [
        "I've opened request CS0000001: a second monitor. We'll text you updates. Ask me for "
        "its status any time."
    ]
    assert slots_set(result) == {"item": None, "item_reason": None, "questions": None}
    (case,) = await story.rows(t.cases)
    assert (case.kind, case.state, case.user_id, case.interaction_id) == (
        "request",
        "open",
        ANN_ID,
        bot.interaction,
    )
    assert case.description == "a second monitor\nWhat for: mine is broken"


# Account ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["action_case_status", "action_account_help"])
async def test_an_unverified_requester_first_gets_the_identity_check(
    bot: Bot, story: Story, action: str
) -> None:
    result = await bot.run(action, slots={"case_number": "CS0000001"})
    assert one_segment_texts(result) == []
    assert {"event": "followup", "name": "identity_form", "timestamp": None} in result["events"]
    assert action in slots_set(result).values()
    assert await story.count(t.cases) == 0
    await story.finish(bot.question, "Who are you?")
    assert await story.count(t.work_items) == 0


@pytest.mark.parametrize(
    ("system", "description"),
    [("Okta", "Cannot get into: Okta"), (None, "Password or locked account")],
)
async def test_lost_access_becomes_a_case_even_if_the_check_fails(
    bot: Bot, story: Story, system: str | None, description: str
) -> None:
    result = await bot.run("action_account_help", slots={"system": system})
    slots = slots_set(result)
    assert slots["problem"] == description
    slots |= {"system": system, "after_proof": "gave_up"}
    result = await bot.run("action_after_proof", slots=slots)
    assert slots_set(result)["problem"] is None
    await story.finish(bot.question, "I could not verify you.")
    (case,) = await story.rows(t.cases)
    assert case.description == description
    (item,) = await story.rows(t.work_items)
    assert item.collected["Case"] == "CS0000001"


async def test_a_password_request_does_not_replace_an_unfinished_report(bot: Bot) -> None:
    slots = {"problem": "no wifi", "requested_slot": "impact"}
    loop = {"name": "problem_form"}
    result = await bot.run("action_account_help", slots=slots, loop=loop)
    assert "problem" not in slots_set(result)


async def test_a_verified_requester_who_is_locked_out_gets_one_case_and_an_agent(
    proven: Bot, story: Story
) -> None:
    result = await proven.run("action_account_help", slots={"system": "Okta"})
    assert one_segment_texts(result) == [
        "I've opened case CS0000001 with high priority. A person will help you here to get "
        "back in. "
        "Please never text us a password."
    ]
    (case,) = await story.rows(t.cases)
    assert (case.kind, case.priority, case.description) == ("access", 2, "Cannot get into: Okta")
    await story.finish(proven.question)
    (item,) = await story.rows(t.work_items)
    assert (item.reason, item.collected) == (
        REASON,
        {"Topic": "account", "Case": "CS0000001", "Account": "Okta"},
    )


async def test_a_repeated_request_with_an_open_case_opens_no_second_case(
    proven: Bot, story: Story
) -> None:
    await opened(story, "Locked out", kind="access", priority=2)
    result = await proven.run("action_account_help")
    assert one_segment_texts(result) == [
        "Your case CS0000001 is already open. A person will continue with it here."
    ]
    assert await story.count(t.cases) == 1


# Status -------------------------------------------------------------------------------------------


async def test_a_requester_gets_the_status_of_their_cases(proven: Bot, story: Story) -> None:
    assert one_segment_texts(await proven.run("action_case_status")) == [NO_CASES]
    for what in ("No wifi", "Printer jam", "Old mouse", "Dock"):
        await opened(story, what)
    await opened(story, "Bob's own", user=BOB_ID)
    assert one_segment_texts(await proven.run("action_case_status")) == [
        "You have 4 open cases, the newest:\n"
        "CS0000004 open: Dock\nCS0000003 open: Old mouse\nCS0000002 open: Printer jam"
    ]


async def test_an_unknown_case_number_gets_the_same_answer_as_another_persons_case(
    proven: Bot, story: Story
) -> None:
    mine = await opened(story, "No wifi")
    bobs = await opened(story, "Bob's own", user=BOB_ID)
    result = await proven.run("action_case_status", slots={"case_number": f"cs{mine}"})
    assert one_segment_texts(result) == [
        "CS0000001 (No wifi): open, waiting for an agent. Last updated today at 09:00."
    ]
    assert slots_set(result) == {"case_number": None}
    for number in (f"CS000000{bobs}", "CS0009999", "my ticket"):
        assert one_segment_texts(
            await proven.run("action_case_status", slots={"case_number": number})
        ) == [UNKNOWN_CASE], number


# Outages ------------------------------------------------------------------------------------------


async def test_outages_are_announced_while_they_are_current(
    bot: Bot, story: Story, clock: MovedClock
) -> None:
    assert one_segment_texts(await bot.run("action_outage_news")) == [NO_OUTAGE]
    now, hour = clock.now, timedelta(hours=1)
    for title, since, until, active in (
        ("VPN", now - hour, now + hour, True),
        ("Mail", now, None, True),
        ("Later", now + hour, None, True),
        ("Hidden", now - hour, None, False),
        ("Over", now - 2 * hour, now, True),
    ):
        outage = OutageFields(
            title=title, text=f"{title} is down.", since=since, until=until, active=active
        )
        await story.store.write(make_outage, outage)
    assert one_segment_texts(await bot.run("action_outage_news")) == [
        f"Mail is down. VPN is down. {ANOTHER_PROBLEM}"
    ]
    inside = {"name": "problem_form"}
    assert one_segment_texts(await bot.run("action_outage_news", loop=inside)) == [
        "Mail is down. VPN is down."
    ]
    assert one_segment_texts(
        await bot.run("action_outage_news", loop=inside, text="is my outlook down?")
    ) == ["Mail is down."]
    clock.move(3600)
    assert one_segment_texts(await bot.run("action_outage_news")) == [
        f"Later is down. Mail is down. {ANOTHER_PROBLEM}"
    ]


async def outage(story: Story, clock: MovedClock, title: str = "VPN in Chicago") -> None:
    one = OutageFields(title=title, text="The VPN is down. Networks is on it.", since=clock.now)
    await story.store.write(make_outage, one)


async def test_a_report_of_a_known_outage_gets_the_outages_text_and_opens_no_case(
    bot: Bot, story: Story, clock: MovedClock
) -> None:
    slots = {"problem": "my vpn isnt working", "device": "VPN"}
    assert slots_set(await bot.run("validate_problem_form", slots=slots)) == {
        "known_outage": "none"
    }
    await outage(story, clock)
    assert slots_set(await bot.run("validate_problem_form", slots=slots)) == {}
    (asked,) = (await bot.run("action_ask_known_outage", slots=slots))["responses"]
    assert asked["text"] == "The VPN is down. Networks is on it."
    assert [button["title"] for button in asked["buttons"]] == ["Same issue", "Something else"]
    known = slots | {"known_outage": "it"}
    assert slots_set(await bot.run("validate_problem_form", slots=known)) == {
        "requested_slot": None
    }
    result = await bot.run("action_open_case", slots=known)
    assert ([r["response"] for r in result["responses"]], slots_set(result)) == (
        ["utter_is_known"],
        EMPTIED,
    )
    assert await story.count(t.cases) == 0


@pytest.mark.parametrize(
    "problem", ["printer is down in chicago office", "my email is down", "the network is out"]
)
async def test_a_requester_with_another_problem_is_not_asked_about_the_outage(
    bot: Bot, story: Story, clock: MovedClock, problem: str
) -> None:
    await outage(story, clock, "VPN is down")
    assert slots_set(await bot.run("validate_problem_form", slots={"problem": problem})) == {
        "known_outage": "none"
    }


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "taken"),
    [
        ("thanks to the update nothing opens", "thanks", 0.75, True),
        ("it makes a noise", "never_mind", 0.66, True),
        ("never mind i found it", "never_mind", 0.95, False),
        ("thx", "thanks", 0.5, False),
    ],
)
async def test_a_sentence_can_answer_the_question_about_the_problem(
    bot: Bot, text: str, intent: str, confidence: float, taken: bool
) -> None:
    slots = {"requested_slot": "problem"}
    meant = {"intent": {"name": intent, "confidence": confidence}}
    result = await bot.run("validate_problem_form", slots=slots, text=text, meant=meant)
    assert slots_set(result) == ({"problem": text, "known_outage": "none"} if taken else {})


# Hours --------------------------------------------------------------------------------------------


async def test_office_hours_come_from_the_queue_of_the_texted_number(
    bot: Bot, story: Story, clock: MovedClock
) -> None:
    assert one_segment_texts(await bot.run("action_office_hours"))[0].startswith(
        "We're open around the clock."
    )
    schedule = {"schedule": "Mo-Fr 08:00-18:00; PH off", "time_zone": "America/Chicago"}
    await story.store.write(change_queue, ChangeQueue(id=1, values=schedule))
    assert one_segment_texts(await bot.run("action_office_hours"))[0].startswith(
        "We're open until 18:00 (Chicago time)."
    )
    clock.move(3 * 86_400)  # Thanksgiving
    assert one_segment_texts(await bot.run("action_office_hours")) == [
        "We're closed now and open again tomorrow at 08:00 (Chicago time). You can text any time."
    ]

"""Texts that do not answer the question of a form, and new facts during an identity check."""

import pytest

from actions.turns import continues_case
from tests.actions.test_actions import USER, Bot, slots_set
from tests.actions.test_reports_are_kept import INSIDE, REPORT, follows, last_text, responses
from tests.support.story import Story

PROVING = {"name": "identity_form"}
FOR_ACCESS = {"after_proof": "action_account_help", "system": "VPN", "requested_slot": "account"}


@pytest.fixture
async def bot(story: Story) -> Bot:
    made = Bot(story)
    await made.start()
    return made


async def test_further_texts_about_lost_access_become_a_report(bot: Bot) -> None:
    text, meant = "i can not work without it", {"intent": {"name": "impact_blocked"}}
    result = await bot.run(
        "action_other_topic", slots=FOR_ACCESS, loop=PROVING, text=text, meant=meant
    )
    assert responses(result) == ["utter_noted"]
    assert slots_set(result) == {"problem": f"Cannot get into: VPN\n{text}", "impact": "blocked"}


async def test_a_text_that_access_works_again_ends_the_check(bot: Bot) -> None:
    text, meant = "omg it was caps lock. im in. forget it", {"intent": {"name": "report_problem"}}
    result = await bot.run(
        "action_other_topic", slots=FOR_ACCESS, loop=PROVING, text=text, meant=meant
    )
    assert (follows(result), slots_set(result)) == (["action_drop_proof"], {})


async def test_a_second_problem_waits_until_the_identity_check_ends(bot: Bot) -> None:
    printer = [{"entity": "device", "value": "printer"}]
    meant = {"intent": {"name": "report_problem", "confidence": 0.9}, "entities": printer}
    result = await bot.run(
        "action_other_topic", slots=FOR_ACCESS, loop=PROVING, text="the printer jams", meant=meant
    )
    assert slots_set(result) == {
        "next_wish": "report_problem",
        "next_wish_text": "the printer jams",
    }


@pytest.mark.parametrize(
    ("action", "text", "reply", "name"),
    [
        ("action_aside_in_proof", "Ann Lee", "utter_name_is_no_proof", "Ann Lee"),
        ("action_fallback", "soy Lucía", "utter_name_is_no_proof", "Lucía"),
        ("action_aside_in_proof", "i dont have a number", "utter_no_account", None),
        ("action_fallback", "no tengo ninguno", "utter_no_account", None),
        ("action_aside_in_proof", "dont you know me", "utter_finding_out", None),
        ("action_fallback", "why do you need that", "utter_why_account", None),
    ],
)
async def test_a_name_is_a_claim_and_not_a_proof(
    bot: Bot, action: str, text: str, reply: str, name: str | None
) -> None:
    meant = {"intent": {"name": "who_am_i"}}
    result = await bot.run(action, slots=FOR_ACCESS, loop=PROVING, text=text, meant=meant)
    assert responses(result) == [reply]
    assert slots_set(result) == ({"said_name": name} if name else {})


@pytest.mark.parametrize("action", ["action_aside_in_proof", "action_fallback"])
async def test_a_new_owner_of_the_number_is_not_verified(bot: Bot, action: str) -> None:
    call = {"slots": FOR_ACCESS, "loop": PROVING, "text": "i got this number in may"}
    assert follows(await bot.run(action, **call)) == ["action_not_me"]
    result = await bot.run("action_not_me", **call)
    assert responses(result) == ["utter_new_owner"]
    assert {"event": "active_loop", "name": None, "timestamp": None} in result["events"]
    assert follows(result) == ["action_listen"]


async def test_a_request_to_wait_inside_a_form_is_not_a_fact(bot: Bot) -> None:
    result = await bot.run(
        "action_fallback", slots=REPORT, loop=INSIDE, text="ah hang on", events=[USER]
    )
    assert responses(result) == ["utter_take_your_time"]
    assert (slots_set(result), follows(result)) == ({}, ["problem_form"])


@pytest.mark.parametrize(
    ("text", "times", "reply", "follow"),
    [
        ("lol you are funny", 1, ["utter_small_talk"], []),
        ("lol you are funny", 2, [], ["action_fallback"]),
        ("\U0001f937", 0, [], ["action_fallback"]),
    ],
)
async def test_small_talk_inside_a_form_has_a_limit(
    bot: Bot, text: str, times: int, reply: list[str], follow: list[str]
) -> None:
    before = {"event": "action", "name": "action_small_talk_in_form"}
    result = await bot.run(
        "action_small_talk_in_form", slots=REPORT, loop=INSIDE, text=text, events=[before] * times
    )
    assert (responses(result), follows(result)) == (reply, follow)


@pytest.mark.parametrize(
    ("asked", "starts"), [("is sap down? i cant post anything", True), ("any outages", False)]
)
async def test_yes_after_the_answer_no_known_outage_starts_a_report(
    bot: Bot, asked: str, starts: bool
) -> None:
    told = {"event": "action", "name": "action_outage_news"}
    result = await bot.run(
        "action_yes", text="yes please", events=[last_text("outage_news", asked), told, USER]
    )
    assert follows(result) == (["problem_form"] if starts else [])
    assert slots_set(result) == ({"problem": asked} if starts else {})


@pytest.mark.parametrize(
    ("action", "likely"), [("action_ask_topic", "who_am_i"), ("action_fallback", None)]
)
async def test_after_two_unclear_texts_a_person_takes_over(
    bot: Bot, action: str, likely: str | None
) -> None:
    unsure = {"entity": "likely_topic", "value": "who_am_i"}
    first = "action_fallback" if likely else "action_ask_topic"
    events = [
        last_text("unsure_topic", "yes i want that", *([] if likely else [unsure])),
        {"event": "action", "name": first},
        USER,
    ]
    meant = {"entities": [unsure]} if likely else None
    result = await bot.run(action, text="and how", events=events, meant=meant)
    assert responses(result) == ["utter_not_understood_twice"]


def test_texts_about_the_old_device_belong_to_the_request() -> None:
    made = {"event": "action", "name": "action_open_request"}
    before = [last_text("request_equipment", "a headset"), made]
    assert continues_case([*before, last_text("report_problem", "the one i have crackles")])
    other = last_text("report_problem", "mine crackles", {"entity": "device", "value": "phone"})
    assert not continues_case([*before, other])
    assert not continues_case([*before, last_text("report_problem", "no sound in room 4")])

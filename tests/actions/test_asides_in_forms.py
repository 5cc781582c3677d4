"""Texts inside a form that do not answer its question, and new facts during an identity check."""

import pytest

from actions.turns import continues_case, not_understood_before
from handoff_service.store.engine import tables as t
from tests.actions.test_actions import USER, Bot, slots_set
from tests.actions.test_reports_are_kept import INSIDE, REPORT, follows, responses, text_event
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


async def test_a_text_that_the_access_works_again_ends_the_check(bot: Bot) -> None:
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
async def test_an_aside_during_the_identity_check_gets_its_own_explanation(
    bot: Bot, action: str, text: str, reply: str, name: str | None
) -> None:
    meant = {"intent": {"name": "who_am_i"}}
    result = await bot.run(action, slots=FOR_ACCESS, loop=PROVING, text=text, meant=meant)
    assert responses(result) == [reply]
    assert slots_set(result) == ({"said_name": name} if name else {})


@pytest.mark.parametrize("action", ["action_aside_in_proof", "action_fallback"])
async def test_a_text_about_a_new_owner_of_the_number_ends_the_check(bot: Bot, action: str) -> None:
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
        "action_yes", text="yes please", events=[text_event("outage_news", asked), told, USER]
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
        text_event("unsure_topic", "yes i want that", *([] if likely else [unsure])),
        {"event": "action", "name": first},
        USER,
    ]
    meant = {"entities": [unsure]} if likely else None
    result = await bot.run(action, text="and how", events=events, meant=meant)
    assert responses(result) == ["utter_not_understood_twice"]


def test_a_text_about_the_old_device_belongs_to_the_request() -> None:
    made = {"event": "action", "name": "action_open_request"}
    before = [text_event("request_equipment", "a headset"), made]
    assert continues_case([*before, text_event("report_problem", "the one i have crackles")])
    other = text_event("report_problem", "mine crackles", {"entity": "device", "value": "phone"})
    assert not continues_case([*before, other])
    assert not continues_case([*before, text_event("report_problem", "no sound in room 4")])


# Facts that the classifier takes for something else -----------------------------------------------

DOORS = {"problem": "nobody can badge in at the west gate", "requested_slot": "impact"}
ORDERS = {"item": "a headset", "requested_slot": "item_reason"}
REQUESTING = {"name": "equipment_form"}


@pytest.mark.parametrize(
    ("action", "intent", "text"),
    [
        ("action_small_talk_in_form", "small_talk", "we let people in by hand"),
        ("action_aside_in_form", "thanks", "thanks, it is in room 4"),
        ("action_aside_in_form", "greet", "hola, estamos en el tercer piso"),
        ("action_aside_in_form", "bye", "bis 14 Uhr sind wir im Lager"),
        ("action_outage_news", "outage_news", "the others have it too"),
        ("action_office_hours", "office_hours", "I am at my desk until 7 pm"),
    ],
)
async def test_a_fact_with_another_intent_is_added_to_the_report(
    bot: Bot, action: str, intent: str, text: str
) -> None:
    meant = {"intent": {"name": intent, "confidence": 0.6}}
    result = await bot.run(action, slots=DOORS, loop=INSIDE, text=text, meant=meant)
    assert responses(result) == ["utter_noted"]
    assert slots_set(result) == {"problem": f"{DOORS['problem']}\n{text}"}


@pytest.mark.parametrize("action", ["action_small_talk_in_form", "action_aside_in_form"])
async def test_a_fact_becomes_the_reason_for_a_request(bot: Bot, action: str) -> None:
    meant = {"intent": {"name": "thanks", "confidence": 0.6}}
    text = "thanks, my dog ate the old one"
    result = await bot.run(action, slots=ORDERS, loop=REQUESTING, text=text, meant=meant)
    assert (responses(result), slots_set(result)) == ([], {"item_reason": text})


@pytest.mark.parametrize(
    ("intent", "text", "reply"),
    [
        ("thanks", "thank you so much", "utter_thanks"),
        ("greet", "hi there", "utter_greet"),
        ("bye", "ok bye, talk to you tomorrow", "utter_bye_in_form"),
        ("help", "what can you do for me", "utter_help"),
    ],
)
async def test_a_courtesy_inside_a_form_is_not_taken_for_a_fact(
    bot: Bot, intent: str, text: str, reply: str
) -> None:
    meant = {"intent": {"name": intent, "confidence": 0.6}}
    result = await bot.run("action_aside_in_form", slots=DOORS, loop=INSIDE, text=text, meant=meant)
    assert (responses(result), slots_set(result)) == ([reply], {})


async def test_a_fact_before_the_description_of_the_problem_is_not_kept(bot: Bot) -> None:
    asked = {"requested_slot": "problem"}
    meant = {"intent": {"name": "thanks", "confidence": 0.6}}
    text = "thanks, it is in room 4"
    result = await bot.run("action_aside_in_form", slots=asked, loop=INSIDE, text=text, meant=meant)
    assert (responses(result), slots_set(result)) == (["utter_thanks"], {})


@pytest.mark.parametrize(
    ("intent", "text", "entities", "is_fact"),
    [
        ("account_help", "error say authentication fail", [], True),
        ("account_help", "vpn says wrong password", [("system", "VPN")], True),
        ("account_help", "sap says wrong password", [("system", "SAP")], False),
        ("account_help", "and i forgot my password", [], False),
        ("request_equipment", "i think i need a new one", [], True),
        ("request_equipment", "and i need access to the Marketing folder", [], False),
        ("request_equipment", "can i get a new mouse", [("device", "mouse")], False),
    ],
)
async def test_a_text_about_the_report_does_not_start_a_second_topic(
    bot: Bot, intent: str, text: str, entities: list[tuple[str, str]], is_fact: bool
) -> None:
    meant = {
        "intent": {"name": intent, "confidence": 0.9},
        "entities": [{"entity": kind, "value": value} for kind, value in entities],
    }
    report = {"problem": "vpn does not connect", "requested_slot": "impact"}
    result = await bot.run("action_other_topic", slots=report, loop=INSIDE, text=text, meant=meant)
    if is_fact:
        assert (responses(result), follows(result)) == ([], ["action_fallback"])
    else:
        assert slots_set(result) == {"next_wish": intent, "next_wish_text": text}


@pytest.mark.parametrize(
    ("action", "intent", "text"),
    [
        ("action_case_status", "case_status", "gracias, ¿van a venir?"),
        ("action_case_status", "case_status", "thanks, when will somebody come"),
        ("action_account_help", "account_help", "error say authentication fail"),
        ("action_who_am_i", "inform_account", "you can reach me at ann@example.com"),
    ],
)
async def test_a_text_about_the_new_case_is_added_without_an_identity_check(
    bot: Bot, story: Story, action: str, intent: str, text: str
) -> None:
    await bot.run("action_open_case", slots={"problem": "the computer is frozen"})
    made = {"event": "action", "name": "action_open_case"}
    meant = {"intent": {"name": intent, "confidence": 0.9}}
    events = [USER, made, text_event(intent, text)]
    result = await bot.run(action, text=text, meant=meant, events=events)
    assert "identity_form" not in follows(result)
    assert [row.note for row in await story.rows(t.case_changes)] == [None, text]


async def test_a_lone_account_number_after_a_case_starts_an_identity_check(bot: Bot) -> None:
    await bot.run("action_open_case", slots={"problem": "the computer is frozen"})
    made = {"event": "action", "name": "action_open_case"}
    meant = {"intent": {"name": "inform_account", "confidence": 0.9}}
    events = [USER, made, text_event("inform_account", "E1001")]
    result = await bot.run("action_who_am_i", text="E1001", meant=meant, events=events)
    assert follows(result) == ["identity_form"]


@pytest.mark.parametrize(
    ("text", "system", "is_reason"),
    [
        ("the old one locks me out every morning", None, True),
        ("i forgot my password", None, False),
        ("the old one does not let me into SAP", "SAP", False),
    ],
)
async def test_the_reason_for_a_request_can_be_about_an_account(
    bot: Bot, text: str, system: str | None, is_reason: bool
) -> None:
    named = [{"entity": "system", "value": system}] if system else []
    meant = {"intent": {"name": "account_help", "confidence": 0.9}, "entities": named}
    result = await bot.run(
        "action_other_topic", slots=ORDERS, loop=REQUESTING, text=text, meant=meant
    )
    wish = {"next_wish": "account_help", "next_wish_text": text}
    assert slots_set(result) == ({"item_reason": text} if is_reason else wish)


async def test_a_question_about_an_earlier_case_starts_an_identity_check(bot: Bot) -> None:
    await bot.run("action_open_case", slots={"problem": "the computer is frozen"})
    made = {"event": "action", "name": "action_open_case"}
    text = "any update on my other ticket?"
    events = [USER, made, text_event("case_status", text)]
    result = await bot.run("action_case_status", text=text, events=events)
    assert follows(result) == ["identity_form"]


@pytest.mark.parametrize(
    ("intent", "text"),
    [
        ("thanks", "thank you. is somebody coming?"),
        ("thanks", "gracias, estamos en el tercer piso"),
        ("bye", "bye, the room is locked after six"),
    ],
)
async def test_a_question_or_fact_after_thanks_is_added_to_the_new_case(
    bot: Bot, story: Story, intent: str, text: str
) -> None:
    await bot.run("action_open_case", slots={"problem": "the copier screams"})
    made = {"event": "action", "name": "action_open_case"}
    meant = {"intent": {"name": intent, "confidence": 0.9}}
    events = [USER, made, text_event(intent, text)]
    await bot.run("action_courtesy", text=text, meant=meant, events=events)
    assert [row.note for row in await story.rows(t.case_changes)] == [None, text]


@pytest.mark.parametrize(
    ("intent", "text", "reply"),
    [("thanks", "thanks a lot", "utter_thanks"), ("bye", "ok bye", "utter_bye")],
)
async def test_a_courtesy_gets_its_reply(bot: Bot, intent: str, text: str, reply: str) -> None:
    meant = {"intent": {"name": intent, "confidence": 0.9}}
    events = [text_event(intent, text)]
    result = await bot.run("action_courtesy", text=text, meant=meant, events=events)
    assert responses(result) == [reply]


async def test_a_question_after_thanks_inside_a_report_is_kept(bot: Bot) -> None:
    meant = {"intent": {"name": "thanks", "confidence": 0.9}}
    text = "merci, vous envoyez quelqu'un ?"
    result = await bot.run("action_aside_in_form", slots=DOORS, loop=INSIDE, text=text, meant=meant)
    assert responses(result) == ["utter_question_kept"]
    assert slots_set(result) == {"questions": text}


async def test_a_fact_mistaken_for_a_request_for_a_person_goes_into_the_case(
    bot: Bot, story: Story
) -> None:
    meant = {"intent": {"name": "talk_to_person", "confidence": 1.0}}
    text = "we let people in by hand"
    await bot.run("action_hand_off", slots=DOORS, text=text, meant=meant)
    await story.finish(bot.question)
    (case,) = await story.rows(t.cases)
    assert case.description == f"{DOORS['problem']}\n{text}"


async def test_an_account_and_a_second_report_become_one_case(bot: Bot, story: Story) -> None:
    """The account problem and the report belong to the same turn, and a turn opens one case of
    each kind.
    """
    wish = {"next_wish": "report_problem", "next_wish_text": "my mail is slow"}
    slots = {"problem": "Password or locked account", "after_proof": "gave_up", **wish}
    await bot.run("action_after_proof", slots=slots)
    await story.finish(bot.question, "I could not verify you.")
    (case,) = await story.rows(t.cases)
    assert case.description.startswith("Password or locked account")
    assert "my mail is slow" in case.description


async def test_a_request_for_a_colleague_does_not_unlink_the_number(bot: Bot, story: Story) -> None:
    await bot.run("action_open_case", slots={"problem": "the monitor is black"})
    made = {"event": "action", "name": "action_open_case"}
    text = "its not for me, its for my colleague Maria"
    events = [USER, made, text_event("not_me", text)]
    await bot.run("action_not_me", text=text, events=events)
    assert [row.note for row in await story.rows(t.case_changes)] == [None, text]
    ordered = await bot.run("action_not_me", slots=ORDERS, loop=REQUESTING, text=text)
    assert slots_set(ordered) == {"item_reason": text}


def test_a_text_sent_to_the_wrong_chat_is_not_added_to_the_report() -> None:
    first = text_event("not_for_desk", "mom can you pick me up at 5")
    did = {"event": "action", "name": "action_not_for_desk"}
    wrong = text_event("report_problem", "oops wrong chat. but my laptop does not charge")
    assert not_understood_before([first, did, wrong]) == []
    other = text_event("report_problem", "my laptop does not charge")
    assert not_understood_before([first, did, other]) == ["mom can you pick me up at 5"]

"""No report is lost: the actions keep texts that do not answer the form's question."""

from typing import Any

import pytest

from actions.fallback import REASON_WITH_CASE
from handoff_service.operations.virtual_agent.stay_silent import UNANSWERED
from handoff_service.ports.bot import Understood
from handoff_service.rules.shared.vocabulary import TurnOutcome
from handoff_service.store.engine import tables as t
from tests.actions.test_actions import FALLBACK, LISTEN, USER, Bot, slots_set
from tests.support.story import Story

REPORT = {"problem": "my laptop is dead", "requested_slot": "impact"}
INSIDE = {"name": "problem_form"}
OPENED = {"event": "action", "name": "action_open_case"}
ASKED = {"event": "action", "name": "action_ask_topic"}
UNSURE = {"intent": {"name": "unsure_topic", "confidence": 1.0}}


@pytest.fixture
async def bot(story: Story) -> Bot:
    made = Bot(story)
    await made.start()
    return made


def text_event(intent: str, text: str, *entities: dict[str, str]) -> dict[str, Any]:
    """Return the event of a requester's text."""
    parsed = {"intent": {"name": intent, "confidence": 0.9}, "entities": list(entities)}
    return {"event": "user", "text": text, "parse_data": parsed}


def responses(result: Any) -> list[str]:
    return [one["response"] or one["text"] for one in result["responses"]]


def follows(result: Any) -> list[str]:
    return [one["name"] for one in result["events"] if one["event"] == "followup"]


async def test_the_form_keeps_more_facts_and_rephrases_its_question(bot: Bot) -> None:
    result = await bot.run(
        "action_fallback", slots=REPORT, loop=INSIDE, text="it just beeps", events=[USER]
    )
    assert responses(result) == ["utter_noted_ask_impact"]
    assert slots_set(result) == {"problem": "my laptop is dead\nit just beeps"}
    assert follows(result) == ["action_listen"]


@pytest.mark.parametrize(
    ("text", "slots", "problem"),
    [
        ("it is jammed again", {"device": "printer", "handed_back_by": "Mia"}, True),
        ("i have a problem", {"device": "printer", "handed_back_by": "Mia"}, False),
        ("it is jammed again", {"handed_back_by": "Mia"}, False),
        ("it is jammed again", {"device": "printer"}, False),
    ],
)
async def test_after_a_hand_back_a_text_about_the_last_device_becomes_the_report(
    bot: Bot, text: str, slots: dict[str, str], problem: bool
) -> None:
    meant = {"intent": {"name": "have_a_problem", "confidence": 0.95}}
    result = await bot.run(
        "validate_problem_form",
        slots={**slots},
        loop=INSIDE,
        text=text,
        meant=meant,
        events=[USER],
    )
    assert slots_set(result).get("problem") == (text if problem else None)


async def test_a_word_that_is_not_a_fact_repeats_the_question(bot: Bot) -> None:
    meant = {"intent": {"name": "affirm", "confidence": 0.9}}
    result = await bot.run(
        "action_fallback", slots=REPORT, loop=INSIDE, text="ok then", meant=meant, events=[USER]
    )
    assert (responses(result), slots_set(result)) == (["utter_ask_impact_again"], {})


async def test_after_the_second_unclear_answer_the_case_is_opened_and_handed_off(
    bot: Bot, story: Story
) -> None:
    events = [USER, FALLBACK, LISTEN, USER]
    slots = REPORT | {"problem": "my laptop is dead\nit just beeps"}
    for _ in range(2):  # The same turn may run twice.
        result = await bot.run(
            "action_fallback", slots=slots, loop=INSIDE, text="three times", events=events
        )
    assert responses(result) == []
    await story.finish(bot.question)
    said = (await story.texted(bot.interaction))[0]
    assert said.startswith("I've opened case CS0000001: my laptop is dead it just beeps")
    assert said.endswith("A person will continue with you here.")
    (case,) = await story.rows(t.cases)
    assert (case.description, case.impact) == (
        "my laptop is dead\nit just beeps\nthree times",
        None,
    )
    (item,) = await story.rows(t.work_items)
    assert (item.reason, item.collected["Case"]) == (REASON_WITH_CASE, "CS0000001")


@pytest.mark.parametrize(
    ("text", "intent", "said"),
    [
        ("the small one, please", "nlu_fallback", "Added to CS0000001: the small one, please."),
        ("when will somebody come?", "out_of_scope", "utter_question_added"),
        ("with a stand maybe", "unsure_topic", "Added to CS0000001: with a stand maybe."),
    ],
)
@pytest.mark.parametrize("action", ["action_fallback", "action_ask_topic", "action_not_for_desk"])
async def test_a_text_right_after_a_case_is_added_to_the_case(
    bot: Bot, story: Story, action: str, text: str, intent: str, said: str
) -> None:
    await bot.run("action_open_case", slots={"problem": "no monitor"})
    meant = {"intent": {"name": intent, "confidence": 0.4}}
    result = await bot.run(action, text=text, meant=meant, events=[USER, OPENED, LISTEN, USER])
    assert responses(result) == [said]
    assert [row.note for row in await story.rows(t.case_changes)] == [None, text]


async def test_a_report_right_after_a_case_can_be_added_to_it(bot: Bot, story: Story) -> None:
    await bot.run("action_open_case", slots={"problem": "laptop wont start", "device": "laptop"})
    given = {"event": "slot", "name": "device", "value": "laptop"}
    before = [USER, given, OPENED, LISTEN]
    text = "the fan spins though"
    call = {"loop": INSIDE, "text": text, "events": [*before, text_event("report_problem", text)]}
    asked = await bot.run("validate_problem_form", slots={"problem": text}, **call)
    assert slots_set(asked)["requested_slot"] is None
    result = await bot.run("action_open_case", slots={"problem": text}, **call)
    assert responses(result) == ["Added to CS0000001: the fan spins though."]
    assert await story.count(t.cases) == 1


async def test_another_problem_right_after_a_case_starts_another_report(bot: Bot) -> None:
    await bot.run("action_open_case", slots={"problem": "laptop wont start", "device": "laptop"})
    text = "also the printer is jammed"
    user = text_event("report_problem", text, {"entity": "device", "value": "printer"})
    given = {"event": "slot", "name": "device", "value": "laptop"}
    call = {"loop": INSIDE, "text": text, "events": [USER, given, OPENED, LISTEN, user]}
    asked = await bot.run("validate_problem_form", slots={"problem": text}, **call)
    assert "requested_slot" not in slots_set(asked)


async def test_a_later_unclear_text_is_not_added_to_the_case(bot: Bot) -> None:
    await bot.run("action_open_case", slots={"problem": "no monitor"})
    events = [USER, OPENED, LISTEN, USER, LISTEN, USER, LISTEN, USER, LISTEN, USER]
    meant = {"intent": {"name": "nlu_fallback", "confidence": 0.4}}
    result = await bot.run("action_fallback", text="qwe rty", meant=meant, events=events)
    assert responses(result) == ["utter_rephrase"]


async def test_a_question_is_not_an_answer_but_the_form_keeps_it(bot: Bot, story: Story) -> None:
    slots: dict[str, Any] = {"item": "monitor", "requested_slot": "item_reason"}
    given = {"event": "slot", "name": "item_reason", "value": "how long does it take?"}
    call = {
        "loop": {"name": "equipment_form"},
        "text": "how long does it take?",
        "events": [USER, given],
    }
    result = await bot.run(
        "validate_equipment_form", slots=slots | {"item_reason": given["value"]}, **call
    )
    assert responses(result) == ["utter_question_kept"]
    assert slots_set(result)["item_reason"] is None
    assert slots_set(result)["questions"] == "how long does it take?"
    done = slots | {"item_reason": "spreadsheets", "questions": "how long does it take?"}
    await bot.run("action_open_request", slots=done)
    (case,) = await story.rows(t.cases)
    assert case.description == "monitor\nWhat for: spreadsheets\nAsked: how long does it take?"


async def test_a_requester_who_texts_a_name_gets_a_greeting(bot: Bot) -> None:
    result = await bot.run("action_greet", text="hi, it's Ann Lee")
    assert (responses(result), slots_set(result)) == (
        ["utter_greet_by_name"],
        {"said_name": "Ann Lee"},
    )
    assert responses(await bot.run("action_greet", text="hello")) == ["utter_greet"]
    result = await bot.run("action_fallback", text="its priya here")
    assert slots_set(result) == {"said_name": "Priya"}


async def test_the_new_owner_of_a_number_gets_no_identity_check(bot: Bot) -> None:
    result = await bot.run("action_not_me", text="this number is somebody else's now")
    assert (responses(result), follows(result)) == (["utter_new_owner"], [])
    result = await bot.run("action_not_me", text="that is not me")
    assert (responses(result), follows(result)) == (["utter_not_you"], ["identity_form"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("oh sorry wrong number", "utter_wrong_number"),
        ("it is jammed again", "utter_rephrase"),
        ("i didnt get the code", "utter_no_proof"),
    ],
)
async def test_only_a_text_about_a_code_gets_an_answer_about_codes(
    bot: Bot, text: str, said: str
) -> None:
    meant = {"intent": {"name": "other_account", "confidence": 0.6}}
    assert responses(await bot.run("action_no_proof", text=text, meant=meant)) == [said]


def turn(text: str, did: str, intent: str, confidence: float = 0.6) -> list[dict[str, Any]]:
    """Return the events of an earlier turn."""
    data = {"intent": {"name": intent, "confidence": confidence}}
    return [
        {"event": "user", "text": text, "parse_data": data},
        {"event": "action", "name": did},
        LISTEN,
    ]


NOT_OURS = {"intent": {"name": "not_for_desk", "confidence": 0.9}}


async def test_unclear_texts_before_a_report_become_part_of_it(bot: Bot) -> None:
    before = turn("wow 11 wont start, we need it at 2", "action_not_for_desk", "not_for_desk")
    said = "the cart in room 4 is dead"
    found = {"event": "slot", "name": "problem", "value": said}
    result = await bot.run(
        "validate_problem_form",
        slots={"problem": said},
        loop=INSIDE,
        text=said,
        events=[*before, {"event": "user", "text": said}, found],
    )
    assert slots_set(result)["problem"] == f"wow 11 wont start, we need it at 2\n{said}"


async def test_an_answer_in_a_sentence_becomes_part_of_the_report(bot: Bot) -> None:
    said = "cannot finish the close without it, deadline is noon"
    found = {"event": "slot", "name": "impact", "value": "blocked"}
    result = await bot.run(
        "validate_problem_form",
        slots=REPORT | {"known_outage": "none", "impact": "blocked"},
        loop=INSIDE,
        text=said,
        events=[{"event": "user", "text": said}, found],
    )
    assert slots_set(result)["problem"] == f"my laptop is dead\n{said}"


async def test_a_request_keeps_everything_that_the_requester_wants(bot: Bot) -> None:
    text = "Hello, I need to arrange a laptop and a mobile phone for our incoming VP."
    meant = {"intent": {"name": "request_equipment", "confidence": 1.0}}
    call = {"loop": {"name": "equipment_form"}, "meant": meant}
    result = await bot.run(
        "validate_equipment_form", text=text, events=[{"event": "user", "text": text}], **call
    )
    assert slots_set(result)["item"] == "a laptop and a mobile phone for our incoming VP."
    general = "i want to request equipment"
    result = await bot.run(
        "validate_equipment_form", text=general, events=[{"event": "user", "text": general}], **call
    )
    assert "item" not in slots_set(result)


@pytest.mark.parametrize("text", ["Does it come with a bag?", "Oh, and a UK plug as well please."])
async def test_a_text_after_a_case_belongs_to_the_case_with_any_intent(
    bot: Bot, story: Story, text: str
) -> None:
    await bot.run("action_open_case", slots={"problem": "no monitor"})
    events = [USER, OPENED, LISTEN, *turn("lovely, thanks", "action_courtesy", "thanks"), USER]
    await bot.run("action_not_for_desk", text=text, meant=NOT_OURS, events=events)
    assert [row.note for row in await story.rows(t.case_changes)] == [None, text]


@pytest.mark.parametrize("action", ["action_open_request", "action_open_case"])
async def test_a_correction_of_a_case_opens_no_second_case(
    bot: Bot, story: Story, action: str
) -> None:
    await bot.run("action_open_case", slots={"problem": "a new keyboard"})
    text = "actually could somebody just fix it?"
    events = [USER, OPENED, LISTEN, {"event": "user", "text": text}]
    for form in ("problem_form", "equipment_form"):
        asked = await bot.run(
            f"validate_{form}", text=text, events=events, loop={"name": form}, slots={}
        )
        assert slots_set(asked)["requested_slot"] is None
    await bot.run(action, text=text, events=events, slots={"item": text, "problem": text})
    assert await story.count(t.cases) == 1
    assert [row.note for row in await story.rows(t.case_changes)] == [None, text]


async def test_a_question_right_after_a_request_is_added_to_it(bot: Bot, story: Story) -> None:
    await bot.run("action_open_request", slots={"item": "access to the audit folder"})
    text = "When I can have it please?"
    made = {"event": "action", "name": "action_open_request"}
    events = [USER, made, LISTEN, text_event("have_a_problem", text)]
    asked = await bot.run("validate_problem_form", text=text, events=events, loop=INSIDE, slots={})
    assert slots_set(asked)["requested_slot"] is None
    result = await bot.run("action_open_case", text=text, events=events)
    assert responses(result) == ["utter_question_added"]
    assert await story.count(t.cases) == 1


async def test_a_time_right_after_a_case_is_not_taken_for_a_question_about_the_hours(
    bot: Bot, story: Story
) -> None:
    await bot.run("action_open_case", slots={"problem": "excel shuts down"})
    text = "You may tell the technician I am at my desk until 7 pm."
    events = [USER, OPENED, LISTEN, text_event("office_hours", text)]
    await bot.run("action_office_hours", text=text, events=events)
    assert [row.note for row in await story.rows(t.case_changes)] == [None, text]


async def test_a_description_after_a_question_about_outages_becomes_a_case(
    bot: Bot, story: Story
) -> None:
    first, text = "nobody in Fresno can load routes, you know about this?", "send them home or wait"
    events = [
        *turn(first, "action_outage_news", "outage_news"),
        *turn("Fresno, west gate, 20 drivers", "action_fallback", "nlu_fallback"),
        text_event("nlu_fallback", text),
    ]
    assert responses(await bot.run("action_fallback", text=text, events=events)) == []
    await story.finish(bot.question, "A person will take over.")
    (case,) = await story.rows(t.cases)
    assert case.description == f"{first}\nFresno, west gate, 20 drivers\n{text}"


async def test_a_text_that_is_probably_about_the_report_stays_with_it(bot: Bot) -> None:
    meant = {"intent": {"name": "request_equipment", "confidence": 0.5}}
    text = "pretty bad, sharing one cart for 14 patients"
    result = await bot.run(
        "action_other_topic", slots=REPORT, loop=INSIDE, text=text, meant=meant, events=[USER]
    )
    assert follows(result) == ["action_fallback"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("fine ill go get coffee", "utter_no_more"), ("where is the canteen?", "utter_small_talk")],
)
async def test_a_remark_during_a_conversation_gets_no_explanation_of_the_number(
    bot: Bot, text: str, said: str
) -> None:
    events = [*turn("is outlook down", "action_outage_news", "outage_news"), USER]
    result = await bot.run("action_not_for_desk", text=text, meant=NOT_OURS, events=events)
    assert responses(result) == [said]


async def test_more_about_the_suggested_topic_continues_it(bot: Bot) -> None:
    events = unsure_events("2 things, the reader in bldg C is dead", "report_problem")
    text = "red light, doesnt beep"
    result = await bot.run("action_not_for_desk", text=text, meant=NOT_OURS, events=events)
    assert follows(result) == ["problem_form"]
    assert slots_set(result)["problem"] == f"2 things, the reader in bldg C is dead\n{text}"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ([], "is this not the shop?"),
        (turn("your dog is out", "action_not_for_desk", "not_for_desk"), "the brown one"),
    ],
)
async def test_an_answer_that_is_not_for_the_desk_starts_no_report(
    bot: Bot, before: list[dict[str, Any]], text: str
) -> None:
    events = [*before, *unsure_events("the little coffee one", "report_problem")]
    result = await bot.run("action_not_for_desk", text=text, meant=NOT_OURS, events=events)
    assert follows(result) == []


@pytest.mark.parametrize("text", ["oh sorry, wrong number", "ah perdón, me pasaron mal el número"])
async def test_a_text_about_a_wrong_number_ends_the_form(bot: Bot, story: Story, text: str) -> None:
    events = [USER, FALLBACK, LISTEN, USER]
    result = await bot.run("action_fallback", slots=REPORT, loop=INSIDE, text=text, events=events)
    assert responses(result) == ["utter_wrong_number"]
    assert await story.count(t.cases) == 0


async def test_a_second_text_that_may_be_for_the_desk_gets_an_answer(
    bot: Bot, story: Story
) -> None:
    understood = Understood(
        intent="not_for_desk", confidence=0.4, did=("action_not_for_desk",), collected={}
    )
    await bot.run("action_not_for_desk", text="nobody at Fresno can load routes")
    await story.finish(bot.question, "This is an IT help desk.", understood=understood)
    await story.text("like 20 drivers")
    bot.question = await story.begin(bot.interaction)  # type: ignore[assignment]
    before = turn("nobody at Fresno can load routes", "action_not_for_desk", "not_for_desk", 0.4)
    now = turn("like 20 drivers", "action_listen", "not_for_desk", 0.99)[:1]
    result = await bot.run(
        "action_not_for_desk", text="like 20 drivers", meant=NOT_OURS, events=[*before, *now]
    )
    assert (responses(result), follows(result)) == ([], ["action_fallback"])


@pytest.mark.parametrize("form", ["problem_form", "equipment_form", "identity_form"])
async def test_the_report_of_a_problem_that_solved_itself_is_dropped(bot: Bot, form: str) -> None:
    result = await bot.run(
        "action_fallback",
        slots=REPORT,
        loop={"name": form},
        text="omg it was caps lock. im in. forget it sorry",
        events=[USER],
    )
    dropped = form == "identity_form" or responses(result) == ["utter_dropped"]
    assert dropped
    assert follows(result) == ["action_drop_proof" if form == "identity_form" else "action_listen"]


async def test_a_postponed_report_becomes_a_case_when_a_person_takes_over(
    bot: Bot, story: Story
) -> None:
    wish = {"next_wish": "report_problem", "next_wish_text": "my headset crackles too"}
    await bot.run(
        "action_fallback", slots=wish, loop={"name": "identity_form"}, events=[USER, FALLBACK, USER]
    )
    (case,) = await story.rows(t.cases)
    assert case.description == "my headset crackles too"


async def test_a_question_inside_a_report_belongs_to_that_report(bot: Bot) -> None:
    meant = {"intent": {"name": "case_status", "confidence": 0.6}}
    text = "when will i have it?"
    result = await bot.run("action_case_status", slots=REPORT, loop=INSIDE, text=text, meant=meant)
    assert (responses(result), slots_set(result)) == (["utter_question_kept"], {"questions": text})


# A second request
# ------------------------------------------------------------------------------------


async def test_a_second_request_starts_after_the_form(bot: Bot) -> None:
    meant = {"intent": {"name": "request_equipment", "confidence": 0.9}}
    result = await bot.run(
        "action_other_topic", text="i need a new mouse", meant=meant, loop=INSIDE
    )
    wish = {"next_wish": "request_equipment", "next_wish_text": "i need a new mouse"}
    assert (responses(result), slots_set(result)) == (["utter_one_at_a_time"], wish)
    vague = {"intent": {"name": "request_equipment", "confidence": 0.5}}
    result = await bot.run("action_other_topic", text="the campus one", meant=vague, loop=INSIDE)
    assert (responses(result), follows(result)) == ([], ["action_fallback"])
    named = {"entities": [{"entity": "device", "value": "mouse"}]}
    said = {"event": "user", "text": "i need a new mouse", "parse_data": named}
    result = await bot.run(
        "action_open_case", slots={"problem": "no wifi"} | wish, events=[said, USER]
    )
    assert responses(result)[1:] == ["utter_next_wish"]
    assert (slots_set(result)["item"], slots_set(result)["next_wish"]) == ("a new mouse", None)
    assert follows(result) == ["equipment_form"]


async def test_a_password_request_inside_a_report_starts_after_it(bot: Bot) -> None:
    wish = {"next_wish": "account_help", "next_wish_text": "my account is locked"}
    result = await bot.run("action_open_case", slots={"problem": "no wifi"} | wish)
    assert follows(result) == ["action_account_help"]
    assert slots_set(result)["after_proof"] == "action_account_help"


# An uncertain topic -------------------------------------------------------------------------------


def unsure_events(text: str, likely: str, *more: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of a text about which the virtual agent asked, and of the next text."""
    entity = {"entity": "likely_topic", "value": likely}
    data = {"intent": {"name": "unsure_topic"}, "entities": [entity, *more]}
    return [{"event": "user", "text": text, "parse_data": data}, ASKED, LISTEN, USER]


@pytest.mark.parametrize(
    ("likely", "said"),
    [
        ("report_problem", "utter_ask_topic_case"),
        ("request_equipment", "utter_ask_topic_request_equipment"),
        ("account_help", "utter_ask_topic_account_help"),
        ("who_am_i", "utter_rephrase"),
    ],
)
async def test_the_virtual_agent_asks_before_it_opens_a_case(
    bot: Bot, likely: str, said: str
) -> None:
    meant = UNSURE | {"entities": [{"entity": "likely_topic", "value": likely}]}
    assert responses(
        await bot.run("action_ask_topic", text="the blue one flickers", meant=meant)
    ) == [said]


async def test_yes_continues_with_the_earlier_text(bot: Bot) -> None:
    events = unsure_events(
        "the blue one flickers", "report_problem", {"entity": "device", "value": "monitor"}
    )
    result = await bot.run("action_yes", text="yes", events=events)
    assert (responses(result), follows(result)) == ([], ["problem_form"])
    assert slots_set(result) == {"problem": "the blue one flickers", "device": "monitor"}
    result = await bot.run(
        "action_yes", text="yes", events=unsure_events("sap says no", "account_help")
    )
    assert follows(result) == ["action_account_help"]
    assert responses(await bot.run("action_yes", text="ok")) == ["utter_go_on"]
    after = await bot.run("action_yes", text="ok", events=[USER, OPENED, LISTEN, USER])
    assert responses(after) == ["utter_no_more"]


async def test_no_drops_the_earlier_text(bot: Bot) -> None:
    events = unsure_events("the blue one flickers", "report_problem")
    assert responses(await bot.run("action_no", text="no", events=events)) == [
        "utter_not_that_topic"
    ]
    assert responses(await bot.run("action_no", text="no")) == ["utter_no_more"]


def unsure(text: str, likely: str) -> dict[str, Any]:
    """Return the event of the current text, which may be about this topic."""
    return text_event("unsure_topic", text, {"entity": "likely_topic", "value": likely})


@pytest.mark.parametrize("likely", [("report_problem", "office_hours"), ("who_am_i", "more_facts")])
async def test_a_possible_report_becomes_a_case_when_a_person_takes_over(
    bot: Bot, story: Story, likely: tuple[str, str]
) -> None:
    monitor = {"entity": "device", "value": "monitor"}
    text = "its the blue one"
    now = unsure(text, likely[1])
    events = [*unsure_events("the blue one flickers", likely[0], monitor)[:-1], now]
    result = await bot.run("action_ask_topic", text=text, meant=now["parse_data"], events=events)
    assert responses(result) == []  # the confirmation of the case announces the person
    await story.finish(bot.question, "A person will take over.")
    (case,) = await story.rows(t.cases)
    assert (case.description, case.impact) == ("the blue one flickers\nits the blue one", None)
    assert case.device == "monitor"
    (item,) = await story.rows(t.work_items)
    assert item.collected["Case"] == "CS0000001"


async def test_a_report_becomes_a_case_if_later_texts_are_not_understood(
    bot: Bot, story: Story
) -> None:
    text = "its the blue one"
    before = unsure_events("the blue one flickers", "report_problem")
    events = [*before, FALLBACK, LISTEN, text_event("nlu_fallback", text)]
    result = await bot.run("action_fallback", text=text, events=events)
    assert responses(result) == []
    await story.finish(bot.question, "A person will take over.")
    (case,) = await story.rows(t.cases)
    assert case.description.startswith("the blue one flickers\n")
    assert case.description.endswith("\nits the blue one")


async def test_two_unclear_texts_about_something_else_open_no_case(bot: Bot, story: Story) -> None:
    text = "the blue ones"
    now = unsure(text, "request_equipment")
    events = [*unsure_events("how late is it", "office_hours")[:-1], now]
    result = await bot.run("action_ask_topic", text=text, meant=now["parse_data"], events=events)
    assert responses(result) == ["utter_unsure_twice"]
    await story.finish(bot.question, "A person will take over.")
    (item,) = await story.rows(t.work_items)
    assert item.collected == {"Not understood": "how late is it\nthe blue ones"}
    assert await story.rows(t.cases) == []


@pytest.mark.parametrize(
    ("slots", "then"),
    [
        ({"problem": "my laptop is dead"}, "problem_form"),
        ({"item": "a second monitor"}, "equipment_form"),
        ({"problem": "Cannot get into: VPN\ni can not work"}, "action_account_help"),
        ({"problem": "Password or locked account"}, "action_account_help"),
    ],
)
async def test_the_topic_continues_after_the_requester_opts_in_again(
    bot: Bot, slots: dict[str, str], then: str
) -> None:
    result = await bot.run("action_resume_topic", slots=slots)
    assert (responses(result), follows(result)) == (["utter_resumed"], [then])


# Not for the desk ---------------------------------------------------------------------------------


async def test_a_second_text_not_for_the_desk_gets_no_answer_and_a_line_says_so(
    bot: Bot, story: Story
) -> None:
    assert responses(await bot.run("action_not_for_desk", text="running late")) == [
        "utter_not_for_desk"
    ]
    understood = Understood(
        intent="not_for_desk", confidence=0.9, did=("action_not_for_desk",), collected={}
    )
    await story.finish(bot.question, "This is an IT help desk.", understood=understood)
    await story.text("see you at 8")
    bot.question = await story.begin(bot.interaction)  # type: ignore[assignment]
    for _ in range(2):
        assert responses(await bot.run("action_not_for_desk", text="see you at 8")) == []
    assert await story.finish(bot.question) is TurnOutcome.SILENT
    assert await story.count(t.work_items) == 0
    assert [m.body for m in await story.rows(t.messages) if m.body == UNANSWERED] == [UNANSWERED]

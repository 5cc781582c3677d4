"""No report is lost: whole conversations with the real Rasa and the whole service."""

import itertools
from collections.abc import Callable

import pytest

from tests.bot.test_identity_story import Talk, desk  # noqa: F401 - desk is a fixture
from tests.support.service import Service

HOW_BAD = "How much does this affect you?\n1 I can't work\n2 I can still work"
AGAIN = "Can you still work for now?\n1 Yes, I can work\n2 No, I can't"
WHAT_FOR = "What is it for? One sentence is enough."
_numbers = itertools.count(1)


@pytest.fixture
def talk(desk: Service) -> Callable[[], Talk]:  # noqa: F811
    """Return a function that creates a requester who has never texted before."""
    return lambda: Talk(desk, f"+13035552{next(_numbers):03}")


def test_facts_in_reply_to_a_choice_become_part_of_the_case(talk: Callable[[], Talk]) -> None:
    guest = talk()
    assert guest.says("my laptop wont turn on", "affect") == [HOW_BAD]
    assert guest.says("it just beeps", "still work") == [f"Thanks, I've added that. {AGAIN}"]
    said = guest.says("three beeps and then nothing", "in line")
    assert said[0].startswith("I've opened case CS"), said
    assert said[0].endswith("A person will continue with you here.")
    assert guest.interaction["owner"]["kind"] == "queue"


def test_a_thumbs_up_answers_the_rephrased_question(talk: Callable[[], Talk]) -> None:
    guest = talk()
    guest.says("my laptop wont turn on", "affect")
    guest.says("it just beeps", "still work")
    said = guest.says("👍", "I've opened case")
    assert len(said) == 1, said
    assert "my laptop wont turn on" in said[0]


@pytest.mark.parametrize("question", ["how long does that take?", "do i have to pay for it?"])
def test_a_question_is_not_stored_as_the_reason_for_a_request(
    talk: Callable[[], Talk], question: str
) -> None:
    guest = talk()
    assert guest.says("i need a second monitor", "What is it for") == [WHAT_FOR]
    said = guest.says(question, "What is it for")
    assert said == ["I can't answer that, but I'll note it for a person.", WHAT_FOR]
    guest.says("i work with big spreadsheets", "I've opened request")


@pytest.mark.parametrize("more", ["the small one, please", "with a stand if possible"])
def test_additions_to_a_request_are_kept(talk: Callable[[], Talk], more: str) -> None:
    guest = talk()
    guest.says("i need a new monitor", "What is it for")
    guest.says("i work with big spreadsheets", "I've opened request")
    (said,) = guest.says(more, "Added to CS")
    assert more in said


@pytest.mark.parametrize("more", ["the fan spins though", "it got hot yesterday too"])
def test_additions_to_a_report_open_no_second_case(talk: Callable[[], Talk], more: str) -> None:
    guest = talk()
    guest.says("my laptop wont turn on", "affect")
    guest.says("2", "I've opened case")
    (said,) = guest.says(more, "CS0")
    assert said.startswith("Added to CS"), said


def test_a_request_for_a_person_during_a_report_opens_its_case(talk: Callable[[], Talk]) -> None:
    guest = talk()
    guest.says("my laptop wont turn on", "affect")
    said = guest.says("let me talk to a human", "in line")
    assert said[0].startswith("I've opened case CS"), said


@pytest.mark.parametrize(("command", "ends"), [("BYE", "Goodbye"), ("RESTART", "start over")])
def test_bye_and_restart_turn_an_unfinished_report_into_a_case(
    talk: Callable[[], Talk], command: str, ends: str
) -> None:
    guest = talk()
    guest.says("my laptop wont turn on", "affect")
    said = guest.says(command, ends)
    assert said[0].startswith("I've opened case CS"), said


def test_a_correction_opens_no_second_request(talk: Callable[[], Talk]) -> None:
    guest = talk()
    guest.says("i need a new keyboard", "What is it for")
    (said,) = guest.says("the letter e does not work", "I've opened request")
    assert "a new keyboard" in said
    (said,) = guest.says("actually could somebody just fix the keyboard?", "CS0")
    assert said.startswith("Added to CS"), said
    assert guest.says("thanks", "welcome") == ["You're welcome."]


def test_after_repeated_asides_the_form_hands_off_instead_of_asking_for_the_account(
    talk: Callable[[], Talk],
) -> None:
    guest = talk()
    guest.says("whats the status of my case", "employee number")
    assert guest.says("thx", "AGENT.")[-1].endswith("If you have neither, text AGENT.")
    guest.says("what can you do", "AGENT.")
    said = guest.says("hello", "in line")
    assert "I couldn't verify you, so a person will take over." in said


def test_a_text_that_it_works_again_drops_the_request(talk: Callable[[], Talk]) -> None:
    guest = talk()
    guest.says("whats the status of my case", "employee number")
    assert guest.says("nvm, it works again", "dropped") == [
        "OK, I've dropped it. Text us any time."
    ]


def test_a_spanish_report_continues_in_spanish_after_cancel_and_start(
    talk: Callable[[], Talk],
) -> None:
    guest = talk()
    guest.says("hola, mi laptop no enciende", "trabajar")
    assert guest.says("CANCEL", "START")[0].startswith("Ya no recibe textos de ")
    guest.read = 0
    assert guest.says("START", "trabajar")[1] == "Gracias por volver. Sigamos con su reporte."


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("my laptop wont turn on", "affect"),
        ("i need a second monitor", WHAT_FOR),
        ("i forgot my password", "employee number"),
    ],
)
def test_after_stop_and_start_the_topic_continues(
    talk: Callable[[], Talk], text: str, asks: str
) -> None:
    guest = talk()
    guest.says(text, asks)
    guest.says("STOP", "START")
    guest.read = 0  # the next text begins another conversation
    said = guest.says("START", asks)
    assert said[1] == "Welcome back. Let's go on with your report."
    assert asks in said[2]


def test_lost_access_becomes_a_case_even_without_a_verified_requester(
    talk: Callable[[], Talk],
) -> None:
    guest = talk()
    guest.says("i forgot my password", "employee number")
    said = guest.says("let me talk to a human", "in line")
    assert said[0].startswith("I've opened case CS"), said
    assert "Password or locked account" in said[0]


def test_a_requester_who_gives_a_name_is_greeted_by_name(talk: Callable[[], Talk]) -> None:
    (said,) = talk().says("hi, it's Priya", "virtual agent")
    assert said.startswith("Hi Priya, I'm the help desk's virtual agent.")


def test_the_new_owner_of_a_number_gets_no_identity_check(talk: Callable[[], Talk]) -> None:
    (said,) = talk().says("this number is somebody else's now", ".")
    assert said.startswith("Thanks for telling us."), said


def test_the_reply_to_a_wrong_number_does_not_mention_codes(talk: Callable[[], Talk]) -> None:
    guest = talk()
    guest.says("hello", "virtual agent")
    (said,) = guest.says("oh sorry, wrong number", ".")
    assert "IT help desk" in said or "help desk" in said, said
    assert "code" not in said


def test_a_second_topic_starts_after_the_report(talk: Callable[[], Talk]) -> None:
    guest = talk()
    guest.says("my laptop wont turn on", "affect")
    said = guest.says("my account is locked too", "affect")
    assert said == ["Let's finish this first, then I'll come back to that.", HOW_BAD]
    said = guest.says("2", "employee number")
    assert said[0].startswith("I've opened case CS")
    assert said[1] == "Now to the other thing you asked for."
    assert said[2].startswith("This protects your account. To confirm who you are")


def test_the_virtual_agent_explains_why_it_asks_for_the_account(talk: Callable[[], Talk]) -> None:
    (said,) = talk().says("whats the status of my case", "employee number")
    assert said.startswith("Only you should see your cases. To confirm who you are")


def test_after_two_unclear_texts_the_requester_learns_why_a_person_takes_over(
    talk: Callable[[], Talk],
) -> None:
    guest = talk()
    guest.says("asdf qwer", "put it another way")
    said = guest.says("zxcv uiop", "in line")
    assert said[0] == "Sorry, I still didn't get that, so a person will take over."


def test_spanish_is_answered_in_spanish(talk: Callable[[], Talk]) -> None:
    guest = talk()
    assert guest.says("hola, mi laptop no enciende", "trabajar") == [
        "¿Puede trabajar a pesar de esto?\n1 No puedo trabajar\n2 Puedo trabajar"
    ]
    (said,) = guest.says("1", "caso CS")
    assert said.startswith("He abierto el caso CS")

"""Names in texts, questions, and texts about another person or a wrong number."""

import pytest

from handoff_service.rules.virtual_agent.names_in_texts import (
    bare_name,
    has_new_owner,
    introduced_name,
    is_for_somebody_else,
    is_wrong_number,
)
from handoff_service.rules.virtual_agent.questions import is_question


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hi, it's Ann Lee", "Ann Lee"),
        ("hey this is bob", "Bob"),
        ("Its Priya here", "Priya"),
        ("My name is Mary-Jane O'Neil.", "Mary-Jane O'Neil"),
        ("hi its tom, employee number E2001, wifi is down", "Tom"),
        ("soy José García", "José García"),
        ("Hallo, ich heiße Jana Weiß", "Jana Weiß"),
        ("bonjour, je m'appelle Zoé", "Zoé"),
        ("ich bin gesperrt", None),
        ("je suis bloqué", None),
        ("Hello this is Fatima from the night shift", "Fatima"),
        ("it's broken", None),
        ("it's just black, no lights", None),
        ("this is urgent", None),
        ("im locked out", None),
        ("i'm having trouble", None),
        ("its not working", None),
        ("it's the small one", None),
        ("hello", None),
    ],
)
def test_a_name_is_found_in_a_text(text: str, name: str | None) -> None:
    assert introduced_name(text) == name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("this number is somebody else's now", True),
        ("this number belongs to someone else", True),
        ("this phone has a new owner", True),
        ("Este número ahora es de otra persona", True),
        ("this is not Paul's phone any more", True),
        ("This isnt Hannahs number anymore, stop", True),
        ("I got this number in May", True),
        ("i took over this number from a colleague", True),
        ("este ya no es el celular de Rocío", True),
        ("este número ya no es de Lupita", True),
        ("diese Nummer gehört jetzt jemand anderem", True),
        ("ce numéro est maintenant à quelqu'un d'autre", True),
        ("it's not my phone", False),
        ("the phone is not working any more", False),
        ("i never got my new phone", False),
        ("my phone number is E1001", False),
        ("that is not me", False),
        ("my phone is broken, somebody else has the same", False),
    ],
)
def test_a_text_about_a_new_owner_of_the_number_is_recognized(text: str, found: bool) -> None:
    assert has_new_owner(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("oh sorry wrong number", True),
        ("oops, texted the wrong person", True),
        ("perdón, número equivocado", True),
        ("falsche Nummer, sorry", True),
        ("désolé, je me suis trompé de numéro", True),
        ("das ist die falsche adresse", False),
        ("i gave you the wrong e-mail", False),
        ("wrong code", False),
    ],
)
def test_a_text_to_a_wrong_number_is_recognized(text: str, found: bool) -> None:
    assert is_wrong_number(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("how long does it take?", True),
        ("ok but do i have to pay for it?", True),
        ("¿Cuánto tarda?", True),
        ("cuanto tarda?", True),
        ("wie lange dauert das?", True),
        ("muss ich das bezahlen?", True),
        ("ça prend combien de temps ?", False),
        ("combien de temps ça prend ?", True),
        ("est-ce que c'est payant ?", True),
        ("y a-t-il des frais ?", True),
        ("der blaue?", False),
        ("monitor?", False),
        ("why it broke i can't say", False),
        ("for the new hire, ok?", False),
        ("i work with big spreadsheets", False),
    ],
)
def test_a_question_is_recognized(text: str, found: bool) -> None:
    assert is_question(text) is found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Oleksandr Bondar", "Oleksandr Bondar"),
        ("Yuliana Restrepo, de cartera", "Yuliana Restrepo"),
        ("Buenas Tardes, soy nueva", None),
        ("the one from accounting, please", None),
    ],
)
def test_a_text_that_is_only_a_name_is_recognized(text: str, name: str | None) -> None:
    assert bare_name(text) == name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("its not for me, its for my colleague Maria", True),
        ("it's for our intern", True),
        ("no es para mí, es para la practicante", True),
        ("nicht für mich, das ist für meinen Kollegen", True),
        ("ce n'est pas pour moi", True),
        ("that is not me", False),
        ("i am not Maria", False),
        ("wrong number", False),
    ],
)
def test_a_request_for_somebody_else_is_recognized(text: str, found: bool) -> None:
    assert is_for_somebody_else(text) is found

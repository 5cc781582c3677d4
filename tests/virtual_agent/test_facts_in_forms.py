"""Texts inside a form that add facts to the report or request."""

import pytest

from handoff_service.rules.virtual_agent.additions import asks_about_new_case
from handoff_service.rules.virtual_agent.facts_in_forms import (
    tells_fact,
    tells_of_error,
    wants_replacement,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("error say authentication fail", True),
        ("it says wrong password", True),
        ("keeps asking for my pin", True),
        ("me dice usuario inválido", True),
        ("es steht passwort falsch", True),
        ("il affiche mot de passe incorrect", True),
        ("also my account says locked", False),
        ("i forgot my password", False),
        ("can you unlock my account, it says expired", False),
        ("ich habe auch das passwort vergessen", False),
    ],
)
def test_a_quoted_error_message_is_recognized(text: str, found: bool) -> None:
    assert tells_of_error(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("i think i need a new one", True),
        ("just replace it", True),
        ("necesito otro", True),
        ("ich brauche wohl eine neue", True),
        ("il m'en faudrait un autre", True),
        ("i need a new chair", False),
        ("and access to the Marketing folder", False),
    ],
)
def test_a_request_for_a_replacement_is_recognized(text: str, found: bool) -> None:
    assert wants_replacement(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("we let people in by hand", True),
        ("thanks, it is in room 4", True),
        ("gracias, estamos en el tercer piso", True),
        ("danke, wir sind im zweiten stock", True),
        ("merci, c'est au fond du couloir", True),
        ("lol you are funny", False),
        ("thank you so much for your help", False),
        ("have a nice day", False),
        ("im hungry", False),
        ("is it going to rain today", False),
        ("wie geht es dir heute", False),
    ],
)
def test_a_courtesy_with_a_fact_differs_from_a_courtesy_without_one(text: str, found: bool) -> None:
    assert tells_fact(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gracias, ¿van a venir?", True),
        ("thanks, are they coming?", True),
        ("ok when will someone come", True),
        ("how long does that take", True),
        ("danke, kommt jemand vorbei?", True),
        ("merci, quelqu'un passe ?", True),
        ("any update on my other ticket?", False),
        ("what is the status of my case", False),
        ("¿y mi solicitud anterior?", False),
        ("wie ist der stand von gestern?", False),
        ("my monitor from last week", False),
    ],
)
def test_a_question_right_after_a_case_can_be_about_it(text: str, found: bool) -> None:
    assert asks_about_new_case(text) is found

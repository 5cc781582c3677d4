"""Texts inside a form that do not answer its question: requests to wait, missing account numbers,
"why?", and names.
"""

import pytest

from handoff_service.rules.virtual_agent.asides import asks_why, has_no_account, is_pause
from handoff_service.rules.virtual_agent.names_in_texts import bare_name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ah hang on", True),
        ("wait", True),
        ("one moment please", True),
        ("Un momento, por favor", True),
        ("espere", True),
        ("Moment bitte", True),
        ("warte mal", True),
        ("un instant svp", True),
        ("attendez", True),
        ("warte seit zwei Wochen auf die Maus", False),
        ("wait it is the blue one that broke, not the gray one", False),
        ("wait what is that", False),
        ("the one by the door", False),
        ("it hangs on start", False),
    ],
)
def test_a_request_to_wait_is_recognized(text: str, found: bool) -> None:
    assert is_pause(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("i dont have a number", True),
        ("I don't have either", True),
        ("I do not know my employee number", True),
        ("i have no employee number yet", True),
        ("no tengo número de empleado todavía, empecé ayer", True),
        ("no me acuerdo de mi ID", True),
        ("my employee number is E1001", False),
        ("i don't have time for this", False),
        ("no tengo internet", False),
        ("ich habe keine Personalnummer", True),
        ("weiß ich nicht, meine nummer habe ich nicht da", True),
        ("je n'ai pas de matricule", True),
        ("je ne connais pas mon numéro", True),
        ("ich habe kein internet", False),
        ("je n'ai pas internet", False),
    ],
)
def test_a_requester_without_an_account_number_is_recognized(text: str, found: bool) -> None:
    assert has_no_account(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("why do you need that", True),
        ("what for?", True),
        ("¿Por qué me lo pide?", True),
        ("wozu brauchen Sie das", True),
        ("et pourquoi ?", True),
        ("i don't see why the screen is black", False),
        ("why it broke I can't say, it fell from the desk last night", False),
    ],
)
def test_the_question_why_the_virtual_agent_asks_is_recognized(text: str, found: bool) -> None:
    assert asks_why(text) is found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Oleksandr Bondar", "Oleksandr Bondar"),
        ("Lucía Ferrer.", "Lucía Ferrer"),
        ("Mary-Jane van Dyk", None),
        ("Good Morning", None),
        ("Hello", None),
        ("Muchas Gracias", None),
        ("E1001 Ann", None),
        ("Service Desk", None),
        ("My Screen Is Black", None),
    ],
)
def test_a_text_that_is_only_a_name_is_recognized(text: str, name: str | None) -> None:
    assert bare_name(text) == name

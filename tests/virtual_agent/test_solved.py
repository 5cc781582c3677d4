"""Texts that report a solved problem, say goodbye, or request equipment."""

import pytest

from handoff_service.rules.virtual_agent.equipment_words import equipment_in, names_equipment
from handoff_service.rules.virtual_agent.farewells import is_goodbye
from handoff_service.rules.virtual_agent.solved import is_solved


@pytest.mark.parametrize(
    ("text", "solved"),
    [
        ("omg it was caps lock. im in. forget it sorry", True),
        ("never mind, it works now", True),
        ("its working again", True),
        ("false alarm", True),
        ("ya funciona, gracias", True),
        ("ya quedó", True),
        ("geht wieder, danke", True),
        ("hat sich erledigt", True),
        ("laissez tomber", True),
        ("c'est bon, ça remarche", True),
        ("geht wieder nicht", False),
        ("ça ne remarche pas", False),
        ("it doesn't work now", False),
        ("it is not working again", False),
        ("it stopped, works now and then", False),
        ("im in room 4", False),
        ("im in accounting", False),
        ("tell me when it works again", False),
        ("it is jammed again", False),
    ],
)
def test_a_text_that_the_problem_is_solved_is_recognized(text: str, solved: bool) -> None:
    assert is_solved(text) is solved


@pytest.mark.parametrize(
    ("text", "goodbye"),
    [
        ("bye", True),
        ("ok talk later", True),
        ("hasta mañana", True),
        ("Tschüss", True),
        ("schönen Feierabend", True),
        ("au revoir", True),
        ("bonne journée", True),
        ("hold on a sec", False),
        ("wait", False),
        ("finally", False),
    ],
)
def test_a_goodbye_is_recognized(text: str, goodbye: bool) -> None:
    assert is_goodbye(text) is goodbye


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("i need a new keyboard", "a new keyboard"),
        ("can we get 2 more scanners for inbound", "2 more scanners for inbound"),
        ("Hi, could I have a UK plug please", "a UK plug please"),
        ("necesito un cargador", "un cargador"),
        ("Ich brauche eine neue Maus", "eine neue Maus"),
        ("j'ai besoin d'un écran", "un écran"),
        ("Bonjour, il me faut une souris svp", "une souris svp"),
        ("ich möchte etwas bestellen", None),
        ("je voudrais commander du matériel", None),
        ("Buenas, ¿podría tener un segundo monitor?", "un segundo monitor?"),
        ("i want to request equipment", None),
        ("can i order something new", None),
        ("necesito un equipo nuevo", None),
    ],
)
def test_requested_equipment_is_found_in_a_text(text: str, wanted: str | None) -> None:
    assert (equipment_in(text) if names_equipment(text) else None) == wanted

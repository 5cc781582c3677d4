"""Texts right after a case was opened: additions to the case, or another report."""

import pytest

from handoff_service.rules.virtual_agent.additions import (
    asks_about_case,
    is_about_present_equipment,
    is_addition,
    is_availability,
)


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("the fan spins though", ()),
        ("the screen stays black", ("monitor",)),
        ("it happened after the update", ()),
        ("it wont connect to the wifi either", ("Wi-Fi",)),
        ("and i cant print from it", ()),
        ("my laptop gets hot too", ("laptop",)),
        ("oh and it smells burnt", ()),
        ("el ventilador sí gira", ()),
        ("también hace ruido", ()),
        ("se apaga cuando lo muevo", ()),
    ],
)
def test_a_text_about_the_reported_problem_is_an_addition(
    text: str, devices: tuple[str, ...]
) -> None:
    assert is_addition(text, devices, "laptop")


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("also my printer is broken", ("printer",)),
        ("the printer jams too", ("printer",)),
        ("i have another problem", ()),
        ("and there is a second issue", ()),
        ("cant open the shared calendar", ()),
        ("my badge does not open the door", ()),
        ("the new joiner on my team has no desk, no phone and no badge", ()),
        ("el sap no abre", ("sap",)),
        ("tengo otro problema", ()),
    ],
)
def test_a_text_about_another_problem_is_not_an_addition(
    text: str, devices: tuple[str, ...]
) -> None:
    assert not is_addition(text, devices, "laptop")


def test_a_text_about_a_part_belongs_to_a_device_that_has_the_part() -> None:
    assert is_addition("the screen flickers", ("monitor",), "tablet")
    assert not is_addition("the screen flickers", ("monitor",), "printer")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the one I have is falling apart", True),
        ("mine broke last week", True),
        ("ok, my old one is dead", True),
        ("los que traigo ya no sirven", True),
        ("la mía está rota", True),
        ("the printer is broken", False),
        ("my screen is broken", False),
        ("las luces parpadean", False),
    ],
)
def test_a_text_about_the_requesters_present_equipment_is_recognized(
    text: str, found: bool
) -> None:
    assert is_about_present_equipment(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("When I can have it please?", True),
        ("how long does that take?", True),
        ("can you help me with another problem?", False),
        ("i have another question", False),
    ],
)
def test_a_question_about_the_case_is_recognized(text: str, found: bool) -> None:
    assert asks_about_case(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("You may tell the technician I am at my desk until 7 pm.", True),
        ("Pues uno de 24 va que chuta", True),
        ("i work from home on fridays so not then", True),
        ("how late are you there today", False),
        ("tell me your opening hours please", False),
        ("are you there until seven tonight", False),
        ("hasta qué hora atienden hoy ustedes", False),
        ("bis wann seid ihr heute da", False),
        ("and on sunday", False),
    ],
)
def test_the_senders_own_availability_is_not_a_question_about_the_hours(
    text: str, found: bool
) -> None:
    assert is_availability(text) is found

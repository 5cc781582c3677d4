"""Requesters who text in Spanish are answered in Spanish, in texts that fit."""

import string

import pytest

from handoff_service.ports import Understood
from handoff_service.rules.delivery.sms_text import Encoding, segments
from handoff_service.rules.virtual_agent.bot_replies import opened
from handoff_service.rules.virtual_agent.language import language_of
from handoff_service.rules.virtual_agent.spanish_replies import SPANISH
from tests.support.story import Story


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hola, mi computadora no prende", "es"),
        ("¿hablas español?", "es"),
        ("olvidé mi contraseña", "es"),
        ("que tal? no funciona mi ordenador", "es"),
        ("hi, my laptop won't start", "en"),
        ("i need a new monitor please", "en"),
        ("no", None),
        ("ok", None),
        ("wifi", None),
        ("2", None),
    ],
)
def test_the_language_of_a_text(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_spanish_replies_keep_the_placeholders_and_the_short_encoding() -> None:
    for english, spanish in SPANISH.items():
        fields = [
            sorted(str(f[1]) for f in string.Formatter().parse(t)) for t in (english, spanish)
        ]
        assert set(fields[0]) - {"None"} == set(fields[1]) - {"None"}, english
        assert segments(spanish).encoding is Encoding.GSM_7, spanish


def test_a_case_is_confirmed_in_spanish() -> None:
    then = "Text any details here, or ask for a person."
    said = opened("case", "CS0000001", "no prende", then, "es")
    assert (
        said
        == "He abierto el caso CS0000001: no prende. Escriba otros detalles, o pida una persona."
    )


async def test_the_bot_is_told_the_language_when_it_changes(story: Story) -> None:
    interaction = (await story.text("hola, mi computadora no prende")).interaction_id or 0
    question = await story.begin(interaction)
    assert question is not None
    assert question.metadata["before"] == {"slots": {"language": "es"}}
    told = Understood(intent="greet", confidence=1.0, did=(), collected={"Language": "es"})
    await story.finish(question, "Hola.", understood=told)
    await story.text("la impresora no funciona")
    question = await story.begin(interaction)
    assert question is not None
    assert "before" not in question.metadata
    await story.finish(question, "Hola.", understood=told)
    await story.text("my printer is broken too")
    question = await story.begin(interaction)
    assert question is not None
    assert question.metadata["before"] == {"slots": {"language": "en"}}

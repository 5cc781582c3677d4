"""Requesters who text in Spanish get Spanish answers, which fit where the English ones do."""

import inspect
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest

import actions.account_help
import actions.cases
import actions.fallback
import actions.problem_form
import actions.requests
from handoff_service.bot_control.bot_text_lint import in_domain, read_settings
from handoff_service.bot_control.rasa_cli import ROOT
from handoff_service.operations.consent import apply_consent
from handoff_service.operations.desk.texts import ChangeText, change_text
from handoff_service.operations.virtual_agent import apply_command
from handoff_service.ports import Understood
from handoff_service.rules.delivery.sms_text import Encoding, segments
from handoff_service.rules.desk import system_messages
from handoff_service.rules.desk.system_messages import SystemMessage, in_language
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import CaseState
from handoff_service.rules.virtual_agent import bot_replies, bot_text
from handoff_service.rules.virtual_agent.bot_replies import CaseLine, opened
from handoff_service.rules.virtual_agent.bot_text import Choice, with_choices
from handoff_service.rules.virtual_agent.sms_check import BotText
from handoff_service.rules.virtual_agent.spanish_replies import SPANISH, facts_in_language
from handoff_service.store.desk import texts
from tests.support.story import Story

ES = Language.SPANISH
NOW = datetime(2026, 11, 27, 14, 0, tzinfo=UTC)  # Friday, 09:00 in New York
NEW_YORK = "America/New_York"
#: Asking for a language is answered in that language.
ONE_LANGUAGE = {
    *("utter_speak_spanish", "utter_speak_spanish_in_form"),
    *("utter_speak_english", "utter_speak_english_in_form"),
}
#: Modules whose texts to requesters are constants. Outages have no Spanish text yet.
SAY = (bot_replies, bot_text, actions.cases, actions.requests, actions.account_help)
SAY_TOO = (actions.fallback, actions.problem_form, apply_command, apply_consent)
FOR_AGENTS = {
    *(bot_replies.ANOTHER_PROBLEM, apply_command.ASKED, apply_command.SAID_GOODBYE),
    *(apply_consent.SAID_STOP, apply_consent.SAID_START, apply_consent.MAY_WANT_OUT),
    *(actions.fallback.REASON, actions.fallback.REASON_WITH_CASE, actions.account_help.REASON),
}


def sentences(module: ModuleType) -> Iterator[str]:
    """The module's own constants that read as a text to a person."""
    own = inspect.getsource(module)
    for name, value in vars(module).items():
        if name.isupper() and isinstance(value, str) and f"\n{name} = " in own and " " in value:
            yield value


def replies() -> dict[str, list[BotText]]:
    """The variants of each response in domain.yml."""
    found: dict[str, list[BotText]] = {}
    for text in in_domain(ROOT):
        found.setdefault(text.name, []).append(text)
    return found


def sent(text: BotText, longest: dict[str, str]) -> str:
    filled = [placeholders.fill(line.words, longest) for line in (text.text, *text.buttons)]
    return with_choices(filled[0], [Choice(title, "") for title in filled[1:]])


@pytest.mark.parametrize("name", sorted(replies().keys() - ONE_LANGUAGE))
def test_each_response_has_a_spanish_variant_that_fits(name: str) -> None:
    english, spanish = replies()[name]
    longest = dict(read_settings(ROOT).longest)
    fields = [
        {f[1] for f in string.Formatter().parse(one.text.words) if f[1]}
        for one in (english, spanish)
    ]
    assert fields[0] == fields[1]
    assert len(english.buttons) == len(spanish.buttons)
    counted = segments(sent(spanish, longest))
    assert counted.encoding is Encoding.GSM_7, counted.forced_by
    assert counted.count <= segments(sent(english, longest)).count


@pytest.mark.parametrize("said", [s for module in (*SAY, *SAY_TOO) for s in sentences(module)])
def test_each_text_of_an_action_has_spanish(said: str) -> None:
    assert said in SPANISH or said in FOR_AGENTS


def test_spanish_replies_keep_the_placeholders_and_the_short_encoding() -> None:
    for english, spanish in SPANISH.items():
        fields = [
            sorted(str(f[1]) for f in string.Formatter().parse(t)) for t in (english, spanish)
        ]
        assert set(fields[0]) - {"None"} == set(fields[1]) - {"None"}, english
        counted = segments(spanish)
        assert (counted.count, counted.encoding) == (1, Encoding.GSM_7), spanish


@pytest.mark.parametrize("message", [m for m in SystemMessage if not m.endswith("_es")])
def test_each_system_message_has_spanish_of_the_same_size(message: SystemMessage) -> None:
    spanish = in_language(message, ES)
    assert spanish != message
    parts = [set(system_messages.TEXTS[m].placeholders) for m in (message, spanish)]
    assert parts[0] == parts[1]
    for text in system_messages.examples(spanish):
        counted = segments(text)
        assert (counted.count, counted.encoding) == (1, Encoding.GSM_7), text


def test_each_status_is_told_in_spanish() -> None:
    for state in CaseState:
        for days in (0, 1, 30, 400):
            case = CaseLine(
                number="CS1234567890",
                state=state,
                description="teclado " * 40,
                changed_at=NOW - timedelta(days=days),
            )
            one = bot_replies.one_case(case, NEW_YORK, NOW, ES)
            assert segments(one).count == 1
            assert "Actualizado" in one
            many = bot_replies.open_cases([case] * 5, ES)
            assert segments(many).count == 1
            assert many.startswith("Tiene 5 casos abiertos.")
    assert bot_replies.open_cases([], ES).startswith("No tiene casos")


def test_the_hours_are_told_in_spanish() -> None:
    for hours in (1, 24, 24 * 4, 24 * 40):
        at = NOW + timedelta(hours=hours)
        common = {"zone": NEW_YORK, "now": NOW, "language": ES}
        is_open = bot_replies.hours(is_open=True, until=at, opens=None, **common)
        closed = bot_replies.hours(is_open=False, until=None, opens=at, **common)
        for said, begins in ((is_open, "Atendemos hasta "), (closed, "Ahora no atendemos.")):
            assert said.startswith(begins)
            assert "hora de New York" in said
            counted = segments(said)
            assert (counted.count, counted.encoding) == (1, Encoding.GSM_7), said
    for is_open in (True, False):
        said = bot_replies.hours(is_open=is_open, until=None, opens=None, **common)
        assert segments(said).count == 1
        assert "atende" in said.casefold()


def test_an_outage_is_named_in_spanish() -> None:
    down = [("VPN", "The VPN is down since 9.")]
    said = bot_replies.outage_news(down, asked_behind=False, language=ES)
    assert said == "Ahora falla: VPN. Aviso de soporte: The VPN is down since 9."
    long = [("VPN", "The VPN is down since 9. " * 6)]
    said = bot_replies.outage_news(long, asked_behind=True, language=ES)
    assert said == "Ahora falla: VPN. Ya trabajamos en eso."
    many = bot_replies.outage_news([("x" * 50, "")] * 9, asked_behind=True, language=ES)
    assert segments(many).count == 1
    assert bot_replies.outage_news([], asked_behind=False, language=ES).startswith("No sabemos")


def test_known_facts_are_asked_in_spanish() -> None:
    assert facts_in_language("birth year or badge number", ES) == (
        "año de nacimiento o ID de credencial"
    )
    assert facts_in_language("locker color", ES) == "locker color"
    assert facts_in_language("birth year", Language.ENGLISH) == "birth year"


def test_a_case_is_confirmed_in_spanish() -> None:
    then = "Text any details here, or ask for a person."
    said = opened("case", "CS0000001", "no prende", then, "es")
    assert (
        said
        == "He abierto el caso CS0000001: no prende. Escriba otros detalles, o pida una persona."
    )


# What the service sends ---------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("wish", "payload"),
    [("English please", "/speak_english"), ("hablas español?", "/speak_spanish")],
)
async def test_a_wish_for_a_language_reaches_the_bot_as_such(
    story: Story, wish: str, payload: str
) -> None:
    interaction = (await story.text(wish)).interaction_id or 0
    question = await story.begin(interaction)
    assert question is not None
    assert question.message == payload


async def test_what_needs_no_bot_is_answered_in_spanish(story: Story) -> None:
    interaction = (await story.text("mi laptop no enciende")).interaction_id or 0
    await story.text("BYE")
    assert (await story.texted(interaction))[
        -1
    ] == "Hasta luego, y gracias. Puede escribirnos cuando quiera."


async def test_opting_out_and_in_is_confirmed_in_spanish(story: Story) -> None:
    first = (await story.text("mi laptop no enciende")).interaction_id or 0
    await story.text("STOP")
    assert (await story.texted(first))[-1].startswith("Ya no recibe textos de ")
    second = (await story.text("START")).interaction_id or 0
    assert (await story.texted(second))[0].startswith("Vuelve a recibir textos de ")


async def test_an_admin_words_the_spanish_text(story: Story) -> None:
    own = "Adiós, que le vaya bien."
    await story.store.write(change_text, ChangeText(name=SystemMessage.GOODBYE_ES, body=own))
    interaction = (await story.text("mi laptop no enciende")).interaction_id or 0
    await story.text("BYE")
    assert (await story.texted(interaction))[-1] == own
    assert await story.store.read(texts.goodbye, Language.ENGLISH) == (
        system_messages.TEXTS[SystemMessage.GOODBYE].default
    )

"""Requesters get answers in their language, within the same number of segments as the English
answers.
"""

import inspect
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import ModuleType
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from sqlalchemy import select, update

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
from handoff_service.ports.bot import Understood
from handoff_service.rules.delivery.sms_text import Encoding, segments
from handoff_service.rules.desk import system_message_texts
from handoff_service.rules.desk.system_messages import SystemMessage, words_of
from handoff_service.rules.identity.facts_in_questions import facts_in_language
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.dates_in_texts import NOT_IN_GSM_7, WEEKDAYS, time_to_come
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import LOCALE, REQUESTERS, in_language
from handoff_service.rules.shared.versions import name_in
from handoff_service.rules.shared.vocabulary import CaseState
from handoff_service.rules.virtual_agent import bot_replies, bot_text
from handoff_service.rules.virtual_agent.bot_replies import CaseLine, opened
from handoff_service.rules.virtual_agent.bot_text import Choice, with_choices
from handoff_service.rules.virtual_agent.sms_check import BotText
from handoff_service.store.desk import texts
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent.spoken_language import spoken_language
from tests.support.story import Story

ES = Language.SPANISH
OTHERS = [language for language in Language if language is not Language.ENGLISH]
NOW = datetime(2026, 11, 27, 14, 0, tzinfo=UTC)  # Friday, 09:00 in New York
NEW_YORK = "America/New_York"
#: Requests for a language, which are answered in that language.
ONE_LANGUAGE = {
    f"utter_speak_{language}{where}"
    for language in ("english", "spanish", "german", "french")
    for where in ("", "_in_form")
}
#: Modules whose texts to requesters are constants.
SAY = (bot_replies, bot_text, actions.cases, actions.requests, actions.account_help)
SAY_TOO = (actions.fallback, actions.problem_form, apply_command, apply_consent)
FOR_AGENTS = {
    *(apply_command.ASKED, apply_command.SAID_GOODBYE),
    *(apply_consent.OPTED_OUT, apply_consent.OPTED_IN, apply_consent.MAY_WANT_OPT_OUT),
    *(actions.fallback.REASON, actions.fallback.REASON_WITH_CASE, actions.account_help.REASON),
}


def catalog(language: Language) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / f"{REQUESTERS}.po").open("rb") as file:
        return read_po(file, locale=language)


CATALOGS = {language: catalog(language) for language in OTHERS}


def translations() -> Iterator[tuple[Language, str, str]]:
    """Yield (language, English text, translation) for each form of a plural."""
    for language, known in CATALOGS.items():
        for message in known:
            if message.id:
                english = message.id if message.pluralizable else (message.id,)
                forms = message.string if message.pluralizable else (message.string,)
                # Spanish and French have one more plural form than English.
                for translated in forms:
                    yield language, english[-1], translated


def sentences(module: ModuleType) -> Iterator[str]:
    """Yield the module's constants that look like texts to a person."""
    own = inspect.getsource(module)
    for name, value in vars(module).items():
        if name.isupper() and isinstance(value, str) and f"\n{name} = " in own and " " in value:
            yield value


def replies() -> dict[str, list[BotText]]:
    """Return the variants of each response in domain.yml."""
    found: dict[str, list[BotText]] = {}
    for text in in_domain(ROOT):
        found.setdefault(text.name, []).append(text)
    return found


def with_longest_values(text: BotText, longest: dict[str, str]) -> str:
    filled = [placeholders.fill(line.words, longest) for line in (text.text, *text.buttons)]
    return with_choices(filled[0], [Choice(title, "") for title in filled[1:]])


@pytest.mark.parametrize("name", sorted(replies().keys() - ONE_LANGUAGE))
def test_each_response_has_a_variant_in_each_language_that_fits(name: str) -> None:
    english, *others = replies()[name]
    assert len(others) == len(OTHERS)
    longest = dict(read_settings(ROOT).longest)
    for other in others:
        fields = [
            {f[1] for f in string.Formatter().parse(one.text.words) if f[1]}
            for one in (english, other)
        ]
        assert fields[0] == fields[1]
        assert len(english.buttons) == len(other.buttons)
        counted = segments(with_longest_values(other, longest))
        assert counted.encoding is Encoding.GSM_7, (other.text.words, counted.forced_by)
        assert counted.count <= segments(with_longest_values(english, longest)).count, (
            other.text.words
        )


@pytest.mark.parametrize("said", [s for module in (*SAY, *SAY_TOO) for s in sentences(module)])
def test_each_text_of_an_action_is_in_the_catalogs(said: str) -> None:
    assert said in FOR_AGENTS or all(said in known for known in CATALOGS.values())


def test_the_compiled_catalogs_have_every_text_of_the_code() -> None:
    marked = {"translatable": None, "count_in_language": (1, 2)}
    found = {
        message
        for folder in ("handoff_service", "actions")
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, keywords=marked)
    }
    for language, known in CATALOGS.items():
        assert {message.id for message in known if message.id} == found, "run: make catalogs"
        compiled = BytesIO()
        write_mo(compiled, known)
        stored = (LOCALE / language / "LC_MESSAGES" / f"{REQUESTERS}.mo").read_bytes()
        assert stored == compiled.getvalue(), "run: make catalogs"


def test_translations_keep_the_placeholders_and_fit_in_gsm_7() -> None:
    for language, english, translated in translations():
        assert translated, (language, english)
        fields = [
            sorted(str(f[1]) for f in string.Formatter().parse(t)) for t in (english, translated)
        ]
        assert set(fields[0]) - {"None"} == set(fields[1]) - {"None"}, translated
        counted = segments(translated)
        short = translated not in NOT_IN_GSM_7
        assert (counted.count, counted.encoding == Encoding.GSM_7) == (1, short), translated


def test_a_weekday_that_needs_the_longer_encoding_is_replaced_by_the_date() -> None:
    names = {in_language(day, language) for day in WEEKDAYS for language in Language}
    assert {name for name in names if segments(name).encoding is not Encoding.GSM_7} == NOT_IN_GSM_7
    friday, saturday = (NOW + timedelta(days=days) for days in (7, 8))
    monday = NOW + timedelta(days=3)
    assert time_to_come(friday, NEW_YORK, monday, ES) == "el viernes a las 09:00"
    assert time_to_come(saturday, NEW_YORK, monday, ES) == "el 5 de diciembre a las 09:00"


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("message", SystemMessage)
def test_each_system_message_takes_one_segment_in_each_language(
    message: SystemMessage, language: Language
) -> None:
    name = name_in(message, language)
    assert words_of(name).default != words_of(message).default
    assert words_of(name).placeholders.keys() == words_of(message).placeholders.keys()
    for text in system_message_texts.examples(name):
        counted = segments(text)
        assert (counted.count, counted.encoding) == (1, Encoding.GSM_7), text


@pytest.mark.parametrize("language", OTHERS)
def test_each_case_status_takes_one_segment_in_each_language(language: Language) -> None:
    for state in CaseState:
        for days in (0, 1, 30, 400):
            case = CaseLine(
                number="CS1234567890",
                state=state,
                description="teclado " * 40,
                changed_at=NOW - timedelta(days=days),
            )
            one = bot_replies.one_case(case, NEW_YORK, NOW, language)
            assert segments(one).count == 1
            assert "Last updated" not in one
            many = bot_replies.open_cases([case] * 5, language)
            assert segments(many).count == 1
            head = in_language(bot_replies.NEWEST_CASES, language).format(count=5)
            assert many.startswith(head)
    assert bot_replies.open_cases([], language) != bot_replies.NO_CASES


def test_a_day_is_written_in_each_language() -> None:
    case = CaseLine(
        number="CS0000001",
        state=CaseState.RESOLVED,
        description="VPN",
        changed_at=datetime(2026, 3, 3, 14, 30, tzinfo=UTC),
    )
    said = {one: bot_replies.one_case(case, NEW_YORK, NOW, one) for one in Language}
    assert said == {
        Language.ENGLISH: "CS0000001 (VPN): resolved. Last updated on 3 March.",
        Language.SPANISH: "CS0000001 (VPN): resuelto. Actualizado el 3 de marzo.",
        Language.GERMAN: "CS0000001 (VPN): gelöst. Zuletzt geändert am 3. März.",
        Language.FRENCH: "CS0000001 (VPN) : résolu. Mis à jour le 3 mars.",
    }


@pytest.mark.parametrize("language", OTHERS)
def test_the_hours_take_one_segment_in_each_language(language: Language) -> None:
    common: dict[str, Any] = {"zone": NEW_YORK, "now": NOW, "language": language}
    for hours in (1, 24, 24 * 4, 24 * 40):
        at = NOW + timedelta(hours=hours)
        is_open = bot_replies.hours(is_open=True, until=at, opens=None, **common)
        closed = bot_replies.hours(is_open=False, until=None, opens=at, **common)
        for said in (is_open, closed):
            assert "New York" in said
            assert f"{(at - timedelta(hours=5)):%H:%M}" in said
            counted = segments(said)
            assert (counted.count, counted.encoding) == (1, Encoding.GSM_7), said
    for is_open_now in (True, False):
        said = bot_replies.hours(is_open=is_open_now, until=None, opens=None, **common)
        assert segments(said).count == 1


@pytest.mark.parametrize(
    ("language", "hours", "said"),
    [
        (Language.ENGLISH, 1, "We're open until 10:00 (New York time)."),
        (Language.ENGLISH, 24, "We're open until tomorrow at 09:00 (New York time)."),
        (Language.ENGLISH, 96, "We're open until Tuesday at 09:00 (New York time)."),
        (Language.SPANISH, 1, "Atendemos hasta las 10:00 (hora de New York)."),
        (Language.SPANISH, 96, "Atendemos hasta el martes a las 09:00 (hora de New York)."),
        (Language.GERMAN, 24, "Wir sind da bis morgen um 09:00 Uhr (Ortszeit New York)."),
        (Language.GERMAN, 96, "Wir sind da bis Dienstag 09:00 Uhr (Ortszeit New York)."),
        (Language.FRENCH, 1, "Nous sommes ouverts et fermons à 10:00 (heure de New York)."),
        (Language.FRENCH, 960, "Nous sommes ouverts et fermons le 6 janvier à 09:00"),
    ],
)
def test_the_hours_are_phrased_naturally_in_each_language(
    language: Language, hours: int, said: str
) -> None:
    told = bot_replies.hours(
        is_open=True,
        until=NOW + timedelta(hours=hours),
        opens=None,
        zone=NEW_YORK,
        now=NOW,
        language=language,
    )
    assert told.startswith(said)


def test_outages_are_announced_in_spanish() -> None:
    down = [("VPN", "The VPN is down since 9.")]
    said = bot_replies.outage_news(down, question_follows=False, language=ES)
    assert said == "Ahora falla: VPN. Aviso de soporte: The VPN is down since 9."
    long = [("VPN", "The VPN is down since 9. " * 6)]
    said = bot_replies.outage_news(long, question_follows=True, language=ES)
    assert said == "Ahora falla: VPN. Ya trabajamos en eso."
    many = bot_replies.outage_news([("x" * 50, "")] * 9, question_follows=True, language=ES)
    assert segments(many).count == 1
    assert bot_replies.outage_news([], question_follows=False, language=ES).startswith("No sabemos")


def test_the_names_of_known_facts_are_translated_to_spanish() -> None:
    assert facts_in_language("birth year or badge number", ES) == (
        "año de nacimiento o ID de credencial"
    )
    assert facts_in_language("locker color", ES) == "locker color"
    assert facts_in_language("birth year", Language.ENGLISH) == "birth year"


def test_a_case_is_confirmed_in_spanish() -> None:
    then = "Text any details here, or ask for a person."
    said = opened("case", "CS0000001", "no prende", then, "es")
    assert (
        said == "He abierto el caso CS0000001: no prende. "
        "Añada detalles, o pida hablar con alguien."
    )


# What the service sends ---------------------------------------------------------------------------


async def test_the_bot_gets_the_language_when_it_changes(story: Story) -> None:
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
async def test_a_request_for_a_language_reaches_the_bot_as_its_payload(
    story: Story, wish: str, payload: str
) -> None:
    interaction = (await story.text(wish)).interaction_id or 0
    question = await story.begin(interaction)
    assert question is not None
    assert question.message == payload


async def test_replies_without_the_bot_are_in_spanish(story: Story) -> None:
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


async def test_an_admin_can_change_the_spanish_text(story: Story) -> None:
    own = "Adiós, que le vaya bien."
    await story.store.write(change_text, ChangeText(name="goodbye_es", body=own))
    interaction = (await story.text("mi laptop no enciende")).interaction_id or 0
    await story.text("BYE")
    assert (await story.texted(interaction))[-1] == own
    assert await story.store.read(texts.goodbye, Language.ENGLISH) == (
        words_of(SystemMessage.GOODBYE).default
    )


async def test_without_a_clear_text_the_users_or_else_the_queues_language_applies(
    story: Story,
) -> None:
    interaction = (await story.text("VPN?")).interaction_id or 0
    spoken = [await story.store.read(spoken_language, interaction)]
    await story.store.write(_set_queue_language, Language.FRENCH)
    spoken.append(await story.store.read(spoken_language, interaction))
    await story.store.write(_set_user_language, (interaction, "German"))
    spoken.append(await story.store.read(spoken_language, interaction))
    await story.text("hola, la impresora no funciona")
    spoken.append(await story.store.read(spoken_language, interaction))
    assert spoken == [Language.ENGLISH, Language.FRENCH, Language.GERMAN, Language.SPANISH]


async def test_a_queues_own_text_is_for_requesters_in_its_language(story: Story) -> None:
    await story.store.write(_set_queue_language, Language.GERMAN)
    await story.store.write(
        lambda tx, body: tx.conn.execute(update(t.queues).values(waiting_text=body)), "Moment bitte"
    )
    said = [
        await story.store.read(texts.text_for, SystemMessage.WAITING, 1, language)
        for language in (Language.GERMAN, Language.ENGLISH)
    ]
    assert said == ["Moment bitte", words_of(SystemMessage.WAITING).default]


def _set_queue_language(tx: Transaction, language: Language) -> None:
    tx.conn.execute(update(t.queues).values(language=language))


def _set_user_language(tx: Transaction, command: tuple[int, str]) -> None:
    interaction, language = command
    user = tx.conn.execute(select(t.users.c.id).order_by(t.users.c.id).limit(1)).scalar_one()
    tx.conn.execute(
        update(t.users).where(t.users.c.id == user).values(attributes={"language": language})
    )
    tx.conn.execute(
        update(t.interactions).where(t.interactions.c.id == interaction).values(user_id=user)
    )

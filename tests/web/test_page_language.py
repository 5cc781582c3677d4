"""The language of a page, which is the agent's own or else the browser's, and its formats from
CLDR.
"""

import re
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.rules.reports.figure_kinds import Unit
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.web.shared import figure_words, local_formats
from handoff_service.web.shared.page_language import page_language
from handoff_service.web.shared.rendering import environment
from tests.web.workspace_server import PAGE, Running, Visitor, running

asyncio = pytest.mark.asyncio(loop_scope="module")
NARROW, THIN = "\u202f", "\u00a0"  # no-break spaces
ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 9, 3, 12, 5, tzinfo=UTC)  # a Thursday
THEN = NOW - timedelta(hours=4, minutes=13)


@pytest.fixture(autouse=True)
def english_after() -> Iterator[None]:
    token = page_language.set(Language.ENGLISH)
    yield
    page_language.reset(token)


def rendered(template: str, **values: object) -> str:
    return environment().from_string(template).render(zone=ZONE, now=NOW, **values)


# template filter and time -> the formatted time in en, de, es and fr
TIMES = [
    ("clock", THEN, ["09:52"] * 4),
    ("moment", THEN, ["09:52"] * 4),
    ("moment", NOW - timedelta(days=3), ["Mon 14:05", "Mo, 14:05", "lun, 14:05", "lun. 14:05"]),
    ("moment", NOW - timedelta(days=30), ["4 Aug 14:05", "4. Aug., 14:05", "4 ago, 14:05",
                                          "4 août, 14:05"]),
    ("dated", THEN, ["3 Sep 2026 09:52", "3. Sept. 2026, 09:52", "3 sept 2026, 09:52",
                     "3 sept. 2026, 09:52"]),
    ("lately", NOW - timedelta(days=2), ["Tue", "Di", "mar", "mar."]),
    ("lately", NOW - timedelta(days=300), ["7 Nov 2025", "7. Nov. 2025", "7 nov 2025",
                                           "7 nov. 2025"]),
    ("day_name", date(2026, 8, 20), ["Thursday, 20 August", "Donnerstag, 20. August",
                                     "Jueves, 20 de agosto", "Jeudi 20 août"]),
    ("day_name", date(2025, 8, 20), ["Wednesday, 20 August 2025", "Mittwoch, 20. August 2025",
                                     "Miércoles, 20 de agosto de 2025", "Mercredi 20 août 2025"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "at", "words"), TIMES)
def test_times_follow_cldr(name: str, at: object, words: list[str]) -> None:
    for language, expected in zip(("en", "de", "es", "fr"), words, strict=True):
        page_language.set(Language(language))
        assert rendered(f"{{{{ at | {name} }}}}", at=at) == expected


def test_numbers_follow_cldr() -> None:
    figures: dict[str, list[str]] = {}
    shares: dict[str, str] = {}
    for language in Language:
        page_language.set(language)
        figures[language] = [
            local_formats.decimal(1234.5, 1),
            figure_words.figure_value(71.4, Unit.PERCENT),
            figure_words.figure_value(1_234_560_000, Unit.MONEY, "EUR"),
            figure_words.figure_value(8300, Unit.MONEY, "USD"),
            figure_words.change(110, 98, Unit.SECONDS),
            local_formats.file_size(4_230_000),
        ]
        shares[language] = local_formats.share(0.714, 1)
    assert figures["en"] == ["1,234.5", "71.4 %", "1,234.56 EUR", "0.0083 USD", "+12 %", "4.2 MB"]
    assert figures["de"][:4] == [
        "1.234,5",
        f"71,4{THIN}%",
        f"1.234,56{THIN}EUR",
        f"0,0083{THIN}USD",
    ]
    assert figures["es"][:2] == ["1.234,5", f"71,4{THIN}%"]
    assert shares["en"] == "71.4%"
    assert shares["de"] == shares["es"] == shares["fr"] == f"71,4{THIN}%"
    assert figures["fr"][:2] == [f"1{NARROW}234,5", f"71,4{THIN}%"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("language")) as here:
        yield here


def language_of(page: str) -> str:
    found = re.search(r'<html lang="(\w+)"', page)
    assert found is not None
    return found[1]


# the browser's Accept-Language header -> the language of the sign-in page
ASKED = {
    "de-AT,de;q=0.9,en;q=0.8": "de",
    "pt-BR,es;q=0.5,en;q=0.4": "es",
    "en-US,fr;q=0.9": "en",
    "FR": "fr",
    "ja": "en",
    "*": "en",
    "de;q=0,es;q=x": "en",
    "\u00fc,;;q=": "en",
}


@asyncio
@pytest.mark.parametrize(("asked", "language"), ASKED.items())
async def test_a_page_before_sign_in_has_the_browsers_language(
    desk: Running, asked: str, language: str
) -> None:
    async with desk.visitor() as visitor:
        answer = await visitor.get("/sign-in", PAGE | {"Accept-Language": asked})
        assert language_of(answer.text) == language
        assert answer.headers["Vary"] == "Accept-Language"


@pytest_asyncio.fixture(loop_scope="module")
async def agent(desk: Running) -> AsyncIterator[tuple[int, Visitor]]:
    name = secrets.token_hex(4)
    made = MakeAgent(
        email=f"{name}@example.com",
        name="Ann",
        password_hash=hash_password("a good password"),
        capacity=1,
        roles=[Role.ADMIN, Role.AGENT],
    )
    number = await desk.desk.store.write(make_agent, made)
    async with desk.visitor() as visitor:
        given = {"email": f"{name}@example.com", "password": "a good password"}
        await visitor.post("/sign-in", PAGE, **given)
        yield number, visitor


async def choose(visitor: Visitor, language: str) -> int:
    page = (await visitor.get("/workspace/account")).text
    found = re.search(r'<meta name="csrf" content="(\w+)">', page)
    assert found is not None
    carried: dict[str, str] = {"csrf": found[1], "command": secrets.token_hex(12)}
    path = "/workspace/account/language"
    return (await visitor.post(path, language=language, **carried)).status


@asyncio
async def test_an_agent_chooses_a_language(desk: Running, agent: tuple[int, Visitor]) -> None:
    number, visitor = agent
    spanish = PAGE | {"Accept-Language": "es"}
    assert language_of((await visitor.get("/workspace/account", spanish)).text) == "es"
    assert await choose(visitor, "de") == 303
    answer = await visitor.get("/workspace/account", spanish)
    assert (language_of(answer.text), "Vary" in answer.headers) == ("de", False)
    # Error pages use the language, too.
    assert language_of((await visitor.get("/workspace/nowhere", spanish)).text) == "de"
    one = (await desk.desk.store.read(agents_by_id, [number]))[number]
    assert one.language is Language.GERMAN
    assert await choose(visitor, "") == 303
    assert language_of((await visitor.get("/workspace/account", spanish)).text) == "es"
    assert await choose(visitor, "pt") == 400


@asyncio
async def test_each_language_has_its_own_name_for_itself(agent: tuple[int, Visitor]) -> None:
    page = (await agent[1].get("/workspace/account", PAGE | {"Accept-Language": "fr"})).text
    for name in ("English", "Deutsch", "Español", "Français"):
        assert f">{name}</option>" in page

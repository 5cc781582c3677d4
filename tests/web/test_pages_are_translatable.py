"""Every page shows only translatable sentences and texts that people wrote. The test opens each
page of ``access.txt`` on a desk with content, with a catalog that marks its sentences. A word
outside the marks fails the test. To fix it, mark the sentence with ``phrase``, ``_()`` or ``{%
trans %}`` (see ``docs/how-to/add-a-language.md``).
"""

import functools
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import sqlalchemy as sa
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from ruamel.yaml import YAML
from sqlalchemy import Connection

from handoff_service.rules.desk.service_tokens import Scope
from handoff_service.rules.reports.reports import REPORTS
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import (
    LOCALE,
    PAGES,
    REQUESTERS,
    SCRIPTS,
    in_language,
)
from handoff_service.store.engine import tables as t
from handoff_service.web.shared import page_language
from handoff_service.web.workspace.bulk import TITLES
from tests.web.full_desk import MODEL, NO_BOT, fill
from tests.web.pseudo_pages import PseudoCatalog, untranslated
from tests.web.test_access import TABLE, Row
from tests.web.workspace_server import PAGE, Running, running

asyncio = pytest.mark.asyncio(loop_scope="module")

BOT = Path(__file__).parents[2]
#: words that are the same in each language
NAMES = frozenset(
    {"Patchboard", "Twilio", "Rasa", "Redis", "Android", "Gateway", "OpenID", "Northwind"}
    | {"English", "Deutsch", "Español", "Français"}
)
#: Addresses that are not pages: files, streams and answers to programs.
NO_PAGES = re.compile(
    r"/api/|/webhooks/|/static/|/media/|/app-icon|/(?:healthz|readyz|metrics)$|.*/csv$"
    r"|/service-worker|/manifest|.*/events$|.*/export$|/workspace/media/|/phone/media/"
    r"|/sign-in/(?:sso|link)"
)
NOWHERE = "/workspace/nowhere"  # an error page
#: the addresses of routes whose placeholder is not the number 1
PLACES: Mapping[str, Sequence[str]] = {
    "/workspace/admin/deleted/{kind}": ["/workspace/admin/deleted/labels"],
    "/workspace/admin/personal-data/{number}": [
        "/workspace/admin/personal-data/1",
        "/workspace/admin/personal-data/2",
    ],
    "/workspace/admin/texts/{name}": [
        "/workspace/admin/texts/closed",
        "/workspace/admin/texts/closed?language=de",
    ],
    "/workspace/admin/audit": ["/workspace/admin/audit", "/workspace/admin/audit?subject=agent"],
    "/workspace/supervisor/reports/{name}": [
        f"/workspace/supervisor/reports/{name}" for name in REPORTS
    ],
    "/workspace/bulk/{action}": [f"/workspace/bulk/{name}?ids=1,2" for name in TITLES],
    "/workspace/conversations/{interaction_id}": [
        "/workspace/conversations/1",
        "/workspace/conversations/2",
        "/workspace/conversations/3",
    ],
    "/workspace/conversations/{interaction_id}/earlier": [
        "/workspace/conversations/1/earlier?before=2-1"
    ],
    "/workspace/offers/{work_item_id}": ["/workspace/offers/{offer}"],
    "/workspace/search": ["/workspace/search?q=badge", "/workspace/search?q=nothing+found"],
    "/workspace/palette": ["/workspace/palette?q=", "/workspace/palette?q=ann"],
    "/workspace/account": ["/workspace/account", "/workspace/account?done=name"],
    "/workspace/new/look": ["/workspace/new/look?to=%2B12025550101"],
    "/workspace": ["/workspace", NOWHERE],
    "/workspace/trainer/intents/{name}": ["/workspace/trainer/intents/greet"],
    "/workspace/trainer/diff": ["/workspace/trainer/diff?item=1&intent=greet&example=good+day"],
    "/workspace/trainer/models/{hash}/data": [f"/workspace/trainer/models/{MODEL}/data"],
    "/workspace/trainer/models/{hash}/promote": [f"/workspace/trainer/models/{MODEL}/promote"],
    "/workspace/trainer/train": [
        "/workspace/trainer/train",
        f"/workspace/trainer/train?model={MODEL}",
    ],
    "/workspace/trainer/train/texts": [
        f"/workspace/trainer/train/texts?model={MODEL}&meant=thanks&understood=bye"
    ],
}
#: Words of this desk on some pages: keys, scopes, skills and search words. ``stored_texts`` leaves
#: them out, because they look like the product's own stored words.
WORDS: Mapping[str, frozenset[str]] = {
    "/workspace/admin/agents/{number}": frozenset({"hardware"}),
    "/workspace/admin/attributes": frozenset({"order"}),
    "/workspace/admin/audit": frozenset(
        {"read", "order", "patchboard", "groups", "topic", "facilities", "hardware"}
    ),
    "/workspace/admin/service-tokens": frozenset(Scope),
    "/workspace/admin/service-tokens/new": frozenset(Scope),
    "/workspace/palette": frozenset({"ann"}),
    "/workspace/search": frozenset({"nothing found"}),
    "/workspace/supervisor/agents/{agent_id}": frozenset({"hardware"}),
}
#: A translation must keep placeholders and tags.
PARTS = re.compile(r"%\(\w+\)s|\{\w+\}|</?[a-z]+[^>]*>")
LEADS = frozenset({"/", "/setup", "/workspace/admin", "/sign-in/code", "/sign-in/set-up"})


@pytest.fixture(scope="module", autouse=True)
def pseudo() -> Iterator[None]:
    patch, marks = pytest.MonkeyPatch(), PseudoCatalog()
    patch.setattr(page_language, "catalog", lambda _domain, _language: marks)
    yield
    patch.undo()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A desk with content, and a browser of an agent with every role."""

    here: Running
    client: aiohttp.ClientSession
    token: str
    offered: int
    data: frozenset[str]

    async def open(self, path: str) -> tuple[int, str]:
        """Return the status and the page. Pages that redirect signed-in agents are opened without a
        session.
        """
        signed_in = {"Cookie": f"patchboard={self.token}"} if path != "/sign-in" else {}
        async with self.client.get(
            self.here.address + path, headers=PAGE | signed_in, allow_redirects=False
        ) as answer:
            return answer.status, await answer.text()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with (
        running(tmp_path_factory.mktemp("pseudo"), PATCHBOARD_BOT_URL=NO_BOT) as here,
        aiohttp.ClientSession() as client,
    ):
        token, offered = await fill(here)
        data = await here.desk.store.read(stored_texts)
        yield Desk(here=here, client=client, token=token, offered=offered, data=data)


def stored_texts(conn: Connection) -> frozenset[str]:
    """Return the database's texts that people wrote, without the product's stored words and lines
    of conversations.
    """
    m = t.messages
    found: set[str] = set()

    def add(value: object) -> None:
        match value:
            case str():
                found.update(one.strip() for one in [value, *value.splitlines()])
            case dict():
                for one in value.values():
                    add(one)
            case list():
                for one in value:
                    add(one)

    for people in (t.users, t.agents):  # Some pages show only first names.
        found.update(name.split()[0] for name in conn.execute(sa.select(people.c.name)).scalars())
    for table in t.metadata.sorted_tables:
        texts = [column for column in table.c if isinstance(column.type, sa.Text | sa.JSON)]
        peoples = (
            sa.true()
            if table is not m
            else sa.or_(m.c.direction.is_not(None), m.c.kind != "system")
        )
        for row in conn.execute(sa.select(*texts).where(peoples)) if texts else ():
            for value in row:
                add(value)
    return frozenset(one for one in found if len(one) > 2 and not re.fullmatch("[a-z_]+", one))


@functools.cache
def bot_texts() -> frozenset[str]:
    """Return the texts in the virtual agent's files."""
    files = [*(BOT / "data").rglob("*.yml"), BOT / "domain.yml"]
    lines = (line for path in files for line in path.open())
    names = {str(path.relative_to(BOT)) for path in files}
    texts = names | {part.strip("'\" \n") for line in lines for part in re.split(r"- |: |# ", line)}
    responses = YAML(typ="safe").load(BOT / "domain.yml")["responses"].values()
    texts |= {" ".join(one["text"].split()) for each in responses for one in each}
    return frozenset(one for one in texts if len(one) > 1 and (" " in one or one[0] != "{"))


@functools.cache
def requesters_texts() -> frozenset[str]:
    """Return the product's texts to requesters. Pages show them in the requester's language."""
    with (LOCALE / f"{REQUESTERS}.pot").open("rb") as file:
        known = {part for one in read_po(file) if one.id for part in forms(one.id)}
    for language in Language:
        known |= {in_language(text, language) for text in [*known]}
    return frozenset(one for one in known if " " in one)


def pages() -> list[Row]:
    return [row for row in TABLE.values() if row.method == "GET" and not NO_PAGES.match(row.path)]


@asyncio
async def test_every_word_on_a_page_comes_from_a_catalog(desk: Desk) -> None:
    wrong: dict[str, list[str]] = {}
    unopened = []
    for row in pages():
        for place in PLACES.get(row.path, [re.sub(r"\{\w+\}", "1", row.path)]):
            status, page = await desk.open(place.format(offer=desk.offered))
            expected = 404 if place == NOWHERE else 200
            if status != expected and row.path not in LEADS:
                unopened.append(f"{status} {place}")
            data = desk.data | requesters_texts() | {"New York"} | WORDS.get(row.path, frozenset())
            data |= bot_texts() if place.startswith("/workspace/trainer") else set()
            if found := untranslated(page, data, NAMES):
                wrong.setdefault(row.path, []).extend(found)
    assert unopened == []
    report = [f"{path}: {found[:20]}" for path, found in wrong.items()]
    assert report == [], "\n".join(report)


def catalogs(domain: str) -> Iterator[tuple[str, Catalog]]:
    for language in Language:
        if language is not Language.ENGLISH:
            with (LOCALE / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
                yield language, read_po(file)


@pytest.mark.parametrize("domain", [PAGES, SCRIPTS])
def test_each_sentence_is_translated(domain: str) -> None:
    """A translation has the same placeholders and tags as its sentence."""
    missing = []
    wrong = []
    for language, catalog in catalogs(domain):
        texts = [(one, forms(one.id), forms(one.string)) for one in catalog if one.id]
        missing += [
            f"{language}: {english[0]}" for _, english, written in texts if not all(written)
        ]
        wrong += [
            f"{language}: {written}"
            for _, english, translated in texts
            if all(translated)
            for written, parts in ((one, sorted(PARTS.findall(one))) for one in translated)
            if parts not in [sorted(PARTS.findall(one)) for one in english]
        ]
    assert wrong == []
    assert missing == []


def forms(text: str | Sequence[str] | None) -> Sequence[str]:
    """Return the forms of a sentence: one form, or one for each plural."""
    return [text] if isinstance(text, str) else list(text or ())


def test_the_catalogs_have_the_sentences_of_the_code() -> None:
    """To fix a failure, run ``make catalogs``."""
    for domain in (PAGES, SCRIPTS):
        with (LOCALE / f"{domain}.pot").open("rb") as file:
            known = {(one.context, forms(one.id)[0]) for one in read_po(file) if one.id}
        for language, catalog in catalogs(domain):
            found = {(one.context, forms(one.id)[0]) for one in catalog if one.id}
            assert found == known, (domain, language)

"""Every page shows only sentences of the catalogs, and what people wrote.

Each page of ``access.txt`` is opened with content, under a catalog that marks its sentences. A word
outside these marks fails the test: mark its sentence with ``phrase``, ``_()`` or ``{% trans %}``
(see ``docs/how-to/add-a-language.md``).
"""

import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy import Connection

import handoff_service
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.operations.desk import sign_in
from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.engine import tables as t
from handoff_service.web.shared import page_language
from tests.support.story import BOB, DIRECT, MIA, STRANGER
from tests.web.pseudo_pages import PseudoCatalog, untranslated
from tests.web.test_access import TABLE, Row
from tests.web.workspace_server import PAGE, SCRIPT, Running, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEMO = Path(handoff_service.__file__).with_name("demo.toml")
#: Pages whose sentences are not all marked yet. This list only gets shorter.
NOT_YET: frozenset[str] = frozenset()
#: words that are the same in each language
NAMES = frozenset(
    "Patchboard Twilio Rasa Redis English Deutsch Español Français Android Gateway OpenID "
    "Northwind UTC".split()
)
#: What is no page: files, streams and answers to programs.
NO_PAGES = re.compile(
    r"/api/(?!docs)|/webhooks/|/static/|/media/|/app-icon|/(?:healthz|readyz|metrics)$|.*/csv$"
    r"|/service-worker|/manifest|.*/events$|.*/export$|/workspace/media/|/phone/media/"
    r"|/sign-in/(?:sso|link)"
)
#: the parts of an address that have no number
PARTS: Mapping[str, str] = {
    "/workspace/admin/deleted/{kind}": "queue",
    "/workspace/admin/texts/{name}": "greeting",
    "/workspace/supervisor/reports/{name}": "overview",
    "/workspace/bulk/{action}": "label",
    "/workspace/trainer/intents/{name}": "greet",
}
#: These need what a test of a page cannot have: another server, a training, a second factor.
NOT_OPENED: frozenset[str] = frozenset()


@pytest.fixture(scope="module", autouse=True)
def pseudo() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(page_language, "_catalog", PseudoCatalog)
    yield
    patch.undo()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A desk with content, and a browser of an agent who has every role."""

    here: Running
    client: aiohttp.ClientSession
    token: str
    data: frozenset[str]

    async def open(self, path: str) -> tuple[int, str]:
        headers = PAGE | {"Cookie": f"patchboard={self.token}"}
        async with self.client.get(
            self.here.address + path, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, await answer.text()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with (
        running(tmp_path_factory.mktemp("pseudo")) as here,
        aiohttp.ClientSession() as client,
    ):
        token = await fill(here)
        data = await here.desk.store.read(stored_texts)
        yield Desk(here=here, client=client, token=token, data=data)


async def fill(here: Running) -> str:
    """Give the desk something of each kind. Returns the session of an agent with every role."""
    store, story = here.desk.store, here.story
    demo = read_desk_file.read(DEMO)
    await store.write(import_desk, demo)
    made = MakeAgent(
        email="all@example.com", name="Zoe Quist", password_hash="", capacity=9, roles=list(Role)
    )
    agent = await store.write(make_agent, made)
    token = secrets.token_urlsafe(32)
    await store.write(sign_in.open_session, sign_in.OpenSession(agent, token))
    first = await story.with_agent(MIA)
    await story.write(first, "Try the side door.")
    note = Write(interaction_id=first, agent_id=MIA, body="Which badge reader is it?")
    await store.write(write_note, note)
    await store.write(
        open_by_hand, OpenByHand(agent_id=MIA, description="Stuck badge", interaction_id=first)
    )
    second = await story.with_agent(MIA, number=BOB)
    await story.close(second)
    await story.available(agent)
    await story.text("where is my laptop", number=STRANGER, to=DIRECT)
    await story.offer()
    return token


def stored_texts(conn: Connection) -> frozenset[str]:
    """Return what people wrote: the texts of the database, without its stored words."""
    found: set[str] = set()

    def add(value: object) -> None:
        match value:
            case str():
                found.update(one.strip() for one in [value, *value.splitlines()])
            case dict():
                for one in (*value, *value.values()):
                    add(one)
            case list():
                for one in value:
                    add(one)

    for table in t.metadata.sorted_tables:
        texts = [column for column in table.c if isinstance(column.type, sa.Text | sa.JSON)]
        for row in conn.execute(sa.select(*texts)) if texts else ():
            for value in row:
                add(value)
    return frozenset(one for one in found if len(one) > 2 and not re.fullmatch("[a-z_]+", one))


def pages() -> list[Row]:
    return [
        row for row in TABLE.values() if row.method == "GET" and not NO_PAGES.match(row.path)
    ]


async def test_each_page_has_no_words_outside_the_catalogs(desk: Desk) -> None:
    wrong: dict[str, list[str]] = {}
    statuses: dict[str, int] = {}
    for row in pages():
        path = re.sub(r"\{\w+\}", "1", row.path.replace("{name}", PARTS.get(row.path, "1")))
        status, page = await desk.open(path)
        statuses[row.path] = status
        if found := untranslated(page, desk.data, NAMES):
            wrong[row.path] = found
    print(Counter(statuses.values()))
    for path, status in statuses.items():
        if status != 200: print(status, path)
    for path, found in wrong.items():
        print(path, len(found), found[:6])
    assert 0

"""Filters by attributes in the list, in saved views, in search, among users, in reports, and over
the API.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from handoff_service.operations.desk.users import MakeUser, make_user
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.rules.desk.attributes import AttributeType
from tests.conversations.test_attributes import USER, define, set_values
from tests.reports.keeping import keep
from tests.support.story import ANN, BOB, DIRECT, MIA, SHARED
from tests.web.admin_browser import GRACE
from tests.web.test_api import Client
from tests.web.test_desk_api import sign_in
from tests.web.workspace_server import SCRIPT, Running, Visitor, running

REPORTS = "/workspace/supervisor/reports"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    path = tmp_path / "admin.toml"
    path.write_text(GRACE)
    async with running(tmp_path, PATCHBOARD_BOT_URL="http://127.0.0.1:9/never") as service:
        await service.desk.store.write(import_desk, read_desk_file.read(path))
        yield service


@pytest.fixture
async def mia(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        assert (await one.sign_in()).status == 303
        yield one


@pytest.fixture
async def api(desk: Running) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield await sign_in(desk, session, "mia")


@pytest.fixture
async def three_conversations(desk: Running) -> list[int]:
    """Create conversations with orders 9, 10 and 100 at the sites North, northwest and South."""
    story = desk.story
    for key, kind in (
        ("order", AttributeType.NUMBER),
        ("due", AttributeType.DATE),
        ("site", AttributeType.TEXT),
        ("urgent", AttributeType.YES_NO),
    ):
        await define(story, key, kind)
    made = []
    for number, order, site, due in (
        (ANN, "9", "North", "2026-01-31"),
        (BOB, "10", "northwest", "2026-02-01"),
        (SHARED, "100", "South", "2026-03-01"),
    ):
        received = await story.text("my laptop is dead", to=DIRECT, number=number)
        made.append(received.interaction_id or 0)
        await story.write(made[-1], "Hi")
        urgent = {"urgent": "yes"} if number == ANN else {}
        await set_values(story, made[-1], order=order, site=site, due=due, **urgent)
    return made


FILTERS: list[tuple[str, list[int]]] = [
    ("order=10", [1]),
    ("order=10..", [2, 1]),
    ("order=..10", [1, 0]),
    ("order=9.5..100", [2, 1]),
    ("order=..", [2, 1, 0]),
    ("due=2026-02-01..", [2, 1]),
    ("due=2026-01-01..2026-02-01", [1, 0]),
    ("site~NORTH", [1, 0]),
    ("site=North", [0]),
    ("site~%", []),
    ("urgent=Yes", [0]),
]


@pytest.mark.parametrize(("written", "expected"), FILTERS)
async def test_the_api_filters_its_lists_by_attribute(
    api: Client, three_conversations: list[int], written: str, expected: list[int]
) -> None:
    for path in ("/ongoing", "/interactions", "/interactions?q=laptop"):
        sign = "&" if "?" in path else "?"
        found = await api.call("GET", f"{path}{sign}attribute={quote(written)}")
        assert [one["id"] for one in found["items"]] == [
            three_conversations[n] for n in expected
        ], path


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("order", "must be KEY=VALUE, such as order_number=12, or KEY~PART for a part of a text"),
        ("size=1", "there is no attribute “size”"),
        ("order=1..x", "“Order” must be a number, such as 12 or 12.5"),
        ("due=2026-02-01..2026-01-01", "“Due” must not have a lowest value above the highest"),
        ("urgent~y", "“Urgent” is not a text"),
    ],
)
async def test_a_refusal_of_a_wrong_filter_names_its_field(
    api: Client, three_conversations: list[int], written: str, says: str
) -> None:
    for path in ("/ongoing", "/interactions"):
        refused = await api.call("GET", f"{path}?attribute={quote(written)}", status=400)
        assert refused["errors"]["attribute"].startswith(says), path
    view = {"name": "Wrong", "attribute": written}
    refused = await api.call("POST", "/list-views", view, status=400)
    assert refused["errors"]["attribute"].startswith(says)


async def test_a_view_keeps_a_range(
    api: Client, mia: Visitor, three_conversations: list[int]
) -> None:
    view = {"name": "Big", "attribute": "order=10.0.."}
    saved = await api.call("POST", "/list-views", view, status=201)
    assert saved["attribute"] == "order=10.."
    page = (await mia.get("/workspace")).text
    assert 'value="attribute:order=10.."' in page


async def listed(mia: Visitor) -> tuple[str, list[int]]:
    page = (await mia.get("/workspace")).text
    ids = [int(part.split('"')[0]) for part in page.split('id="item-')[1:]]
    return page, ids


async def test_the_filter_bar_narrows_a_number_a_date_and_a_text(
    mia: Visitor, three_conversations: list[int]
) -> None:
    one, two, last = three_conversations
    cases: list[tuple[dict[str, str], list[int], list[str]]] = [
        ({"shows": "attribute:order=.."}, [last, two, one], ["At least", "At most"]),
        ({"shows": "attribute:order=..", "low": "10", "high": ""}, [last, two], ['value="10"']),
        ({"shows": "attribute:order=..", "low": "9", "high": "10"}, [two, one], ['value="9"']),
        ({"shows": "attribute:due=..", "high": "2026-02-01"}, [two, one], ['type="date"', "From"]),
        ({"shows": "attribute:site~", "words": "north"}, [two, one], ["Contains", 'value="north"']),
        ({"shows": "attribute:urgent=yes"}, [one], []),
    ]
    for fields, expected, parts in cases:
        assert (await mia.act("/workspace/list", sort="newest", **fields)).status in (204, 303)
        page, ids = await listed(mia)
        assert ids == expected, fields
        assert [part for part in parts if part not in page] == [], fields
        chosen = fields["shows"]
        assert f'<option value="{chosen}" selected>' in page
    wrong = {"shows": "attribute:order=..", "low": "many"}
    refused = await mia.act("/workspace/list", sort="newest", **wrong)
    assert refused.status == 400
    assert "must be a number" in refused.text


async def test_search_finds_the_value_of_an_attribute(
    desk: Running, mia: Visitor, three_conversations: list[int]
) -> None:
    """Search finds the line that sets a value, so it needs no code of its own for attributes."""
    await set_values(desk.story, three_conversations[1], site="Po Box-7")
    cases = {"Po Box-7": [1], "box": [1], "100": [2], "Box-8": []}
    for typed, expected in cases.items():
        page = (await mia.get(f"/workspace/search?q={quote(typed)}", SCRIPT)).text
        links = [
            f'<a class="item" href="/workspace/conversations/{one}?' for one in three_conversations
        ]
        assert [n for n, link in enumerate(links) if link in page] == expected, typed


async def test_users_are_filtered_by_attribute(desk: Running) -> None:
    story = desk.story
    await define(story, "floor", AttributeType.NUMBER, USER)
    await define(story, "site", AttributeType.TEXT, USER)
    await define(story, "vip", AttributeType.YES_NO, USER)
    for n, (floor, site) in enumerate((("2", "North"), ("3", "Southwest"), ("11", "north wing"))):
        own = {"floor": floor, "site": site, "vip": "yes" if n else "no"}
        user = MakeUser(external_id=f"N{n}", name=f"Nora {n}", attributes=own)
        await story.store.write(make_user, user)
    cases = [
        ("floor=..", "3", [1]),
        ("floor=..", "3..", [1, 2]),
        ("floor=..", "..3", [0, 1]),
        ("site~", "north", [0, 2]),
        ("vip=yes", "", [1, 2]),
    ]
    async with desk.visitor() as grace, aiohttp.ClientSession() as session:
        assert (await grace.sign_in("grace@example.com", "demo-grace")).status == 303
        api = await sign_in(desk, session, "grace")
        for attribute, value, expected in cases:
            query = f"?attribute={quote(attribute)}&value={quote(value)}"
            page = (await grace.get(f"/workspace/admin/users{query}")).text
            assert [n for n in range(3) if f"Nora {n}" in page] == expected, query
            assert "Ann Lee" not in page
            written = f"{attribute.removesuffix('..')}{value}"
            both = await api.call("GET", f"/users?attribute={quote(written)}&q=nora")
            assert [one["name"] for one in both["items"]] == [f"Nora {n}" for n in expected]
        wrong = await grace.get("/workspace/admin/users?attribute=floor=..&value=x")
        assert wrong.status == 400
        assert "“Floor” must be a number" in wrong.text
        refused = await api.call("GET", "/users?attribute=size=1", status=400)
        assert "attribute" in refused["errors"]


async def test_reports_and_their_conversations_have_the_filters(
    desk: Running, three_conversations: list[int]
) -> None:
    await keep(desk.desk.store)
    async with desk.visitor() as omar, aiohttp.ClientSession() as session:
        assert (await omar.sign_in("omar@example.com", "demo-omar")).status == 303
        api = await sign_in(desk, session, "omar")
        page = await omar.get(f"{REPORTS}/volume?range=7&attribute=urgent%3Dyes&by=attribute")
        assert page.status == 200
        assert '<option value="urgent=yes" selected>' in page.text
        assert "attribute=urgent%3Dyes" in page.text, "links keep the filter"
        wrong = await omar.get(f"{REPORTS}/volume?range=7&attribute=size%3D1")
        assert wrong.status == 400
        assert "The filter “attribute” is wrong: there is no attribute “size”." in wrong.text
        report = await api.call("GET", "/reports/volume?attribute=urgent%3Dyes&by=attribute")
        assert report["rows"][0]["name"] == "Urgent: Yes"

        async def found(query: str) -> list[int]:
            pages: list[dict[str, Any]] = [{"next": ""}]
            while (after := pages[-1]["next"]) is not None:
                more = f"&cursor={after}" if after else ""
                path = f"/reported-conversations?limit=1&{query}{more}"
                pages.append(await api.call("GET", path))
            return [one["id"] for page in pages[1:] for one in page["items"]]

        story = desk.story
        numbers = await story.store.read(
            lambda conn: list(conn.exec_driver_sql("SELECT id FROM queues ORDER BY id").scalars())
        )
        assert await found("attribute=urgent%3Dyes") == three_conversations[:1]
        assert await found("attribute=none") == three_conversations[1:]
        assert await found(f"agent={MIA}") == three_conversations
        assert await found(f"agent=99&queue={numbers[0]}") == []
        assert await found("topic=none&language=en") == three_conversations
        assert await found("language=es") == []
        assert await found("label=-1") == three_conversations
        assert await found("number=99") == []
        for query, name in (
            ("attribute=order%3D9", "attribute"),
            ("language=xx", "language"),
            ("group=99", "group"),
            ("queue=first", "queue"),
            ("priority=9", "priority"),
            ("from=yesterday", "from"),
            ("cursor=9", "cursor"),
        ):
            refused = await api.call("GET", f"/reported-conversations?{query}", status=400)
            assert list(refused["errors"]) == [name], query
            assert "pattern" not in refused["errors"][name]

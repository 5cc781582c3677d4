"""The pages, files and API calls of reports."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from handoff_service.rules.reports.figures import FIGURES
from handoff_service.rules.reports.reports import REPORTS
from tests.reports.keeping import keep
from tests.support.story import ANN, BOB, DIRECT, MIA
from tests.web.test_desk_api import sign_in
from tests.web.workspace_server import Running, Visitor, running, shown

HERE = "/workspace/supervisor/reports"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, PATCHBOARD_BOT_URL="http://127.0.0.1:9/never") as service:
        yield service


@pytest.fixture
async def omar(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        assert (await one.sign_in("omar@example.com", "demo-omar")).status == 303
        yield one


@pytest.fixture
async def two_conversations(desk: Running, omar: Visitor) -> list[int]:
    """Start a conversation with Ann, which Mia has answered, and one with Bob, who waits."""
    ids = []
    for number in (ANN, BOB):
        received = await desk.story.text("=my dock is dead", number=number, to=DIRECT)
        ids.append(received.interaction_id or 0)
    command = {"agent_id": str(MIA)}
    assert (await omar.act(f"/workspace/conversations/{ids[0]}/assign", **command)).status == 204
    await desk.story.write(ids[0], "hello")
    await keep(desk.desk.store)
    return ids


async def page(visitor: Visitor, path: str, status: int = 200) -> str:
    answer = await visitor.get(path)
    assert answer.status == status, path
    return shown(answer.text)


async def test_supervisors_open_every_report_and_its_files(
    omar: Visitor, two_conversations: list[int]
) -> None:
    for name, report in REPORTS.items():
        text = await page(omar, f"{HERE}/{name}?range=7")
        for figure in report.figures:
            assert FIGURES[figure].heading in text
            assert FIGURES[figure].definition in text
        for by in report.groups:
            await page(omar, f"{HERE}/{name}?range=7&by={by}")
        lines = list(csv.reader(io.StringIO((await omar.get(f"{HERE}/{name}/csv?range=7")).text)))
        bounds = 2 * sum(FIGURES[figure].with_interval for figure in report.figures)
        assert len(lines[0]) == 1 + len(report.figures) + bounds
        days = (await omar.get(f"{HERE}/{name}/csv?range=7&table=days")).text
        assert len(days.splitlines()) == 8
    for figure in FIGURES:
        await page(omar, f"{HERE}/conversations?figure={figure}&range=7")


RANGES = [
    ("from=2031-01-01&to=2031-02-01", 200, "These days are in the future."),
    ("from=2020-01-01&to=2020-01-01", 200, "There is nothing to count on these days."),
    ("from=2020-01-01&to=2021-01-31", 200, "Jan 2020"),  # 13 months
    ("range=today", 200, "Conversations, by day"),
    ("range=90", 200, "Conversations, by week"),
    ("range=365", 200, "Conversations, by month"),
    ("range=30&from=&to=&queue=999999999999999", 200, "One filter is set."),
    ("from=tomorrow&to=2026-01-01", 400, "The day in “from” must look like 2026-11-30"),
    ("from=2026-01-02&to=2026-01-01", 400, "The day in “to” must not be before"),
    ("from=2000-01-01&to=2026-01-01", 400, "A range has at most 1100 days."),
    ("range=forever", 400, "There is no range “forever”."),
    ("queue=first", 400, "The filter “queue” must be the ID of a queue."),
]


async def test_reports_accept_date_ranges_and_refuse_wrong_filters(omar: Visitor) -> None:
    for query, status, says in RANGES:
        assert says in await page(omar, f"{HERE}/volume?{query}", status), query


async def test_a_number_in_a_report_links_to_its_conversations(
    omar: Visitor, two_conversations: list[int]
) -> None:
    text = await page(omar, f"{HERE}/conversations?figure=first_response_median&range=today")
    assert "1 conversation" in text
    assert "Ann" in text
    assert "2 conversations" in await page(omar, f"{HERE}/conversations?range=today")
    assert "1 conversation" in await page(omar, f"{HERE}/conversations?range=today&agent={MIA}")
    await page(omar, f"{HERE}/conversations?figure=none_such", 404)
    await page(omar, f"{HERE}/none_such", 404)


async def test_a_supervisor_downloads_conversations_as_csv(
    omar: Visitor, two_conversations: list[int]
) -> None:
    answer = await omar.get(f"{HERE}/conversations/csv?range=today")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["number"] for row in rows] == [f"INT{one:07}" for one in two_conversations]
    assert rows[0]["answered_by"] == str(MIA)
    assert rows[0]["requester_number"] == ANN
    assert (await omar.get(f"{HERE}/conversations/csv?from=x&to=y")).status == 400
    assert (await omar.get(f"{HERE}/conversations/csv?figure=none_such")).status == 404


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (f"agent={MIA}", [0]),
        ("agent=-1", [1]),
        ("group=1", [0]),
        ("queue=1", [0, 1]),
        ("queue=99", []),
        ("number=99", []),
        ("topic=none&language=en", [0, 1]),
        ("language=es", []),
        ("label=1", []),
        ("figure=first_response_p90", [0]),
        ("figure=queued&agent=-1", [1]),
    ],
)
async def test_csv_and_list_apply_the_filters_and_the_chosen_number(
    omar: Visitor, two_conversations: list[int], filters: str, expected: list[int]
) -> None:
    answer = await omar.get(f"{HERE}/conversations/csv?range=today&{filters}")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["number"] for row in rows] == [
        f"INT{two_conversations[one]:07}" for one in expected
    ]
    listed = await page(omar, f"{HERE}/conversations?range=today&{filters}")
    assert f"{len(expected)} conversation" in listed or not expected


async def test_the_api_returns_the_same_numbers_as_the_page(
    desk: Running, two_conversations: list[int]
) -> None:
    async with aiohttp.ClientSession() as session:
        api = await sign_in(desk, session, "omar")
        listed = await api.call("GET", "/reports")
        assert [one["name"] for one in listed["items"]] == list(REPORTS)
        found: dict[str, Any] = await api.call("GET", "/reports/volume?by=number")
        assert found["figures"][0]["value"] == 2
        assert [row["values"]["conversations"] for row in found["rows"]] == [2]
        first = await api.call("GET", "/reported-conversations?limit=1")
        second = await api.call("GET", f"/reported-conversations?cursor={first['next']}")
        assert [one["id"] for one in first["items"] + second["items"]] == two_conversations
        assert second["next"] is None
        await api.call("GET", "/reports/none_such", status=404)
        await api.call("GET", "/reports/volume?by=moon", status=400)
        await api.call("GET", "/reports/volume?from=2026-01-02&to=2026-01-01", status=400)


async def test_agents_cannot_open_reports(desk: Running) -> None:
    async with desk.visitor() as mia:
        assert (await mia.sign_in()).status == 303
        assert (await mia.get(f"{HERE}/volume")).status == 403

"""The admin's pages as a browser without its script gets them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from handoff_service.operations import desk_file
from handoff_service.operations.import_desk import import_desk
from handoff_service.web.admin import PAGES
from tests.web.workspace_server import Running, Visitor, running, shown

ADMIN = """[[agents]]
email = "grace@example.com"
name = "Grace Okafor"
password = "demo-grace"
roles = ["admin"]
capacity = 0
"""


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are made to take time; not here."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("handoff_service.operations.sign_in._hasher", cheap)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    path = tmp_path / "admin.toml"
    path.write_text(ADMIN)
    async with running(tmp_path) as service:
        await service.desk.store.write(import_desk, desk_file.read(path))
        yield service


@pytest.fixture
async def grace(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        assert (await one.sign_in("grace@example.com", "demo-grace")).status == 303
        yield one


async def test_only_admins_see_the_pages(desk: Running) -> None:
    async with desk.visitor() as mia:
        await mia.sign_in()
        for path in ["/", *(p for p in PAGES if "<" not in p)]:
            answer = await mia.get(f"/workspace/admin{path}")
            assert (answer.status, "This needs the role admin." in shown(answer.text)) == (403, True), path
    async with desk.visitor() as anyone:
        assert (await anyone.get("/workspace/admin/users")).headers["Location"] == "/sign-in"


async def test_the_menu_leads_everywhere_and_says_where_one_is(grace: Visitor) -> None:
    start = await grace.get("/workspace/admin")
    assert (start.status, start.headers["Location"]) == (302, "/workspace/admin/users")
    text = (await grace.get("/workspace/admin/users")).text
    assert '<a href="/workspace/admin/users" aria-current="page">Users</a>' in text
    assert "<title>Users · Patchboard</title>" in text


async def test_users_are_found_by_name_employee_number_and_the_end_of_a_number(grace: Visitor) -> None:
    everyone = shown((await grace.get("/workspace/admin/users")).text)
    assert "Ann Lee E1001 ann@example.com +1 202 555 0101" in everyone
    for q in ("lee", "e1001", "0101"):
        page = shown((await grace.get(f"/workspace/admin/users?q={q}")).text)
        assert ("Ann Lee" in page, "Bob Ruiz" in page) == (True, False), q
    nobody = shown((await grace.get("/workspace/admin/users?q=%3Cb%3E")).text)
    assert "Nothing fits “<b>”" in nobody

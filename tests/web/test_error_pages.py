"""Error pages link every role to a page that it may see, and let every agent sign out."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.shared.session import home_of
from tests.web.workspace_server import PAGE, Running, running, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")
WAYS_ON = {
    Role.AGENT: "/workspace",
    Role.SUPERVISOR: "/workspace",
    Role.ADMIN: "/workspace",
    Role.TRAINER: "/workspace/trainer",
    None: "/workspace/account",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("errors")) as here:
        for role in WAYS_ON:
            made = MakeAgent(
                email=f"{role}@example.com",
                name=f"A {role}",
                password_hash=hash_password("some words"),
                capacity=1,
                roles=[role] if role else [],
            )
            await here.desk.store.write(make_agent, made)
        yield here


def main_link(page: str) -> str:
    found = re.search(r'<a class="btn main" href="([^"]+)">', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("role", WAYS_ON)
async def test_an_error_page_links_to_the_home_page_and_to_sign_out(
    desk: Running, role: Role | None
) -> None:
    async with desk.visitor() as visitor:
        await visitor.sign_in(f"{role}@example.com", "some words")
        lost = await visitor.get("/workspace/nowhere")
        assert (lost.status, main_link(lost.text)) == (404, WAYS_ON[role])
        assert (await visitor.get(WAYS_ON[role])).status == 200
        [csrf] = re.findall(r'name="csrf" value="(\w+)"', lost.text)
        assert (await visitor.post("/sign-out", csrf=csrf)).status == 303
        assert (await visitor.get(WAYS_ON[role])).status == 303


async def test_a_forbidden_page_links_to_a_page_that_the_role_may_see(desk: Running) -> None:
    async with desk.visitor() as trainer:
        await trainer.sign_in("trainer@example.com", "some words")
        refused = await trainer.get("/workspace/admin/agents")
        assert (refused.status, main_link(refused.text)) == (403, "/workspace/trainer")
        assert "You don't have access" in shown(refused.text)


@pytest.mark.parametrize("path", ["/workspace/nowhere", "/nowhere", "/sign-nowhere"])
async def test_an_unknown_address_gets_our_own_error_page(desk: Running, path: str) -> None:
    async with desk.visitor() as visitor:
        page = await visitor.get(path)
        assert (page.status, main_link(page.text)) == (404, "/sign-in")
        assert "There is nothing at this address." in page.text
        assert "Requested URL" not in page.text
        assert "Sign out" not in page.text


async def test_programs_get_a_problem_document(desk: Running) -> None:
    async with desk.visitor() as visitor:
        for path, headers in (("/api/nowhere", PAGE), ("/nowhere", {"Accept": "*/*"})):
            answer = await visitor.get(path, headers)
            assert answer.headers["Content-Type"] == "application/problem+json"


async def test_agents_can_sign_out_while_the_database_fails(
    desk: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service can read nothing, so the page recognizes the session only by its cookie."""
    from handoff_service.errors import DatabaseAway

    async def away(*_args: object) -> None:
        raise DatabaseAway("SQLITE_BUSY")

    async with desk.visitor() as visitor:
        await visitor.sign_in("agent@example.com", "some words")
        with monkeypatch.context() as patch:
            patch.setattr("handoff_service.web.shared.session._current", away)
            page = await visitor.get("/workspace")
        assert (page.status, main_link(page.text)) == (503, "/workspace")
        assert "Sign out" in page.text
        assert "stay_connected" not in page.text


async def test_an_error_page_keeps_its_agent_connected(desk: Running) -> None:
    """The page's script opens the same event stream as the workspace."""
    async with desk.visitor() as visitor:
        await visitor.sign_in("agent@example.com", "some words")
        page = await visitor.get("/workspace/nowhere")
        [script] = re.findall(r'src="([^"]+stay_connected.js)"', page.text)
        [stream] = set(re.findall(r'EventSource\("([^"]+)"\)', (await visitor.get(script)).text))
        async with visitor.client.get(visitor.address + stream) as answer:
            async with asyncio.timeout(5):
                assert b"hello" in await answer.content.readline()
            agents = [id for id in range(1, 30) if desk.desk.connections.holds(id)]
            assert len(agents) == 1


@pytest.mark.parametrize("role", WAYS_ON)
async def test_each_role_has_one_home_page(role: Role | None) -> None:
    roles = frozenset({role} if role else set[Role]())
    assert home_of(CurrentAgent(1, "Ann", "ann@example.com", roles, "away")) == WAYS_ON[role]

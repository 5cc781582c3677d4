"""Fixtures for all tests of pages and of the API."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from tests.web.admin_browser import GRACE, Admin
from tests.web.workspace_server import Running, Visitor, running


@pytest.fixture(scope="module", autouse=True)
def _short_stops() -> Iterator[None]:
    """Stop each service quickly. Outside tests, a stopping service waits longer for work in
    progress, such as a bot that hangs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("handoff_service.app.service.WORK_WITHIN", 0.5)
        yield


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    """The running service, with Grace as an admin. Many test files define their own ``desk``."""
    path = tmp_path / "admin.toml"
    path.write_text(GRACE)
    async with running(tmp_path) as service:
        await service.desk.store.write(import_desk, read_desk_file.read(path))
        yield service


@pytest.fixture
async def grace(desk: Running) -> AsyncIterator[Admin]:
    async with desk.visitor() as one:
        assert (await one.sign_in("grace@example.com", "demo-grace")).status == 303
        yield Admin(one.address, one.client)


@pytest.fixture
async def mia(desk: Running) -> AsyncIterator[Visitor]:
    """The browser of Mia, an agent who has signed in."""
    async with desk.visitor() as visitor:
        await visitor.sign_in()
        yield visitor

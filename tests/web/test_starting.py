"""The phone page shows a notice while the virtual agent is starting."""

from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.service import free_port
from tests.web.workspace_server import running


async def test_the_phone_page_shows_a_notice_until_the_virtual_agent_runs(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/webhooks/sms/webhook"
    async with running(tmp_path, PATCHBOARD_BOT_URL=url) as here, here.visitor() as visitor:
        said = (await visitor.get("/phone/bot")).text
        assert said.startswith("The virtual agent is starting.")
        async with TestServer(web.Application(), port=port):
            assert (await visitor.get("/phone/bot")).text == ""


async def test_a_desk_without_a_virtual_agent_shows_no_notice(tmp_path: Path) -> None:
    async with running(tmp_path) as here, here.visitor() as visitor:
        assert (await visitor.get("/phone/bot")).text == ""

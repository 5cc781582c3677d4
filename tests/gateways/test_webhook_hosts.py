"""Webhooks call only allowed hosts, and the bot's process gets only some environment variables."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult
from aiohttp.test_utils import TestServer

from handoff_service.bot_control import rasa_environment
from handoff_service.gateways.outside_http import _is_callable
from handoff_service.gateways.webhook.gateway import HttpWebhook
from handoff_service.ports.call_result import CallResult
from handoff_service.ports.webhook import OutgoingCall
from handoff_service.rules.shared.outside_addresses import (
    NOT_HTTPS,
    PRIVATE,
    Allowed,
    address_error,
)
from handoff_service.rules.webhooks.call_failures import FORBIDDEN, INVALID, PAUSED
from tests.support.ticket_system import ticket_system

REFUSED = [
    "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/latest",
    "https://0.0.0.0/",
    "https://10.0.0.7/", "https://192.168.1.1/", "https://[fd12::1]/",
    "https://2130706433/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/",
    "https://127\u30020\u30020\u30021/", "https://\u246027.0.0.1/", "https://\uff11\uff12\uff17.0.0.1/",
    "https://0x7f000001/", "https://017700000001/", "https://0x7f.1/", "https://127.1/",
    "https://[64:ff9b::7f00:1]/", "https://[::127.0.0.1]/",
]  # fmt: skip
#: Names of this computer, even if a name server does not know them.
NAMES = ["https://localhost./", "https://LOCALHOST/", "https://desk.localhost/"]


@pytest.mark.parametrize("url", [*REFUSED, *NAMES, *(one.replace("s:", ":", 1) for one in REFUSED)])
def test_an_address_that_looks_private_is_refused_on_entry(url: str) -> None:
    assert address_error(url, Allowed()) == PRIVATE
    others = ["10.9.0.0/16", "tickets.internal"]
    assert address_error(url, Allowed.read(others)) == PRIVATE


def test_plain_http_requires_a_setting() -> None:
    inside = "http://tickets.internal/"
    assert address_error(inside, Allowed()) == NOT_HTTPS
    assert address_error("http://93.184.216.34/", Allowed()) == NOT_HTTPS
    assert address_error(inside, Allowed.read(["Tickets.Internal"])) is None
    assert address_error("http://2130706433/", Allowed.read(["127.0.0.0/8"])) is None
    assert address_error("https://tickets.example.com/", Allowed()) is None
    assert address_error("https://93.184.216.34/", Allowed()) is None


@pytest.mark.parametrize("url", REFUSED)
async def test_this_computer_and_link_are_not_called(url: str) -> None:
    hook = HttpWebhook()
    called = await hook.call(
        OutgoingCall(url=url, event_id="1", timestamp=1, body="{}", signature="v1,x")
    )
    await hook.close()
    assert called.why == FORBIDDEN


@pytest.mark.parametrize("url", ["https://", "https://[::1", "https://a..b/", "https://a:b/"])
async def test_an_invalid_address_is_not_called(url: str) -> None:
    hook = HttpWebhook(["a", "a..b"])
    called = await hook.call(
        OutgoingCall(url=url, event_id="1", timestamp=1, body="{}", signature="v1,x")
    )
    await hook.close()
    assert called.why == INVALID


async def test_plain_http_is_called_only_if_a_setting_names_the_host() -> None:
    hook = HttpWebhook()
    call = OutgoingCall(
        url="http://tickets.internal/", event_id="1", timestamp=1, body="{}", signature="v1,x"
    )
    assert "PATCHBOARD_WEBHOOK_HOSTS" in ((await hook.call(call)).why or "")
    await hook.close()


@pytest.mark.parametrize(
    "address",
    [
        *("10.1.2.3", "192.168.0.7", "172.16.4.5", "100.64.0.1", "fd12::1", "255.255.255.255"),
        *("::ffff:10.1.2.3", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "ff02::1"),
    ],
)
def test_private_networks_are_called_only_if_a_setting_names_them(address: str) -> None:
    assert not _is_callable(address, Allowed())
    assert not _is_callable(address, Allowed.read(["10.9.0.0/16", "tickets.internal"]))


def test_a_setting_names_networks_addresses_and_hosts() -> None:
    allowed = Allowed.read(["10.1.0.0/16", "fd12::/32", "Tickets.Internal"])
    assert _is_callable("10.1.2.3", allowed)
    assert _is_callable("fd12::1", allowed)
    assert allowed.has_host("tickets.internal")
    assert not allowed.has_host("internal")
    assert _is_callable("93.184.216.34", Allowed())


class NameServer:
    """A name server that returns these addresses in order, and then repeats the last one."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, *_asked: object) -> list[ResolveResult]:
        self.asked += 1
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname="rebound.example", host=address, port=0, family=2, proto=0, flags=0
            )
        ]


async def call(hook: HttpWebhook, url: str) -> CallResult:
    made = OutgoingCall(url=url, event_id="1", timestamp=1, body="{}", signature="v1,x")
    return await hook.call(made)


@pytest.mark.parametrize("address", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1"])
async def test_a_name_with_a_private_address_is_not_called(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiohttp.ThreadedResolver.resolve", NameServer(address))
    hook = HttpWebhook()
    assert (await call(hook, "https://rebound.example/")).why == FORBIDDEN
    await hook.close()


async def test_a_name_with_private_and_public_addresses_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = [*await NameServer("93.184.216.34")(), *await NameServer("127.0.0.1")()]

    async def resolve(*_asked: object) -> list[ResolveResult]:
        return both

    monkeypatch.setattr("aiohttp.ThreadedResolver.resolve", resolve)
    hook = HttpWebhook()
    assert (await call(hook, "https://rebound.example/")).why == FORBIDDEN
    await hook.close()


async def test_the_connection_uses_the_checked_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding fails. The name server returns a public address first and this computer's
    address next. But the service resolves the name only once and connects to the checked address.
    """
    server = NameServer("93.184.216.34", "127.0.0.1")
    monkeypatch.setattr("aiohttp.ThreadedResolver.resolve", server)
    connected: list[str] = []

    async def connect(addr_infos: list[Any], **_more: object) -> None:
        connected.extend(one[4][0] for one in addr_infos)
        raise OSError

    monkeypatch.setattr("aiohappyeyeballs.start_connection", connect)
    hook = HttpWebhook()
    assert (await call(hook, "https://rebound.example/")).why == "It could not be reached."
    assert connected == ["93.184.216.34"]
    assert (await call(hook, "https://rebound.example/")).why == FORBIDDEN, (
        "a new call resolves the name again"
    )
    assert (server.asked, connected) == (2, ["93.184.216.34"])
    await hook.close()


async def test_a_redirect_to_this_computer_is_not_followed() -> None:
    async with ticket_system() as tickets:
        hook = HttpWebhook(["127.0.0.1"])
        app = web.Application()
        app.router.add_post("/", _redirect_to(tickets.address))
        server = TestServer(app)
        await server.start_server()
        called = await call(hook, str(server.make_url("/")))
        assert (called.status, tickets.forged, tickets.ids) == (302, 0, [])
        assert "which is not followed" in (called.why or "")
        await hook.close()
        await server.close()


def _redirect_to(address: str) -> Any:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": address})

    return answer


async def test_a_receiver_that_does_not_answer_is_not_called_for_a_while() -> None:
    """Otherwise its calls would occupy the workers that other receivers need."""
    asked = []

    async def hangs(_request: web.Request) -> web.Response:
        asked.append(1)
        await asyncio.sleep(3600)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", hangs)
    async with TestServer(app) as server:
        hook = HttpWebhook(["127.0.0.1"], timeout=0.05, slow=0.01)
        whys = [(await call(hook, str(server.make_url("/")))).why for _ in range(7)]
        assert whys == ["No answer within 0.05 s."] * 5 + [PAUSED] * 2
        assert len(asked) == 5
        await hook.close()


def test_rasas_process_inherits_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "PATCHBOARD_TWILIO_AUTH_TOKEN",
        "PATCHBOARD_SMTP_URL",
        "PATCHBOARD_SECRET_KEY",
        "AWS_SECRET_KEY",
    ):
        monkeypatch.setenv(name, "hush")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    given = rasa_environment.environment(tmp_path)
    assert "hush" not in given.values()
    assert given["OMP_NUM_THREADS"] == "1"
    assert "PATH" in given

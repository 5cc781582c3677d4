"""The hosts that the case webhook may call, and the environment that the bot's process gets."""

from pathlib import Path

import pytest

from handoff_service.bot_control import rasa_environment
from handoff_service.gateways.outside_http import FORBIDDEN, INVALID, _may_be_called
from handoff_service.gateways.webhook.gateway import HttpWebhook
from handoff_service.ports import OutgoingCall

REFUSED = [
    "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/latest",
    "https://0.0.0.0/",
    "https://2130706433/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
async def test_this_computer_and_link_are_not_called(url: str) -> None:
    hook = HttpWebhook()
    called = await hook.call(
        OutgoingCall(url=url, event_id="1", timestamp=1, body="{}", signature="v1,x")
    )
    await hook.close()
    assert called.why == FORBIDDEN


@pytest.mark.parametrize("url", ["https://", "https://[::1", "https://a..b/", "https://a:b/"])
async def test_an_address_that_is_none_is_not_called(url: str) -> None:
    hook = HttpWebhook(["a", "a..b"])
    called = await hook.call(
        OutgoingCall(url=url, event_id="1", timestamp=1, body="{}", signature="v1,x")
    )
    await hook.close()
    assert called.why == INVALID


async def test_plain_http_is_not_called_unless_its_host_is_named() -> None:
    hook = HttpWebhook()
    call = OutgoingCall(
        url="http://tickets.internal/", event_id="1", timestamp=1, body="{}", signature="v1,x"
    )
    assert "PATCHBOARD_WEBHOOK_HOSTS" in ((await hook.call(call)).why or "")
    await hook.close()


def test_the_company_network_may_be_called() -> None:
    for address in ("10.1.2.3", "192.168.0.7", "172.16.4.5", "fd12::1", "93.184.216.34"):
        assert _may_be_called(address)


def test_rasa_inherits_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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

"""The example receiver in the how-to accepts calls that the service signs."""

import re
import threading
from collections.abc import Iterator
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest

from handoff_service.clock import now
from handoff_service.gateways.webhook.gateway import HttpWebhook
from handoff_service.ports.webhook import OutgoingCall
from handoff_service.rules.webhooks.signature import secret_of, signatures

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "receive-events.md"
BODY = '{"type":"webhook.test"}'


@pytest.fixture
def receiver() -> Iterator[tuple[str, dict[str, Any]]]:
    """Run the page's receiver on a free port. Yield its address and the names that it defines."""
    (program,) = re.findall(r"^```python$(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(program, names)  # The program that the page shows.
    server = HTTPServer(("127.0.0.1", 0), names["Receiver"])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", names
    server.shutdown()
    server.server_close()
    thread.join()


async def test_the_receiver_accepts_signed_calls(
    receiver: tuple[str, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    address, names = receiver
    hook, seconds = HttpWebhook(["127.0.0.1"]), int(now().timestamp())
    other = secret_of(b"another key" * 3)

    async def status(secrets: list[str], at: int = seconds) -> int | None:
        call = OutgoingCall(
            url=address,
            event_id="evt_1",
            timestamp=at,
            signature=signatures(secrets, "evt_1", at, BODY),
            body=BODY,
        )
        return (await hook.call(call)).status

    assert await status([names["SECRET"]]) == 204
    assert await status([other, names["SECRET"]]) == 204, "one of the two secrets is valid"
    assert await status([other]) == 401
    assert await status([names["SECRET"]], seconds - 3600) == 401, (
        "a call from an hour ago is refused"
    )
    assert names["SEEN"] == {"evt_1"}
    assert capsys.readouterr().out == "webhook.test\n", "the receiver skips a repeat"
    await hook.close()

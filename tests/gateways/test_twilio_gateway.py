"""Twilio's official client with the fake Twilio: the effect of each answer on a text."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handoff_service import settings
from handoff_service.gateways.twilio import lists
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.gateways.twilio.gateway import TwilioProvider
from handoff_service.ports.sms_provider import Accepted, Later, Refused, SentBefore, Unsure
from handoff_service.rules.shared.vocabulary import Status
from tests.conftest import MovedClock
from tests.gateways.sms_provider_contract import ANN, LINE, SmsProviderContract, outgoing
from tests.support.fake_twilio import PUBLIC, FakeTwilio

type Connect = Callable[..., TwilioProvider]


@pytest.fixture
async def connect(twilio: FakeTwilio, tmp_path: Path) -> AsyncIterator[Connect]:
    """Yield a function that creates providers with changed environment variables."""
    made: list[TwilioProvider] = []

    def make(*, timeout: float = 10.0, **changes: str) -> TwilioProvider:
        made.append(
            TwilioProvider(settings.read(twilio.environ(tmp_path) | changes), timeout=timeout)
        )
        return made[-1]

    yield make
    for provider in made:
        await provider.close()


@pytest.fixture
def provider(connect: Connect) -> TwilioProvider:
    return connect()


class TestTwilio(SmsProviderContract):
    """Twilio passes the contract of the port."""

    errors = ERRORS


def opt_out(twilio: FakeTwilio) -> None:
    twilio.opted_out.add(ANN)


BUSY = "too many requests"
SENDS: list[tuple[str, Callable[[FakeTwilio], Any], dict[str, Any], object]] = [
    (
        "429 with Twilio's code",
        lambda t: t.fail_next(status=429, code=20429),
        {},
        Later(why=BUSY, code=20429),
    ),
    (
        "429 with another code",
        lambda t: t.fail_next(status=429, code=1),
        {},
        Later(why=BUSY, code=20429),
    ),
    (
        "20429 with another status",
        lambda t: t.fail_next(status=400, code=20429),
        {},
        Later(why=BUSY, code=20429),
    ),
    ("401 with a code", lambda t: t.fail_next(status=401, code=20005), {}, Refused(code=20005)),
    (
        "401 from a proxy before Twilio",
        lambda t: t.fail_next(status=401, code=None),
        {},
        Refused(code=20003),
    ),
    ("bad number", lambda t: None, {"to": "+1"}, Refused(code=21211)),
    ("opted out", opt_out, {}, Refused(code=21610)),
    ("too long", lambda t: None, {"body": "x" * 1601}, Refused(code=21617)),
    ("no words", lambda t: None, {"body": ""}, Refused(code=21602)),
    (
        "a magic number that is not mobile",
        lambda t: None,
        {"to": "+15005550009"},
        Refused(code=21614),
    ),
    (
        "a magic number that is not ours",
        lambda t: None,
        {"sender": "+15005550007"},
        Refused(code=21606),
    ),
    ("404", lambda t: t.fail_next(status=404, code=20404), {}, Refused(code=20404)),
    ("500, not accepted", lambda t: t.fail_next(status=500, code=20500), {}, Unsure),
    ("503, not accepted", lambda t: t.fail_next(status=503, code=20503), {}, Unsure),
    ("307, which is not followed", lambda t: t.fail_next(status=307, code=0), {}, Unsure),
    ("200 without a SID", lambda t: t.fail_next(status=200, code=0), {}, Unsure),
    ("accepted, then 500", lambda t: t.break_next(how="500"), {}, Unsure),
    ("accepted, then the connection closes", lambda t: t.break_next(how="close"), {}, Unsure),
]


@pytest.mark.parametrize(
    ("arrange", "changes", "expected"), [s[1:] for s in SENDS], ids=[s[0] for s in SENDS]
)
async def test_each_answer_of_twilio_has_its_meaning(
    twilio: FakeTwilio,
    provider: TwilioProvider,
    arrange: Any,
    changes: dict[str, Any],
    expected: object,
) -> None:
    """The service may retry without a lookup only if Twilio certainly did not accept the text."""
    arrange(twilio)
    result = await provider.send(replace(outgoing(), **changes))
    if isinstance(expected, type):
        assert type(result) is expected
    else:
        assert result == expected


async def test_an_accepted_text_has_a_callback_address(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    """Twilio has the text and a callback address that contains the message's id."""
    result = await provider.send(outgoing(7))
    [sent] = twilio.sent
    assert result == Accepted(sid=sent.sid, status=Status.SENDING)
    assert (sent.to, sent.sender, sent.body) == (ANN, LINE, "Your printer is ready.")
    assert sent.callback == f"{PUBLIC}/webhooks/twilio/status?message=7"


async def test_a_text_names_its_messaging_service_and_its_number(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    service = "MG" + "0123456789abcdef" * 2
    await provider.send(replace(outgoing(), messaging_service=service))
    [sent] = twilio.sent
    assert (sent.sender, sent.service) == (LINE, service)


async def test_a_text_is_sent_after_a_broken_connection(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    """The gateway does not reuse a broken connection."""
    twilio.break_next(how="close")
    results = [await provider.send(outgoing(n)) for n in (1, 2)]
    assert [type(r) for r in results] == [Unsure, Accepted]


async def test_a_send_without_an_answer_in_time_is_unsure(
    twilio: FakeTwilio, connect: Connect
) -> None:
    """Twilio accepted the text but never answered, so the result is Unsure and not Later."""
    twilio.break_next(how="stall")
    assert isinstance(await connect(timeout=0.2).send(outgoing()), Unsure)
    assert len(twilio.sent) == 1


async def test_without_a_connection_the_text_is_sent_later(connect: Connect) -> None:
    """Nothing was sent, so the service can retry later without a lookup. Lookups fail."""
    # The socket is bound but not listening, so it refuses connections.
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        provider = connect(PATCHBOARD_TWILIO_API_URL=f"http://127.0.0.1:{bound.getsockname()[1]}")
        assert isinstance(await provider.send(outgoing()), Later)
        with pytest.raises(OSError, match="could not be asked"):
            await provider.find(outgoing())


async def test_twilio_refuses_a_wrong_token(connect: Connect) -> None:
    """Twilio refuses the text with its code for a wrong token. Lookups fail."""
    provider = connect(PATCHBOARD_TWILIO_AUTH_TOKEN="old")
    assert await provider.send(outgoing()) == Refused(code=20003)
    with pytest.raises(OSError, match="could not be asked"):
        await provider.find(outgoing())


async def test_after_closing_a_send_is_delayed_and_a_lookup_fails(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    """After closing, the gateway delays a send, and a lookup raises its usual error."""
    await provider.close()
    assert isinstance(await provider.send(outgoing()), Later)
    with pytest.raises(OSError, match="could not be asked"):
        await provider.find(outgoing())
    assert not twilio.messages


async def test_a_stalled_send_delays_no_other_send(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    """The event loop and the other threads continue to work."""
    twilio.break_next(how="stall")
    stalled = asyncio.create_task(provider.send(outgoing(1)))
    while not twilio.sent:
        await asyncio.sleep(0)
    assert isinstance(await provider.send(outgoing(2)), Accepted)
    assert not stalled.done()
    await twilio.close()
    assert isinstance(await stalled, Unsure)


@pytest.mark.parametrize("how", ["500", "close"])
async def test_a_lookup_finds_an_unsure_send(
    twilio: FakeTwilio, provider: TwilioProvider, how: str
) -> None:
    """The lookup also finds a text that still waits at Twilio and has no DateSent yet."""
    twilio.break_next(how=how)
    await provider.send(outgoing())
    [sent] = twilio.sent
    assert sent.date_sent is None
    assert await provider.find(outgoing()) == [SentBefore(sid=sent.sid, status=Status.SENDING)]


async def test_a_lookup_ignores_older_texts_and_the_requesters_own(
    twilio: FakeTwilio, provider: TwilioProvider, clock: MovedClock
) -> None:
    """Texts with the same words do not match if they are older than our text or come from the
    requester.
    """
    await provider.send(outgoing())
    clock.move(3600)
    await twilio.send_inbound(f"{twilio.url}/nobody", LINE, ANN, "Your printer is ready.")
    assert not await provider.find(replace(outgoing(), created_at=clock()))


async def test_a_lookup_allows_for_clock_steps_and_trial_accounts(
    twilio: FakeTwilio, provider: TwilioProvider, clock: MovedClock
) -> None:
    """Our clock may step back by a minute between writing and sending. A trial account adds words
    before our text.
    """
    await provider.send(outgoing(body="Sent from your Twilio trial account - Hi"))
    clock.move(60)
    assert len(await provider.find(replace(outgoing(body="Hi"), created_at=clock()))) == 1


async def test_a_lookup_reads_every_page(
    twilio: FakeTwilio, provider: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twilio returns a long conversation in several pages."""
    monkeypatch.setattr(lists, "PAGE", 2)
    await provider.send(outgoing())
    for n in range(6):
        await provider.send(outgoing(n, body=f"Part {n}"))
    assert len(await provider.find(outgoing())) == 1


async def test_a_lookup_returns_the_final_status(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    """A lookup returns the current status of a message."""
    twilio.undelivered[ANN] = 30003
    await provider.send(outgoing())
    twilio.release_callbacks()
    twilio.reroute = {PUBLIC: twilio.url}
    await twilio.settled()
    assert [found.status for found in await provider.find(outgoing())] == [Status.UNDELIVERED]
    assert [c.form["MessageStatus"] for c in twilio.callbacks] == ["sent", "undelivered"]
    assert twilio.callbacks[-1].form["ErrorCode"] == "30003"


async def test_a_text_can_be_redacted_after_it_has_arrived(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    sent = await provider.send(outgoing())
    assert isinstance(sent, Accepted)
    early = await provider.erase(sent.sid)
    assert early is not None
    assert early.again
    twilio.messages[sent.sid].status = "delivered"
    assert await provider.erase(sent.sid) is None
    assert twilio.messages[sent.sid].body == ""
    assert await provider.erase("SM" + "0" * 32) is None, "redacting a deleted text succeeds"
    twilio.keeps.add(ANN)
    refused = await provider.erase(sent.sid)
    assert refused is not None
    assert (refused.why, refused.again) == ("The provider refused (20403).", False)

"""Media at Twilio. Downloads use the credentials only for Twilio's hosts and stop at the size
limit. The service sends pictures as links.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from handoff_service import settings
from handoff_service.gateways.twilio import media
from handoff_service.gateways.twilio.gateway import TwilioProvider
from handoff_service.gateways.twilio.media import FOREIGN, TOO_LARGE, _is_store
from handoff_service.ports.sms_provider import Accepted, NotFetched, SentBefore
from handoff_service.rules.shared.vocabulary import Status
from tests.conftest import MovedClock
from tests.gateways.sms_provider_contract import outgoing
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.support.pictures import picture


@pytest.fixture
async def twilio(clock: MovedClock) -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio(clock=clock) as fake:
        fake.hold_callbacks()
        yield fake


@pytest.fixture
async def provider(twilio: FakeTwilio, tmp_path: Path) -> AsyncIterator[TwilioProvider]:
    environ = {
        "PATCHBOARD_HOME": str(tmp_path),
        "PATCHBOARD_SMS_PROVIDER": "twilio",
        "PATCHBOARD_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "PATCHBOARD_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PATCHBOARD_TWILIO_API_URL": twilio.url,
    }
    made = TwilioProvider(settings.read(environ))
    yield made
    await made.close()


async def test_a_download_sends_credentials_to_twilio_but_not_to_the_media_store(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    url, _ = twilio.keep_media(picture())
    assert await provider.fetch(url) == picture()
    assert not twilio.credentials_leaked
    twilio.auth_token = "another"
    assert await provider.fetch(url) == NotFetched(
        why="The provider refused the download (401).", again=True
    )


async def test_a_download_stops_at_five_megabytes(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    """The store does not send the length, so the download counts bytes and stops at the limit."""
    url, _ = twilio.keep_media(b"x" * 5_000_000)
    assert len(await provider.fetch(url)) == 5_000_000  # type: ignore[arg-type]
    url, _ = twilio.keep_media(b"x" * 50_000_000)
    assert await provider.fetch(url) == TOO_LARGE


TROUBLE = [
    (
        "the file is not available yet",
        404,
        NotFetched(why="The provider does not have it (404).", again=True),
    ),
    ("failing", 503, NotFetched(why="The provider refused the download (503).", again=True)),
    ("elsewhere", "http://127.0.0.1:9/secret", FOREIGN),
    ("elsewhere, nearly", "https://twilio.com.evil.example/x", FOREIGN),
    ("another host, without TLS", "http://mms.twiliocdn.com/x", FOREIGN),
]


@pytest.mark.parametrize(
    ("fault", "expected"), [t[1:] for t in TROUBLE], ids=[t[0] for t in TROUBLE]
)
async def test_a_failed_download_is_final_or_retried(
    twilio: FakeTwilio, provider: TwilioProvider, fault: int | str, expected: NotFetched
) -> None:
    url, _ = twilio.keep_media(picture())
    twilio.media_faults.append(fault)
    assert await provider.fetch(url) == expected
    assert await provider.fetch(url) == picture()


@pytest.mark.parametrize(
    "where", ["{}/.twilio.com/x", "{}/x#.twilio.com", "{}@mms.twiliocdn.com/x"]
)
async def test_a_redirect_to_another_host_is_refused(
    twilio: FakeTwilio, provider: TwilioProvider, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check covers the address to which the client would connect, so no other host gets our
    credentials.
    """
    asked: list[str] = []
    real = requests.Session.send

    def send(
        session: requests.Session, request: requests.PreparedRequest, **how: Any
    ) -> requests.Response:
        asked.append(str(request.url))
        return real(session, request, **how)

    monkeypatch.setattr(requests.Session, "send", send)
    url, _ = twilio.keep_media(picture())
    twilio.media_faults.append(where.format("https://127.0.0.1:9"))
    assert await provider.fetch(url) == FOREIGN
    assert asked == [url]


async def test_a_redirect_back_to_twilio_also_gets_no_credentials(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    url, _ = twilio.keep_media(picture())
    twilio.media_faults.append(url)
    assert await provider.fetch(url) == NotFetched(
        why="The provider refused the download (401).", again=True
    )


@pytest.mark.parametrize(
    "url",
    [
        "", "simulator:x", "file:///etc/passwd", "http://127.0.0.1/x", "http://api.twilio.com/x",
        "https://[",
        "https://twilio.com.evil.example/x", "https://eviltwilio.com/x",
        "https://api.twilio.com:8443/x",
        "https://127.0.0.1\\.twilio.com/x", "https://127.0.0.1%5C.twilio.com/x",
        "https://127.0.0.1\\@api.twilio.com/x",
        "https://127.0.0.1#.twilio.com/x", "https://127.0.0.1?.twilio.com/x",
        "https://127.0.0.1;.twilio.com/x",
        "https://127.0.0.1\t.twilio.com/x", "https://[::1].twilio.com/x",
        "https://127.0.0.1\u3002.twilio.com/x",
        "https://127.0.0.1%2f.twilio.com/x", "https://a_b.twilio.com/x",
        "https://api.twilio.com@evil.example/x", "https://evil.example/api.twilio.com",
        "https://mms.twiliocdn.com/x",
    ],
)  # fmt: skip
async def test_credentials_go_only_to_twilio(provider: TwilioProvider, url: str) -> None:
    """Whatever the webhook contains, no request goes to another address."""
    assert await provider.fetch(url) == FOREIGN


def test_addresses_of_twilios_media_are_recognized() -> None:
    for kept in (
        "https://mms.twiliocdn.com/AC1/x?Expires=1", "https://media.twiliocdn.com/AC1/x",
        "https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC1/x",
    ):  # fmt: skip
        assert _is_store(kept)
    for other in (
        "https://s3-external-1.amazonaws.com/mine/x", "https://twiliocdn.com.evil.example/x",
        "https://user@mms.twiliocdn.com/x", "http://media.twiliocdn.com/x",
    ):  # fmt: skip
        assert not _is_store(other)


async def test_a_stalled_download_ends_and_delays_no_text(
    twilio: FakeTwilio, provider: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "SILENCE", 0.5)
    url, _ = twilio.keep_media(picture())
    twilio.media_faults.append("stall")
    stalled = asyncio.create_task(provider.fetch(url))
    while twilio.media_faults:
        await asyncio.sleep(0)
    assert isinstance(await provider.send(outgoing()), Accepted)
    assert await stalled == NotFetched(why="The provider did not answer in time.", again=True)


async def test_after_closing_a_download_is_delayed(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    await provider.close()
    assert await provider.fetch("https://api.twilio.com/x") == NotFetched(
        why="Patchboard is stopping.", again=True
    )


async def test_pictures_are_sent_as_links_and_a_lookup_finds_them(
    twilio: FakeTwilio, provider: TwilioProvider
) -> None:
    """Pictures without words are included. A text with the same words but without a picture does
    not match.
    """
    links = (
        "https://sms.example.com/media/1?expires=1&signature=a",
        "https://sms.example.com/media/2?expires=1",
    )
    with_two = replace(outgoing(body=""), media_urls=links)
    sent = await provider.send(with_two)
    assert isinstance(sent, Accepted)
    assert sent.sid.startswith("MM")
    assert tuple(twilio.sent[0].media_urls) == links
    assert await provider.find(with_two) == [SentBefore(sid=sent.sid, status=Status.SENDING)]
    with_words = replace(outgoing(), media_urls=links)
    await provider.send(with_words)
    assert len(await provider.find(with_words)) == 1
    assert await provider.find(outgoing()) == []

"""HTTP with the app's local server: basic authentication, and a new connection for each request.

A phone's Wi-Fi sleeps, so a connection that stays open is often dead. If a request fails on a dead
connection, the service cannot know whether the phone got the request.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp

from handoff_service.settings import Settings

CONNECT, ANSWER = 5.0, 15.0  # seconds; our choice
AT_ONCE = 4  # connections; a phone is a small server
# entries; the app allows no more: https://docs.sms-gate.app/features/reading-messages/#get-inbox
PAGE = 500
MOST_PAGES = 20  # our choice


class PhoneClient:
    """Calls the local server. Create it on a running event loop."""

    def __init__(self, settings: Settings) -> None:
        credentials = settings.android_phone_user, settings.android_phone_password or ""
        self._session = aiohttp.ClientSession(
            headers={"Authorization": aiohttp.encode_basic_auth(*credentials, encoding="utf-8")},
            timeout=aiohttp.ClientTimeout(total=ANSWER, sock_connect=CONNECT),
            connector=aiohttp.TCPConnector(limit=AT_ONCE, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._url = settings.android_phone_url or ""

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str | int] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request. Raises aiohttp's errors and TimeoutError."""
        async with self._session.request(
            method, self._url + path, json=json, params=params, allow_redirects=False
        ) as answer:
            yield answer

    async def read(self, path: str, **params: str | int) -> Any:
        """Return the JSON at this path; None: the phone has nothing there. Raises OSError."""
        try:
            async with self.request("GET", path, params=params) as answer:
                if answer.status == 404:
                    return None
                answer.raise_for_status()
                return await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise OSError(f"The phone could not be asked: {why(error)}") from None

    async def read_list(self, path: str, since: datetime, **params: str | int) -> list[Any]:
        """Read every entry of a list since this time, page by page. Raises OSError."""
        found: list[Any] = []
        for page in range(MOST_PAGES):
            asked: dict[str, str | int] = {"limit": PAGE, "offset": page * PAGE}
            some = await self.read(path, **asked | params | {"from": iso(since)})
            if not isinstance(some, list):
                raise OSError(f"The phone has no list at {path}. Its app may be too old.")
            found += some
            if len(some) < PAGE:
                break
        return found

    async def close(self) -> None:
        await self._session.close()


def iso(at: datetime) -> str:
    """A time in the format that the app reads."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def why(error: BaseException) -> str:
    """Return only the error's class and status: its text can contain phone numbers."""
    status = f" {error.status}" if isinstance(error, aiohttp.ClientResponseError) else ""
    return type(error).__name__ + status

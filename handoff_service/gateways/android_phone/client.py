"""The HTTP client for the app's local server. It uses basic authentication and opens a new
connection for each request.

A phone's Wi-Fi sleeps, so an idle connection is often dead. If a request fails on a dead
connection, the service cannot know whether the phone received it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp

from handoff_service.settings import Settings

CONNECT, ANSWER = 5.0, 15.0  # seconds; our choice
MAX_CONNECTIONS = 4  # few, because a phone is a small server
# entries in one response, the most that the app allows:
# https://docs.sms-gate.app/features/reading-messages/#get-inbox
PAGE = 500
MAX_PAGES = 20  # our choice


class PhoneClient:
    """Calls the local server. Create it on a running event loop."""

    def __init__(self, settings: Settings) -> None:
        credentials = settings.android_phone_user, settings.android_phone_password or ""
        self._session = aiohttp.ClientSession(
            headers={"Authorization": aiohttp.encode_basic_auth(*credentials, encoding="utf-8")},
            timeout=aiohttp.ClientTimeout(total=ANSWER, sock_connect=CONNECT),
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, force_close=True),
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
        """Return the JSON at this path; None if the phone answers 404. Raises OSError."""
        try:
            async with self.request("GET", path, params=params) as answer:
                if answer.status == 404:
                    return None
                answer.raise_for_status()
                return await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise OSError(f"The phone could not be asked: {why(error)}") from None

    async def read_list(self, path: str, since: datetime, **params: str | int) -> list[Any]:
        """Read all entries since this time, page by page, up to ``MAX_PAGES``. Raises OSError."""
        found: list[Any] = []
        for page in range(MAX_PAGES):
            paging: dict[str, str | int] = {"limit": PAGE, "offset": page * PAGE}
            entries = await self.read(path, **paging | params | {"from": iso(since)})
            if not isinstance(entries, list):
                raise OSError(f"The phone has no list at {path}. Its app may be too old.")
            found += entries
            if len(entries) < PAGE:
                break
        return found

    async def close(self) -> None:
        await self._session.close()


def iso(at: datetime) -> str:
    """Format a time as the app's API expects it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def why(error: BaseException) -> str:
    """Return only the error's class and status, because its text can contain phone numbers."""
    status = f" {error.status}" if isinstance(error, aiohttp.ClientResponseError) else ""
    return type(error).__name__ + status

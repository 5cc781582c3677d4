"""HTTP calls to addresses that people have entered: the company's webhooks, agents' own
notifications, and identity providers.

The service may call only addresses of the public internet, unless a setting names the host or its
network. It refuses this computer's own addresses, private networks and a cloud's metadata service,
even if a host name resolves to one of them. The connection uses the IP addresses that were checked.
This prevents DNS rebinding, in which an attacker's name server changes its answer after the check.

The results of a call:

| what happened                         | result                                    |
| ------------------------------------- | ----------------------------------------- |
| 2xx                                   | accepted                                  |
| 3xx                                   | failed: redirects are never followed      |
| any other status, no answer, no route | failed                                    |
"""

import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from handoff_service import __version__
from handoff_service.ports.call_result import CallResult
from handoff_service.rules.shared.outside_addresses import (
    SETTING,
    Allowed,
    ip_address,
    may_be_called,
    plain_host,
)
from handoff_service.rules.shared.phrases import filled
from handoff_service.rules.webhooks.call_failures import (
    ANSWERED,
    FORBIDDEN,
    INVALID,
    LOST,
    NO_HTTPS,
    NOT_IN_TIME,
    NOT_REACHED,
    NOT_TRUSTED,
    REDIRECTED,
)

TIMEOUT = 10.0  # seconds for a whole call; our choice, shorter than any lease of due work
MAX_CONNECTIONS = 32  # our choice
MAX_CONNECTIONS_PER_HOST = 8  # our choice


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The outcome of a call, with the beginning of the response body, as ``ask`` limits it."""

    result: CallResult
    body: bytes = b""


class _Forbidden(OSError):
    """The host resolves to an address that the service may not call."""


def _is_callable(resolved: str, allowed: Allowed) -> bool:
    """Whether the service may call this IP address."""
    address = ip_address(resolved)
    return address is not None and may_be_called(address, allowed)


class _Resolver(AbstractResolver):
    """Resolves a host name when the service calls it, and rejects forbidden addresses. The
    connection then uses exactly these addresses."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed, self._real = allowed, aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._real.resolve(host, port, family)
        if not self._allowed.has_host(host) and not all(
            _is_callable(one["host"], self._allowed) for one in found
        ):
            raise _Forbidden(host)
        return found

    async def close(self) -> None:
        await self._real.close()


class OutsideHttp:
    """Calls addresses that people have entered. They must use https and be public. Two exceptions:

    - A host that ``hosts`` names, or an IP address in a network that ``hosts`` names, may also use
      http and be private.
    - A host name that resolves to an address in such a network may be private, but must use https.

    Create this object on a running event loop."""

    def __init__(self, hosts: Collection[str] = (), *, timeout: float = TIMEOUT) -> None:
        self._timeout, self._allowed = timeout, Allowed.read(hosts)
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers={"User-Agent": f"Patchboard/{__version__}"},
            connector=aiohttp.TCPConnector(
                limit=MAX_CONNECTIONS,
                limit_per_host=MAX_CONNECTIONS_PER_HOST,
                resolver=_Resolver(self._allowed),
                use_dns_cache=False,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> CallResult:
        """Send the body. Never raises for errors of the receiver or the network."""
        return (await self.ask("POST", url, headers, body)).result

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        max_bytes: int = 0,
    ) -> HttpAnswer:
        """Make a call and read ``max_bytes`` of the response body, and one byte more if the body is
        longer. Never raises for errors of the receiver or the network."""
        try:
            target = URL(url)
            if why := self._refusal(target):
                return HttpAnswer(CallResult(why=why))
            async with self._session.request(
                method, target, data=body or None, headers=headers, allow_redirects=False
            ) as answer:
                return HttpAnswer(_call_result(answer.status), await _read(answer, max_bytes))
        except TimeoutError:
            why = filled(NOT_IN_TIME, seconds=f"{self._timeout:g}")
        except aiohttp.ClientSSLError:
            why = NOT_TRUSTED
        except aiohttp.ClientConnectorError as error:
            is_forbidden = isinstance(error.os_error, _Forbidden)
            why = FORBIDDEN if is_forbidden else NOT_REACHED
        except ValueError:  # aiohttp's InvalidURL is a ValueError
            why = INVALID
        except (aiohttp.ClientError, RuntimeError):  # RuntimeError: the service is stopping
            why = LOST
        return HttpAnswer(CallResult(why=why))

    def _refusal(self, url: URL) -> str | None:
        # check the host as the HTTP client reads it, because some spellings of an IP address look
        # like a name
        host = plain_host(url.host or "")
        if self._allowed.has_host(host):
            return None
        if url.scheme != "https":
            return filled(NO_HTTPS, host=host, setting=SETTING)
        # aiohttp does not call the resolver for an IP address
        address = ip_address(host)
        if address is not None and not may_be_called(address, self._allowed):
            return FORBIDDEN
        return None

    async def close(self) -> None:
        await self._session.close()


async def _read(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Read ``max_bytes`` of the body. From a longer body, read one byte more, which shows the
    caller that it was too long. With 0, read nothing."""
    found = b""
    while len(found) <= max_bytes > 0 and (
        part := await answer.content.read(max_bytes + 1 - len(found))
    ):
        found += part
    return found


def _call_result(status: int) -> CallResult:
    if 200 <= status < 300:
        return CallResult(status=status)
    if 300 <= status < 400:
        return CallResult(
            status=status,
            why=filled(REDIRECTED, status=status),
        )
    return CallResult(status=status, why=filled(ANSWERED, status=status))

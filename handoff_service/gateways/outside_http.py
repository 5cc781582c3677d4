"""HTTP calls to addresses that people have entered: the company's webhook, and agents' own
notifications. Loopback, link-local and reserved addresses are refused, also when a name resolves
to one.

The results of a call:

| what happened                         | result                                    |
| ------------------------------------- | ----------------------------------------- |
| 2xx                                   | accepted                                  |
| 3xx                                   | failed: redirects are never followed      |
| any other status, no answer, no route | failed                                    |
"""

import ipaddress
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from handoff_service import __version__
from handoff_service.ports import Called

TIMEOUT = 10.0  # seconds for a whole call; our choice, shorter than any lease of due work
FORBIDDEN = (
    "The address belongs to this computer, or is link-local or reserved. To call it anyway, add "
    "its host to PATCHBOARD_WEBHOOK_HOSTS."
)
INVALID = "The address is not valid. Correct it."
AT_ONCE = 8  # connections; our choice


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a call, and the beginning of the answer's body."""

    called: Called
    body: bytes = b""


class _Forbidden(OSError):
    """The host resolves to an address that the service may not call."""


def _may_be_called(address: str) -> bool:
    """Whether the service may call this IP address. Private addresses of the company's network are
    allowed; loopback and link-local ones, such as a cloud's metadata service, are not."""
    try:
        read = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    ip = getattr(read, "ipv4_mapped", None) or read
    return not (
        ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast or ip.is_reserved
    )


class _Resolver(AbstractResolver):
    """Resolves a name at call time and rejects forbidden addresses. The connection uses the same
    addresses that were checked."""

    def __init__(self, hosts: Collection[str]) -> None:
        self._hosts, self._real = hosts, aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._real.resolve(host, port, family)
        if host not in self._hosts and not all(_may_be_called(one["host"]) for one in found):
            raise _Forbidden(host)
        return found

    async def close(self) -> None:
        await self._real.close()


class OutsideHttp:
    """Calls such addresses. They must use https and must not be refused ones, unless ``hosts``
    names their host. Create it on a running event loop."""

    def __init__(self, hosts: Collection[str] = (), *, timeout: float = TIMEOUT) -> None:
        self._timeout, self._hosts = timeout, hosts
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers={"User-Agent": f"Patchboard/{__version__}"},
            connector=aiohttp.TCPConnector(limit=AT_ONCE, resolver=_Resolver(hosts)),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Called:
        """Send the body. Never raises for errors of the receiver or the network."""
        return (await self.ask("POST", url, headers, body)).called

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, most: int = 0
    ) -> Answered:
        """Make a call and read at most so many bytes of the answer. Never raises for errors of the
        receiver or the network."""
        try:
            if why := self._refused(url):
                return Answered(Called(why=why))
            async with self._session.request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as answer:
                return Answered(_called(answer.status), await _read(answer, most))
        except TimeoutError:
            why = f"No answer within {self._timeout:g} s."
        except aiohttp.ClientSSLError:
            why = "Its certificate is not trusted."
        except aiohttp.ClientConnectorError as error:
            is_forbidden = isinstance(error.os_error, _Forbidden)
            why = FORBIDDEN if is_forbidden else "It could not be reached."
        except ValueError:  # aiohttp's InvalidURL is one, too
            why = INVALID
        except (aiohttp.ClientError, RuntimeError):  # RuntimeError: the service is stopping
            why = "The connection was lost."
        return Answered(Called(why=why))

    def _refused(self, url: str) -> str | None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host in self._hosts:
            return None
        if parts.scheme != "https":
            return f"It is not https. To call it anyway, add {host} to PATCHBOARD_WEBHOOK_HOSTS."
        # the resolver is not called for IP addresses
        is_address = host.replace(".", "").isdecimal() or ":" in host
        return FORBIDDEN if is_address and not _may_be_called(host) else None

    async def close(self) -> None:
        await self._session.close()


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """At most so many bytes of the body. One more shows that it was longer."""
    found = b""
    while len(found) <= most > 0 and (part := await answer.content.read(most + 1 - len(found))):
        found += part
    return found


def _called(status: int) -> Called:
    if 200 <= status < 300:
        return Called(status=status)
    if 300 <= status < 400:
        return Called(
            status=status, why=f"It answered with a redirect ({status}), which is not followed."
        )
    return Called(status=status, why=f"It answered {status}.")

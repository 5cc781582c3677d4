"""HTTP calls to addresses that people have entered: the company's webhook, and agents' own
notifications. Only addresses of the public internet may be called, unless a setting names the host
or its network. This computer, private networks and a cloud's metadata service are refused, also
when a name resolves to one. The connection uses the addresses that were checked, so a name server
that changes its answer (DNS rebinding) gains nothing.

The results of a call:

| what happened                         | result                                    |
| ------------------------------------- | ----------------------------------------- |
| 2xx                                   | accepted                                  |
| 3xx                                   | failed: redirects are never followed      |
| any other status, no answer, no route | failed                                    |
"""

import ipaddress
import socket
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from handoff_service import __version__
from handoff_service.ports import Called

TIMEOUT = 10.0  # seconds for a whole call; our choice, shorter than any lease of due work
FORBIDDEN = (
    "The address belongs to this computer, or to a private or reserved network. To call it anyway, "
    "add its host or network to PATCHBOARD_WEBHOOK_HOSTS."
)
INVALID = "The address is not valid. Correct it."
AT_ONCE = 32  # connections; our choice
AT_ONCE_EACH = 8  # to one host
# IPv6 addresses that translators (NAT64) send to the IPv4 address in their last four bytes:
# https://www.rfc-editor.org/rfc/rfc6052#section-2.1
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network
type Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Allowed:
    """The hosts, and the networks, that may be called though they are not public."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def read(cls, entries: Iterable[str]) -> Self:
        """Read host names, addresses, and networks such as 10.0.0.0/8."""
        hosts, networks = set(), []
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                hosts.add(entry.lower())
        return cls(frozenset(hosts), tuple(networks))

    def has_host(self, host: str) -> bool:
        """Whether everything is allowed for this host, also plain http."""
        address = _address(host)
        return host in self.hosts or (address is not None and self.has_address(address))

    def has_address(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Answered:
    """The outcome of a call, with the beginning of the answer's body."""

    called: Called
    body: bytes = b""


class _Forbidden(OSError):
    """The host resolves to an address that the service may not call."""


def _address(written: str) -> Address | None:
    """The address that a packet to it reaches. None for a name."""
    try:
        read = ipaddress.ip_address(written.partition("%")[0])
    except ValueError:
        return None
    if isinstance(read, ipaddress.IPv6Address):
        if read in _NAT64:
            return ipaddress.IPv4Address(read.packed[-4:])
        return read.ipv4_mapped or read
    return read


def _may_be_called(written: str, allowed: Allowed) -> bool:
    """Whether the service may call this IP address."""
    ip = _address(written)
    if ip is None:
        return False
    return allowed.has_address(ip) or (ip.is_global and not ip.is_multicast and not ip.is_reserved)


class _Resolver(AbstractResolver):
    """Resolves a name at call time and rejects forbidden addresses. The connection uses the same
    addresses that were checked."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed, self._real = allowed, aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._real.resolve(host, port, family)
        if not self._allowed.has_host(host) and not all(
            _may_be_called(one["host"], self._allowed) for one in found
        ):
            raise _Forbidden(host)
        return found

    async def close(self) -> None:
        await self._real.close()


class OutsideHttp:
    """Calls such addresses. They must use https and must not be refused ones, unless ``hosts``
    names their host or network. Create it on a running event loop."""

    def __init__(self, hosts: Collection[str] = (), *, timeout: float = TIMEOUT) -> None:
        self._timeout, self._allowed = timeout, Allowed.read(hosts)
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers={"User-Agent": f"Patchboard/{__version__}"},
            connector=aiohttp.TCPConnector(
                limit=AT_ONCE,
                limit_per_host=AT_ONCE_EACH,
                resolver=_Resolver(self._allowed),
                use_dns_cache=False,
            ),
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
        if self._allowed.has_host(host):
            return None
        if parts.scheme != "https":
            return f"It is not https. To call it anyway, add {host} to PATCHBOARD_WEBHOOK_HOSTS."
        # the resolver is not called for IP addresses
        is_address = host.replace(".", "").isdecimal() or ":" in host
        return FORBIDDEN if is_address and not _may_be_called(host, self._allowed) else None

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

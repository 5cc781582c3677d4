"""The outgoing webhook over HTTP, as Standard Webhooks has it.

Its plain twin is no address: then nothing is called. What an answer means:

| what happened                         | result                                    |
| ------------------------------------- | ----------------------------------------- |
| 2xx                                   | taken                                     |
| 3xx                                   | not taken: a redirect is never followed   |
| any other status, no answer, no route | not taken                                 |

Source:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-delivery
"""

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from handoff_service import __version__
from handoff_service.ports import Called, OutgoingCall

TIMEOUT = 10.0  # seconds for a whole call; ours, and shorter than any lease of due work
FORBIDDEN = (
    "It is on this computer or link. To call it anyway, add its host to PATCHBOARD_WEBHOOK_HOSTS."
)
AT_ONCE = 8  # ours: as many as the worker has under way


class _Forbidden(OSError):
    """The host has an address that the webhook may not call."""


def _may_be_called(address: str) -> bool:
    """Whether this IP address can be a ticket system. One in the company's own network can; this
    computer, and what only the link knows, such as a cloud's metadata service, cannot."""
    try:
        read = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    ip = getattr(read, "ipv4_mapped", None) or read
    return not (
        ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast or ip.is_reserved
    )


class _Resolver(AbstractResolver):
    """Resolves a name when it is called, and refuses what it must not lead to: the address that is
    judged is the one that is connected to."""

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


class HttpWebhook:
    """Calls the address that an admin has set, by https and not on this computer, unless ``hosts``
    names its host. Must be made on a running event loop."""

    def __init__(self, hosts: Collection[str] = (), *, timeout: float = TIMEOUT) -> None:
        self._timeout, self._hosts = timeout, hosts
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers={"User-Agent": f"Patchboard/{__version__}", "Content-Type": "application/json"},
            connector=aiohttp.TCPConnector(limit=AT_ONCE, resolver=_Resolver(hosts)),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def call(self, call: OutgoingCall) -> Called:
        if why := self._refused(call.url):
            return Called(why=why)
        headers = {
            "webhook-id": call.event_id,
            "webhook-timestamp": str(call.timestamp),
            "webhook-signature": call.signature,
        }
        try:
            async with self._session.post(
                call.url, data=call.body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                return _called(answer.status)
        except TimeoutError:
            return Called(why=f"No answer within {self._timeout:g} s.")
        except aiohttp.ClientSSLError:
            return Called(why="Its certificate is not trusted.")
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _Forbidden):
                return Called(why=FORBIDDEN)
            return Called(why="It could not be reached.")
        # broken off; no address at all; the service stops
        except (aiohttp.ClientError, ValueError, RuntimeError):
            return Called(why="The connection was lost.")

    def _refused(self, url: str) -> str | None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host in self._hosts:
            return None
        if parts.scheme != "https":
            return f"It is not https. To call it anyway, add {host} to PATCHBOARD_WEBHOOK_HOSTS."
        # the resolver is not asked about these
        is_address = host.replace(".", "").isdecimal() or ":" in host
        return FORBIDDEN if is_address and not _may_be_called(host) else None

    async def close(self) -> None:
        await self._session.close()


def _called(status: int) -> Called:
    if 200 <= status < 300:
        return Called(status=status)
    if 300 <= status < 400:
        return Called(
            status=status, why=f"It answered with a redirect ({status}), which is not followed."
        )
    return Called(status=status, why=f"It answered {status}.")

"""Rules for web addresses that people have entered. The service may call public addresses over
https, and the hosts and networks that a setting names. It may not call this computer, private
networks or a cloud's metadata service."""

import ipaddress
import socket
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from handoff_service.rules.shared.phrases import phrase

SETTING = "PATCHBOARD_WEBHOOK_HOSTS"
PRIVATE = phrase(
    "must not lead to this computer or to a private or reserved network, unless "
    "{setting} names its host or network",
    setting=SETTING,
)
NOT_HTTPS = phrase(
    "must begin with https://, unless {setting} names its host or network", setting=SETTING
)
# IPv6 addresses that translators (NAT64) send to the IPv4 address in their last four bytes:
# https://www.rfc-editor.org/rfc/rfc6052#section-2.1
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network
type Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Allowed:
    """The hosts and networks that the service may call although they are not public."""

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
        """Whether everything is allowed for this host, including plain http."""
        name = plain_host(host)
        address = ip_address(name)
        return name in self.hosts or (address is not None and self.has_address(address))

    def has_address(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def plain_host(host: str) -> str:
    """The host in the form that clients use: in lower case, without a dot at its end, and with
    ASCII digits and dots in place of other Unicode ones."""
    plain = unicodedata.normalize("NFKC", host).replace("。", ".")
    return plain.lower().removesuffix(".")


def ip_address(host: str) -> Address | None:
    """The IP address that packets to this host reach. None for a name. Like clients, it reads the
    short, decimal, octal and hexadecimal forms of an IPv4 address: 127.1, 2130706433, 0x7f.1."""
    try:
        read = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):  # ValueError: characters beyond ASCII, or a NUL
            return None
    if isinstance(read, ipaddress.IPv6Address):
        if read in _NAT64:
            return ipaddress.IPv4Address(read.packed[-4:])
        return read.ipv4_mapped or read
    return read


def may_be_called(address: Address, allowed: Allowed) -> bool:
    """Whether this IP address is public or allowed."""
    is_public = address.is_global and not address.is_multicast and not address.is_reserved
    return is_public or allowed.has_address(address)


def address_error(url: str, allowed: Allowed) -> str | None:
    """The reason why the service may never call a valid address. None when it may. Of host names,
    this checks only localhost, because the service resolves and checks a name at each call."""
    parts = urlsplit(url)
    host = plain_host(parts.hostname or "")
    if allowed.has_host(host):
        return None
    address = ip_address(host)
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, section 6.3
        return PRIVATE
    if address is not None and not may_be_called(address, allowed):
        return PRIVATE
    return None if parts.scheme == "https" else NOT_HTTPS

"""Finds the client's address, also behind a reverse proxy."""

import functools
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from sanic import Request

type Network = IPv4Network | IPv6Network
IPV6_CLIENT = 64  # bits: a provider assigns each customer a network of this size, not one address


def is_proxy(address: str, proxies: Sequence[Network]) -> bool:
    """Return whether this address belongs to a trusted proxy."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in proxies)


def client_address(request: Request) -> str:
    """Return the client's address. Use X-Forwarded-For only if the connection comes from a trusted
    proxy. Each proxy appends the address of its client, so the client's address is the last one
    that is no trusted proxy."""
    proxies: Sequence[Network] = request.app.ctx.proxies
    address: str = request.ip
    forwarded = ",".join(request.headers.getall("x-forwarded-for", []))
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not is_proxy(address, proxies):
            break
        try:
            address = str(ip_address(hop))
        except ValueError:
            break
    return _network(address)


@functools.lru_cache(1024)
def _network(address: str) -> str:
    """Return the /64 network of an IPv6 address, because one client can use all its addresses.
    Return an IPv4 address unchanged."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ip_network((parsed, IPV6_CLIENT), strict=False))

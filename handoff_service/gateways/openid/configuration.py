"""Reads and caches a provider's configuration and keys.

Source: https://openid.net/specs/openid-connect-discovery-1_0.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handoff_service.clock import Clock
from handoff_service.gateways.outside_http import OutsideHttp
from handoff_service.ports.identity_providers import SignInFailed
from handoff_service.rules.shared.phrases import phrase

WELL_KNOWN = "/.well-known/openid-configuration"
LASTS = timedelta(hours=1)
# The service reloads the keys when it gets a token with an unknown key. This interval limits how
# often an attacker can cause a reload.
KEYS_READ_EVERY = timedelta(seconds=30)
MAX_BYTES = 256 * 1024
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_ACCEPT = {"Accept": "application/json"}


@dataclass(slots=True)
class Configuration:
    """The cached configuration and keys of one provider."""

    facts: Mapping[str, Any]
    read_at: datetime
    keys: list[dict[str, Any]]
    keys_read_at: datetime

    def address(self, name: str) -> str | None:
        found = self.facts.get(name)
        return found if isinstance(found, str) and found else None

    def needed(self, name: str) -> str:
        """Return an address that every configuration must have."""
        return str(self.facts[name])


class Configurations:
    """The cache of all providers' configurations."""

    def __init__(self, http: OutsideHttp, clock: Clock) -> None:
        self._http, self._clock = http, clock
        self._known: dict[str, Configuration] = {}

    async def of(self, issuer: str) -> Configuration:
        """Return the provider's configuration. Raises SignInFailed."""
        known = self._known.get(issuer)
        now = self._clock()
        if known is not None and timedelta() <= now - known.read_at < LASTS:
            return known
        facts = await self._json(f"{issuer.rstrip('/')}{WELL_KNOWN}")
        # Discovery, section 4.3: the document must name exactly the issuer that we requested
        if facts.get("issuer") != issuer:
            raise SignInFailed(
                phrase(
                    "The provider's configuration names a different issuer. Enter that one exactly."
                )
            )
        if missing := [name for name in _NEEDED if not isinstance(facts.get(name), str)]:
            raise SignInFailed(
                phrase(
                    "The provider's configuration lacks {names}. Check the issuer.",
                    names=", ".join(missing),
                )
            )
        keys = await self._read_keys(facts["jwks_uri"])
        read = Configuration(facts=facts, read_at=now, keys=keys, keys_read_at=now)
        self._known[issuer] = read
        return read

    async def refresh_keys(self, known: Configuration) -> bool:
        """Reload the keys, because a token has an unknown key. Returns False, without reloading, if
        the last read was less than ``KEYS_READ_EVERY`` ago. Raises SignInFailed."""
        now = self._clock()
        if timedelta() <= now - known.keys_read_at < KEYS_READ_EVERY:
            return False
        known.keys_read_at = now
        known.keys = await self._read_keys(known.needed("jwks_uri"))
        return True

    def forget(self, issuer: str) -> None:
        """Drop the configuration from the cache. The next sign-in reads it again."""
        self._known.pop(issuer, None)

    async def _read_keys(self, address: str) -> list[dict[str, Any]]:
        keys = (await self._json(address)).get("keys")
        if not isinstance(keys, list):
            raise SignInFailed(phrase("The provider's list of keys cannot be read. Ask its admin."))
        return [one for one in keys if isinstance(one, dict) and one.get("use", "sig") == "sig"]

    async def _json(self, address: str) -> dict[str, Any]:
        return read_json(await self._get(address), address)

    async def _get(self, address: str) -> bytes:
        response = await self._http.ask("GET", address, _ACCEPT, max_bytes=MAX_BYTES)
        if response.result.why is not None:
            raise SignInFailed(
                phrase(
                    "{address} cannot be read. {problem}",
                    address=address,
                    problem=response.result.why,
                )
            )
        return response.body


def read_json(body: bytes, address: str) -> dict[str, Any]:
    """Parse a JSON object from a provider. Raises SignInFailed."""
    try:
        found = json.loads(body) if len(body) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SignInFailed(
            phrase("{address} did not return a JSON object. Check the issuer.", address=address)
        )
    return found

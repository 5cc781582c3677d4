"""Reads a provider's configuration and keys from the provider's own addresses, and keeps them for a
while.

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
# A token with an unknown key makes the service read the keys again. This pause limits how often
# strangers can cause that.
KEYS_READ_EVERY = timedelta(seconds=30)
MOST_BYTES = 256 * 1024
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_ACCEPT = {"Accept": "application/json"}


@dataclass(slots=True)
class Configuration:
    """What the service knows about one provider."""

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
    """Reads configurations and keeps them."""

    def __init__(self, http: OutsideHttp, clock: Clock) -> None:
        self._http, self._clock = http, clock
        self._known: dict[str, Configuration] = {}

    async def of(self, issuer: str) -> Configuration:
        """The provider's configuration. Raises SignInFailed."""
        known = self._known.get(issuer)
        now = self._clock()
        if known is not None and timedelta() <= now - known.read_at < LASTS:
            return known
        facts = await self._json(f"{issuer.rstrip('/')}{WELL_KNOWN}")
        # the document must name exactly the issuer whose document we requested: Discovery, section
        # 4.3
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
        """Read the keys again, because a token has an unknown key. Returns False if the service
        read them less than 30 seconds ago. Raises SignInFailed."""
        now = self._clock()
        if timedelta() <= now - known.keys_read_at < KEYS_READ_EVERY:
            return False
        known.keys_read_at = now
        known.keys = await self._read_keys(known.needed("jwks_uri"))
        return True

    def forget(self, issuer: str) -> None:
        """Forget the configuration, so that the next sign-in reads it again."""
        self._known.pop(issuer, None)

    async def _read_keys(self, address: str) -> list[dict[str, Any]]:
        keys = (await self._json(address)).get("keys")
        if not isinstance(keys, list):
            raise SignInFailed(phrase("The provider's list of keys cannot be read. Ask its admin."))
        return [one for one in keys if isinstance(one, dict) and one.get("use", "sig") == "sig"]

    async def _json(self, address: str) -> dict[str, Any]:
        return read_json(await self._get(address), address)

    async def _get(self, address: str) -> bytes:
        answered = await self._http.ask("GET", address, _ACCEPT, most=MOST_BYTES)
        if answered.result.why is not None:
            raise SignInFailed(
                phrase(
                    "{address} cannot be read. {problem}",
                    address=address,
                    problem=answered.result.why,
                )
            )
        return answered.body


def read_json(body: bytes, address: str) -> dict[str, Any]:
    """A JSON object from a provider. Raises SignInFailed."""
    try:
        found = json.loads(body) if len(body) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SignInFailed(
            phrase("{address} did not return a JSON object. Check the issuer.", address=address)
        )
    return found

"""Verifies a logout token. A provider sends it to end a person's sessions here.

Source: https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
"""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from handoff_service.gateways.openid.id_token import LEEWAY, WrongToken, signed_claims
from handoff_service.ports.identity_providers import EndedElsewhere
from handoff_service.rules.shared.phrases import phrase

EVENT = "http://schemas.openid.net/event/backchannel-logout"
#: The maximum age of a token. It limits how long the desk must remember the ids of used tokens.
LASTS = timedelta(minutes=5)
MOST_CHARACTERS = 20_000  # characters of a token
_LONGEST = 255  # characters of a subject, a session id or a token id


def issuer_of(token: str) -> str | None:
    """Return the issuer that the token names, before verification; None if the token is invalid.
    The caller may use the issuer only to choose the keys that verify the token."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MOST_CHARACTERS:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else None


def verify_logout(
    token: str,
    keys: Sequence[Mapping[str, Any]],
    issuer: str,
    client_id: str,
    algorithms: Sequence[str],
    now: datetime,
) -> EndedElsewhere:
    """Return the person or session that the provider has signed out. Raises UnknownKey and
    WrongToken."""
    claims = signed_claims(token, keys, algorithms)
    audience = claims.get("aud")
    if claims.get("iss") != issuer:
        raise WrongToken(phrase("it comes from another provider"))
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise WrongToken(phrase("it is meant for another application"))
    _check_times(claims, now)
    if "nonce" in claims:
        raise WrongToken(phrase("it is an ID token"))
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise WrongToken(phrase("it is no logout token"))
    subject, session = _text(claims, "sub"), _text(claims, "sid")
    token_id = _text(claims, "jti")
    if token_id is None or (subject is None and session is None):
        raise WrongToken(phrase("it is not complete"))
    return EndedElsewhere(subject=subject, session=session, token_id=token_id)


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    moment, issued = now.timestamp(), _number(claims.get("iat"))
    # exp is optional, because the first versions of the specification did not have it
    expires = _number(claims.get("exp", moment))
    if issued > moment + LEEWAY:
        raise WrongToken(phrase("it was made at another time"))
    if issued < moment - LASTS.total_seconds() or expires < moment - LEEWAY:
        raise WrongToken(phrase("it has expired"))


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise WrongToken(phrase("it is not complete"))
    return value


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST else None

"""Verifies an ID token: its signature, its issuer, its audience, its sign-in attempt and its times.

Source: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from handoff_service.rules.shared.phrases import phrase

# Only asymmetric algorithms are allowed. A token with "none" has no signature. With HMAC, an
# attacker could use the public key as the secret.
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
_KEY_TYPES = ("RSA", "EC", "OKP")
LEEWAY = 60  # seconds by which the provider's clock may differ
_WORDS = {
    "iss": phrase("it comes from another provider"),
    "aud": phrase("it is meant for another application"),
    "azp": phrase("it is meant for another application"),
    "exp": phrase("it has expired"),
    "iat": phrase("it was made at another time"),
    "nbf": phrase("it is not valid yet"),
    "nonce": phrase("it belongs to another sign-in"),
    "at_hash": phrase("it does not belong to its access token"),
}


class WrongToken(Exception):
    """The token is invalid. The message is the reason, phrased as the end of a sentence."""


class UnknownKey(WrongToken):
    """None of the known keys signed the token. The provider may have a new key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The values that the token must match."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None
    #: the algorithms that the provider announces; empty if it announces none
    algorithms: Sequence[str]


def signed_claims(
    token: str, keys: Sequence[Mapping[str, Any]], algorithms: Sequence[str]
) -> Mapping[str, Any]:
    """Return the claims of a token after checking its signature. Raises UnknownKey."""
    return dict(_decoded(token, keys, algorithms).claims)


def _decoded(token: str, keys: Sequence[Mapping[str, Any]], algorithms: Sequence[str]) -> jwt.Token:
    allowed = [one for one in ALGORITHMS if not algorithms or one in algorithms]
    usable: list[Any] = [one for one in keys if one.get("kty") in _KEY_TYPES]
    if not usable:
        raise UnknownKey(phrase("its key is unknown"))
    try:
        return jwt.decode(token, KeySet.import_key_set({"keys": usable}), algorithms=allowed)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        # a provider may reuse a key id for a new key, so a wrong signature can also mean an unknown
        # key
        raise UnknownKey(phrase("its signature is not the provider's")) from error


def verify(
    token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, now: datetime
) -> Mapping[str, Any]:
    """Return the claims of a valid token. Raises UnknownKey and WrongToken."""
    read = _decoded(token, keys, expected.algorithms)
    options: Any = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
    }
    params = {
        "nonce": expected.nonce,
        "client_id": expected.client_id,
        "access_token": expected.access_token,
    }
    claims = CodeIDToken(read.claims, read.header, options, params)
    try:
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
    except JoseError as error:
        claim = str(getattr(error, "claim", "") or getattr(error, "description", ""))
        named = next((name for name in _WORDS if name in claim.replace("'", " ").split()), None)
        expired = "exp" if type(error).__name__ == "ExpiredTokenError" else named
        why = _WORDS.get(expired or "", phrase("it is not complete"))
        raise WrongToken(why) from error
    except (ValueError, TypeError) as error:
        raise WrongToken(phrase("it is not complete")) from error
    return dict(read.claims)

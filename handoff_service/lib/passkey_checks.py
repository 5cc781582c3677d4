"""Passkeys (WebAuthn): builds the options for the browser, and checks its answer.

Source: https://www.w3.org/TR/webauthn-3/
"""

import ipaddress
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)


class WrongPasskey(Exception):
    """The browser's answer is not valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site that passkeys belong to: its host, and the origin of its pages."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """A passkey that a browser has created. ``credential_id``: base64url."""

    credential_id: str
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPasskey:
    """A stored passkey."""

    credential_id: str
    public_key: bytes
    sign_count: int


def site_of(public_url: str) -> Site | None:
    """The site of a public address. None for addresses at which browsers allow no passkeys: IP
    addresses, and http addresses except localhost."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
        return None
    except ValueError:
        pass
    if parts.scheme != "https" and host != "localhost":
        return None
    return Site(host=host, origin=f"{parts.scheme}://{parts.netloc}")


def new_challenge() -> str:
    """A random challenge, in base64url."""
    return bytes_to_base64url(secrets.token_bytes(32))


def options_to_add(
    site: Site, challenge: str, *, desk: str, user: bytes, email: str, name: str, has: Sequence[str]
) -> dict[str, Any]:
    """The options with which the browser creates a passkey. ``user``: identifies the account to the
    authenticator. ``has``: the ids of the account's passkeys, which the browser must not add
    again."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=desk,
        user_id=user,
        user_name=email,
        user_display_name=name,
        challenge=base64url_to_bytes(challenge),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_descriptors(has),
    )
    return _as_json(options)


def added(site: Site, challenge: str, answer: Mapping[str, Any]) -> NewPasskey:
    """The passkey that the browser created. Raises WrongPasskey if the answer is not valid."""
    try:
        verified = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise WrongPasskey from error
    return NewPasskey(
        credential_id=bytes_to_base64url(verified.credential_id),
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
    )


def options_to_sign_in(site: Site, challenge: str, allowed: Sequence[str]) -> dict[str, Any]:
    """The options with which the browser uses a passkey. ``allowed``: the ids of the allowed
    passkeys. If it is empty, any passkey of this site is allowed, and its device must check a PIN
    or a fingerprint."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=base64url_to_bytes(challenge),
        allow_credentials=_descriptors(allowed),
        user_verification=UserVerificationRequirement.PREFERRED
        if allowed
        else UserVerificationRequirement.REQUIRED,
    )
    return _as_json(options)


def used(
    site: Site, challenge: str, answer: Mapping[str, Any], known: KnownPasskey, *, alone: bool
) -> int:
    """Check that the holder of this passkey answered. Returns the passkey's new signature count.
    ``alone``: the passkey replaces the password, so the authenticator must have checked a PIN or a
    fingerprint. Raises WrongPasskey if the answer is not valid."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=alone,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise WrongPasskey from error
    return verified.new_sign_count


def _descriptors(ids: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in ids]


def _as_json(options: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return made

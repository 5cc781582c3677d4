"""OpenID Connect providers: who may sign in with a provider, and which roles and groups they get.

The claims are those of https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from handoff_service.rules.shared.phrases import any_of, phrase
from handoff_service.rules.shared.vocabulary import Role

SCOPES = "email profile"
GROUPS_CLAIM = "groups"
MOST_MAPPED = 200  # groups of a provider that an admin can map
MOST_CLAIMED = 5000  # groups of one person that the service reads
CLOCKS_DIFFER = 60  # seconds, between the provider and this desk
_LAST_TIME = 2**33  # Unix time, in the year 2242
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_ADDRESS = re.compile(r"[^@\s]{1,250}@[^@\s]{1,69}")
ACCOUNTS_FOR_ANYBODY = phrase(
    "would give an account here to everybody who has one at the provider. Fill in domains or roles"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProviderFields:
    """A provider, as an admin enters it.

    - ``scopes``: what Patchboard requests in addition to openid;
    - ``groups_claim``: the claim that lists a person's groups at the provider;
    - ``roles``: group at the provider -> roles here; empty: admins choose the roles;
    - ``groups``: group at the provider -> groups here;
    - ``domains``: people may sign in with e-mail addresses of these domains; empty: all;
    - ``creates_accounts``: a person without an account gets one;
    - ``asks_second_factor``: Patchboard still asks for its own second factor;
    - ``trusts_addresses``: an address counts as verified although the provider does not say so.
    """

    name: str
    issuer: str
    client_id: str
    scopes: str = SCOPES
    groups_claim: str = GROUPS_CLAIM
    roles: Mapping[str, Sequence[Role]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    domains: Sequence[str] = ()
    creates_accounts: bool = False
    asks_second_factor: bool = False
    trusts_addresses: bool = False
    active: bool = True


def errors(fields: IdentityProviderFields) -> dict[str, str]:
    """Field -> its error. Empty if the provider can be saved."""
    found = {}
    if wrong := issuer_error(fields.issuer):
        found["issuer"] = wrong
    if any(not _DOMAIN.fullmatch(domain) for domain in fields.domains):
        found["domains"] = phrase("must be domains in small letters, such as example.com")
    if fields.creates_accounts and not (fields.domains or fields.roles):
        found["creates_accounts"] = ACCOUNTS_FOR_ANYBODY
    return found


def issuer_error(issuer: str) -> str | None:
    """The error of an issuer's address. None if it is valid."""
    try:
        parts = urlsplit(issuer)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or re.search(r"\s", issuer):
        return phrase("must be the provider's address, such as https://login.example.com")
    return None


class NotAdmitted(Exception):
    """The provider knows the person, but Patchboard does not admit them. The text is the reason,
    in words for the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The person who signs in, by the provider's claims.

    - ``subject``: the provider's own id for the person;
    - ``email``: None without a verified address;
    - ``roles``: None when admins choose the roles;
    - ``groups``: the groups that the mapping gives to this person.
    """

    subject: str
    email: str | None
    name: str
    roles: frozenset[Role] | None
    groups: frozenset[str]


def person_of(claims: Mapping[str, Any], provider: IdentityProviderFields) -> Person:
    """Read the claims of a token with a verified signature. Raises NotAdmitted if the claims have
    no usable id, or if the provider's settings exclude the person."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise NotAdmitted(
            phrase(
                "{name} sent no usable ID for you. Ask an admin to check the provider.",
                name=provider.name,
            )
        )
    email = _verified_email(claims, provider)
    if provider.domains and (email or "").rpartition("@")[2].lower() not in provider.domains:
        raise NotAdmitted(
            phrase(
                "Only people with a verified address at {names} may sign in with {name}.",
                names=any_of(provider.domains),
                name=provider.name,
            )
        )
    theirs = _listed(claims.get(provider.groups_claim))
    roles = frozenset(role for one in theirs for role in provider.roles.get(one, ()))
    if provider.roles and not roles:
        raise NotAdmitted(
            phrase(
                "None of your groups at {name} has a role here. Ask an admin to add you.",
                name=provider.name,
            )
        )
    return Person(
        subject=subject,
        email=email,
        name=_name(claims, email),
        roles=roles if provider.roles else None,
        groups=frozenset(name for one in theirs for name in provider.groups.get(one, ())),
    )


def session_of(claims: Mapping[str, Any]) -> str | None:
    """The provider's id for its own session. None if the token has none."""
    session = claims.get("sid")
    return session if isinstance(session, str) and 0 < len(session) <= 255 else None


def authenticated(
    claims: Mapping[str, Any], asked_at: float | None, provider: str
) -> datetime | None:
    """When the person last signed in at the provider. None when the provider does not report it.
    Raises NotAdmitted when the desk asked for a fresh sign-in at ``asked_at``, in Unix time, and
    the last sign-in is older.
    """
    at = claims.get("auth_time")
    if not isinstance(at, int | float) or isinstance(at, bool) or not 0 < at < _LAST_TIME:
        return None
    if asked_at is not None and at < asked_at - CLOCKS_DIFFER:
        raise NotAdmitted(
            phrase("{provider} did not ask you to sign in again. Try again.", provider=provider)
        )
    return datetime.fromtimestamp(at, UTC)


def _verified_email(claims: Mapping[str, Any], provider: IdentityProviderFields) -> str | None:
    """The address, if the provider confirms that it belongs to the person, or if an admin trusts
    the provider's addresses. Some providers send the text "true" in place of the boolean."""
    email = claims.get("email")
    is_address = isinstance(email, str) and email.isprintable() and _ADDRESS.fullmatch(email)
    if not is_address:
        return None
    verified = claims.get("email_verified") in (True, "true")
    return str(email) if verified or provider.trusts_addresses else None


def _name(claims: Mapping[str, Any], email: str | None) -> str:
    name = claims.get("name")
    printable = "".join(one for one in name if one.isprintable()) if isinstance(name, str) else ""
    short = " ".join(printable.split())[:200].strip()
    return short or (email or "").partition("@")[0] or "New agent"


def _listed(claim: Any) -> list[str]:
    """The values of a claim that is a list. Some providers send a single value as plain text."""
    if isinstance(claim, str):
        return [claim]
    several = claim if isinstance(claim, list) else []
    return [one for one in several[:MOST_CLAIMED] if isinstance(one, str)]


def groups_after(now: Sequence[str], person: Person, provider: IdentityProviderFields) -> list[str]:
    """The agent's groups after this sign-in. Groups that the mapping does not name stay."""
    mapped = {name for names in provider.groups.values() for name in names}
    kept = [name for name in now if name not in mapped or name in person.groups]
    return [*kept, *sorted(person.groups - set(kept))]

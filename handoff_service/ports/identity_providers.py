"""The port to identity providers: single sign-on and single logout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from handoff_service.rules.shared.phrases import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAccess:
    """An identity provider and this desk's registration there. ``client_secret`` None: a public
    client."""

    name: str
    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    scopes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAttempt:
    """One attempt to sign in: the random values that tie the provider's answer to it."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    again: bool = False  #: the provider asks for the password although the person is signed in


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person as the provider identifies them: the verified claims, and the token that contains
    them."""

    claims: Mapping[str, Any]
    id_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedElsewhere:
    """The provider has ended sessions of a person. ``session``: the one that ended; None: all
    sessions of the ``subject``. ``token_id``: the id of this message at the provider."""

    subject: str | None
    session: str | None
    token_id: str


class SignInFailed(Exception):
    """The sign-in with a provider failed. The text is the reason, for the person and the log."""


class IdentityProviders(Protocol):
    async def authorization_url(self, provider: ProviderAccess, attempt: SignInAttempt) -> str:
        """The provider's page where the person signs in. Raises SignInFailed."""

    async def identity(
        self, provider: ProviderAccess, attempt: SignInAttempt, answer: Mapping[str, str]
    ) -> Identity:
        """Check the answer that the browser brought back, and exchange its code for the identity.
        Raises SignInFailed."""

    async def sign_out_url(
        self, provider: ProviderAccess, id_token: str | None, back_to: str
    ) -> str | None:
        """The provider's page that ends its own session. None when the provider has no such page,
        or cannot be reached.
        """

    def issuer_of(self, token: str) -> str | None:
        """The issuer that a logout token names. Nothing has verified the token yet."""

    async def ended(self, provider: ProviderAccess, token: str) -> EndedElsewhere:
        """Verify a logout token. Raises SignInFailed."""

    async def check(self, provider: ProviderAccess) -> None:
        """Read the provider's configuration and keys. Raises SignInFailed."""

    async def close(self) -> None: ...


class NoIdentityProviders:
    """The implementation for a desk without single sign-on, such as a practice desk."""

    async def authorization_url(self, _provider: ProviderAccess, _attempt: SignInAttempt) -> str:
        raise SignInFailed(phrase("This desk has no single sign-on."))

    async def identity(
        self, _provider: ProviderAccess, _attempt: SignInAttempt, _answer: Mapping[str, str]
    ) -> Identity:
        raise SignInFailed(phrase("This desk has no single sign-on."))

    async def sign_out_url(
        self, _provider: ProviderAccess, _id_token: str | None, _back_to: str
    ) -> str | None:
        return None

    def issuer_of(self, _token: str) -> str | None:
        return None

    async def ended(self, _provider: ProviderAccess, _token: str) -> EndedElsewhere:
        raise SignInFailed(phrase("This desk has no single sign-on."))

    async def check(self, _provider: ProviderAccess) -> None:
        raise SignInFailed(phrase("This desk has no single sign-on."))

    async def close(self) -> None:
        pass

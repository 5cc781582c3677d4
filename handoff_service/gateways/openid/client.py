"""Single sign-on with the authorization code flow of OpenID Connect, with PKCE, state and nonce.

Sources: https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth,
https://www.rfc-editor.org/rfc/rfc7636 (PKCE), https://www.rfc-editor.org/rfc/rfc9207 (``iss`` in
the response), https://openid.net/specs/openid-connect-rpinitiated-1_0.html (signing out)
"""

import base64
import hmac
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus, urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from handoff_service.clock import Clock
from handoff_service.gateways.openid.configuration import (
    MAX_BYTES,
    Configuration,
    Configurations,
    read_json,
)
from handoff_service.gateways.openid.id_token import Expected, UnknownKey, WrongToken, verify
from handoff_service.gateways.openid.logout_token import issuer_of, verify_logout
from handoff_service.gateways.outside_http import OutsideHttp
from handoff_service.lib.slow_work import run_slow
from handoff_service.ports.identity_providers import (
    EndedElsewhere,
    Identity,
    ProviderAccess,
    SignInAttempt,
    SignInFailed,
)
from handoff_service.rules.shared.phrases import phrase

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
#: The parameters that request a new sign-in. They also request the claim with the time of the
#: sign-in, because some providers send it only on request.
_AGAIN = {
    "prompt": "login",
    "max_age": "0",
    "claims": json.dumps({"id_token": {"auth_time": {"essential": True}}}),
}

_MIXED_UP = phrase("The answer came from a different provider. Sign in again.")


class OpenIdProviders:
    """The client for the identity providers that admins have set up. The rules of ``OutsideHttp``
    apply to all requests. Create it on a running event loop."""

    def __init__(self, hosts: Collection[str], clock: Clock) -> None:
        self._http, self._clock = OutsideHttp(hosts), clock
        self._configurations = Configurations(self._http, clock)

    async def authorization_url(self, provider: ProviderAccess, attempt: SignInAttempt) -> str:
        found = await self._configurations.of(provider.issuer)
        address: str = prepare_grant_uri(
            found.needed("authorization_endpoint"),
            client_id=provider.client_id,
            response_type="code",
            redirect_uri=attempt.redirect_uri,
            scope=f"openid {provider.scopes}".strip(),
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
            **(_AGAIN if attempt.again else {}),
        )
        return address

    async def identity(
        self, provider: ProviderAccess, attempt: SignInAttempt, answer: Mapping[str, str]
    ) -> Identity:
        found = await self._configurations.of(provider.issuer)
        _check_issuer(found, provider, answer)
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise SignInFailed(phrase("The answer belongs to another sign-in. Sign in again."))
        if "error" in answer or not answer.get("code"):
            raise SignInFailed(
                phrase("You were not signed in at {name}. Try again.", name=provider.name)
            )
        tokens = await self._exchange(found, provider, attempt, answer["code"])
        id_token, access = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise SignInFailed(phrase("{name} sent no ID token. Ask an admin.", name=provider.name))
        access_token = access if isinstance(access, str) else None
        expected = Expected(
            issuer=provider.issuer,
            client_id=provider.client_id,
            nonce=attempt.nonce,
            access_token=access_token,
            algorithms=_algorithms(found),
        )
        claims = await self._verified(found, provider, id_token, expected)
        if access_token and (address := found.address("userinfo_endpoint")):
            claims = await self._with_user_info(address, access_token, claims)
        return Identity(claims=claims, id_token=id_token)

    async def sign_out_url(
        self, provider: ProviderAccess, id_token: str | None, back_to: str
    ) -> str | None:
        try:
            address = (await self._configurations.of(provider.issuer)).address(
                "end_session_endpoint"
            )
        except SignInFailed:
            return None
        if address is None:
            return None
        query = {"client_id": provider.client_id, "post_logout_redirect_uri": back_to}
        query |= {"id_token_hint": id_token} if id_token else {}
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    def issuer_of(self, token: str) -> str | None:
        return issuer_of(token)

    async def ended(self, provider: ProviderAccess, token: str) -> EndedElsewhere:
        found = await self._configurations.of(provider.issuer)
        names = provider.issuer, provider.client_id

        def check(keys: Sequence[Mapping[str, Any]]) -> EndedElsewhere:
            return verify_logout(token, keys, *names, _algorithms(found), self._clock())

        try:
            return await self._with_keys(found, check)
        except WrongToken as error:
            sentence = phrase(
                "The logout token of {name} was refused: {problem}.",
                name=provider.name,
                problem=str(error),
            )
            raise SignInFailed(sentence) from error

    async def check(self, provider: ProviderAccess) -> None:
        self._configurations.forget(provider.issuer)
        found = await self._configurations.of(provider.issuer)
        if not found.keys:
            raise SignInFailed(phrase("The provider publishes no signing keys. Ask its admin."))

    async def close(self) -> None:
        await self._http.close()

    async def _exchange(
        self, found: Configuration, provider: ProviderAccess, attempt: SignInAttempt, code: str
    ) -> dict[str, Any]:
        """Exchange the code for tokens."""
        form: dict[str, str] = {"code": code, "code_verifier": attempt.verifier}
        headers = dict(_FORM)
        methods = found.facts.get("token_endpoint_auth_methods_supported") or [
            "client_secret_basic"
        ]
        if provider.client_secret is None:
            form["client_id"] = provider.client_id
        elif "client_secret_basic" in methods:
            headers["Authorization"] = _basic(provider.client_id, provider.client_secret)
        else:
            form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
        body: str = prepare_token_request(
            "authorization_code", redirect_uri=attempt.redirect_uri, **form
        )
        address = found.needed("token_endpoint")
        response = await self._http.ask(
            "POST", address, headers, body.encode(), max_bytes=MAX_BYTES
        )
        if response.result.why is not None:
            raise SignInFailed(
                phrase(
                    "{name} did not accept the sign-in. {problem} Sign in again.",
                    name=provider.name,
                    problem=response.result.why,
                )
            )
        return read_json(response.body, address)

    async def _verified(
        self, found: Configuration, provider: ProviderAccess, token: str, expected: Expected
    ) -> Mapping[str, Any]:
        """Return the token's claims. Raises SignInFailed if the token is invalid."""

        def check(keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
            return verify(token, keys, expected, self._clock())

        try:
            return await self._with_keys(found, check)
        except WrongToken as error:
            sentence = phrase(
                "The ID token of {name} was refused: {problem}. Sign in again.",
                name=provider.name,
                problem=str(error),
            )
            raise SignInFailed(sentence) from error

    async def _with_keys[R](
        self, found: Configuration, check: Callable[[Sequence[Mapping[str, Any]]], R]
    ) -> R:
        """Check a token with the provider's keys. If no known key signed it, reload the keys and
        try again, because providers replace their keys. The keys are not reloaded if they were
        read less than ``KEYS_READ_EVERY`` ago."""
        try:
            return await run_slow(check, found.keys)
        except UnknownKey:
            if not await self._configurations.refresh_keys(found):
                raise
            return await run_slow(check, found.keys)

    async def _with_user_info(
        self, address: str, access_token: str, claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Add claims from the provider's userinfo endpoint, because some providers omit them from
        the ID token. Ignore a response about another person."""
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        response = await self._http.ask("GET", address, headers, max_bytes=MAX_BYTES)
        if response.result.why is not None:
            return claims
        try:
            more = read_json(response.body, address)
        except SignInFailed:  # some providers return a signed JWT instead of JSON
            return claims
        return {**more, **claims} if more.get("sub") == claims.get("sub") else claims


def _algorithms(found: Configuration) -> Sequence[str]:
    """Return the algorithms that the provider announces; empty if it announces none."""
    return found.facts.get("id_token_signing_alg_values_supported") or ()


def _check_issuer(
    found: Configuration, provider: ProviderAccess, answer: Mapping[str, str]
) -> None:
    """Raise SignInFailed if the response names another provider. If the provider's configuration
    announces RFC 9207, the response must name the provider."""
    named = answer.get("iss")
    is_required = found.facts.get("authorization_response_iss_parameter_supported") is True
    if (is_required and named is None) or (named is not None and named != provider.issuer):
        raise SignInFailed(_MIXED_UP)


def _basic(client_id: str, secret: str) -> str:
    """Build the Authorization header for the client id and the secret. RFC 6749, section 2.3.1,
    requires form encoding before base64."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"

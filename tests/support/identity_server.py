"""A real OpenID Connect provider on a port: authorization code flow with PKCE, RS256, discovery,
user info and sign-out. Tests can make it give wrong answers."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

Claims = dict[str, Any]


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)}, auto_kid=False)


@dataclass
class Grant:
    """An authorization code that the provider has issued."""

    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    person: Claims


@dataclass
class IdentityServer:
    """One provider. ``person``: the claims of the person who is signed in at the provider. ``lie``:
    changes the claims of the next ID tokens. ``token``: creates ID tokens in place of ``signed``.
    """

    client_id: str = "patchboard"
    client_secret: str = "a client's secret: with + and /"
    issuer: str = ""
    person: Claims = field(default_factory=dict)
    lie: Callable[[Claims], Claims] = lambda claims: claims
    token: Callable[[Claims], str] | None = None
    names_itself: bool = True  #: whether the provider sends iss in its answer (RFC 9207)
    info: Claims | None = None  #: the claims of the user info; None: the claims of ``person``
    key: RSAKey = field(default_factory=new_key)
    codes: dict[str, Grant] = field(default_factory=dict)
    access: dict[str, Claims] = field(default_factory=dict)
    reads: dict[str, int] = field(default_factory=dict)
    #: when the person last typed a password at the provider, in Unix time; None: the claim is
    #: missing
    signed_in_at: int | None = None
    asks_again: bool = True  #: whether the provider obeys prompt=login
    sid: str | None = None  #: the id of the provider's session

    def replace_key(self) -> None:
        """Replace the signing key with a new one."""
        self.key = new_key()

    def signed(self, claims: Claims, key: RSAKey | None = None) -> str:
        by = key or self.key
        return jwt.encode({"alg": "RS256", "kid": by.kid}, claims, by)

    def unsigned(self, claims: Claims) -> str:
        """Return a token with the algorithm none."""
        parts = ({"alg": "none", "typ": "JWT"}, claims)
        return ".".join(_encoded(json.dumps(part).encode()) for part in parts) + "."

    def signed_with_public_key(self, claims: Claims) -> str:
        """Return a token that is signed with HMAC, with the provider's public key as the secret."""
        parts = ({"alg": "HS256", "kid": self.key.kid}, claims)
        text = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
        mac = hmac.new(self.key.as_pem(private=False), text.encode(), hashlib.sha256)
        return f"{text}.{_encoded(mac.digest())}"

    def logout_claims(self, **changes: Any) -> Claims:
        """Return the claims of a logout token, without the person. A change to None removes a
        claim.
        """
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(8),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        return {k: v for k, v in (claims | changes).items() if v is not None}

    # The provider's addresses

    async def configuration(self, request: web.Request) -> web.Response:
        self._count("configuration")
        names = ("authorize", "token", "keys", "userinfo", "logout")
        at = {name: f"{self.issuer}/{name}" for name in names}
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": at["authorize"],
                "token_endpoint": at["token"],
                "jwks_uri": at["keys"],
                "userinfo_endpoint": at["userinfo"],
                "end_session_endpoint": at["logout"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "authorization_response_iss_parameter_supported": self.names_itself,
            }
        )

    async def keys(self, request: web.Request) -> web.Response:
        self._count("keys")
        return web.json_response({"keys": [self.key.as_dict(private=False, use="sig")]})

    async def authorize(self, request: web.Request) -> web.Response:
        """Answer as if the person is already signed in and agrees."""
        asked = request.query
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        if asked.get("prompt") == "login" and asked.get("max_age") == "0" and self.asks_again:
            self.signed_in_at = int(time.time())
        code = secrets.token_urlsafe(16)
        self.codes[code] = Grant(
            asked["client_id"],
            asked["redirect_uri"],
            asked["code_challenge"],
            asked["nonce"],
            dict(self.person),
        )
        answer = {"code": code, "state": asked["state"]}
        answer |= {"iss": self.issuer} if self.names_itself else {}
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(answer)}")

    async def exchange(self, request: web.Request) -> web.Response:
        form = await request.post()
        scheme, _, pair = request.headers.get("Authorization", "").partition(" ")
        sent = base64.b64decode(pair).decode().partition(":")
        known = [unquote_plus(sent[0]), unquote_plus(sent[2])]
        grant = self.codes.pop(str(form.get("code")), None)  # each code works only once
        challenge = _encoded(hashlib.sha256(str(form.get("code_verifier")).encode()).digest())
        if (
            scheme != "Basic"
            or known != [self.client_id, self.client_secret]
            or grant is None
            or grant.challenge != challenge
            or grant.redirect_uri != form.get("redirect_uri")
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        access, now = secrets.token_urlsafe(16), int(time.time())
        self.access[access] = grant.person
        in_token = {name: grant.person[name] for name in grant.person if name != "hidden"}
        claims = {
            "iss": self.issuer,
            "aud": grant.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": grant.nonce,
            **({} if self.signed_in_at is None else {"auth_time": self.signed_in_at}),
            **({} if self.sid is None else {"sid": self.sid}),
            **in_token,
        }
        claims = self.lie(claims)
        made = (self.token or self.signed)(claims)
        return web.json_response({"access_token": access, "token_type": "Bearer", "id_token": made})

    async def userinfo(self, request: web.Request) -> web.Response:
        person = self.access[request.headers["Authorization"].removeprefix("Bearer ")]
        shown = {"sub": person.get("sub"), **person.get("hidden", {})}
        return web.json_response(shown if self.info is None else self.info)

    async def logout(self, request: web.Request) -> web.Response:
        return web.Response(text="Signed out there.")

    def _count(self, what: str) -> None:
        self.reads[what] = self.reads.get(what, 0) + 1


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def query_of(url: str) -> dict[str, str]:
    """Return the values in an address's query."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@asynccontextmanager
async def identity_server(**given: Any) -> AsyncIterator[IdentityServer]:
    """Run a provider until the block ends."""
    here = IdentityServer(**given)
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", here.configuration)
    app.router.add_get("/keys", here.keys)
    app.router.add_get("/authorize", here.authorize)
    app.router.add_post("/token", here.exchange)
    app.router.add_get("/userinfo", here.userinfo)
    app.router.add_get("/logout", here.logout)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        here.issuer = f"http://127.0.0.1:{port}"
        yield here
    finally:
        await runner.cleanup()

"""A desk with two identity providers, and browsers that sign in with them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.identity_providers import (
    PutIdentityProvider,
    save_identity_provider,
)
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.rules.desk.identity_providers import IdentityProviderFields
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import agents
from handoff_service.store.views import Agent
from tests.support.identity_server import Claims, IdentityServer, identity_server
from tests.web.workspace_server import Answer, Running, Visitor, running, shown


@dataclass
class Scene:
    """A desk with two identity providers. Contoso creates accounts; Fabrikam only links existing
    ones.
    """

    desk: Running
    contoso: IdentityServer
    fabrikam: IdentityServer
    ids: dict[str, int]

    async def reset(self) -> None:
        """Make both providers honest again and restore their first settings."""
        for server in (self.contoso, self.fabrikam):
            server.lie, server.token, server.info = (lambda claims: claims), None, None
            server.person, server.sid = {}, None
            server.signed_in_at, server.asks_again = None, True
        domains = ["example.com"]
        await self.change("Contoso", self.contoso, creates_accounts=True, domains=domains)
        await self.change("Fabrikam", self.fabrikam)

    async def change(self, name: str, server: IdentityServer, **changes: Any) -> None:
        fields = {"name": name, "issuer": server.issuer, "client_id": server.client_id} | changes
        put = PutIdentityProvider(
            id=self.ids.get(name),
            fields=IdentityProviderFields(**fields),
            client_secret=server.client_secret,
        )
        self.ids[name] = await self.desk.desk.store.write(save_identity_provider, put)

    async def begin(
        self, visitor: Visitor, name: str = "Contoso", next_page: str = "", *, again: bool = False
    ) -> str:
        """Click the provider's button on the sign-in page. Return the provider's address."""
        query = urlencode({"next": next_page} | ({"again": "1"} if again else {}))
        to = f"/sign-in/sso/{self.ids[name]}?{query}"
        answer = await visitor.get(to)
        assert answer.status == 302, shown(answer.text)
        return str(answer.headers["Location"])

    async def allow(self, visitor: Visitor, url: str) -> str:
        """Agree at the provider. Return the address to which the provider redirects."""
        async with visitor.client.get(url, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return str(answer.headers["Location"])

    async def come_back(self, visitor: Visitor, url: str) -> Answer:
        return await visitor.get(url.removeprefix(self.desk.desk.settings.public_url))

    async def sign_in(self, visitor: Visitor, name: str = "Contoso") -> Answer:
        return await self.come_back(
            visitor, await self.allow(visitor, await self.begin(visitor, name))
        )

    async def agent(self, email: str) -> Agent:
        found = await self.desk.desk.store.read(agents.list_, words=email, after=0, limit=2)
        (one,) = found
        return one


@asynccontextmanager
async def sso_scene(home: Path) -> AsyncIterator[Scene]:
    """Run the desk and its two providers until the block ends."""
    async with (
        identity_server() as contoso,
        identity_server(client_id="desk at fabrikam") as fabrikam,
        running(home) as desk,
    ):
        grace = MakeAgent(
            email="grace@example.com",
            name="Grace",
            password_hash=hash_password("demo-grace"),
            capacity=0,
            roles=[Role.ADMIN],
        )
        await desk.desk.store.write(make_agent, grace)
        yield Scene(desk, contoso, fabrikam, {})


def person(name: str, **more: Any) -> Claims:
    email = f"{name.lower()}@example.com"
    return {
        "sub": f"id of {name}",
        "name": f"{name} Example",
        "email": email,
        "email_verified": True,
        **more,
    }


async def reason(answer: Answer) -> str:
    """Return the error that the sign-in page shows after a refused sign-in."""
    assert answer.status in (400, 403)
    found = re.search(r'role="alert">.*?</svg>(.*?)</p>', answer.text, re.DOTALL)
    assert found is not None, shown(answer.text)
    return shown(found[1])

"""Permissions: each route with each role, and each action on an agent's own conversation, on one
they joined, and on a colleague's.

The expected matrix is ``access.txt``. The test reads the routes from the app's router, so a new
route fails until the matrix has a row for it.
"""

import json
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from handoff_service.gateways.providers import PROVIDERS
from handoff_service.gateways.twilio.signature import sign
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.conversations import start_conversation
from handoff_service.operations.conversations.join_group import Member, join_group
from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.start_conversation import Start
from handoff_service.operations.desk import sign_in
from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.service_tokens import MakeToken, make_token, new_secret
from handoff_service.rules.conversations import media_links
from handoff_service.rules.desk.service_tokens import Scope
from handoff_service.rules.shared.vocabulary import Role
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN
from tests.support.story import MAIN, MIA
from tests.web import webhook_server
from tests.web.workspace_server import PAGE, SCRIPT, Running, running

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOBODY = "nobody"
ROLES = (NOBODY, *Role)
# a word in the table -> the roles that it stands for; an admin has every role
WHO = {
    "everybody": frozenset(ROLES),
    "signed-in": frozenset(Role),
    "live-agents": frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN}),
    "supervisors": frozenset({Role.SUPERVISOR, Role.ADMIN}),
    "trainers": frozenset({Role.TRAINER, Role.ADMIN}),
    "admins": frozenset({Role.ADMIN}),
    # callers with a signature, a token or a signed link; a role alone does not suffice
    "proof": frozenset[str](),
}
ENDS_SESSION = ("/sign-out", "/api/v1/logout", "/workspace/account/two-factor/sign-in-again")
OUTSIDE = ("joins", "watches")
ABSENT = "999999"  # No row has this id, so an allowed request finds nothing and changes nothing.


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``outside``: what happens to an agent who uses the route on a colleague's conversation. It is
    empty for a route without a conversation. ``scope`` is empty when service tokens are refused.
    """

    method: str
    path: str
    who: str
    outside: str
    #: the scope that a service token needs
    scope: str


def table() -> dict[tuple[str, str], Row]:
    rows = {}
    for line in (Path(__file__).parent / "access.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            method, path, who, *more = line.split()
            assert (method, path) not in rows, f"twice in access.txt: {line}"
            scopes = [one.removeprefix("token=") for one in more if one.startswith("token=")]
            rows[(method, path)] = Row(
                method=method,
                path=path,
                who=who,
                outside="".join(one for one in more if not one.startswith("token=")),
                scope="".join(scopes),
            )
    return rows


TABLE = table()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The running service, and one session for each role."""

    here: Running
    client: aiohttp.ClientSession
    agents: Mapping[str, int]
    tokens: dict[str, str]

    async def session(self, role: str) -> None:
        self.tokens[role] = secrets.token_urlsafe(32)
        opened = sign_in.OpenSession(self.agents[role], self.tokens[role])
        await self.here.desk.store.write(sign_in.open_session, opened)

    async def call_route(self, row: Row, path: str, role: str, form: Any = None) -> tuple[int, str]:
        """Make the request as this role. Return the status, and the error sentence of a refusal."""
        token = self.tokens.get(role, "")
        headers, data = dict(SCRIPT), None
        if path.startswith("/api/"):
            headers = {"Content-Type": "application/json"}
            headers |= {"Authorization": f"Bearer {token}"} if token else {}
            data = json.dumps(form or {})
        elif token:
            headers |= {"Cookie": f"patchboard={token}"}
            headers |= {
                "X-CSRF-Token": sign_in.csrf_token(self.here.desk.settings.secret_key, token)
            }
        sent: dict[str, Any] = (
            {"data": data} if data else {"data": form or {}} if row.method != "GET" else {}
        )
        answer = await self.client.request(
            row.method, self.here.address + path, headers=headers, allow_redirects=False, **sent
        )
        try:
            return answer.status, await answer.text() if answer.status == 403 else ""
        finally:
            answer.close()  # an event stream does not end


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with (
        running(tmp_path_factory.mktemp("access")) as here,
        aiohttp.ClientSession() as client,
    ):
        agents = {}
        for role in Role:
            made = MakeAgent(
                email=f"{role}@example.com",
                name=f"A {role}",
                password_hash="",
                capacity=99,
                roles=[role],
            )
            agents[role] = await here.desk.store.write(make_agent, made)
        ready = Desk(here=here, client=client, agents=agents | {"mia": MIA}, tokens={})
        for role in ready.agents:
            await ready.session(role)
        yield ready


async def test_every_route_has_its_row(desk: Desk) -> None:
    served = {
        (method, re.sub(r"<(\w+):[^>]+>", r"{\1}", f"/{route.path}"))
        for route in desk.here.app.router.routes
        for method in route.methods
    }
    assert sorted(served - TABLE.keys()) == [], (
        "these routes have no row in tests/web/access.txt; add one for each"
    )
    assert sorted(TABLE.keys() - served) == [], (
        "tests/web/access.txt names routes that do not exist"
    )
    about_one = {
        key for key in served if "{interaction_id}" in key[1] or "/interactions/{id}" in key[1]
    }
    assert {key for key, row in TABLE.items() if row.outside in OUTSIDE} == about_one


@pytest.mark.parametrize("role", ROLES)
async def test_each_route_is_open_only_to_its_roles(desk: Desk, role: str) -> None:
    wrong = []
    for row in TABLE.values():
        status, _ = await desk.call_route(row, re.sub(r"\{\w+\}", ABSENT, row.path), role)
        # the simulator cannot check signatures, so the app serves no webhooks
        shut = (401, 403, 404) if row.path.startswith("/webhooks") else (401, 403)
        if (status not in shut) != (role in WHO[row.who]):
            wrong.append(f"{row.method} {row.path}: {status} for {role}")
        if row.path in ENDS_SESSION and role != NOBODY:
            await desk.session(role)
    assert wrong == []


async def test_a_service_token_opens_only_the_routes_of_its_scopes(desk: Desk) -> None:
    async def token(name: str, *scopes: Scope) -> None:
        command = MakeToken(name=name, scopes=scopes, days=1, rate=6000, secret=new_secret())
        desk.tokens[name] = (await desk.here.desk.store.write(make_token, command)).secret

    for scope in Scope:
        await token(f"only {scope}", scope)
        await token(f"not {scope}", *(one for one in Scope if one is not scope))
    await token("not ", *Scope)
    wrong = []
    for row in TABLE.values():
        if not row.path.startswith("/api/v1/") or row.who == "everybody":
            continue
        path = re.sub(r"\{\w+\}", ABSENT, row.path)
        status, says = await desk.call_route(row, path, f"not {row.scope}")
        if status != 403 or (row.scope or "for people") not in says:
            wrong.append(f"{row.method} {row.path}: {status} without {row.scope} {says}")
        if row.scope and (await desk.call_route(row, path, f"only {row.scope}"))[0] in (401, 403):
            wrong.append(f"{row.method} {row.path}: refused with {row.scope}")
    assert wrong == []


async def test_a_signed_out_browser_is_redirected_to_the_sign_in_page(desk: Desk) -> None:
    pages = [
        row for row in TABLE.values() if row.path.startswith("/workspace") and row.method == "GET"
    ]
    for row in pages:
        path = re.sub(r"\{\w+\}", ABSENT, row.path)
        async with desk.client.get(
            desk.here.address + path, headers=PAGE, allow_redirects=False
        ) as answer:
            leads = answer.headers.get("Location") or ""
            assert (answer.status, leads.partition("?")[0]) == (303, "/sign-in"), row.path


async def test_routes_that_require_proof_open_with_the_right_proof(
    desk: Desk, tmp_path: Path
) -> None:
    """No role opens these routes, as ``test_each_route_is_open_only_to_its_roles`` shows."""
    config = desk.here.desk.settings
    bot = {"Authorization": f"Bearer {config.bot_token}"}
    now = desk.here.desk.clock()
    link = media_links.link("", config.secret_key, int(ABSENT), now)
    late = media_links.link("", config.secret_key, int(ABSENT), now - timedelta(days=30))
    tried = {("POST", "/bot/actions"), ("GET", "/media/{media_id}"), ("HEAD", "/media/{media_id}")}
    async with desk.client.post(
        f"{desk.here.address}/bot/actions", headers=bot, json={"next_action": "none"}
    ) as answer:
        assert answer.status == 404
    for method in ("GET", "HEAD"):
        for path, status in ((link, 404), (late, 403)):
            async with desk.client.request(method, desk.here.address + path) as answer:
                assert answer.status == status
    tried |= {  # the tests of each provider sign these requests
        ("POST", f"/webhooks/{kind.name}{webhook.path}")
        for kind in PROVIDERS.values()
        for webhook in kind.webhooks
    }
    tried |= {  # test_passkeys_in_browser.py requests these after a sign-in with a password
        ("POST", "/sign-in/set-up/passkey"),
        ("POST", "/sign-in/set-up/passkey/options"),
    }
    assert tried == {key for key, row in TABLE.items() if row.who == "proof"}


@pytest.mark.parametrize("name", ["sms", "status"])
async def test_a_signed_webhook_request_is_accepted(name: str, tmp_path: Path) -> None:
    fields = {
        "MessageSid": "SM" + "0" * 32,
        "AccountSid": ACCOUNT_SID,
        "From": "+12025550101",
        "To": MAIN,
        "Body": "hi",
    }
    pairs = [*fields.items(), ("MessageStatus", "sent")]
    signature = sign(f"{webhook_server.PUBLIC}/webhooks/twilio/{name}", pairs, AUTH_TOKEN)
    store = webhook_server.RecordingStore()
    async with (
        webhook_server.running(store, tmp_path) as address,
        aiohttp.ClientSession() as client,
    ):
        for given, status in ((signature, 200), ("", 403)):
            signed = {"X-Twilio-Signature": given}
            async with client.post(
                f"{address}/webhooks/twilio/{name}", data=pairs, headers=signed
            ) as answer:
                assert answer.status == status


# Conversations of colleagues ----------------------------------------------------------------------

_numbers = count(1000)
_TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}"
# Valid fields for each request, so that only the conversation can be a reason to refuse it.
FORMS: Mapping[str, Mapping[str, Any]] = {
    "/assign": {"agent_id": 1},
    "/cases/new": {"description": "x", "kind": "problem", "priority": "3"},
    "/cases/{case_id}": {"state": "closed", "priority": "3"},
    "/close": {"short_description": "done"},
    "/consent": {"opted_out": "1"},
    "/hold": {"reason": "lunch"},
    "/messages": {"body": "hello"},
    "/notes": {"body": "hello"},
    "/read": {"up_to": 1},
    "/return-to-bot": {"outcome": "done"},
    "/settle": {"went_out": True},
    "/timers/{timer_id}": {"due_at": f"{_TOMORROW}:00Z"},
    "/timers/{timer_id}/postpone": {"at": _TOMORROW},
    "/verify": {"user_id": 1},
}
TO_A_QUEUE = ({"queue_id": 1}, {"to": "queue", "queue_id": "1"})  # the API's fields, and the page's


def form_for(row: Row) -> Mapping[str, Any]:
    if row.path.endswith("/transfer"):
        return TO_A_QUEUE[row.path.startswith("/workspace")]
    return next((form for end, form in FORMS.items() if row.path.endswith(end)), {})


async def conversation_of_mia(desk: Desk, whose: str, role: str) -> tuple[int, int]:
    """Create a conversation that Mia has, and a case in it. Return both ids."""
    recipient = Recipient(to=f"+1202555{next(_numbers)}", provider_number=MAIN)
    store = desk.here.desk.store
    started = await store.write(
        start_conversation.start_conversation, Start(agent_id=MIA, recipient=recipient, body="x")
    )
    interaction_id = started.interaction_id
    if whose == "joined":
        await store.write(
            join_group, Member(interaction_id=interaction_id, agent_id=desk.agents[role])
        )
    case = OpenByHand(agent_id=MIA, description="x", interaction_id=interaction_id)
    return interaction_id, await store.write(open_by_hand, case)


async def test_an_agent_who_acts_on_a_colleagues_conversation_joins_it(desk: Desk) -> None:
    wrong = []
    for row in (row for row in TABLE.values() if row.outside):
        role = "supervisor" if row.who == "supervisors" else "agent"
        interaction_id, case_id = await conversation_of_mia(desk, "foreign", role)
        path = row.path.replace("{interaction_id}", str(interaction_id)).replace(
            "{case_id}", str(case_id)
        )
        path = re.sub(r"\{\w+\}", ABSENT, path.replace("{id}", str(interaction_id)))
        status, said = await desk.call_route(row, path, role, form_for(row))
        lines = await desk.here.story.lines(interaction_id)
        joined = any(line.body == f"A {role} joined" for line in lines)
        # A request that finds no record changes nothing.
        if status in (403, 500) or joined != (row.outside == "joins" and status < 400):
            wrong.append(f"{row.method} {row.path}: {status} {joined=} {said}")
    assert wrong == []


async def test_an_agent_opens_a_case_over_the_api_in_any_conversation(desk: Desk) -> None:
    row = TABLE[("POST", "/api/v1/cases")]
    for whose in ("own", "joined", "foreign"):
        interaction_id, _ = await conversation_of_mia(desk, whose, "agent")
        body = {"description": "x", "interaction_id": interaction_id}
        status, _ = await desk.call_route(row, row.path, "mia" if whose == "own" else "agent", body)
        assert status == 201
    assert desk.agents["agent"] in {
        agent.id for agent in (await desk.here.story.see(interaction_id)).live_group
    }


async def test_an_agent_who_texts_joins_and_the_owner_sees_their_name(desk: Desk) -> None:
    interaction_id, _ = await conversation_of_mia(desk, "foreign", "agent")
    row = TABLE[("POST", "/api/v1/interactions/{id}/messages")]
    status, _ = await desk.call_route(
        row, row.path.replace("{id}", str(interaction_id)), "agent", {"body": "I can help"}
    )
    assert status == 201
    lines = await desk.here.story.lines(interaction_id)
    assert [(line.kind, line.body, line.event) for line in lines[-2:]] == [
        ("system", "A agent joined", "live_group"),
        ("message", "I can help", "unasked"),
    ]
    seen = await desk.here.story.see(interaction_id)
    assert {agent.id for agent in seen.live_group} == {MIA, desk.agents["agent"]}
    assert seen.owner.id == MIA, "the conversation is not reassigned"


ASKS = ('"close-it"', '"hold-it"', '"transfer-it"', '"identify"', '"open-case"', '"change-case-')


async def test_the_page_names_the_owner_and_offers_to_join(desk: Desk) -> None:
    for whose, joined in (("foreign", False), ("joined", True)):
        interaction_id, _ = await conversation_of_mia(desk, whose, "agent")
        cookie = {"Cookie": f"patchboard={desk.tokens['agent']}"}
        address = f"{desk.here.address}/workspace/conversations/{interaction_id}"
        async with desk.client.get(address, headers=PAGE | cookie) as answer:
            page = await answer.text()
        assert {act: f"id={act}" in page for act in ASKS} == dict.fromkeys(ASKS, True)
        assert 'data-colleague="Mia Chen"' in page
        assert ('id="join-it"' in page, "Sending adds you to the conversation." in page) == (
            not joined,
            not joined,
        )
        assert "Mia Chen has this conversation" in page or joined

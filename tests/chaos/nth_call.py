"""Runs one story again and again, each time with another failing call. Each HTTP call and each
Redis command fails once, and the process dies once at each HTTP call and at each statement. In the
story, a requester texts the virtual agent and gets an answer. Another requester texts the live
agents, and an agent accepts the offer and answers. A first run counts the calls. Then the story
runs once for each call n. Call n fails, loses its answer, or kills the service, which the drill
then restarts as a supervisor would. Clients repeat unanswered requests with the same id, as Twilio
and API clients do. At the end, every text must be stored and sent exactly once. Prints ``lost=N
duplicated=N`` for each kind.

    python -m tests.chaos.nth_call [http|redis|statement]

By default, only every tenth statement kills the service. With ``PATCHBOARD_CHAOS_STEP=1``, every
statement does.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.conftest import lay_out
from tests.support.demo_home import CHEAP, HASHER
from tests.support.fake_twilio import FakeTwilio, new_sid
from tests.support.fork_faults import Call, Fault, Plan
from tests.support.own_redis import own_redis
from tests.support.service import Service, free_port, running_service
from tests.support.story import ANN, BOB, DIRECT, MAIN

STEP = int(os.environ.get("PATCHBOARD_CHAOS_STEP", "0"))
#: A story has about 650 statements, and each run takes seconds.
USUAL_STEP = {Call.HTTP: 1, Call.REDIS: 1, Call.STATEMENT: 10}
#: seconds after which a story counts as stuck. Resolving an unknown outcome at Twilio takes more
#: than a minute, because Twilio's list is read twice.
PATIENCE = 240.0
ANSWER, FROM_MIA, WAITING = "The virtual agent answers.", "Mia answers.", "in line"
#: the faults of each kind of call
FAULTS = {
    Call.HTTP: (Fault.REFUSED, Fault.ANSWER_LOST, Fault.CRASH),
    Call.REDIS: (Fault.REFUSED, Fault.ANSWER_LOST),
    Call.STATEMENT: (Fault.CRASH,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a story ended."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    stuck: str = ""
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def well(self) -> bool:
        return not (self.lost or self.duplicated or self.stuck)


def compare(sent: list[tuple[str, str]], expected: list[tuple[str, str]]) -> Ending:
    """Compare the sent texts, as (number, start of the text), with the expected ones."""
    found = Counter(
        next((one for one in expected if one[0] == to and one[1] in body), (to, body))
        for to, body in sent
    )
    return Ending(
        lost=[f"{to}: {body}" for to, body in expected if not found[to, body]],
        duplicated=[f"{to}: {body}" for (to, body), times in found.items() if times > 1],
    )


@dataclass
class Desk:
    """One service. ``supervise`` restarts it after it has died."""

    home: Path
    plan: Plan
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    service: Service | None = None
    _open: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, *, faults: bool) -> None:
        constants: dict[str, object] = {HASHER: CHEAP}
        if faults:
            constants["tests.support.fork_faults.PLAN"] = self.plan
        # In threads, because this event loop serves the fakes.
        self._open = running_service(
            self.home, port=self.port, constants=constants, **self.settings
        )
        self.service = await asyncio.to_thread(self._open.__enter__)

    async def supervise(self) -> None:
        """Restart the service without faults after it has died."""
        while True:
            if self.service is not None and self.service.process.poll() is not None:
                await self.close()
                await self.start(faults=False)
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        await asyncio.to_thread(self._open.__exit__, None, None, None)


@dataclass
class Clients:
    """People and programs that repeat unanswered requests."""

    session: aiohttp.ClientSession
    twilio: FakeTwilio
    desk: Desk
    token: dict[str, str] = field(default_factory=dict)

    async def text(self, number: str, to: str, body: str) -> None:
        sid, url = new_sid(()), f"{self.desk.url}/webhooks/twilio/sms"
        while True:
            try:
                answer = await self.twilio.send_inbound(url, number, to, body, sid=sid)
                if answer.status == 200:
                    return
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await asyncio.sleep(0.1)

    async def call(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """Call the API and return the answer's JSON. ``key``: the id of repeated requests."""
        headers = {**self.token, **({"Idempotency-Key": key} if key else {})}
        while True:
            try:
                async with self.session.request(
                    method, f"{self.desk.url}/api/v1{path}", json=body, headers=headers
                ) as answer:
                    if answer.status < 300:
                        return await answer.json()
                    if answer.status < 500:
                        return {"error": answer.status}
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await asyncio.sleep(0.1)

    async def sign_in(self) -> None:
        login = {"email": "mia@example.com", "password": "demo-mia"}
        answer = await self.call("POST", "/login", login)
        if "token" not in answer:
            raise RuntimeError(f"the agent cannot sign in: {answer}")
        self.token = {"Authorization": f"Bearer {answer['token']}"}

    async def play(self) -> None:
        """Play the story."""
        await self.text(ANN, MAIN, "hello")
        await self.text(BOB, DIRECT, "my badge is stuck")
        await self.call("PUT", "/agents/me/presence", {"presence": "available"})
        while True:
            found = await self.call("GET", "/inbox")
            if items := found.get("items"):
                break
            await asyncio.sleep(0.1)
        item = items[0]
        # If only the answer was lost, the item is already accepted and no longer in the inbox.
        await self.call("POST", f"/work-items/{item['id']}/accept")
        path = f"/interactions/{item['interaction']['id']}/messages"
        await self.call("POST", path, {"body": FROM_MIA}, key="mia-answers")


async def run_story(template: Path, plan_of: Any, extra: dict[str, str]) -> Ending:
    """Run the story with one fault. ``plan_of``: returns the fault's plan for a folder."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copy(template, home / "desk.db")
        plan: Plan = plan_of(home)
        async with AsyncExitStack() as stack:
            twilio = await stack.enter_async_context(FakeTwilio())
            session = await stack.enter_async_context(_session())
            bot = await stack.enter_async_context(_bot())
            settings = {**twilio.settings, "BOT_URL": bot, "BOT_TIMEOUT": "3", **extra}
            desk = Desk(home, plan, {"DATABASE_URL": f"sqlite:///{home}/desk.db", **settings})
            desk.settings["PUBLIC_URL"] = desk.url
            await desk.start(faults=True)
            stack.push_async_callback(desk.close)
            clients = Clients(session, twilio, desk)
            await clients.sign_in()
            plan.begin.touch()
            watching = asyncio.create_task(desk.supervise())
            try:
                return await _ending(clients, plan)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)


async def _ending(clients: Clients, plan: Plan) -> Ending:
    """Play the story, wait until all texts are sent, and compare them."""
    expected = [(ANN, ANSWER), (BOB, WAITING), (BOB, FROM_MIA)]
    stuck = ""
    try:
        async with asyncio.timeout(PATIENCE):
            await clients.play()
            while compare(_sent(clients.twilio), expected).lost:
                await asyncio.sleep(0.1)
            await clients.twilio.settled()
    except TimeoutError:
        stuck = f"not settled after {PATIENCE:.0f} s"
    await asyncio.sleep(1)  # Leave time for texts that the service would wrongly send twice.
    found = compare(_sent(clients.twilio), expected)
    calls = Counter(line.split()[0] for line in plan.log.read_text().splitlines())
    return Ending(lost=found.lost, duplicated=found.duplicated, stuck=stuck, calls=calls)


def _sent(twilio: FakeTwilio) -> list[tuple[str, str]]:
    return [(one.to, one.body) for one in twilio.sent]


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))


@asynccontextmanager
async def _bot() -> AsyncIterator[str]:
    """Serve a bot that always gives the same answer."""

    async def turn(_request: web.Request) -> web.Response:
        return web.json_response([{"text": ANSWER}])

    app = web.Application()
    app.router.add_post("/webhooks/sms/webhook", turn)
    async with TestServer(app) as server:
        yield str(server.make_url("/webhooks/sms/webhook"))


async def fail_each(call: Call, template: Path, extra: dict[str, str]) -> int:
    """Count the calls of a story, then let each call fail. Return the number of stories that ended
    badly.
    """

    def plan(home: Path, number: int = 0, fault: Fault = Fault.REFUSED) -> Plan:
        return Plan(begin=home / "begin", log=home / "calls", call=call, number=number, fault=fault)

    first = await run_story(template, plan, extra)
    count = first.calls[call]
    cases = [
        (n, fault) for fault in FAULTS[call] for n in range(1, count + 1, STEP or USUAL_STEP[call])
    ]
    endings, began = [first], time.monotonic()
    # One run at a time, because the fork server of ``running_service`` sometimes hangs when several
    # threads of this process start and end services.
    for done, (number, fault) in enumerate(cases, start=1):
        found = await run_story(template, partial(plan, number=number, fault=fault), extra)
        endings.append(found)
        bad = "" if found.well else f" {found.lost} {found.duplicated} {found.stuck}"
        print(f"-> {done} of {len(cases)}: {call} {number}, {fault}{bad}", file=sys.stderr)
    lost = sum(len(ending.lost) for ending in endings)
    duplicated = sum(len(ending.duplicated) for ending in endings)
    stuck = sum(bool(ending.stuck) for ending in endings)
    print(
        f"{call}: calls={count} stories={len(endings)} lost={lost} duplicated={duplicated} "
        f"stuck={stuck} after {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return sum(not ending.well for ending in endings)


async def drill(calls: list[Call]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "desk.db"
        with patch(HASHER, CHEAP):
            await lay_out(f"sqlite:///{template}")
        bad = 0
        for call in calls:
            if call is Call.REDIS:
                with own_redis(Path(folder)) as redis:
                    bad += await fail_each(call, template, {"REDIS_URL": redis.url})
            else:
                bad += await fail_each(call, template, {})
    return bad


def main(names: list[str]) -> int:
    return int(asyncio.run(drill([Call(name) for name in names] or list(Call))) > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

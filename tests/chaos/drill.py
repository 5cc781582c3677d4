"""``make chaos``: the fault drill. It kills the service with -9 again and again while the service
sends texts.

Agents write texts, and three in ten have the same words. The fake Twilio answers late, refuses
texts, accepts texts and hangs up, sends its callbacks early, twice and in the wrong order, and
lists texts late. Afterwards each stored text must have reached Twilio exactly once. Prints ``lost=N
duplicated=N``. The exit code is 1 unless both are 0 and everything is settled within two minutes.
"""

import asyncio
import os
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
import sqlalchemy as sa

from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import DESK, Heard, MovedClock, postgres_database
from tests.support.fake_twilio import FakeTwilio
from tests.support.service import free_port, running_service
from tests.support.story import DIRECT

KILLS = int(os.environ.get("PATCHBOARD_CHAOS_KILLS", "50"))
TEXTS = int(os.environ.get("PATCHBOARD_CHAOS_TEXTS", "1500"))
REQUESTERS = 60
AT_ONCE = 16  # requests of agents at a time
SETTLED_WITHIN = 120.0  # seconds
ALIKE = ("Yes", "Please try again.", "We are on it.")
UNSETTLED = ("queued", "sending", "unknown")


@dataclass
class Drill:
    """One run on one database."""

    url: str
    home: Path
    seed: int
    # separate credentials, so that this drill does not count texts from another drill's service
    twilio: FakeTwilio = field(default_factory=lambda: FakeTwilio(auth_token=secrets.token_hex(16)))
    interactions: list[int] = field(default_factory=list)
    # Sessions survive a restart of the service.
    token: dict[str, str] = field(default_factory=dict)
    written: int = 0

    async def run(self) -> tuple[int, int, float]:
        """Run the drill. Return (lost, duplicated, seconds until everything was settled)."""
        chance = random.Random(self.seed)
        port = free_port()
        twilio = self.twilio
        await twilio.start()
        twilio.answer_delay, twilio.callback_delay = 0.05, 0.02
        twilio.steps = ("sent", "sent", "queued", "delivered", "sent")
        twilio.list_lag = timedelta(seconds=5)
        settings = {
            "DATABASE_URL": self.url,
            **twilio.settings,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            # On PostgreSQL, a killed service holds a line until its lease ends, which takes longer
            # than two of these periods.
            "BOT_TIMEOUT": "1",
        }
        for kill in range(KILLS):
            with running_service(self.home, port=port, **settings) as service:
                wanted = TEXTS * (kill + 1) // KILLS
                writing = asyncio.create_task(self._write(service.url, wanted, chance))
                reached = len(twilio.sent) + chance.randint(5, max(6, TEXTS // KILLS))
                until = time.monotonic() + 20
                while len(twilio.sent) < reached and time.monotonic() < until:
                    twilio.callbacks_first = chance.random() < 0.2
                    if not twilio.faults_wait and chance.random() < 0.1:
                        self._fail_next_send(chance)
                    await asyncio.sleep(0.02)
                service.kill()
                await writing
            print(
                f"\r-> kill {kill + 1} of {KILLS}, {len(twilio.sent)} sent ",
                end="",
                file=sys.stderr,
                flush=True,
            )
        print(file=sys.stderr)
        began = time.monotonic()
        with running_service(self.home, port=port, **settings) as service:
            await self._write(service.url, TEXTS, chance)
            while self._unsettled() and time.monotonic() - began < SETTLED_WITHIN:
                await asyncio.sleep(0.5)
            took = time.monotonic() - began
            await twilio.settled()
        await twilio.close()
        return *self._compared(), took

    def _fail_next_send(self, chance: random.Random) -> None:
        """Make the next send fail in one of several ways."""
        match chance.randrange(4):
            case 0:
                self.twilio.fail_next(status=429, code=20429)
            case 1:
                self.twilio.break_next(how="500")
            case _:
                self.twilio.break_next(how="close")

    async def _write(self, url: str, wanted: int, chance: random.Random) -> None:
        """Let agents write until this many texts are stored, or until the service no longer
        answers.
        """
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            try:
                self.token = token = self.token or await self._sign_in(session, url)
                if not self.interactions:
                    await self._begin(session, url, token)
                waits = asyncio.Semaphore(AT_ONCE)
                await asyncio.gather(
                    *(
                        self._one(session, url, token, waits, chance)
                        for _ in range(wanted - self.written)
                    )
                )
            except (aiohttp.ClientError, OSError, TimeoutError):
                return  # The service was killed.

    async def _one(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: dict[str, str],
        waits: asyncio.Semaphore,
        chance: random.Random,
    ) -> None:
        async with waits:
            body = (
                chance.choice(ALIKE) if chance.random() < 0.3 else f"Text {chance.getrandbits(60)}"
            )
            path = f"{url}/api/v1/interactions/{chance.choice(self.interactions)}/messages"
            async with session.post(path, json={"body": body}, headers=token) as answer:
                self.written += answer.ok

    async def _sign_in(self, session: aiohttp.ClientSession, url: str) -> dict[str, str]:
        login = {"email": "mia@example.com", "password": "demo-mia"}
        async with session.post(f"{url}/api/v1/login", json=login) as answer:
            return {"Authorization": f"Bearer {(await answer.json())['token']}"}

    async def _begin(self, session: aiohttp.ClientSession, url: str, token: dict[str, str]) -> None:
        for n in range(REQUESTERS):
            to = {
                "to": f"+12025557{n:03d}",
                "from": DIRECT,
                "body": "Hello, this is the help desk.",
            }
            async with session.post(
                f"{url}/api/v1/conversations", json=to, headers=token
            ) as answer:
                self.interactions.append((await answer.json())["interaction"]["id"])

    def _unsettled(self) -> int:
        return sum(status in UNSETTLED for _, _, status in self._stored())

    def _stored(self) -> list[tuple[str, str, str]]:
        opened = engine(self.url, size=1, writes=False)
        m, i = t.messages, t.interactions
        query = sa.select(i.c.requester_number, m.c.body, m.c.status, m.c.provider_sid).join(
            i, i.c.id == m.c.interaction_id
        )
        with opened.connect() as conn:
            rows = conn.execute(query.where(m.c.direction == "outbound")).all()
        opened.dispose()
        # A message that has an id at Twilio is settled, whatever its last receipt.
        return [(r.requester_number, r.body, "sent" if r.provider_sid else r.status) for r in rows]

    def _compared(self) -> tuple[int, int]:
        stored = self._stored()
        ours = Counter((number, body) for number, body, _ in stored)
        theirs = Counter((m.to, m.body) for m in self.twilio.sent)
        statuses = Counter(status for _, _, status in stored)
        print(
            f"-> stored {len(stored)}, at Twilio {len(self.twilio.sent)}, {dict(statuses)}",
            file=sys.stderr,
        )
        for (number, body), times in (theirs - ours).items():
            sent = [m for m in self.twilio.sent if (m.to, m.body) == (number, body)]
            print(
                f"-> {times} extra texts to {number}: {body!r}, stored {ours[number, body]} times, "
                f"at Twilio: {', '.join(f'{m.sid} at {m.created_at:%H:%M:%S.%f}' for m in sent)}",
                file=sys.stderr,
            )
            self._print_rows(number, body)
        return (ours - theirs).total(), (theirs - ours).total()

    def _print_rows(self, number: str, body: str) -> None:
        opened = engine(self.url, size=1, writes=False)
        m, i = t.messages, t.interactions
        columns = m.c["id", "status", "provider_sid", "created_at", "changed_at", "retries"]
        query = sa.select(*columns).join(i, i.c.id == m.c.interaction_id)
        with opened.connect() as conn:
            for row in conn.execute(query.where(i.c.requester_number == number, m.c.body == body)):
                print(f"   {row}", file=sys.stderr)
        opened.dispose()


async def lay_out(url: str) -> None:
    """Create a database with the tests' desk."""
    migrate(url)
    opened = Store(
        url,
        clock=MovedClock(),
        settings=OperationSettings(send_errors=ERRORS),
        after_commit=Heard(),
    )
    await opened.write(import_desk, read_desk_file.read(DESK))
    opened.close()


def main() -> int:
    seed = int(os.environ.get("PATCHBOARD_CHAOS_SEED", str(random.randrange(1_000_000))))
    wrong = 0
    for kind in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = (
                f"sqlite:///{home}/desk.db"
                if kind == "SQLite"
                else stack.enter_context(postgres_database())
            )
            asyncio.run(lay_out(url))
            print(f"-> {kind}: {KILLS} kills in {TEXTS} texts, seed {seed}", file=sys.stderr)
            lost, duplicated, took = asyncio.run(Drill(url, home, seed).run())
            print(f"{kind}: lost={lost} duplicated={duplicated} settled after {took:.0f} s")
            wrong += lost + duplicated + (took >= SETTLED_WITHIN)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

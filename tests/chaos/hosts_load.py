"""The load while the hosts fail. Requesters text, and agents have pages open, accept, answer and
close. All requests go through the proxy. At the end, the drill counts lost texts and events.
"""

import asyncio
import hashlib
import random
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import sqlalchemy as sa

from handoff_service.errors import MediaAway
from handoff_service.ports.media_store import MediaStore
from handoff_service.rules.shared.vocabulary import MediaStatus, Presence, TurnOutcome
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import READS, engine
from tests.chaos.hosts_bots import HostBot
from tests.support.fake_twilio import FakeTwilio
from tests.support.pictures import picture
from tests.support.story import MAIN

AGENTS = ("mia", "omar")
PAGES = 5  # open pages of each agent
REQUESTERS = 150
WANTS_AN_AGENT = 0.1  # the share of texts that ask for one
HAS_A_PICTURE = 0.2  # the share of texts with a picture
PAUSE = 0.5  # seconds before a page connects again, as in event_stream.js
HELLO_WITHIN, QUIET = 5.0, 25.0  # seconds, as in event_stream.js
UNSETTLED = ("queued", "sending", "unknown")
TRY_AGAIN = (502, 503, 504)


@dataclass
class Page:
    """The event stream of an open page, which reconnects as ``event_stream.js`` does."""

    load: "Load"
    token: str
    connected: bool = False
    has_lost: bool = False
    heard_at: float = 0.0  #: when the last byte came
    lost_at: float = 0.0  #: when the connection ended
    #: For each reconnection: when the page last received something, when it noticed the loss, and
    #: when it was connected again.
    gaps: list[tuple[float, float, float]] = field(default_factory=list)

    async def stay_open(self) -> None:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, OSError):
                await self._once()
            if self.connected:
                self.lost_at = time.monotonic()
            self.has_lost, self.connected = True, False
            await asyncio.sleep(PAUSE * random.uniform(0.8, 1.2))

    async def _once(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        forever = aiohttp.ClientTimeout(total=None, connect=HELLO_WITHIN, sock_read=QUIET)
        url = f"{self.load.url}/api/v1/events"
        async with self.load.session.get(url, headers=headers, timeout=forever) as stream:
            stream.raise_for_status()
            async for _ in stream.content:
                now = time.monotonic()
                if not self.connected and self.has_lost:
                    self.gaps.append((self.heard_at, self.lost_at, now))
                self.connected, self.heard_at = True, now


class Load:
    """All requesters and agents of one drill."""

    def __init__(
        self, url: str, database_url: str, twilio: FakeTwilio, media: MediaStore, bot: HostBot
    ) -> None:
        self.url, self.twilio, self._media, self._bot = url, twilio, media, bot
        self.pages: list[Page] = []
        self.closed = 0  # conversations that an agent has accepted, answered and closed
        self.failed_webhooks = 0
        self._database = engine(database_url, size=1, writes=False, timeouts=READS)
        self._texted: list[str] = []  # the ids of texts that phones have sent
        self._pictures: dict[str, str] = {}  # the id of a text -> the hash of its picture
        self._found: set[str] = set()  # the ids of texts whose pictures are in the media store
        self._written: set[str] = set()  # texts of agents that the API has accepted
        self._posts: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._texting = asyncio.Event()
        self._count = 0
        self._failures: list[float] = []

    async def begin(self) -> None:
        self.session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=8), connector=aiohttp.TCPConnector(limit=0)
        )
        for name in AGENTS:
            login = {"email": f"{name}@example.com", "password": f"demo-{name}"}
            token = (await self._call("", "POST", "/login", login))["token"]
            await self._call(token, "PUT", "/agents/me/presence", {"presence": "available"})
            self.pages += [Page(self, token) for _ in range(PAGES)]
            self._start(self._work(token))
        for page in self.pages:
            self._start(page.stay_open())
        self._start(self._text())

    def text(self, on: bool) -> None:
        """Let requesters start or stop texting."""
        if on:
            self._texting.set()
        else:
            self._texting.clear()

    async def end(self) -> None:
        for task in (*self._tasks, *self._posts):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._posts, return_exceptions=True)
        await self.session.close()
        self._database.dispose()

    def _start(self, what: Any) -> None:
        self._tasks.append(asyncio.create_task(what))

    async def _text(self) -> None:
        while True:
            await self._texting.wait()
            self._count += 1
            number = f"+1202556{random.randrange(REQUESTERS):04d}"
            wants_one = random.random() < WANTS_AN_AGENT
            body = "agent" if wants_one else self._bot.text(number, self._count)
            sid, media = f"SM{secrets.token_hex(16)}", []
            if random.random() < HAS_A_PICTURE:
                content = picture(color=f"#{self._count:06x}")
                media = [self.twilio.keep_media(content)]
                self._pictures[sid] = hashlib.sha256(content).hexdigest()
            self._texted.append(sid)
            post = asyncio.create_task(self._post(sid, number, body, media))
            self._posts.add(post)
            post.add_done_callback(self._posts.discard)
            await asyncio.sleep(random.uniform(*self._bot.texts_every))

    async def _post(
        self, sid: str, number: str, body: str, media: Sequence[tuple[str, str]]
    ) -> None:
        """Call a webhook and, if it fails, its fallback, as Twilio does."""
        for _ in range(2):
            url = f"{self.url}/webhooks/twilio/sms"
            answer = await self.twilio.send_inbound(url, number, MAIN, body, media, sid=sid)
            if answer.status == 200:
                return
        self.failed_webhooks += 1

    async def _work(self, token: str) -> None:
        """Act as an agent who accepts every offer, answers and closes."""
        while True:
            for offer in (await self._call(token, "GET", "/inbox"))["items"]:
                await self._call(token, "POST", f"/work-items/{offer['id']}/accept")
            for open_ in (await self._call(token, "GET", "/ongoing"))["items"]:
                one = f"/interactions/{open_['id']}"
                body = f"Hello, this is text {secrets.token_hex(8)}"
                if await self._call(token, "POST", f"{one}/messages", {"body": body}):
                    self._written.add(body)
                    await self._call(token, "POST", f"{one}/close", {"closing_text": ""})
                    self.closed += 1
            await asyncio.sleep(0.3)

    async def _call(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """Call the API, and repeat the call with the same key until the service answers. Return
        None for a refusal.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if method == "POST" and token:
            headers["Idempotency-Key"] = secrets.token_hex(16)
        while True:
            try:
                url = f"{self.url}/api/v1{path}"
                async with self.session.request(method, url, json=body, headers=headers) as answer:
                    if answer.ok:
                        return await answer.json()
                    if answer.status not in TRY_AGAIN and answer.status != 500:
                        return None
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(0.3)

    # Counting -------------------------------------------------------------------------------------

    def all_connected(self) -> bool:
        return all(page.connected for page in self.pages)

    async def settled(self, within: float) -> tuple[float, int, int]:
        """Wait until every text is stored and sent, and every picture is stored. Return the seconds
        (at most ``within``), and the numbers of lost texts and pictures.
        """
        began, lost, pictures = time.monotonic(), 0, 0
        while time.monotonic() - began < within:
            lost, pictures = self.lost(), await asyncio.to_thread(self.lost_pictures)
            if not (self._posts or lost or pictures or await asyncio.to_thread(self._pending)):
                break
            await asyncio.sleep(0.5)
        await asyncio.sleep(1)  # time for an answer that would wrongly be sent twice
        return min(time.monotonic() - began, within), lost, pictures

    def _pending(self) -> bool:
        m, d = t.messages, t.due_work
        try:
            with self._database.connect() as connection:
                stored = set(connection.execute(sa.select(m.c.provider_sid)).scalars())
                waiting = sa.select(sa.func.count()).where(
                    # A text with an id has arrived, even if no host received its receipts.
                    m.c.status.in_(UNSETTLED),
                    m.c.provider_sid.is_(None),
                )
                turns = sa.select(sa.func.count()).where(d.c.kind == "bot_turn")
                return bool(
                    not stored.issuperset(self._texted)
                    or connection.execute(waiting).scalar()
                    or connection.execute(turns).scalar()
                )
        except sa.exc.SQLAlchemyError:
            return True

    def lost(self) -> int:
        """Return how many texts of requesters, agents and the desk did not arrive."""
        m = t.messages
        with self._database.connect() as connection:
            stored = set(connection.execute(sa.select(m.c.provider_sid)).scalars())
            query = sa.select(m.c.body).where(m.c.direction == "outbound")
            ours = Counter(connection.execute(query).scalars())
            unanswered, _ = self._bot.answers(connection, self.twilio.sent)
        theirs = Counter(message.body for message in self.twilio.sent)
        return (
            unanswered
            + len(set(self._texted) - stored)
            + len(self._written - theirs.keys())
            + (ours - theirs).total()
        )

    @property
    def pictures(self) -> int:
        """Return how many pictures requesters have sent."""
        return len(self._pictures)

    def lost_pictures(self) -> int:
        """Return how many pictures of requesters are not stored, or have a missing or damaged
        file.
        """
        m, d = t.messages, t.media
        query = (
            sa.select(m.c.provider_sid, d.c.file)
            .join(d, d.c.message_id == m.c.id)
            .where(d.c.status == MediaStatus.STORED)
        )
        with self._database.connect() as connection:
            stored = {row.provider_sid: row.file for row in connection.execute(query)}
        for sid, wanted in self._pictures.items():
            if sid in self._found or stored.get(sid) != wanted:
                continue
            with suppress(MediaAway):  # the store hangs; its content is compared with its hash
                if self._media.read(wanted) is not None:
                    self._found.add(sid)
        return len(self._pictures.keys() - self._found)

    def duplicated(self) -> int:
        """Return how many texts were stored or sent too often."""
        m = t.messages
        with self._database.connect() as connection:
            query = sa.select(m.c.body).where(m.c.direction == "outbound")
            ours = Counter(connection.execute(query).scalars())
            sids = Counter(connection.execute(sa.select(m.c.provider_sid)).scalars())
            _, answered_twice = self._bot.answers(connection, self.twilio.sent)
        theirs = Counter(message.body for message in self.twilio.sent)
        twice = sum(sids[sid] - 1 for sid in self._texted if sids[sid] > 1)
        written_twice = sum(theirs[body] - 1 for body in self._written if theirs[body])
        return twice + (theirs - ours).total() + written_twice + answered_twice

    def turns(self) -> int:
        """Return how many turns the virtual agent has answered."""
        query = sa.select(sa.func.count()).where(t.bot_turns.c.outcome == TurnOutcome.ANSWERED)
        with self._database.connect() as connection:
            return connection.execute(query).scalar_one()

    def set_away(self) -> int:
        """Return how often the service set an agent to Away by mistake."""
        log = t.presence_log
        query = sa.select(sa.func.count()).where(log.c.presence == Presence.AWAY)
        with self._database.connect() as connection:
            return connection.execute(query).scalar_one()

    def note_failure(self) -> None:
        """Record that something failed at this moment."""
        self._failures.append(time.monotonic())

    def slowest_page(self) -> float:
        """Return the longest time in seconds until a page that lost its connection was connected
        again.

        The time begins with the failure. If the page received something after the failure, the time
        begins when the page noticed its loss.
        """
        waits = []
        for page in self.pages:
            for heard_at, lost_at, end in page.gaps:
                failed_at = max((f for f in self._failures if f < end), default=lost_at)
                waits.append(end - (lost_at if heard_at > failed_at else failed_at))
            page.gaps.clear()
        return max(waits, default=0.0)

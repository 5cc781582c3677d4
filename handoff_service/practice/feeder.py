"""Sends the requesters' texts of a practice run. Each round of texts starts after the agent has
answered the round before it."""

import asyncio
import heapq
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from handoff_service import log
from handoff_service.operations.conversations.receive_sms import Attachment, Text, receive_sms
from handoff_service.operations.training.practice_past import PracticeLine, WritePast, write_past
from handoff_service.practice.desk_content import COMPANY, PICTURE_TYPE, requester_number
from handoff_service.rules.shared.vocabulary import Author
from handoff_service.rules.training.practice import (
    PracticeConversation,
    Round,
    ScriptText,
    Speaker,
)
from handoff_service.store.engine.store import Store
from handoff_service.store.training import practice_source

_TEXTERS = (Speaker.REQUESTER, Speaker.AGENT)
AFTER_ERROR = 1.0  # seconds until the next attempt


@dataclass(slots=True)
class _Requester:
    """One requester. ``coming``: how many texts of the current round are not sent yet.
    ``interaction_id`` None: the conversation has not begun."""

    rounds: list[Round]
    coming: int = 0
    interaction_id: int | None = None
    over: bool = False

    @property
    def left(self) -> int:
        return self.coming + sum(map(len, self.rounds))


@dataclass(order=True, slots=True)
class _Due:
    at: float  # by the event loop's clock
    place: int
    order: int
    text: ScriptText = field(compare=False)


class Feeder:
    """Sends the requesters' texts of one run.

    ``starts``: when each conversation starts, in seconds. A conversation is over when it is closed,
    or was never begun because it has no text. When all are over, the feeder calls ``ended`` once.
    ``keep_picture`` stores the picture that replaces every requester's pictures, and returns its
    address at the provider."""

    def __init__(
        self,
        store: Store,
        rounds: Sequence[Sequence[Round]],
        starts: Sequence[float],
        ended: Callable[[], Awaitable[None]],
        keep_picture: Callable[[], Awaitable[str]],
    ) -> None:
        self._store, self._ended, self._keep_picture = store, ended, keep_picture
        self._parts = [_Requester(list(one)) for one in rounds]
        self._starts = list(starts)
        self._due: list[_Due] = []
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        return self._task is not None

    @property
    def over(self) -> int:
        """How many conversations are over."""
        return sum(one.over for one in self._parts)

    def left(self, place: int) -> int:
        """How many texts this requester has not sent."""
        return self._parts[place].left

    def begin(self) -> None:
        """Start the run with its first conversation. Later calls change nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="practice_feeder")

    def changed(self) -> None:
        """Check the conversations again, because one has changed."""
        self._changed.set()

    async def close(self) -> None:
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        began = asyncio.get_running_loop().time()
        for place, start in enumerate(self._starts):
            self._plan(place, began + start)
        while not all(one.over for one in self._parts):
            self._changed.clear()
            try:
                await self._send_due()
                self._check_conversations(await self._store.read(practice_source.practiced))
            except Exception as error:  # noqa: BLE001  # logged, and retried
                log.warning("practice_text_failed", error=error)
                await asyncio.sleep(AFTER_ERROR)
                continue
            await self._wait()
        await self._ended()

    async def _wait(self) -> None:
        pause = None
        if self._due:
            pause = max(self._due[0].at - asyncio.get_running_loop().time(), 0)
        try:
            async with asyncio.timeout(pause):
                if not all(one.over for one in self._parts):
                    await self._changed.wait()
        except TimeoutError:
            pass  # it is time for the next text

    async def _send_due(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._due and self._due[0].at <= now:
            due = self._due[0]
            part = self._parts[due.place]
            if part.over:
                heapq.heappop(self._due)
                continue
            await self._send(due)
            heapq.heappop(self._due)
            part.coming -= 1

    async def _send(self, due: _Due) -> None:
        """Send a text. The first text opens the conversation. This also stores what the virtual
        agent wrote before the handoff, because the practice desk has no virtual agent."""
        part, one = self._parts[due.place], due.text
        pictures = tuple([await self._keep_picture() for _ in range(one.pictures)])
        lines = [PracticeLine(author=Author.VIRTUAL_AGENT, body=reply) for reply in one.replies]
        if part.interaction_id is None or not one.past:
            text = Text(
                sid=f"SM{secrets.token_hex(16)}",
                requester_number=requester_number(due.place),
                provider_number=COMPANY,
                body=one.text,
                media=tuple([Attachment(url, PICTURE_TYPE) for url in pictures]),
            )
            received = await self._store.write(receive_sms, text)
            part.interaction_id = received.interaction_id
        else:
            lines.insert(0, PracticeLine(author=Author.REQUESTER, body=one.text, pictures=pictures))
        if lines and part.interaction_id is not None:
            past = WritePast(interaction_id=part.interaction_id, lines=tuple(lines))
            await self._store.write(write_past, past)

    def _check_conversations(self, seen: dict[str, PracticeConversation]) -> None:
        """End closed conversations, and plan the next round of each conversation that the agent has
        answered."""
        for place, part in enumerate(self._parts):
            one = seen.get(requester_number(place))
            if one is None or part.over:
                continue
            if one.closed:
                part.over = True
            elif part.rounds and not part.coming and _is_answered(one):
                self._plan(place, asyncio.get_running_loop().time())

    def _plan(self, place: int, at: float) -> None:
        part = self._parts[place]
        if not part.rounds:
            part.over = True
            return
        texts = part.rounds.pop(0)
        part.coming = len(texts)
        for order, one in enumerate(texts):
            at += one.after
            heapq.heappush(self._due, _Due(at, place, order, one))


def _is_answered(one: PracticeConversation) -> bool:
    spoken = [line.speaker for line in one.lines if line.speaker in _TEXTERS]
    return bool(spoken) and spoken[-1] is Speaker.AGENT

"""The simulator: an SMS provider in this process, for trying, demonstrating and testing without an
account.

A text that is sent is on the phone page as soon as it is ``sent``; receipts come after a moment, as
from a carrier.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from datetime import datetime
from enum import StrEnum

from handoff_service.gateways.simulator.errors import BAD_NUMBER, FILTERED, LANDLINE, OFF
from handoff_service.lib.media_folder import MediaFolder, is_name
from handoff_service.operations.delivery.record_receipt import Receipt
from handoff_service.ports import (
    Accepted,
    ConsentNotTaken,
    ConsentState,
    Later,
    NotFetched,
    Outgoing,
    ProviderMessage,
    Refused,
    Reported,
    SentBefore,
    Unsure,
)
from handoff_service.rules.delivery.senders import why_unanswerable
from handoff_service.rules.delivery.sms_text import is_e164, is_short_code, segments
from handoff_service.rules.shared.vocabulary import Status

REMEMBERED = 1000
SIGNATURE = "\n\nSent from my iPhone"  # as a mail program adds it to what a phone sends
# millionths, of a segment: near to what one costs in the United States
PRICE, CURRENCY = 8_300, "USD"
SCHEME = "simulator:"  # of the addresses of what phones send
# status, seconds from the step before, code
SENT, DELIVERED = (Status.SENT, 0.05, None), (Status.DELIVERED, 0.5, None)


class Behaviour(StrEnum):
    """How a phone and its carrier behave."""

    USUAL = "usual"
    SLOW = "slow"
    OFF = "off"
    LANDLINE = "landline"
    FILTERED = "filtered"
    TWICE = "twice"
    RIGHT_TO_LEFT = "right_to_left"
    SIGNS = "signs"


STEPS: Mapping[Behaviour, Sequence[tuple[Status, float, int | None]]] = {
    Behaviour.USUAL: (SENT, DELIVERED),
    Behaviour.SLOW: ((Status.SENT, 4.0, None), (Status.DELIVERED, 8.0, None)),
    Behaviour.OFF: ((Status.UNDELIVERED, 0.5, OFF),),
    Behaviour.LANDLINE: ((Status.UNDELIVERED, 0.5, LANDLINE),),
    Behaviour.FILTERED: ((Status.UNDELIVERED, 0.5, FILTERED),),
    Behaviour.TWICE: (SENT, DELIVERED, SENT, DELIVERED),  # and backwards
    Behaviour.RIGHT_TO_LEFT: (SENT, DELIVERED),
    Behaviour.SIGNS: (SENT, DELIVERED),
}


class Simulator:
    """``receipt`` is called with each delivery receipt; ``pace`` makes carriers slower (2) or
    instant (0).

    ``pictures``: where it keeps what phones send, as a provider keeps it until it is fetched.
    """

    def __init__(
        self,
        receipt: Callable[[Receipt], Awaitable[object]],
        *,
        pictures: MediaFolder,
        pace: float = 1,
    ) -> None:
        self._receipt = receipt
        self._pictures = pictures
        self._pace = pace
        self._sent: dict[str, Outgoing] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def behaviour(self, number: str) -> Behaviour:
        """How this phone behaves: as usual, until it is told otherwise."""
        return self._behaviours.get(number, Behaviour.USUAL)

    def behave(self, number: str, behaviour: Behaviour) -> None:
        """From the next text to it on. Forgotten when the process ends."""
        self._behaviours[number] = behaviour

    def as_sent(self, number: str, body: str) -> str:
        """What this phone sends when its owner types ``body``."""
        return body + SIGNATURE if body and self.behaviour(number) is Behaviour.SIGNS else body

    async def send(self, message: Outgoing) -> Accepted | Refused | Later | Unsure:
        if not (is_e164(message.to) or is_short_code(message.to)) or why_unanswerable(message.to):
            return Refused(code=BAD_NUMBER)
        sid = f"SM{secrets.token_hex(16)}"
        self._sent[sid] = message
        while len(self._sent) > REMEMBERED:
            self._sent.pop(next(iter(self._sent)))
        task = asyncio.create_task(self._deliver(sid, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return Accepted(sid=sid)

    async def find(self, message: Outgoing) -> Sequence[SentBefore]:
        return [
            SentBefore(sid=sid, status=Status.SENDING)
            for sid, sent in self._sent.items()
            if (sent.to, sent.sender, sent.body) == (message.to, message.sender, message.body)
            and bool(sent.media_urls) == bool(message.media_urls)
            and sent.created_at >= message.created_at
        ]

    async def received(self, number: str, since: datetime) -> Sequence[ProviderMessage]:
        return ()  # what its phones send is stored at once, or refused on the phone

    async def push_consents(self, states: Sequence[ConsentState]) -> Mapping[str, ConsentNotTaken]:
        return {}  # its phones know by themselves

    async def reports(self, number: str, sids: Set[str], since: datetime) -> Sequence[Reported]:
        """What a carrier would take, of what it still remembers; what phones send costs nothing, no
        receipt is lost."""
        return [
            Reported(sid=sid, price=segments(self._sent[sid].body).count * PRICE, currency=CURRENCY)
            for sid in sids & self._sent.keys()
        ]

    async def pictures_of(self, sid: str) -> Sequence[tuple[str, str]]:
        return ()

    async def fetch(self, url: str) -> bytes | NotFetched:
        name = url.removeprefix(SCHEME)
        content = await asyncio.to_thread(self._pictures.read, name) if is_name(name) else None
        return (
            NotFetched(why="The simulator does not have it.", again=False)
            if content is None
            else content
        )

    async def keep(self, content: bytes, now: datetime) -> str:
        """What a phone sends, kept until it is fetched. Returns its address at this provider."""
        return SCHEME + await asyncio.to_thread(self._pictures.keep, content, now)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, sid: str, message: Outgoing) -> None:
        for status, seconds, code in STEPS[self.behaviour(message.to)]:
            await asyncio.sleep(seconds * self._pace)
            receipt = Receipt(
                sid=sid,
                status=status,
                error_code=code,
                message_id=message.message_id,
                retries=message.retries,
            )
            await self._receipt(receipt)

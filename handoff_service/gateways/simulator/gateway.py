"""The simulator: an SMS provider inside this process, for trials, demos and tests without an
account.

A sent text appears on the simulated phone's page when its status becomes ``sent``. Receipts follow
after a moment, as from a carrier.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from datetime import datetime
from enum import StrEnum

from handoff_service.gateways.simulator.errors import BAD_NUMBER, FILTERED, LANDLINE, OFF
from handoff_service.lib.media_folder import MediaFolder, is_name
from handoff_service.operations.delivery.record_receipt import Receipt
from handoff_service.ports.sms_provider import (
    Accepted,
    ConsentNotTaken,
    ConsentState,
    Later,
    NotErased,
    NotFetched,
    Outgoing,
    ProviderMessage,
    Refused,
    Reported,
    SentBefore,
    Unsure,
)
from handoff_service.rules.conversations import media_failures
from handoff_service.rules.delivery.senders import why_unanswerable
from handoff_service.rules.delivery.sms_text import is_e164, is_short_code, segments
from handoff_service.rules.shared.vocabulary import Status

REMEMBERED = 1000  # sent texts that stay in memory
SIGNATURE = "\n\nSent from my iPhone"  # a phone's automatic signature
# millionths of a dollar per segment, close to the price in the United States
PRICE, CURRENCY = 8_300, "USD"
SCHEME = "simulator:"  # URL scheme of pictures from simulated phones
# (status, seconds after the previous step, error code)
SENT, DELIVERED = (Status.SENT, 0.05, None), (Status.DELIVERED, 0.5, None)


class Behavior(StrEnum):
    """The behavior of a simulated phone and its carrier."""

    USUAL = "usual"
    SLOW = "slow"
    OFF = "off"
    LANDLINE = "landline"
    FILTERED = "filtered"
    TWICE = "twice"
    RIGHT_TO_LEFT = "right_to_left"
    SIGNS = "signs"


STEPS: Mapping[Behavior, Sequence[tuple[Status, float, int | None]]] = {
    Behavior.USUAL: (SENT, DELIVERED),
    Behavior.SLOW: ((Status.SENT, 4.0, None), (Status.DELIVERED, 8.0, None)),
    Behavior.OFF: ((Status.UNDELIVERED, 0.5, OFF),),
    Behavior.LANDLINE: ((Status.UNDELIVERED, 0.5, LANDLINE),),
    Behavior.FILTERED: ((Status.UNDELIVERED, 0.5, FILTERED),),
    # every receipt arrives twice, and a SENT arrives after a DELIVERED
    Behavior.TWICE: (SENT, DELIVERED, SENT, DELIVERED),
    Behavior.RIGHT_TO_LEFT: (SENT, DELIVERED),
    Behavior.SIGNS: (SENT, DELIVERED),
}


class Simulator:
    """The simulated provider.

    ``receipt``: called with each delivery receipt. ``pace``: the factor for the carrier's delays; 1
    is the usual delay, 0 is none. ``pictures``: the folder for the pictures that simulated
    phones send.
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
        self._behaviors: dict[str, Behavior] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def behavior(self, number: str) -> Behavior:
        """Return the behavior of this phone; USUAL if none is set."""
        return self._behaviors.get(number, Behavior.USUAL)

    def behave(self, number: str, behavior: Behavior) -> None:
        """Set the phone's behavior for the next texts. It is kept only in memory."""
        self._behaviors[number] = behavior

    def as_sent(self, number: str, body: str) -> str:
        """Return the text that this phone sends when its owner types ``body``."""
        return body + SIGNATURE if body and self.behavior(number) is Behavior.SIGNS else body

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
        # no text can be lost, because the service stores or refuses each text at once
        return ()

    async def push_consents(self, states: Sequence[ConsentState]) -> Mapping[str, ConsentNotTaken]:
        return {}  # the simulator keeps no list of opt-outs

    async def reports(self, number: str, sids: Set[str], since: datetime) -> Sequence[Reported]:
        """Return simulated prices of the sent texts that are still in memory. Received texts cost
        nothing. Statuses are missing here, because the simulator never loses a receipt."""
        return [
            Reported(sid=sid, price=segments(self._sent[sid].body).count * PRICE, currency=CURRENCY)
            for sid in sids & self._sent.keys()
        ]

    async def pictures_of(self, sid: str) -> Sequence[tuple[str, str]]:
        return ()

    async def erase(self, sid: str) -> NotErased | None:
        """Forget a text. This does not delete pictures from phones."""
        self._sent.pop(sid, None)
        return None

    async def fetch(self, url: str) -> bytes | NotFetched:
        name = url.removeprefix(SCHEME)
        content = await asyncio.to_thread(self._pictures.read, name) if is_name(name) else None
        return (
            NotFetched(why=media_failures.NOT_SIMULATED, again=False)
            if content is None
            else content
        )

    async def keep(self, content: bytes, now: datetime) -> str:
        """Store a picture that a simulated phone sends. Returns its address."""
        return SCHEME + await asyncio.to_thread(self._pictures.keep, content, now)

    async def answers(self) -> bool:
        return True

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, sid: str, message: Outgoing) -> None:
        for status, seconds, code in STEPS[self.behavior(message.to)]:
            await asyncio.sleep(seconds * self._pace)
            receipt = Receipt(
                sid=sid,
                status=status,
                error_code=code,
                message_id=message.message_id,
                retries=message.retries,
            )
            await self._receipt(receipt)

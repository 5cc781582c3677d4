"""The answers to COMMITs are lost on the way from PostgreSQL. No command may run twice, and none
may be lost.

``make chaos`` runs this drill with 500 commands and 200 lost answers. ``test_lost_commits.py`` uses
fewer.
"""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import sqlalchemy as sa

from handoff_service.errors import DatabaseAway, OutcomeUnknown
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.consent.change_consent import ConsentRequest, change_consent
from handoff_service.operations.conversations.change_interaction import (
    CloseInteraction,
    close_interaction,
)
from handoff_service.operations.conversations.preview_start import Recipient
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.conversations.send_sms import Write, send_sms, write_note
from handoff_service.operations.conversations.start_conversation import Start, start_conversation
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, SetBased, Transaction
from tests.conftest import Heard, MovedClock, lay_out, postgres_database
from tests.support.story import DIRECT, MIA, OMAR

COMMIT = b"COMMIT"

type Operation[C, R] = SetBased[C, R] | Callable[[Transaction, C], R]


class LossyConnection:
    """Forwards connections to PostgreSQL. It can forward a COMMIT and then break the connection
    instead of forwarding the answer.
    """

    def __init__(self, url: str, share: float, most: int, seed: int = 7) -> None:
        self._to = urlsplit(url)
        self._share, self._left = share, most
        self._chance = random.Random(seed)
        self.lost = 0

    async def start(self) -> str:
        """Start forwarding. Return the address to use instead of the server's address."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return self._to._replace(netloc=f"127.0.0.1:{port}").geturl()

    async def close(self) -> None:
        self._server.close()

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._to.hostname, self._to.port)
        breaking = asyncio.Event()

        async def forward() -> None:
            while data := await client.read(65536):
                if COMMIT in data and self._left and self._chance.random() < self._share:
                    self._left -= 1
                    breaking.set()
                to_server.write(data)
            to_server.close()

        async def back() -> None:
            while data := await server.read(65536):
                # These bytes are the server's answer, so the COMMIT has run.
                if breaking.is_set():
                    self.lost += 1
                    to_client.transport.abort()
                    to_server.transport.abort()
                    return
                to_client.write(data)
            to_client.close()

        await asyncio.gather(forward(), back(), return_exceptions=True)


@dataclass
class Drill:
    """Runs commands of every kind, as agents and requesters do, over a connection that loses
    answers.
    """

    url: str
    commands: int
    lose: int
    done: Counter[str] = field(default_factory=Counter)
    twice: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    lost_answers: int = 0

    async def run(self) -> None:
        """Run the commands, eight at a time, and compare the effects with the expected ones."""
        connection = LossyConnection(self.url, share=0.5, most=self.lose)
        store = Store(
            await connection.start(),
            clock=MovedClock(),
            settings=OperationSettings(),
            after_commit=Heard(),
        )
        self._limit = asyncio.Semaphore(8)
        kinds = (self._text_in, self._note, self._text, self._case, self._first_text, self._close,
            self._transfer,
                 self._consent)  # fmt: skip
        try:
            await asyncio.gather(
                *(self._run_commands(store, kinds[n % len(kinds)], n) for n in range(self.commands))
            )
        finally:
            store.close()
            await connection.close()
        self.lost_answers = connection.lost

    async def _run_commands(
        self, store: Store, kind: Callable[[Store, int], Awaitable[int]], number: int
    ) -> None:
        async with self._limit:
            name = f"{kind.__name__.strip('_')} {number}"
            try:
                times = await kind(store, number)
            except Exception as error:  # noqa: BLE001  # counted
                self.refused.append(f"{name}: {error!r}")
                return
            self.done[kind.__name__] += 1
            if times > 1:
                self.twice.append(f"{name}: {times}")
            elif times < 1:
                self.missing.append(name)

    async def _conversation(self, store: Store, number: int) -> int:
        """Create a conversation in which Mia writes, so that Mia has it."""
        text = Text(
            sid=f"SM{number:032x}",
            requester_number=f"+1202555{number:04}",
            provider_number=DIRECT,
            body="hello",
        )
        received = await _run_until_applied(store, receive_sms, text, near=number)
        assert received.interaction_id is not None
        await self._write(store, received.interaction_id, "Mia here")
        return received.interaction_id

    async def _write(self, store: Store, interaction_id: int, body: str) -> None:
        command = Write(interaction_id=interaction_id, agent_id=MIA, body=body)
        await _run_until_applied(store, send_sms, command, near=interaction_id)

    async def _text_in(self, store: Store, number: int) -> int:
        interaction_id = await self._conversation(store, number)
        return await self._messages(store, interaction_id, t.messages.c.body == "hello")

    async def _note(self, store: Store, number: int) -> int:
        interaction_id = await self._conversation(store, number)
        command = Write(interaction_id=interaction_id, agent_id=MIA, body="note")
        await _run_until_applied(store, write_note, command, near=interaction_id)
        return await self._messages(store, interaction_id, t.messages.c.body == "note")

    async def _text(self, store: Store, number: int) -> int:
        interaction_id = await self._conversation(store, number)
        await self._write(store, interaction_id, "second")
        return await self._messages(store, interaction_id, t.messages.c.body == "second")

    async def _case(self, store: Store, number: int) -> int:
        interaction_id = await self._conversation(store, number)
        command = OpenByHand(agent_id=MIA, description="broken", interaction_id=interaction_id)
        await _run_until_applied(store, open_by_hand, command, near=interaction_id)
        return await self._count(store, t.cases, t.cases.c.interaction_id == interaction_id)

    async def _first_text(self, store: Store, number: int) -> int:
        to = f"+1202556{number:04}"
        command = Start(
            agent_id=MIA, recipient=Recipient(to=to, provider_number=DIRECT), body="first"
        )
        started = await _run_until_applied(store, start_conversation, command, near=to)
        return await self._messages(store, started.interaction_id, t.messages.c.body == "first")

    async def _close(self, store: Store, number: int) -> int:
        interaction_id = await self._conversation(store, number)
        command = CloseInteraction(interaction_id=interaction_id, agent_id=MIA, closing_text="bye")
        await _run_until_applied(store, close_interaction, command, near=interaction_id)
        return await self._messages(store, interaction_id, t.messages.c.body == "bye")

    async def _transfer(self, store: Store, number: int) -> int:
        interaction_id = await self._conversation(store, number)
        before = await self._count(
            store, t.work_items, t.work_items.c.interaction_id == interaction_id
        )
        command = Transfer(interaction_id=interaction_id, agent_id=MIA, to_queue=1)
        await _run_until_applied(store, transfer, command, near=interaction_id)
        return (
            await self._count(store, t.work_items, t.work_items.c.interaction_id == interaction_id)
            - before
        )

    async def _consent(self, store: Store, number: int) -> int:
        of = f"+1202557{number:04}"
        command = ConsentRequest(number=of, opted_out=True, source=Source.AGENT, agent_id=OMAR)
        await _run_until_applied(store, change_consent, command, near=of)
        return await self._count(store, t.consents, t.consents.c.number == of)

    async def _messages(
        self, store: Store, interaction_id: int, *where: sa.ColumnElement[bool]
    ) -> int:
        return await self._count(
            store, t.messages, t.messages.c.interaction_id == interaction_id, *where
        )

    async def _count(self, store: Store, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(*where)
        return await store.read(lambda conn: conn.execute(query).scalar_one())


async def _run_until_applied[C, R](
    store: Store, operation: Operation[C, R], command: C, *, near: object
) -> R:
    """Run a command, and repeat it whenever the desk reports that the command changed nothing."""
    while True:
        try:
            return await store.write(operation, command, near=near)
        except OutcomeUnknown:
            raise
        except DatabaseAway:
            continue


def main() -> int:
    """Run 500 commands and lose 200 answers. Return 1 if a command ran twice or not at all."""
    with postgres_database() as url:
        asyncio.run(lay_out(url))
        drill = Drill(url, commands=500, lose=200)
        asyncio.run(drill.run())
    missing = len(drill.missing) + len(drill.refused)
    print(
        f"answers to COMMIT lost: {drill.lost_answers}; commands: 500; lost={missing} "
        f"duplicated={len(drill.twice)}"
    )
    return int(bool(missing or drill.twice))


if __name__ == "__main__":
    sys.exit(main())

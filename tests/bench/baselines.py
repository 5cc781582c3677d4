"""Baselines for the product's webhook. Each checks the signature in Sanic and stores one durable
row, but in another way than the product.

``group``  one writer thread with group commit: the lower bound on SQLite
``naive``  one INSERT per transaction by SQLAlchemy's asyncio with aiosqlite or asyncpg: the obvious
first version
"""

import asyncio
import queue
import sys
import threading
import time
from typing import Any
from urllib.parse import parse_qsl

import sqlalchemy as sa
from sanic import Request, Sanic
from sanic.response import HTTPResponse, raw, text
from sqlalchemy.ext.asyncio import create_async_engine

from handoff_service.gateways.twilio.signature import is_signed
from handoff_service.store.engine.database import engine
from tests.bench.load import TOKEN, URL

metadata = sa.MetaData()
texts = sa.Table(
    "texts",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("sid", sa.String, unique=True),
    sa.Column("sender", sa.String),
    sa.Column("body", sa.Text),
    sa.Column("at", sa.Float),
)


def row(form: dict[str, str]) -> dict[str, object]:
    return {
        "sid": form["MessageSid"],
        "sender": form["From"],
        "body": form["Body"],
        "at": time.time(),
    }


class GroupWriter(threading.Thread):
    """One connection. Each transaction stores all waiting texts."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(daemon=True)
        self.loop = loop
        self.queue: queue.SimpleQueue[tuple[dict[str, object], asyncio.Future[None]]] = (
            queue.SimpleQueue()
        )
        self.engine = engine(url, size=1, writes=True)
        metadata.create_all(self.engine)

    def run(self) -> None:
        while True:
            batch = [self.queue.get()]
            while len(batch) < 256:
                try:
                    batch.append(self.queue.get_nowait())
                except queue.Empty:
                    break
            with self.engine.begin() as conn:
                conn.execute(sa.insert(texts), [values for values, _ in batch])
            self.loop.call_soon_threadsafe(
                lambda batch=batch: [done.set_result(None) for _, done in batch]
            )

    async def write(self, values: dict[str, object]) -> None:
        done = self.loop.create_future()
        self.queue.put((values, done))
        await done


class NaiveWriter:
    """Stores each text in its own transaction on a pool, as SQLAlchemy's asyncio documentation
    shows.
    """

    def __init__(self, url: str) -> None:
        sqlite = url.startswith("sqlite")
        url = url.replace("sqlite:", "sqlite+aiosqlite:").replace(
            "postgresql:", "postgresql+asyncpg:"
        )
        self.engine = create_async_engine(
            url, pool_size=1 if sqlite else 16, max_overflow=0, pool_timeout=300
        )
        if sqlite:
            sa.event.listen(self.engine.sync_engine, "connect", self._durable)

    @staticmethod
    def _durable(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    async def start(self) -> None:
        async with self.engine.begin() as conn:
            await conn.run_sync(metadata.create_all)

    async def write(self, values: dict[str, object]) -> None:
        async with self.engine.begin() as conn:
            await conn.execute(sa.insert(texts), values)


def serve(kind: str, url: str, port: int) -> None:
    """Serve one baseline until the process stops."""
    app: Any = Sanic("receiver", configure_logging=False)
    app.config.ACCESS_LOG = False

    @app.before_server_start
    async def start(app: Any) -> None:
        if kind == "group":
            app.ctx.writer = GroupWriter(url, asyncio.get_running_loop())
            app.ctx.writer.start()
        else:
            app.ctx.writer = NaiveWriter(url)
            await app.ctx.writer.start()

    @app.get("/healthz")
    async def alive(_request: Request) -> HTTPResponse:
        return text("ok")

    @app.post("/webhooks/twilio/sms")
    async def inbound(request: Request) -> HTTPResponse:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=100)
        if not is_signed(URL, pairs, request.headers.get("x-twilio-signature", ""), [TOKEN]):
            return text("no", status=403)
        await request.app.ctx.writer.write(row(dict(pairs)))
        return raw(b'<?xml version="1.0" encoding="UTF-8"?><Response/>', content_type="text/xml")

    app.run(host="127.0.0.1", port=port, single_process=True, access_log=False, motd=False)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))

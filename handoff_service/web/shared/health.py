"""Health checks and metrics."""

import sqlalchemy as sa
from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json, raw

from handoff_service.errors import Overloaded, Unavailable
from handoff_service.metrics import TEXT_FORMAT
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing.desk_state import desk_state
from handoff_service.web.shared.session import desk_of


def blueprint() -> Blueprint:
    """Return the routes.

    - ``/healthz`` returns 200 while the process runs.
    - ``/readyz`` returns 200, or 503 if the database cannot be read or written or a background task
      keeps failing. The body names the parts that are not ready.
    - ``/metrics`` returns Prometheus metrics.
    """
    made = Blueprint("health")

    @made.get("/healthz")
    async def alive(_request: Request) -> HTTPResponse:
        return json({"status": "ok"})

    @made.get("/readyz")
    async def ready(request: Request) -> HTTPResponse:
        desk = desk_of(request)
        error = await _database_error(desk.store)
        missing = ({"database": error} if error else {}) | desk.background.failing()
        return json(
            {"status": "not ready" if missing else "ready", "not_ready": missing},
            status=503 if missing else 200,
        )

    @made.get("/metrics")
    async def measured(request: Request) -> HTTPResponse:
        desk = desk_of(request)
        try:
            state = await desk.store.read(desk_state)
        # operators need the other metrics most while the database is unavailable
        except Unavailable:
            state = None
        return raw(desk.metrics.shown(state), content_type=TEXT_FORMAT)

    return made


async def _database_error(store: Store) -> str | None:
    """Return why the database cannot be used, or None if it can. An overloaded service counts as
    ready, because it rejects excess requests itself."""
    try:
        await store.read(lambda conn: conn.execute(sa.text("SELECT 1")).scalar())
        await store.write(_write_nothing, None)
    except Overloaded:
        return None
    except Unavailable as error:
        return error.why
    return None


def _write_nothing(_tx: Transaction, _command: None) -> None:
    """Change nothing. The transaction still stores its commit number, which fails on a read-only
    database."""

"""Health checks and metrics."""

import sqlalchemy as sa
from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json, raw

from handoff_service.errors import Unavailable
from handoff_service.metrics import TEXT_FORMAT
from handoff_service.web.shared.session import desk_of


def blueprint() -> Blueprint:
    """``/healthz``: 200 while the process answers. ``/readyz``: 200, or 503 with the parts that are
    not ready (the database, background tasks that keep failing). ``/metrics``: Prometheus
    metrics."""
    made = Blueprint("health")

    @made.get("/healthz")
    async def alive(_request: Request) -> HTTPResponse:
        return json({"status": "ok"})

    @made.get("/readyz")
    async def ready(request: Request) -> HTTPResponse:
        missing: dict[str, str] = {}
        try:
            await desk_of(request).store.read(
                lambda conn: conn.execute(sa.text("SELECT 1")).scalar()
            )
        except Unavailable as error:
            missing["database"] = error.why
        missing |= desk_of(request).background.failing()
        return json(
            {"status": "not ready" if missing else "ready", "not_ready": missing},
            status=503 if missing else 200,
        )

    @made.get("/metrics")
    async def measured(request: Request) -> HTTPResponse:
        return raw(desk_of(request).metrics.shown(), content_type=TEXT_FORMAT)

    return made

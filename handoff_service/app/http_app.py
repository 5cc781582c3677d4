"""The Sanic application: its limits, middleware and routes."""

from typing import Any

from sanic import Sanic

from handoff_service.app.service import close_service, open_service
from handoff_service.gateways.providers import PROVIDERS
from handoff_service.settings import Settings
from handoff_service.web.api import routes as api
from handoff_service.web.shared import (
    health,
    media,
    page_language,
    practice_desk,
    request_bytes,
    security,
)
from handoff_service.web.simulator import mailbox, phone
from handoff_service.web.webhooks import bot_actions, sms_provider
from handoff_service.web.workspace import workspace

APP_NAME = "patchboard"
type App = Sanic[Any, Any]


def create_app(settings: Settings) -> App:
    """The service as a Sanic application. The database must have been migrated."""
    app: App = Sanic(APP_NAME, configure_logging=False)
    app.config.update(
        REQUEST_MAX_SIZE=1_000_000,
        REQUEST_TIMEOUT=10,
        RESPONSE_TIMEOUT=60,
        ACCESS_LOG=False,
        MOTD=False,
        FALLBACK_ERROR_FORMAT="text",
    )
    app.ctx.settings, app.ctx.proxies = settings, settings.proxies
    app.before_server_start(open_service)
    app.before_server_stop(close_service)
    app.register_middleware(security.add_headers(settings.public_url), "response")
    app.register_middleware(page_language.add_vary, "response")
    app.register_middleware(page_language.choose, "request")
    app.register_middleware(practice_desk.choose, "request")
    request_bytes.protect(app)
    app.error_handler.add(Exception, security.refuse)
    for kind in PROVIDERS.values():
        if kind.webhooks:
            app.blueprint(sms_provider.blueprint(kind, settings))
    app.blueprint(bot_actions.blueprint())
    app.blueprint(api.blueprint())
    app.blueprint(health.blueprint())
    app.blueprint(media.blueprint())
    app.blueprint(workspace.blueprint())
    if settings.has_simulator:
        app.blueprint(phone.blueprint())
    if settings.has_mailbox:
        app.blueprint(mailbox.blueprint())
    return app

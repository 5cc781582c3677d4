"""Determines, for the phone page, whether the virtual agent is still starting."""

import asyncio

from sanic import Request

from handoff_service.ports.bot_models import BotModels
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.shared.session import desk_of


async def starting(request: Request) -> str:
    """Return a sentence while no bot process answers yet, else an empty string."""
    models: BotModels = request.app.ctx.bot_models
    urls = desk_of(request).settings.bot_urls
    if not urls or any(await asyncio.gather(*map(models.answers, urls))):
        return ""
    return phrase("The virtual agent is starting. Until it is ready, live agents get the texts.")

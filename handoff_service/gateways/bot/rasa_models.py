"""Asks a bot process for its model and makes it load another one (see bot/sms_channel.py)."""

import asyncio
from typing import Any

import aiohttp

from handoff_service.ports.bot_models import BotModelNotLoaded
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.stored_sentences import recognized

# Loading takes some seconds on a busy machine. The process answers turns meanwhile.
LOADS_WITHIN, ANSWERS_WITHIN = 120.0, 10.0  # seconds


#: the errors that a bot process sends, in English (see bot/sms_channel.py)
ERRORS = (
    phrase("No model is loaded."),
    phrase("Another model is being loaded."),
    phrase("There is no model {file} in the folder of models."),
    phrase("{file} cannot be loaded: {error}."),
)


class RasaModels:
    """The client for our channel's model calls. Create it on a running event loop. ``token``: the
    secret that the service and the bot share."""

    def __init__(self, token: str) -> None:
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=LOADS_WITHIN),
        )

    async def running(self, url: str) -> str | None:
        """Return the file of the model that this bot process uses. None: nothing answers at the
        address, the bot has loaded no model, or it does not use our channel."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN), self._session.get(_base(url)) as response:
                answer = await response.json(content_type=None)
                return answer.get("file") if isinstance(answer, dict) else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    async def answers(self, url: str) -> bool:
        """Return whether any HTTP server answers at the address, even one that is not a bot of this
        project."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN), self._session.get(_base(url)):
                return True
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def load(self, url: str, file: str) -> None:
        """Load another model into this bot process. Raises BotModelNotLoaded."""
        try:
            async with self._session.put(f"{_base(url)}model", json={"file": file}) as response:
                if response.status == 200:
                    return
                raise BotModelNotLoaded(await _error(response))
        except TimeoutError as error:
            raise BotModelNotLoaded(
                phrase("It did not load within {seconds} s.", seconds=f"{LOADS_WITHIN:g}")
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise BotModelNotLoaded(phrase("The virtual agent could not be reached.")) from error
        except aiohttp.ClientError as error:
            raise BotModelNotLoaded(phrase("The virtual agent closed the connection.")) from error

    async def close(self) -> None:
        await self._session.close()


async def _error(response: aiohttp.ClientResponse) -> str:
    try:
        answer: Any = await response.json(content_type=None)
        return recognized(str(answer["error"]), ERRORS)
    except (ValueError, KeyError, TypeError):
        return phrase(
            "The virtual agent answered with an error ({status}).", status=response.status
        )


def _base(url: str) -> str:
    """Return the channel's URL, which is the URL for turns without its last path segment."""
    return url.rsplit("/", 1)[0] + "/"

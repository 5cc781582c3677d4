"""The bot as Rasa's stock ``rest`` channel is asked, so that any Rasa server can be the bot.

Source of the shapes: https://rasa.com/docs/rasa/connectors/your-own-website#restinput
"""

from collections.abc import Sequence
from typing import Any

import aiohttp

from handoff_service.operations.ports import BotFailed, BotReply, Question
from handoff_service.rules.bot_text import Choice

MOST_BYTES = 1_000_000


class RasaBot:
    """Asks one address. ``timeout`` is seconds for a whole turn. Must be made on a running event loop."""

    def __init__(self, url: str, token: str, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers={"Authorization": f"Bearer {token}"},
            connector=aiohttp.TCPConnector(limit=64),
        )

    async def ask(self, question: Question) -> Sequence[BotReply]:
        body = {
            "sender": question.sender,
            "message": question.message,
            "metadata": {**question.metadata, "turn_id": question.turn_id},
        }
        try:
            async with self._session.post(self._url, json=body) as response:
                if response.status != 200:
                    raise BotFailed(f"The virtual agent answered with an error ({response.status}).")
                return _replies(await response.json(content_type=None))
        except TimeoutError as error:
            raise BotFailed(f"The virtual agent did not answer within {self._timeout:g} s.") from error
        except aiohttp.ClientConnectorError as error:
            raise BotFailed("The virtual agent could not be reached.") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise BotFailed("The virtual agent's answer could not be read.") from error

    async def close(self) -> None:
        await self._session.close()


def _replies(answer: Any) -> list[BotReply]:
    """Read the answer's list. Messages without words or picture (``custom`` alone) say nothing by SMS."""
    if not isinstance(answer, list) or not all(isinstance(message, dict) for message in answer):
        raise BotFailed("The virtual agent's answer could not be read.")
    replies = []
    for message in answer:
        text = "\n".join(str(message[name]) for name in ("text", "image") if message.get(name))
        choices = tuple(
            Choice(str(b["title"]), str(b.get("payload") or b["title"]))
            for b in message.get("buttons") or ()
            if isinstance(b, dict) and b.get("title")
        )
        if text.strip() or choices:
            replies.append(BotReply(text=text, choices=choices))
    return replies

"""The bot as Rasa's stock ``rest`` channel is asked, so that any Rasa server can be the bot.

Source of the shapes: https://rasa.com/docs/rasa/connectors/your-own-website#restinput
Several servers may share the work: a conversation is always asked of the same one, which has its memory.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from handoff_service.operations.ports import BotAnswer, BotFailed, BotReply, Question, Understood
from handoff_service.rules.bot_text import Choice

ACCOUNT = "Patchboard-Turn"  # the header in which our own channel tells what it understood
LONGEST_SLOT = 200  # characters that agents see of one thing that was collected


class RasaBot:
    """Asks one of these addresses. ``timeout`` is seconds for a whole turn; ``shown``: slot -> the name that agents
    read for it, of those that they may see. Must be made on a running event loop."""

    def __init__(
        self, urls: Sequence[str], token: str, timeout: float, *, shown: Mapping[str, str] | None = None
    ) -> None:
        self._urls = urls
        self._timeout = timeout
        self._shown = shown or {}
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers={"Authorization": f"Bearer {token}"},
            connector=aiohttp.TCPConnector(limit=64),
        )

    async def ask(self, question: Question) -> BotAnswer:
        body = {
            "sender": question.sender,
            "message": question.message,
            "metadata": {**question.metadata, "turn_id": question.turn_id},
        }
        try:
            async with self._session.post(asked_at(self._urls, question.sender), json=body) as response:
                if response.status != 200:
                    raise BotFailed(f"The virtual agent answered with an error ({response.status}).")
                answer = await response.json(content_type=None)
                return BotAnswer(_replies(answer), _understood(response.headers.get(ACCOUNT), self._shown))
        except TimeoutError as error:
            raise BotFailed(f"The virtual agent did not answer within {self._timeout:g} s.") from error
        except aiohttp.ClientConnectorError as error:
            raise BotFailed("The virtual agent could not be reached.") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise BotFailed("The virtual agent's answer could not be read.") from error

    async def close(self) -> None:
        await self._session.close()


def asked_at(urls: Sequence[str], sender: str) -> str:
    """The address that answers this conversation: the same in every process, whatever the order of the addresses.

    The highest hash of address and conversation wins, so that one more address moves only its own share.
    """
    return max(urls, key=lambda url: hashlib.sha256(f"{url} {sender}".encode()).digest())


def _replies(answer: Any) -> tuple[BotReply, ...]:
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
    return tuple(replies)


def _understood(header: str | None, shown: Mapping[str, str]) -> Understood | None:
    """What our own channel tells of a turn; None of another server, or when it cannot be read."""
    try:
        told = json.loads(header or "null")
        if not isinstance(told, dict):
            return None
        slots = {name: told["slots"][slot] for slot, name in shown.items() if told["slots"].get(slot)}
        return Understood(
            intent=told["intent"],
            confidence=told["confidence"],
            did=tuple(str(name) for name in told["did"]),
            collected={name: str(value)[:LONGEST_SLOT] for name, value in slots.items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None

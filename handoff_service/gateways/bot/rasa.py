"""The bot as Rasa's stock ``rest`` channel is asked, so that any Rasa server can be the bot.

Source of the shapes: https://rasa.com/docs/rasa/connectors/your-own-website#restinput Several
servers may share the work: a conversation is always asked of the same one, which has its memory.
Each has its own limit of simultaneous turns and its own circuit breaker, so a server that hangs
takes nothing from the others.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from handoff_service.lib.circuit_breaker import BreakerState, CircuitBreaker
from handoff_service.ports import (
    BotAnswer,
    BotFailed,
    BotReply,
    HowUnderstood,
    Question,
    Understood,
)
from handoff_service.rules.virtual_agent.bot_text import Choice

ACCOUNT = "Patchboard-Turn"  # the header in which our own channel tells what it understood
RANKED = 5  # intents of a ranking that are kept
LONGEST_SLOT = 200  # characters that agents see of one thing that was collected
TURNS_AT_ONCE = 16  # of one server: Rasa works on one core, so more only wait there
NOT_ASKED = "The virtual agent is not answering right now."
NO_ANSWER = frozenset({502, 503, 504})  # what a proxy says of a server that does not answer


class _NoAnswer(BotFailed):
    """The server itself did not answer, so others will wait for it as well."""


class _Server:
    """One address: its places for simultaneous turns, and its circuit breaker."""

    def __init__(self, url: str, changed: Callable[[str, BreakerState], None]) -> None:
        self.url = url
        name = urlsplit(url).netloc.rpartition("@")[2]
        self.breaker = CircuitBreaker(lambda state: changed(name, state))
        self.places = asyncio.Semaphore(TURNS_AT_ONCE)


class RasaBot:
    """Asks one of these addresses. ``timeout`` is seconds for a whole turn, from when it has a
    place; ``shown``: slot -> the name that agents read for it, of those that they may see;
    ``changed`` is called with host:port and state of a circuit breaker. Must be made on a running
    event loop."""

    def __init__(
        self,
        urls: Sequence[str],
        token: str,
        timeout: float,
        *,
        shown: Mapping[str, str] | None = None,
        changed: Callable[[str, BreakerState], None] = lambda _server, _state: None,
    ) -> None:
        self._servers = {url: _Server(url, changed) for url in urls}
        self._timeout = timeout
        self._shown = shown or {}
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers={"Authorization": f"Bearer {token}"},
            connector=aiohttp.TCPConnector(limit=0),  # the places are the limit, for each address
        )

    async def ask(self, question: Question) -> BotAnswer:
        server = self._servers[asked_at(list(self._servers), question.sender)]
        async with server.places:
            if not server.breaker.allows():
                raise BotFailed(NOT_ASKED)
            try:
                answer = await self._ask(server.url, question)
            except _NoAnswer:
                server.breaker.failed()
                raise
            except BotFailed:
                server.breaker.succeeded()  # with an answer that is of no use, but at once
                raise
            except BaseException:
                server.breaker.abandoned()
                raise
            server.breaker.succeeded()
            return answer

    async def _ask(self, url: str, question: Question) -> BotAnswer:
        body = {
            "sender": question.sender,
            "message": question.message,
            "metadata": {**question.metadata, "turn_id": question.turn_id},
        }
        try:
            async with self._session.post(url, json=body) as response:
                if response.status != 200:
                    failure = _NoAnswer if response.status in NO_ANSWER else BotFailed
                    raise failure(f"The virtual agent answered with an error ({response.status}).")
                answer = await response.json(content_type=None)
                told = response.headers.get(ACCOUNT)
                return BotAnswer(_replies(answer), _understood(told, self._shown), _how(told))
        except TimeoutError as error:
            raise _NoAnswer(
                f"The virtual agent did not answer within {self._timeout:g} s."
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise _NoAnswer("The virtual agent could not be reached.") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise BotFailed("The virtual agent's answer could not be read.") from error

    async def close(self) -> None:
        await self._session.close()


def asked_at(urls: Sequence[str], sender: str) -> str:
    """The address that answers this conversation: the same in every process, whatever the order of
    the addresses.

    The highest hash of address and conversation wins, so that one more address moves only its own
    share.
    """
    return max(urls, key=lambda url: hashlib.sha256(f"{url} {sender}".encode()).digest())


def _replies(answer: Any) -> tuple[BotReply, ...]:
    """Read the answer's list. Messages without words or picture (``custom`` alone) say nothing by
    SMS."""
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
        slots = {
            name: told["slots"][slot] for slot, name in shown.items() if told["slots"].get(slot)
        }
        return Understood(
            intent=told["intent"],
            confidence=told["confidence"],
            did=tuple(str(name) for name in told["did"]),
            collected={name: str(value)[:LONGEST_SLOT] for name, value in slots.items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _how(header: str | None) -> HowUnderstood | None:
    """Model, ranking and question of a turn; None of a channel that does not report them."""
    try:
        told = json.loads(header or "null")
        asked = told.get("asked") or {}
        return HowUnderstood(
            model=told["model"],
            ranking=tuple((str(name), float(share)) for name, share in told["ranking"])[:RANKED],
            form=asked.get("form"),
            slot=asked.get("slot"),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None

"""The client for Rasa's standard ``rest`` channel. Any Rasa server can be the bot.

Request and answer shapes: https://rasa.com/docs/rasa/connectors/your-own-website#restinput

Several servers may share the work. All turns of a conversation use the same server, because that
server stores the conversation's state. Each server has its own limit of simultaneous turns and its
own circuit breaker, so a server that hangs does not affect the others.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from handoff_service.lib.circuit_breaker import BreakerState, CircuitBreaker
from handoff_service.ports.bot import (
    BotAnswer,
    BotFailed,
    BotReply,
    HowUnderstood,
    Question,
    Understood,
)
from handoff_service.ports.not_offered import NotOffered
from handoff_service.rules.virtual_agent.bot_text import Choice

REPORT_HEADER = "Patchboard-Turn"  # the header with our own channel's report on a turn
# statuses that mean "not supported": from Rasa's own channel, or from ours with another tracker
# store
CANNOT_FORGET = frozenset({404, 405, 501})
FORGET = "/forget"  # path in our own channel, in place of /webhook
RANKED = 5  # intents of a ranking that the service stores
LONGEST_SLOT = 200  # characters of a slot's value that agents see
# per server: Rasa uses one processor core, so more turns would only wait inside Rasa
TURNS_AT_ONCE = 16
NOT_ANSWERING = "The virtual agent is not answering right now."
NO_ANSWER = frozenset({502, 503, 504})  # from a proxy: the server does not respond


class _NoAnswer(BotFailed):
    """The server did not answer, so other requests to it would probably fail too."""


class _Server:
    """One server, with its limit of simultaneous turns and its circuit breaker."""

    def __init__(self, url: str, changed: Callable[[str, BreakerState], None]) -> None:
        self.url = url
        name = urlsplit(url).netloc.rpartition("@")[2]
        self.breaker = CircuitBreaker(lambda state: changed(name, state))
        self.turns = asyncio.Semaphore(TURNS_AT_ONCE)


class RasaBot:
    """The bot on one or more Rasa servers.

    ``timeout``: the seconds for a whole turn, without the wait for the server's other turns.
    ``shown``: the slots that agents may see, each with the name that agents read. ``changed``:
    called with host:port and a circuit breaker's new state. Create it on a running event loop.
    """

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
            connector=aiohttp.TCPConnector(limit=0),  # each server's semaphore sets the limit
        )

    async def ask(self, question: Question) -> BotAnswer:
        server = self._servers[server_for(list(self._servers), question.sender)]
        async with server.turns:
            if not server.breaker.allows():
                raise BotFailed(NOT_ANSWERING)
            try:
                answer = await self._ask(server.url, question)
            except _NoAnswer:
                server.breaker.failed()
                raise
            except BotFailed:
                # the server works, although its answer is unusable
                server.breaker.succeeded()
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
                report = response.headers.get(REPORT_HEADER)
                return BotAnswer(
                    _replies(answer),
                    _read_understood(report, self._shown),
                    _read_how_understood(report),
                )
        except TimeoutError as error:
            raise _NoAnswer(
                f"The virtual agent did not answer within {self._timeout:g} s."
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise _NoAnswer("The virtual agent could not be reached.") from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            raise _NoAnswer("The virtual agent closed the connection.") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise BotFailed("The virtual agent's answer could not be read.") from error

    async def forget(self, senders: Sequence[str]) -> None:
        """Delete the conversations on every server, because an earlier server may still store
        them."""
        for server in self._servers.values():
            await self._forget(server.url, senders)

    async def _forget(self, url: str, senders: Sequence[str]) -> None:
        address = url.removesuffix("/webhook") + FORGET
        try:
            async with self._session.post(address, json={"senders": list(senders)}) as response:
                if response.status in CANNOT_FORGET:
                    raise NotOffered("This server cannot delete conversations.")
                if response.status != 200:
                    raise BotFailed(
                        f"The virtual agent answered with an error ({response.status})."
                    )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise BotFailed("The virtual agent could not be reached.") from error

    async def close(self) -> None:
        await self._session.close()


def server_for(urls: Sequence[str], sender: str) -> str:
    """Return the address of the server for a conversation. Every process gets the same result, even
    if its settings list the addresses in another order.

    This is rendezvous hashing: the address with the highest hash of address and conversation wins.
    When an admin adds a server, most conversations therefore keep theirs.
    """
    return max(urls, key=lambda url: hashlib.sha256(f"{url} {sender}".encode()).digest())


def _replies(answer: Any) -> tuple[BotReply, ...]:
    """Parse the messages of the answer. Drop a message that has only ``custom``, because SMS cannot
    show it."""
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


def _read_understood(header: str | None, shown: Mapping[str, str]) -> Understood | None:
    """Parse what our own channel reports about a turn. None if the channel is not ours or the
    header is invalid."""
    try:
        report = json.loads(header or "null")
        if not isinstance(report, dict):
            return None
        slots = {
            name: report["slots"][slot] for slot, name in shown.items() if report["slots"].get(slot)
        }
        return Understood(
            intent=report["intent"],
            confidence=report["confidence"],
            did=tuple(str(name) for name in report["did"]),
            collected={name: str(value)[:LONGEST_SLOT] for name, value in slots.items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _read_how_understood(header: str | None) -> HowUnderstood | None:
    """Parse the model, the ranking and the open question of a turn. None if the channel does not
    report them."""
    try:
        report = json.loads(header or "null")
        asked = report.get("asked") or {}
        return HowUnderstood(
            model=report["model"],
            ranking=tuple((str(name), float(share)) for name, share in report["ranking"])[:RANKED],
            form=asked.get("form"),
            slot=asked.get("slot"),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None

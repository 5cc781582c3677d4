"""The channel that the service asks for a turn: Rasa's `rest` channel with a token, a memory and honest errors.

`POST /webhooks/sms/webhook`, `Authorization: Bearer <token>`, body `{"sender": str, "message": str, "metadata": {}}`
    200  a list of `{"recipient_id", "text", "buttons": [{"title", "payload"}], "image", "custom"}`, absent keys left
         out. It is empty when the virtual agent says nothing, as it does when it hands off.
    400  the body is not what it should be; `error` names the field
    401  token missing or wrong
    500  the turn failed, in Rasa or in a custom action (Rasa's own channel hides both as `200 []`)
    503  no model is loaded
Errors are `{"error": "<sentence>"}`. `GET /webhooks/sms/` is 200 when a turn can be answered and 503 when not.

`metadata` reaches custom actions as `tracker.latest_message["metadata"]`. When it holds a `turn_id`, the same one again
for the same sender is answered with the same replies, and the turn does not run again, also when the first is still
running. A failed turn is not remembered, so it can be asked again. The memory is this process's own.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot import action_result

action_result.install()

logger = logging.getLogger(__name__)

REMEMBERED_TURNS = 10_000
LONGEST_SENDER = 255  # rasa.core.tracker_store.SQLTrackerStore.SQLEvent.sender_id

Replies = list[dict[str, Any]]
Handle = Callable[[UserMessage], Awaitable[Any]]


class BadTurn(ValueError):
    """The body of a turn is not what it should be; the message names the field."""


class ActionFailed(RuntimeError):
    """A custom action failed, so the turn is not what it should have been."""


@dataclass(frozen=True)
class Turn:
    sender: str
    message: str
    metadata: dict[str, Any]

    @property
    def turn_id(self) -> str | int | None:
        return self.metadata.get("turn_id")


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value.strip():
        raise BadTurn(f"{field} must be a text that is not blank.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadTurn(f"{field} holds half of a character pair, which is no text.") from None
    return value


def parse_turn(raw: bytes) -> Turn:
    """The turn in a request's body. Raises BadTurn."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadTurn("The body must be JSON.") from None
    if not isinstance(body, dict):
        raise BadTurn("The body must be a JSON object with sender, message and metadata.")
    sender = _text(body, "sender")
    if len(sender) > LONGEST_SENDER:
        raise BadTurn(f"sender must have at most {LONGEST_SENDER} characters.")
    metadata = body.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise BadTurn("metadata must be an object.")
    turn_id = metadata.get("turn_id")
    if isinstance(turn_id, bool) or not isinstance(turn_id, (str, int, type(None))):
        raise BadTurn("metadata.turn_id must be a text or a whole number.")
    return Turn(sender, _text(body, "message"), metadata)


class TurnMemory:
    """The last turns by sender and turn_id, done or still running."""

    def __init__(self, limit: int = REMEMBERED_TURNS) -> None:
        self._limit = limit
        self._turns: OrderedDict[tuple[str, str], asyncio.Task[Replies]] = OrderedDict()
        self._running: set[asyncio.Task[Replies]] = set()

    async def once(self, turn: Turn, run: Callable[[Turn], Awaitable[Replies]]) -> Replies:
        """The replies of the turn; it runs at most once while it is remembered. Raises what `run` raises.

        The turn is a task of its own: when the asker hangs up, it still comes to its end and is remembered.
        """
        key = None if turn.turn_id in (None, "") else (turn.sender, str(turn.turn_id))
        task = self._turns.get(key) if key else None
        if task is None:
            task = asyncio.ensure_future(run(turn))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            if key:
                self._remember(key, task)
        return await asyncio.shield(task)

    def _remember(self, key: tuple[str, str], task: asyncio.Task[Replies]) -> None:
        def forget_failure(done: asyncio.Task[Replies]) -> None:
            failed = done.cancelled() or done.exception() is not None
            if failed and self._turns.get(key) is done:
                del self._turns[key]

        self._turns[key] = task
        task.add_done_callback(forget_failure)
        while len(self._turns) > self._limit:
            self._turns.popitem(last=False)


def _error(status: int, sentence: str) -> HTTPResponse:
    return response.json({"error": sentence}, status=status)


def _has_model(request: Request) -> bool:
    agent = getattr(request.app.ctx, "agent", None)
    return agent is not None and agent.is_ready()


class SmsInput(InputChannel):
    """The `sms` channel; see the module."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()
        self._memory = TurnMemory()

    @classmethod
    def name(cls) -> str:
        return "sms"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> SmsInput:
        """From bot/credentials.yml. Raises RasaException, which ends the start, when the token is empty."""
        token = str((credentials or {}).get("token") or "").strip()
        if not token:
            raise RasaException("The sms channel needs a token: set PATCHBOARD_BOT_TOKEN, the same as the service's.")
        return cls(token)

    def blueprint(self, on_new_message: Handle) -> Blueprint:
        webhook = Blueprint("sms_webhook", "bot_sms_channel")

        async def run(turn: Turn) -> Replies:
            return await self._run(turn, on_new_message)

        @webhook.route("/", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            ready = _has_model(request)
            return response.json({"status": "ok" if ready else "no model is loaded"}, status=200 if ready else 503)

        @webhook.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            if not self._is_allowed(request):
                return _error(401, "Authorization must be the bearer token that the bot was started with.")
            try:
                turn = parse_turn(request.body)
            except BadTurn as problem:
                return _error(400, str(problem))
            if not _has_model(request):
                return _error(503, "No model is loaded.")
            try:
                return response.json(await self._memory.once(turn, run))
            except Exception as problem:  # whatever Rasa raises, the asker must hear that the turn failed
                logger.exception("sms.turn_failed sender=%s turn_id=%s", turn.sender, turn.turn_id)
                reason = problem if isinstance(problem, ActionFailed) else type(problem).__name__
                return _error(500, f"The turn failed: {reason}.")

        return webhook

    def _is_allowed(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._expected)

    async def _run(self, turn: Turn, on_new_message: Handle) -> Replies:
        failed: list[str] = []
        action_result.failed_actions.set(failed)  # this turn's own: it runs in its own task
        collector = CollectingOutputChannel()
        await on_new_message(
            UserMessage(turn.message, collector, turn.sender, input_channel=self.name(), metadata=dict(turn.metadata))
        )
        if failed:
            raise ActionFailed(f"custom action {', '.join(failed)}")
        return collector.messages

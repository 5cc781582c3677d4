"""The Rasa channel on which the service requests turns. Unlike Rasa's `rest` channel, it requires a
token, runs each turn only once, and answers a failed turn with an error status.

`POST /webhooks/sms/webhook`, `Authorization: Bearer <token>`, body `{"sender": str, "message": str,
"metadata": {}}`
    200  a list of `{"recipient_id", "text", "buttons": [{"title", "payload"}], "image", "custom"}`.
         Absent keys are left out. The list is empty if the virtual agent sends nothing, for example
         at a handoff.
    400  the body is invalid; `error` names the field
    401  the token is missing or wrong
    500  the turn failed, in Rasa or in a custom action (Rasa's own channel answers `200 []`)
    503  no model is loaded

Bodies have the format of Rasa's own channel. Errors are `{"error": "<sentence>"}`. The header
`Patchboard-Turn` of the answer is a report on the turn, in JSON:
    intent      the intent of the text
    confidence  the confidence of the intent, 0 to 1
    did         the actions that ran
    slots       the slots that are set, or {} if the report would be too long for a header
    model       Rasa's id of the model that answered
    ranking     the five likeliest intents, [[name, confidence], ...]
    asked       the form and the slot of the question before the text

`GET /webhooks/sms/` answers 200 if the bot can answer turns, and 503 if no model is loaded. With
200, the body names the `model` and its `file`.

`PUT /webhooks/sms/model`, the same token, body `{"file": "<name in the folder of models>"}`
    200  this model answers from now on; the body is `{"model", "file"}`
    400  the body names no file, or the file does not exist or cannot be loaded; the current model
         continues to answer
    401  the token is missing or wrong
    409  another model is being loaded
    503  no model is loaded

`POST /webhooks/sms/forget`, the same token, body `{"senders": [str]}`
    200  the conversations are deleted; the body is `{"events": <number of deleted events>}`
    400  the body is invalid
    401  the token is missing or wrong
    501  the server does not use the tracker store of bot/tracker_store.py
    503  no model is loaded

The channel sets `form`, `slot`, `after_case` and `not_for_desk` in `metadata["asked"]` from the
conversation (bot/asked.py). It keeps other parts that the service sends, such as `choices`.

Custom actions find `metadata` in `tracker.latest_message["metadata"]`.

If the metadata has a `turn_id`, the turn runs only once. A repeated request with the same sender
and id gets the same replies, even while the first request is still running. All bots that share a
database also share the stored answers (bot/tracker_store.py). A failed turn stores nothing, so the
service can repeat it.

If two bots run the same turn at the same time, the bot that ends first stores the turn, and both
return its replies. If another turn of the conversation is stored while a turn runs, the turn runs
again afterwards. In both cases, and after a crash of the bot, a custom action can be called twice
for one turn.

`metadata["before"]` lists steps before the message. They run in this order, and each is optional:
    slots       name -> value: the slots to set; unknown slots are ignored
    leave_form  true: leave the active form
    payload     "/intent": is processed before the message; its replies come first

For example, the service uses these steps when an agent hands a conversation back to the bot with an
outcome.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot import action_result, tracker_store
from bot.before_text import asked_before, prepare
from bot.model_swap import ModelSwap, NoSuchModel, SwapUnderWay
from bot.open_turn import Overtaken, open_turn
from bot.running_turns import Answer, RunningTurns
from bot.turn_report import report_of
from bot.turn_request import BadTurn, Turn, parse_senders, parse_turn

action_result.install()

logger = logging.getLogger(__name__)

# A turn runs at most this often, if other turns of its conversation are stored while it runs.
ATTEMPTS = 3
NOT_ALLOWED = "The Authorization header must contain the bot's bearer token."

Handle = Callable[[UserMessage], Awaitable[Any]]


class ActionFailed(RuntimeError):
    """A custom action failed, so the turn failed."""


def _error(status: int, sentence: str) -> HTTPResponse:
    return response.json({"error": sentence}, status=status)


def _model(agent: Any) -> dict[str, str]:
    """Rasa's id of the current model, and the name of its file."""
    return {"model": str(agent.model_id), "file": str(agent.model_name)}


def _has_model(request: Request) -> bool:
    agent = getattr(request.app.ctx, "agent", None)
    return agent is not None and agent.is_ready()


class SmsInput(InputChannel):
    """The `sms` channel; see the module's docstring."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()
        self._turns = RunningTurns()
        self._swap = ModelSwap()

    @classmethod
    def name(cls) -> str:
        return "sms"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> SmsInput:
        """Create the channel from bot/credentials.yml. An empty token raises RasaException, and the
        server does not start."""
        token = str((credentials or {}).get("token") or "").strip()
        if not token:
            raise RasaException(
                "The sms channel needs a token. Set PATCHBOARD_BOT_TOKEN to the same value as for "
                "the service."
            )
        return cls(token)

    def blueprint(self, _on_new_message: Handle) -> Blueprint:
        webhook = Blueprint("sms_webhook", "bot_sms_channel")

        @webhook.route("/", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            ready = _has_model(request)
            model = _model(request.app.ctx.agent) if ready else {}
            return response.json(
                {"status": "ok" if ready else "no model is loaded", **model},
                status=200 if ready else 503,
            )

        @webhook.route("/model", methods=["PUT"])
        async def swap_model(request: Request) -> HTTPResponse:
            if not self._is_allowed(request):
                return _error(401, NOT_ALLOWED)
            if not _has_model(request):
                return _error(503, "No model is loaded.")
            try:
                file = json.loads(request.body)["file"]
                await self._swap.to(request.app, str(file))
            except (ValueError, KeyError, TypeError) as problem:
                known = isinstance(problem, NoSuchModel)
                return _error(400, str(problem) if known else "The body must name a file.")
            except SwapUnderWay:
                return _error(409, "Another model is being loaded.")
            return response.json(_model(request.app.ctx.agent))

        @webhook.route("/forget", methods=["POST"])
        async def forget(request: Request) -> HTTPResponse:
            if not self._is_allowed(request):
                return _error(401, NOT_ALLOWED)
            if not _has_model(request):
                return _error(503, "No model is loaded.")
            try:
                senders = parse_senders(request.body)
            except BadTurn as problem:
                return _error(400, str(problem))
            store = tracker_store.store_below(request.app.ctx.agent.tracker_store)
            if store is None:
                return _error(501, "This tracker store cannot delete conversations.")
            return response.json({"events": await asyncio.to_thread(store.forget, senders)})

        @webhook.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            if not self._is_allowed(request):
                return _error(401, NOT_ALLOWED)
            try:
                turn = parse_turn(request.body)
            except BadTurn as problem:
                return _error(400, str(problem))
            if not _has_model(request):
                return _error(503, "No model is loaded.")

            async def run(turn: Turn) -> Answer:
                # Each turn ends with the model that it began with.
                return await self._once(turn, request.app.ctx.agent)

            try:
                answer = await self._turns.join(turn, run)
                headers = {"Patchboard-Turn": answer.report} if answer.report else None
                return response.json(answer.replies, headers=headers)
            # The service must get an error status for every error in Rasa.
            except Exception as problem:
                logger.exception("sms.turn_failed sender=%s turn_id=%s", turn.sender, turn.turn_id)
                reason = problem if isinstance(problem, ActionFailed) else type(problem).__name__
                return _error(500, f"The turn failed: {reason}.")

        return webhook

    def _is_allowed(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._expected)

    async def _once(self, turn: Turn, agent: Any) -> Answer:
        """Return the stored answer to the turn, or run the turn and store its answer."""
        store = tracker_store.store_below(agent.tracker_store)
        if store is None:
            return await self._run(turn, agent)

        async def run() -> str:
            return json.dumps(asdict(await self._run(turn, agent)))

        for attempt in range(1, ATTEMPTS + 1):
            try:
                return Answer(**json.loads(await store.once(turn.sender, turn.turn_id, run)))
            except Overtaken:
                logger.warning(
                    "sms.turn_overtaken sender=%s turn_id=%s attempt=%s",
                    *(turn.sender, turn.turn_id, attempt),
                )
        raise Overtaken

    async def _run(self, turn: Turn, agent: Any) -> Answer:
        failed: list[str] = []
        # This sets the variable for this turn only, because each turn is its own task.
        action_result.failed_actions.set(failed)
        collector = CollectingOutputChannel()

        async def handle_text(text: str) -> None:
            tracker = await agent.tracker_store.retrieve(turn.sender)
            metadata = {**turn.metadata, "asked": asked_before(tracker, turn.metadata.get("asked"))}
            await agent.handle_message(
                UserMessage(
                    text, collector, turn.sender, input_channel=self.name(), metadata=metadata
                )
            )

        if turn.before is not None:
            await prepare(agent, turn.sender, turn.before)
        if turn.before is not None and turn.before.payload:
            await handle_text(turn.before.payload)
        await handle_text(turn.message)
        if failed:
            raise ActionFailed(f"custom action {', '.join(failed)}")
        stored = open_turn.get()
        tracker = stored.tracker if stored else None
        return Answer(collector.messages, report_of(tracker) if tracker else None)

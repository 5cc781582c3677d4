"""The channel through which the service asks for a turn. It is Rasa's `rest` channel with a token,
with turns that run only once, and with an error status for a failed turn.

`POST /webhooks/sms/webhook`, `Authorization: Bearer <token>`, body `{"sender": str, "message": str,
"metadata": {}}`
    200  a list of `{"recipient_id", "text", "buttons": [{"title", "payload"}], "image", "custom"}`
         without absent keys. The list is empty when the virtual agent sends nothing, for example at
         a handoff.
    400  the body is invalid; `error` names the field
    401  the token is missing or wrong
    500  the turn failed, in Rasa or in a custom action (Rasa's own channel answers `200 []`)
    503  no model is loaded

Bodies have the format of Rasa's own channel. Errors are `{"error": "<sentence>"}`. The header
`Patchboard-Turn` reports the turn in JSON:
    intent      the intent that was understood
    confidence  its confidence, 0 to 1
    did         the actions that ran
    slots       the slots that are set
    model       Rasa's id of the model that answered
    ranking     the five likeliest intents, [[name, confidence], ...]
    asked       the form and the slot that asked before the text

`GET /webhooks/sms/` answers 200 when the bot can answer a turn, otherwise 503. Its body names the
`model` and its `file`.

`PUT /webhooks/sms/model`, the same token, body `{"file": "<name in the folder of models>"}`
    200  this model answers from now on; the body is `{"model", "file"}`
    400  the file does not exist or cannot be loaded; the present model continues to answer
    401  the token is missing or wrong
    409  another model is being loaded
    503  no model is loaded

`POST /webhooks/sms/forget`, the same token, body `{"senders": [str]}`
    200  nothing of these conversations is stored any more; the body is `{"events": number}`
    400  the body is invalid
    401  the token is missing or wrong
    501  the tracker store of this server is not that of bot/tracker_store.py
    503  no model is loaded

The channel itself sets `form`, `slot` and `after_case` in `metadata["asked"]` (bot/asked.py). It
does not change other parts that the service sends there, such as `choices`.

Custom actions find `metadata` in `tracker.latest_message["metadata"]`. If it has a `turn_id`, the
turn runs only once. A repeated request with the same sender and id gets the same replies, even
while the first request is still running. All bots that share a database also share these stored
answers (bot/tracker_store.py). A failed turn stores nothing, so the service can repeat it.

If two bots run the same turn at once, the first one to end stores it, and both return its replies.
If another turn of the conversation is stored during a turn, the turn runs again after the other
one. In both cases, as after a crash of the bot, a custom action can be called twice for one turn.

`metadata["before"]` lists the steps before the message, in this order, each optional:
    slots       name -> value: the slots to set; unknown ones are ignored
    leave_form  true: leave the active form
    payload     "/intent": runs as a separate turn before the message; its replies come first

With these steps, an agent can return a conversation to the bot together with the outcome, and the
service can open a turn without a requester's text.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import asdict, dataclass
from typing import Any
from weakref import WeakValueDictionary

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.core.constants import (
    ACTION_LISTEN_NAME,
    ACTION_SESSION_START_NAME,
    REQUESTED_SLOT,
    SESSION_START_METADATA_SLOT,
)
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import INTENT_RANKING_KEY as RANKING
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot import action_result, tracker_store
from bot.model_swap import ModelSwap, NoSuchModel, SwapUnderWay
from bot.nearness_gate import UNSURE_TOPIC
from bot.tracker_store import LONGEST_NAME

action_result.install()

logger = logging.getLogger(__name__)

# how often a turn runs again because other turns of its conversation were stored first
ATTEMPTS = 3
LONGEST_REPORT = 4000  # characters of the header
LONGEST_SLOT = 200  # characters of one slot's value in the header
RANKED = 5  # intents of the ranking in the header
NO_INTENTS = {DEFAULT_NLU_FALLBACK_INTENT_NAME, UNSURE_TOPIC}  # intents without examples
NOT_REPORTED = {
    REQUESTED_SLOT,
    SESSION_START_METADATA_SLOT,
}  # Rasa's own slots, which the report leaves out
MAKE_CASES = {"action_open_case", "action_open_request", "action_add_to_case"}
NOT_ALLOWED = "Authorization must be the bearer token that the bot was started with."

Handle = Callable[[UserMessage], Awaitable[Any]]


class BadTurn(ValueError):
    """The body of a turn is invalid; the message names the field."""


class ActionFailed(RuntimeError):
    """A custom action failed, so the turn failed."""


@dataclass(frozen=True)
class Answer:
    """The answer to a turn. `report`: the value of the header `Patchboard-Turn`."""

    replies: list[dict[str, Any]]
    report: str | None = None


@dataclass(frozen=True)
class Before:
    """The steps before a turn's message; see the module's docstring."""

    slots: dict[str, Any]
    leave_form: bool
    payload: str | None


@dataclass(frozen=True)
class Turn:
    sender: str
    message: str
    metadata: dict[str, Any]
    before: Before | None = None

    @property
    def turn_id(self) -> str | None:
        """The turn's id. None: the turn has no id, so it runs each time."""
        given = self.metadata.get("turn_id")
        return None if given is None or given == "" else str(given)


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
    _check_name("sender", sender)
    metadata = body.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise BadTurn("metadata must be an object.")
    if not isinstance(metadata.get("asked", {}), dict):
        raise BadTurn("metadata.asked must be an object.")
    turn_id = metadata.get("turn_id")
    if isinstance(turn_id, bool) or not isinstance(turn_id, (str, int, type(None))):
        raise BadTurn("metadata.turn_id must be a text or a whole number.")
    _check_name("metadata.turn_id", str(turn_id))
    return Turn(sender, _text(body, "message"), metadata, _before(metadata.get("before")))


def _check_name(field: str, value: str) -> None:
    """Check a name. Raises BadTurn for a name that a database cannot store."""
    if len(value) > LONGEST_NAME:
        raise BadTurn(f"{field} must have at most {LONGEST_NAME} characters.")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise BadTurn(f"{field} holds a character that cannot be stored.")


def _senders(raw: bytes) -> list[str]:
    """The conversations in a request's body. Raises BadTurn."""
    try:
        senders = json.loads(raw)["senders"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadTurn("The body must be a JSON object with senders.") from None
    if not isinstance(senders, list) or not all(isinstance(one, str) for one in senders):
        raise BadTurn("senders must be a list of texts.")
    for sender in senders:
        _check_name("senders", sender)
    return senders


def _before(given: Any) -> Before | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise BadTurn("metadata.before must be an object.")
    slots, leave_form, payload = (
        given.get("slots", {}),
        given.get("leave_form", False),
        given.get("payload"),
    )
    if not isinstance(slots, dict):
        raise BadTurn("metadata.before.slots must be an object.")
    if not isinstance(leave_form, bool):
        raise BadTurn("metadata.before.leave_form must be true or false.")
    if payload is not None and not (isinstance(payload, str) and payload.startswith("/")):
        raise BadTurn("metadata.before.payload must be a text that begins with /.")
    return Before(slots, leave_form, payload)


class RunningTurns:
    """The turns that run in this process, by sender and turn_id."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, Hashable], asyncio.Task[Answer]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def join(self, turn: Turn, run: Callable[[Turn], Awaitable[Answer]]) -> Answer:
        """Return the answer to a turn. The turn starts unless it is already running. Raises the
        errors of `run`.

        The turns of a conversation run one after the other. Each is a separate task. If the client
        disconnects, the turn still runs to its end.
        """
        key = (turn.sender, object() if turn.turn_id is None else turn.turn_id)
        if key not in self._running:
            task = self._running[key] = asyncio.ensure_future(self._in_order(turn, run))
            task.add_done_callback(lambda _: self._running.pop(key))
        return await asyncio.shield(self._running[key])

    async def _in_order(self, turn: Turn, run: Callable[[Turn], Awaitable[Answer]]) -> Answer:
        lock = self._locks.setdefault(turn.sender, asyncio.Lock())
        async with lock:
            return await run(turn)


def _error(status: int, sentence: str) -> HTTPResponse:
    return response.json({"error": sentence}, status=status)


def _model(agent: Any) -> dict[str, str]:
    """Rasa's id of the model that answers, and the name of its file."""
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
        """The channel of bot/credentials.yml. For an empty token, this raises RasaException, so
        that the server does not start."""
        token = str((credentials or {}).get("token") or "").strip()
        if not token:
            raise RasaException(
                "The sms channel needs a token: set PATCHBOARD_BOT_TOKEN, the same as the "
                "service's."
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
                senders = _senders(request.body)
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
                # a turn ends with the model that it began with
                return await self._once(turn, request.app.ctx.agent)

            try:
                answer = await self._turns.join(turn, run)
                headers = {"Patchboard-Turn": answer.report} if answer.report else None
                return response.json(answer.replies, headers=headers)
            # the service must get an error status for any error of Rasa
            except Exception as problem:
                logger.exception("sms.turn_failed sender=%s turn_id=%s", turn.sender, turn.turn_id)
                reason = problem if isinstance(problem, ActionFailed) else type(problem).__name__
                return _error(500, f"The turn failed: {reason}.")

        return webhook

    def _is_allowed(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._expected)

    async def _once(self, turn: Turn, agent: Any) -> Answer:
        """Run the turn, unless its answer is stored."""
        store = tracker_store.store_below(agent.tracker_store)
        if store is None:
            return await self._run(turn, agent)

        async def run() -> str:
            return json.dumps(asdict(await self._run(turn, agent)))

        for attempt in range(1, ATTEMPTS + 1):
            try:
                return Answer(**json.loads(await store.once(turn.sender, turn.turn_id, run)))
            except tracker_store.Overtaken:
                logger.warning(
                    "sms.turn_overtaken sender=%s turn_id=%s attempt=%s",
                    *(turn.sender, turn.turn_id, attempt),
                )
        raise tracker_store.Overtaken

    async def _run(self, turn: Turn, agent: Any) -> Answer:
        failed: list[str] = []
        # only for this turn, because each turn is its own task
        action_result.failed_actions.set(failed)
        collector = CollectingOutputChannel()

        async def handle_text(text: str) -> None:
            tracker = await agent.tracker_store.retrieve(turn.sender)
            metadata = {**turn.metadata, "asked": _asked(tracker, turn.metadata.get("asked"))}
            await agent.handle_message(
                UserMessage(
                    text, collector, turn.sender, input_channel=self.name(), metadata=metadata
                )
            )

        if turn.before is not None:
            await _prepare(agent, turn.sender, turn.before)
        if turn.before is not None and turn.before.payload:
            await handle_text(turn.before.payload)
        await handle_text(turn.message)
        if failed:
            raise ActionFailed(f"custom action {', '.join(failed)}")
        stored = tracker_store.open_turn.get()
        tracker = stored.tracker if stored else None
        return Answer(collector.messages, report_of(tracker) if tracker else None)


def _asked(tracker: DialogueStateTracker | None, sent: Any) -> dict[str, Any]:
    """The question before this text, see bot/asked.py. The tracker's form, slot and case replace
    those that the service sent."""
    form = tracker.active_loop_name if tracker else None
    ran = {
        event.action_name
        for event in (tracker.events if tracker else ())
        if isinstance(event, ActionExecuted)
    }
    return {
        **(sent if isinstance(sent, dict) else {}),
        "form": form,
        "slot": tracker.get_slot(REQUESTED_SLOT) if tracker and form else None,
        "after_case": not MAKE_CASES.isdisjoint(ran),
    }


async def _prepare(agent: Any, sender: str, before: Before) -> None:
    """Set the slots and leave the form, by events in the conversation."""
    known = {slot.name for slot in agent.domain.slots}
    if unknown := before.slots.keys() - known:
        logger.warning("sms.unknown_slots sender=%s slots=%s", sender, ",".join(sorted(unknown)))
    events: list[Event] = [
        SlotSet(name, value) for name, value in before.slots.items() if name in known
    ]
    async with agent.lock_store.lock(sender):
        tracker = await agent.processor.fetch_tracker_with_initial_session(sender)
        if before.leave_form and tracker.active_loop:
            events += [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)]
        tracker.update_with_events(events, agent.domain)
        await agent.tracker_store.save(tracker)


def report_of(tracker: DialogueStateTracker) -> str:
    """The report on the last turn for the header, one line of ASCII. If it would be too long with
    the slots, it leaves them out."""
    did: list[str] = []
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            break
        if isinstance(event, ActionExecuted) and event.action_name not in (
            ACTION_LISTEN_NAME,
            ACTION_SESSION_START_NAME,
        ):
            did.insert(0, str(event.action_name))
    intent = tracker.latest_message.intent if tracker.latest_message else {}
    slots = {
        name: value[:LONGEST_SLOT] if isinstance(value, str) else value
        for name, value in tracker.current_slot_values().items()
        if value is not None and name not in NOT_REPORTED
    }
    report = {
        "intent": intent.get("name"),
        "confidence": intent.get("confidence"),
        "did": did,
        "slots": slots,
        "model": tracker.model_id,
        "ranking": _ranking(tracker),
        "asked": _form_and_slot(tracker),
    }
    line = json.dumps(report)
    return line if len(line) <= LONGEST_REPORT else json.dumps(report | {"slots": {}})


def _ranking(tracker: DialogueStateTracker) -> list[tuple[str, float]]:
    """The likeliest intents with their confidence, without the intents that have no examples."""
    parsed = tracker.latest_message.parse_data if tracker.latest_message else {}
    ranked = [(one["name"], round(one["confidence"], 4)) for one in parsed.get(RANKING, ())]
    return [(name, share) for name, share in ranked if name not in NO_INTENTS][:RANKED]


def _form_and_slot(tracker: DialogueStateTracker) -> dict[str, str | None]:
    metadata = (tracker.latest_message.metadata if tracker.latest_message else None) or {}
    asked = metadata.get("asked") or {}
    return {"form": asked.get("form"), "slot": asked.get("slot")}

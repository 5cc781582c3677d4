"""Rasa's action endpoint. It runs custom actions with rasa-sdk's executor in this service.

Each action is a small class that gets the desk, and calls the same operations as all other code.
The formats are described at https://rasa.com/docs/rasa/action-server/.
"""

import hmac
import json
from dataclasses import replace
from typing import Any

from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import (
    ActionExecutionRejection,
    ActionMissingDomainException,
    ActionNotFoundException,
)
from sanic import Blueprint, Request
from sanic.response import HTTPResponse
from sanic.response import json as as_json

from actions import all_actions
from handoff_service import log
from handoff_service.context import AppContext
from handoff_service.errors import BadInput, NotSignedIn
from handoff_service.store.virtual_agent import bot_turns
from handoff_service.web.api.calls import not_storable
from handoff_service.web.shared.session import desk_of


def blueprint() -> Blueprint:
    """Return the route ``POST /bot/actions``. Callers need the bot's token."""
    made = Blueprint("bot", url_prefix="/bot")

    @made.before_server_start
    async def register(app: object) -> None:
        executor = ActionExecutor()
        desk: AppContext = app.ctx.desk  # type: ignore[attr-defined]
        # an action waits for the database instead of failing, because Rasa does not retry it
        for action in all_actions(replace(desk, store=desk.store.for_own_work())):
            executor.register_action(action)
        app.ctx.executor = executor  # type: ignore[attr-defined]

    @made.post("/actions")
    async def act(request: Request) -> HTTPResponse:
        token = desk_of(request).settings.bot_token
        if not hmac.compare_digest((request.token or "").encode(), token.encode()):
            raise NotSignedIn("Send the bot's token as Authorization: Bearer.")
        call = _call(request.body)
        # the SDK requires a domain, but Rasa 3.6 sends it only if domain.yml requests it
        call.setdefault("domain", {})
        turn = _turn(call)
        if turn is not None and not await desk_of(request).store.read(bot_turns.is_valid, turn):
            log.warning("action_of_a_turn_that_ended", turn=turn, name=call["next_action"])
            return as_json(
                {"error": "The turn has ended.", "action_name": call["next_action"]}, status=400
            )
        try:
            result = await request.app.ctx.executor.run(call)
        except ActionExecutionRejection as error:
            return as_json({"error": str(error), "action_name": error.action_name}, status=400)
        except ActionNotFoundException as error:
            return as_json({"error": str(error), "action_name": error.action_name}, status=404)
        except ActionMissingDomainException as error:
            return as_json({"error": str(error), "action_name": error.action_name}, status=449)
        return as_json(result.model_dump() if result else {"events": [], "responses": []})

    return made


def _call(body: bytes) -> dict[str, Any]:
    """Parse the call. Raises BadInput for anything that the SDK or the database cannot handle."""
    try:
        call = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput("The body must be JSON in UTF-8.") from error
    if not isinstance(call, dict) or not isinstance(call.get("next_action"), str):
        raise BadInput(errors={"next_action": "must be the name of an action"})
    if why := not_storable(call):
        raise BadInput(f"The body {why}.")
    return call


def _turn(call: dict[str, Any]) -> int | None:
    """Return the id of the turn that an action belongs to, or None if the message to the bot had no
    turn id."""
    value: Any = call.get("tracker")
    for name in ("latest_message", "metadata", "turn_id"):
        value = value.get(name) if isinstance(value, dict) else None
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 16 else None

"""Patches how Rasa 3.6.21 handles the results of custom actions, in two places.

1. Rasa validates each result against a constant JSON schema. Each time, it also checks the schema
   itself, which takes 62 % of an action call. The patch compiles the schema once. It compares each
   event with the schema of its own kind first, and only then with all 23 kinds. It accepts the same
   results and raises the same errors as Rasa.
2. If an action fails (the service is down, answers 500, or breaks the schema), Rasa logs this and
   continues as if the action had run. The requester then gets an empty answer. The patch also
   records the failure, and the channel reports it.

Both patches replace methods of `rasa.core.actions.action.RemoteAction`, so they require this exact
version of Rasa.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import rasa
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from rasa.core.actions import action as rasa_action
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.shared.constants import DOCS_BASE_URL

RASA_VERSION = "3.6.21"

# The names of the actions that failed in the current turn. The channel sets an empty list before
# each turn. None outside a turn.
failed_actions: ContextVar[list[str] | None] = ContextVar("failed_actions", default=None)


class WrongRasaVersion(RuntimeError):
    """The installed Rasa is not 3.6.21, whose methods bot/action_result.py and bot/tracker_store.py
    replace. Compare the methods with the installed version, then change RASA_VERSION."""


def _compiled_check() -> Any:
    """Return a replacement for `RemoteAction._validate_action_result` that compiles the schema only
    once. The replacement raises jsonschema.ValidationError."""
    schema = RemoteAction.action_response_format_spec()
    validator_class = validator_for(schema)
    validator_class.check_schema(schema)
    validator = validator_class(schema)
    of_any = schema["properties"]["events"]["items"]
    base = {name: rule for name, rule in of_any.items() if name != "oneOf"}
    by_name = {  # each kind of event requires a different name, so at most one kind can match
        kind["properties"]["event"]["const"]: validator_class({**base, "allOf": [kind]})
        for kind in of_any["oneOf"]
    }

    def fits(event: Any) -> bool:
        kind = by_name.get(str(event.get("event"))) if isinstance(event, dict) else None
        return kind is not None and kind.is_valid(event)

    def _validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
        if (
            isinstance(result, dict)
            and isinstance(result.get("events"), list)
            and all(map(fits, result["events"]))
        ):
            result = {**result, "events": []}
        error = best_match(validator.iter_errors(result))
        if error is None:
            return True
        error.message += (
            ". Failed to validate Action server response from API, make sure your response "
            "from the Action endpoint "
            f"is valid. For more information about the format visit {DOCS_BASE_URL}/custom-actions"
        )
        raise error

    return _validate_action_result


def _recording_run(run: Any) -> Any:
    """Return a replacement for `RemoteAction.run`. If the action raises an error, the replacement
    adds the action's name to `failed_actions` and raises the same error.

    A rejection (the service answered 400) is not a failure, because Rasa then predicts another
    action.
    """

    async def recording(self: RemoteAction, *args: Any, **kwargs: Any) -> Any:
        try:
            return await run(self, *args, **kwargs)
        except ActionExecutionRejection:
            raise
        except Exception:
            failed = failed_actions.get()
            if failed is not None:
                failed.append(self.name())
            raise

    return recording


def install() -> None:
    """Install both patches. A second call does nothing. Raises WrongRasaVersion."""
    if rasa.__version__ != RASA_VERSION:
        raise WrongRasaVersion(
            f"bot/action_result.py requires Rasa {RASA_VERSION}, but {rasa.__version__} is "
            "installed. Compare RemoteAction._validate_action_result and RemoteAction.run with "
            "that version, then change RASA_VERSION."
        )
    if getattr(rasa_action.RemoteAction.run, "__name__", "") == "recording":
        return
    RemoteAction._validate_action_result = _compiled_check()  # type: ignore[method-assign]
    RemoteAction.run = _recording_run(RemoteAction.run)  # type: ignore[method-assign]

"""Two repairs of how Rasa 3.6.21 treats what the service answers to a custom action.

1. Rasa checks each answer against a constant JSON schema, and checks that schema again each time:
   62 % of an action call. Here the schema is compiled once, and an event is tried against its own
   kind before all 23; what is valid, and the error that is raised, stay the same.
2. Rasa logs a failed action (the service is away, answers 500, or answers what the schema forbids)
   and goes on as if it had run, so the asker sees an empty answer. Here the failure is also noted
   for the channel to report.

Both replace methods of `rasa.core.actions.action.RemoteAction`, so they are held to Rasa's exact
version.
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

# The names of the actions that failed in the present turn. The channel sets a list before a turn;
# None: nobody asks.
failed_actions: ContextVar[list[str] | None] = ContextVar("failed_actions", default=None)


class WrongRasaVersion(RuntimeError):
    """bot/action_result.py replaces methods of Rasa 3.6.21, and this is another version. Compare
    them again, then raise RASA_VERSION."""


def _compiled_check() -> Any:
    """`RemoteAction._validate_action_result` with the schema compiled once. Raises
    jsonschema.ValidationError."""
    schema = RemoteAction.action_response_format_spec()
    validator_class = validator_for(schema)
    validator_class.check_schema(schema)
    validator = validator_class(schema)
    of_any = schema["properties"]["events"]["items"]
    base = {name: rule for name, rule in of_any.items() if name != "oneOf"}
    by_name = {  # each kind asks for another name, so at most one can fit
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


def _noting_run(run: Any) -> Any:
    """`RemoteAction.run` that notes its name in `failed_actions` when it raises, then raises as
    before.

    A rejection (the service answered 400) is no failure: Rasa then predicts another action.
    """

    async def noting(self: RemoteAction, *args: Any, **kwargs: Any) -> Any:
        try:
            return await run(self, *args, **kwargs)
        except ActionExecutionRejection:
            raise
        except Exception:
            failed = failed_actions.get()
            if failed is not None:
                failed.append(self.name())
            raise

    return noting


def install() -> None:
    """Puts both repairs in place, once. Raises WrongRasaVersion."""
    if rasa.__version__ != RASA_VERSION:
        raise WrongRasaVersion(
            f"bot/action_result.py is made for Rasa {RASA_VERSION} and this is "
            f"{rasa.__version__}. Compare "
            "RemoteAction._validate_action_result and RemoteAction.run with it, then change "
            "RASA_VERSION."
        )
    if getattr(rasa_action.RemoteAction.run, "__name__", "") == "noting":
        return
    RemoteAction._validate_action_result = _compiled_check()  # type: ignore[method-assign]
    RemoteAction.run = _noting_run(RemoteAction.run)  # type: ignore[method-assign]

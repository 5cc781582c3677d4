"""Forms read as the entries that the desk file and the API have: one set of checks, said as a
person reads them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from handoff_service.errors import BadInput
from handoff_service.operations.shared.field_types import words_of

# pydantic's kind of fault -> what to write instead; the rest are sentences of our own
SAID: Mapping[str, str] = {
    "missing": "must not be empty",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "enum": "must be {expected}",
}


def read_as[M: BaseModel](model: type[M], values: Mapping[str, Any]) -> M:
    """The entry that a form holds. BadInput names each field and what would be right."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise BadInput(
            errors={str(fault["loc"][0]): _said(fault) for fault in reversed(error.errors())}
        ) from error


def _said(fault: Any) -> str:
    if fault["type"] in SAID:
        return SAID[fault["type"]].format(**fault.get("ctx", {}))
    return words_of(fault)

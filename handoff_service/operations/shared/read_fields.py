"""Read fields with a Pydantic model, and describe each wrong field. The desk file, the API and the
admin pages share the sentences."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from handoff_service.errors import BadInput
from handoff_service.operations.shared.field_checks import COUNTRY
from handoff_service.rules.shared.phrases import filled, phrase

# The type of a Pydantic error -> our sentence. Errors of our own validators bring their sentence,
# and other types keep Pydantic's words.
SENTENCES: Mapping[str, str] = {
    "missing": phrase("is required"),
    "extra_forbidden": phrase("there is no such key"),
    "string_type": phrase("must be text"),
    "string_too_short": phrase("must not be empty"),
    "string_too_long": phrase("must be at most {max_length} characters"),
    "too_short": phrase("must not be empty"),
    "too_long": phrase("must have at most {max_length} entries"),
    "int_parsing": phrase("must be a whole number"),
    "int_type": phrase("must be a whole number"),
    "int_from_float": phrase("must be a whole number"),
    "greater_than_equal": phrase("must be at least {ge}"),
    "less_than_equal": phrase("must be at most {le}"),
    "bool_parsing": phrase("must be true or false"),
    "bool_type": phrase("must be true or false"),
    "enum": phrase("must be {expected}"),
    "list_type": phrase("must be a list"),
    "date_from_datetime_parsing": phrase("must be a day, such as 2026-01-31"),
    "date_parsing": phrase("must be a day, such as 2026-01-31"),
    "timezone_aware": phrase("must have an offset, such as 2026-11-25T09:00:00-05:00"),
}
_ENUM_VALUE = re.compile(r"<\w+\.\w+: ('[^']*')>")
_OPENING = re.compile(r"(Input|String|List|Dictionary) should ")


def words_of(error_details: Mapping[str, Any]) -> str:
    """The sentence for a Pydantic error. Pydantic shows an enum value as ``<Kind.X: 'x'>``, and the
    sentence shows it as ``'x'``."""
    kind = error_details["type"]
    if kind == "too_long" and isinstance(error_details.get("input"), str):
        kind = "string_too_long"  # a limit after a validator does not know the type
    known = SENTENCES.get(kind)
    context = error_details.get("ctx", {})
    if known is not None:
        return filled(known, **context)
    if isinstance(context.get("error"), ValueError):
        return str(context["error"])
    words = _OPENING.sub("must ", error_details["msg"].removeprefix("Value error, "), count=1)
    return _ENUM_VALUE.sub(r"\1", words)


def read_as[M: BaseModel](
    model: type[M], values: Mapping[str, Any], country: str | None = None
) -> M:
    """Read a form's values with a model. ``country``: for national phone numbers. Raises BadInput
    with a sentence for each wrong field.
    """
    try:
        return model.model_validate(values, context={COUNTRY: country})
    except ValidationError as error:
        raise BadInput(errors=errors_of(error)) from error


def errors_of(error: ValidationError) -> dict[str, str]:
    """Field -> the sentence for its first error. The location of the error inside the field is left
    out, because it may name a member of a union, which the caller does not know.
    """
    return {
        str(error_details["loc"][0]) if error_details["loc"] else "body": words_of(error_details)
        for error_details in reversed(error.errors())
    }

"""The form controls for attributes, which ``attribute_input.html`` renders."""

from typing import Any

from sanic import Request

from handoff_service.rules.desk.attributes import AttributeType
from handoff_service.web.shared.rendering import form_field

PREFIX = "attribute-"  # a control's name is this prefix followed by the attribute's key
#: attribute type -> type of its ``<input>``
INPUTS = {AttributeType.DATE: "date"}


def sent_values(request: Request) -> dict[str, str | None]:
    """Return the attribute values in a form, by key. An empty control gives None, which removes
    the attribute."""
    given: Any = request.form or {}
    names = [name for name in given if name.startswith(PREFIX)]
    return {name.removeprefix(PREFIX): form_field(request, name).strip() or None for name in names}

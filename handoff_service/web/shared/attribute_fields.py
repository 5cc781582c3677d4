"""The controls of attributes in forms: ``attribute_input.html``."""

from typing import Any

from sanic import Request

from handoff_service.rules.desk.attributes import AttributeType
from handoff_service.web.shared.rendering import form_field

PREFIX = "attribute-"  # the names of controls: this prefix and the key
#: the type of the input for a value
INPUTS = {AttributeType.DATE: "date"}


def sent_values(request: Request) -> dict[str, str | None]:
    """Return the attributes that a form sent, None for each empty control. None removes the
    attribute."""
    given: Any = request.form or {}
    names = [name for name in given if name.startswith(PREFIX)]
    return {name.removeprefix(PREFIX): form_field(request, name).strip() or None for name in names}

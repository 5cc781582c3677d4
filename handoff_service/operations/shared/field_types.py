"""Field types that the desk file, the API and the pages share, so that each value is checked in the
same way everywhere."""

import functools
import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, WithJsonSchema

from handoff_service.operations.shared import field_checks as checks
from handoff_service.operations.shared.field_checks import TextPattern
from handoff_service.rules.desk import attribute_filters
from handoff_service.rules.desk.system_messages import VERSIONS
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role

#: The most numbers, skills, groups, attributes or facts of one person, and the most choices of an
#: attribute.
MOST_LISTED = 50


def _named(value: dict[str, Any]) -> WithJsonSchema:
    """The schema of an object whose keys are names. Pydantic's own schema would allow any value
    under other keys."""
    names = {"pattern": f"^{checks.ONE_LINE.pattern}$", "maxLength": 200}
    return WithJsonSchema(
        {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": value,
            "maxProperties": MOST_LISTED,
        }
    )


_NUMBER = {"type": "string", "description": "E.164, or national", "example": "+12025550101"}
_SOMETHING = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": checks.VISIBLE.pattern}
Number = Annotated[str, AfterValidator(checks.number), WithJsonSchema(_NUMBER)]
#: A company number, in the form in which the provider lists it.
OwnNumber = Annotated[str, AfterValidator(checks.own_number), WithJsonSchema(_NUMBER)]
#: A number to search for. A text that is not a whole phone number, such as a short code, does not
#: change.
SoughtNumber = Annotated[str, AfterValidator(checks.sought_number), WithJsonSchema(_NUMBER)]
#: The number of a sender, which may be a short code.
PersonNumber = Annotated[str, AfterValidator(checks.person_number), WithJsonSchema(_NUMBER)]
TimeZone = Annotated[str, AfterValidator(checks.time_zone)]
Country = Annotated[str, AfterValidator(checks.country)]
#: The name of a system message, followed by _ and the language's code unless it is in English.
MessageName = Annotated[
    str,
    AfterValidator(checks.message_name),
    WithJsonSchema({"type": "string", "enum": list(VERSIONS)}),
]
MessagingService = Annotated[
    str | None,
    AfterValidator(checks.messaging_service),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": f"^{checks.SERVICE}$"}, {"type": "null"}]}
    ),
]
Name = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(checks.not_blank),
    WithJsonSchema(_SOMETHING),
]
PresenceName = Annotated[Name, Field(max_length=30), AfterValidator(checks.own_presence)]
Position = Annotated[int, Field(ge=0, le=1_000_000)]
Moment = Annotated[AwareDatetime, AfterValidator(checks.near)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
#: One line of text, such as a name or an employee number.
OneLine = Annotated[
    str,
    Field(min_length=1, max_length=200),
    TextPattern(checks.ONE_LINE, phrase("must be one line without spaces at its beginning or end")),
]
Email = Annotated[
    str,
    Field(max_length=320),
    TextPattern(checks.EMAIL, phrase("must be an e-mail address, such as mia@example.com")),
]
#: A date in the form 2026-01-31.
Day = Annotated[
    str,
    TextPattern(
        re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}"), phrase("must be a day, such as 2026-01-31")
    ),
]
Password = Annotated[
    str,
    Field(max_length=1000),
    AfterValidator(checks.long_enough),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": checks.SHORTEST_PASSWORD,
            "maxLength": 1000,
            "format": "password",
        }
    ),
]
Numbers = Annotated[list[Number], Field(max_length=MOST_LISTED)]
Names = Annotated[list[OneLine], Field(max_length=MOST_LISTED)]
#: The choices of an attribute.
Choices = Annotated[list[OneLine], Field(max_length=MOST_LISTED)]
_WORD = {"type": "string", "minLength": 1, "maxLength": 200}
Attributes = Annotated[dict[OneLine, Word], Field(max_length=MOST_LISTED), _named(_WORD)]
Facts = Annotated[dict[OneLine, Word], Field(max_length=MOST_LISTED), _named(_WORD)]
#: A filter by an attribute, such as ``order=12``, ``order=10..20`` or ``site~north``.
WrittenFilter = Annotated[
    str,
    Field(max_length=attribute_filters.LONGEST),
    TextPattern(attribute_filters.WRITTEN, attribute_filters.NOT_A_FILTER),
]
#: Attributes to set: key -> value. None removes the attribute.
ChangedAttributes = Annotated[
    dict[OneLine, Word | None],
    Field(max_length=MOST_LISTED),
    _named(_WORD | {"type": ["string", "null"]}),
]
ChangedFacts = Annotated[
    dict[OneLine, Word | None],
    Field(max_length=MOST_LISTED),
    _named(_WORD | {"type": ["string", "null"]}),
]
Roles = Annotated[list[Role], Field(max_length=len(Role))]
Capacity = Annotated[int, Field(ge=0, le=1000)]

Label = Annotated[str, Field(max_length=200)]
SegmentsPerSecond = Annotated[int, Field(ge=1, le=1000)]
#: A text that the desk sends. Further rules check its content.
Body = Annotated[str, Field(max_length=1600)]


# cached, because building a model's schema takes a millisecond and each start needs a hundred
@functools.cache
def reads_numbers(model: type[BaseModel]) -> bool:
    """Whether a model has phone number fields, which need a country."""
    return str(_NUMBER["description"]) in json.dumps(model.model_json_schema())

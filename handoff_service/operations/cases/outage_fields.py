"""The fields of an outage in the desk file, the API and the admin page."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from handoff_service.operations.shared.field_types import Moment, Name
from handoff_service.rules.cases.outages import OutageFields

Text = Annotated[str, Field(max_length=1600)]


class OutageEntry(BaseModel):
    """Times have an offset (``2026-11-25T09:00:00-05:00``). ``until`` None: the end is not known
    yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Name
    text: Text
    since: Moment
    until: Moment | None = None
    active: bool = True

    def to_fields(self) -> OutageFields:
        """The same outage as the type that the rules use."""
        return OutageFields(
            title=self.title, text=self.text, since=self.since, until=self.until, active=self.active
        )

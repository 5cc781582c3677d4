"""A text from a requester, as a provider reports it."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.conversations.number_forms import one_form
from handoff_service.rules.virtual_agent.commands import Command


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or file in a text: its address at the provider and its media type."""

    url: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text from a requester.

    - ``sid``: the provider's id of the text.
    - ``answered_as``: the keyword that the provider recognized and answered itself, if any.
    - ``recovered``: for a text whose webhook was lost, a sentence part with its time, such as
      "sent 5 May at 14:20". None for other texts.
    - ``sent_at``: when a text with a lost webhook was sent (UTC). None for other texts.
    """

    sid: str
    requester_number: str
    provider_number: str
    body: str
    media: tuple[Attachment, ...] = ()
    answered_as: Command | None = None
    recovered: str | None = None
    sent_at: datetime | None = None

    def __post_init__(self) -> None:
        """Convert the requester's number to its canonical form, because carriers write some numbers
        in two forms."""
        object.__setattr__(self, "requester_number", one_form(self.requester_number))

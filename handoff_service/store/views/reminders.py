"""Scheduled texts and promises: the reminders of a conversation."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.conversations.promises import PromiseState
from handoff_service.rules.conversations.scheduled_texts import SendQuestion
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledText:
    """A text that an agent has scheduled.

    - ``question``: what has happened since, so that an agent must decide whether to send it;
      null: it is sent at ``send_at``;
    - ``media``: the uploads that it takes with it.
    """

    id: int
    interaction_id: int
    agent: Named
    body: str
    media: list[int]
    send_at: datetime
    question: SendQuestion | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NextText:
    """When the next scheduled text of a conversation is sent, and whether an agent must decide
    about one."""

    send_at: datetime
    asks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPromise:
    """A time by which an agent has promised to text or call the requester.

    - ``words``: the sentence that promises;
    - ``message_id``: its text; null: a program stored the promise;
    - ``state``: ``open`` until a text or call note keeps it, its time passes, or it is canceled;
    - ``kept``: whether a live agent has texted or noted a call since.
    """

    id: int
    interaction_id: int
    agent: Named
    message_id: int | None
    words: str
    made_at: datetime
    promised_at: datetime
    remind_at: datetime
    state: PromiseState
    kept: bool

    def is_due(self, now: datetime) -> bool:
        return self.remind_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseOffer:
    """A promise in the calling agent's last text, for which a reminder can be stored."""

    message_id: int
    words: str
    promised_at: datetime
    remind_at: datetime

"""Scheduled texts and promises."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.conversations.promises import PromiseState
from handoff_service.rules.conversations.scheduled_texts import SendQuestion
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledText:
    """A text that an agent has scheduled.

    - ``question``: why an agent must confirm the text, because of what has happened since; null: it
      is sent at ``send_at``;
    - ``media``: the ids of its uploads.
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
    """The next scheduled text of a conversation. ``asks``: whether an agent must confirm one of its
    scheduled texts."""

    send_at: datetime
    asks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPromise:
    """An agent's promise to text or call the requester by a certain time.

    - ``words``: the sentence with the promise;
    - ``message_id``: the text with the promise; null if a program stored the promise;
    - ``state``: ``open`` until its time passes or an agent cancels it;
    - ``kept``: whether a live agent has texted or noted a call in time.
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
    """A promise in the calling agent's last text, for which the agent can set a reminder."""

    message_id: int
    words: str
    promised_at: datetime
    remind_at: datetime

"""The desk's own settings, numbers, words and ledger of consent."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.desk.system_messages import SystemMessage
from handoff_service.rules.shared.vocabulary import FirstResponder
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderNumber:
    id: int
    number: str
    label: str
    first_responder: FirstResponder
    queue: Named
    segments_per_second: int
    messaging_service: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One entry of the consent ledger. ``provider_number``: the company's number that it is about,
    None for all of them; ``words``: what the requester texted, or the provider's error code;
    ``in_force``: it keeps texts back just now; ``told_at``: when the provider was told, null while
    that waits; ``told_why``: what it said against it."""

    id: int
    number: str
    provider_number: str | None
    opted_out: bool
    in_force: bool
    source: Source
    words: str | None
    agent: Named | None
    note: str | None
    at: datetime
    told_at: datetime | None
    told_why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text that agents put into the composer; ``body`` has placeholders."""

    id: int
    name: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedText:
    """A system message to the requester. ``when`` it is sent; ``body`` as it is now, ``default`` as
    shipped; ``placeholders`` that may stand in it."""

    name: SystemMessage
    when: str
    body: str
    default: str
    edited: bool
    placeholders: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """``away_after_seconds``: how long an agent's connection may be lost; ``reassign_when_away``:
    whether the conversations of who is set away go back to their queues; ``card_fields``: what
    offers' cards show, none: everything that was collected; ``commands``: command -> the words that
    mean it, where the admin chose; ``same_answers``: after how many equal answers in a row a bot
    that does not tell what it understood is taken to be lost, 0: never; ``quiet_hours``: when what
    is no answer is held back, by the requester's clock, such as 21:00-08:00, null: never;
    ``most_answers``: how often the virtual agent answers one number in ten minutes; ``countries``:
    ISO codes of those that are texted, none: every country; ``most_in_range``: automatic replies an
    hour to the other unknown numbers of a range, that is, of those alike but for the last four
    digits; ``most_unknown_hourly``, ``most_unknown_daily``: automatic replies to all unknown
    numbers; 0: no limit; ``thanks_minutes``: for so long after closing on a line of live agents,
    thanks stay with the closed conversation, 0: never; ``queue_unanswerable``: whether texts from
    senders that nobody can text back go to queues."""

    name: str
    country: str
    time_zone: str
    reassign_when_away: bool
    away_after_seconds: int
    card_fields: list[str]
    commands: dict[str, list[str]]
    same_answers: int
    quiet_hours: str | None
    most_answers: int
    countries: list[str]
    most_in_range: int
    most_unknown_hourly: int
    most_unknown_daily: int
    thanks_minutes: int
    queue_unanswerable: bool

"""Cases and outages."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import CaseKind, CaseState
from handoff_service.store.views.conversations import Changed
from handoff_service.store.views.messages import WrittenBy
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """An entry of a case's history; the first entry is its opening.

    - ``changes``: the changed fields;
    - ``note``: the reason, for agents.
    """

    version: int
    by: WrittenBy
    changes: dict[str, Changed]
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A reported problem, a request or a locked account, which outlives the conversation.

    - ``user``: the requester; null for a guest;
    - ``interaction``: the interaction in which it was opened;
    - ``external_number``: its number in the company's own ticket system;
    - ``priority``: 1 is the highest, 5 the lowest;
    - ``version``: grows with each change;
    - ``history``: oldest first.
    """

    id: int
    number: str
    kind: CaseKind
    state: CaseState
    priority: int
    description: str
    device: str | None
    impact: str | None
    user: Named | None
    interaction: Named | None
    external_number: str | None
    version: int
    created_at: datetime
    changed_at: datetime
    history: list[CaseChange]

    @property
    def opened_by(self) -> WrittenBy:
        """The person or program that opened the case."""
        return self.history[0].by


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An outage that the virtual agent announces. ``current``: it is announced now; ``until`` null:
    the end is unknown."""

    id: int
    title: str
    text: str
    since: datetime
    until: datetime | None
    active: bool
    current: bool


class Reachable(StrEnum):
    """Whether somebody who reported an outage gets its text: ``now``; ``later``, when their quiet
    hours end; or a reason why they do not get it."""

    NOW = "now"
    LATER = "later"
    OPTED_OUT = "opted_out"
    UNANSWERABLE = "unanswerable"
    BLOCKED_COUNTRY = "blocked_country"
    TEXTED_BEFORE = "texted_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageReporter:
    """Somebody who reported an outage.

    - ``interaction_id``: the last conversation of their number;
    - ``why``: how they reported it, in words;
    - ``language``: the language of their texts;
    - ``reachable``: whether they get the text; ``later_at``: when their quiet hours end.
    """

    interaction_id: int
    requester_number: str
    user: Named | None
    case: Named | None
    why: str
    language: Language
    reachable: Reachable
    later_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageTextVersion:
    """A text about an outage in one language.

    - ``texted``: how many people would get it; the English version also goes to people of other
      languages without a version;
    - ``segments``: of one text.
    """

    language: Language
    body: str
    texted: int
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageDryRun:
    """The effect of a text to everybody who reported an outage.

    - ``body``: the text in English; ``versions``: the English text and its translations;
    - ``people``: each phone number once; ``duplicates``: reports left out because of that;
    - ``texted``: how many would get it, ``later`` of them when their quiet hours end;
    - ``segments``: of all the texts together;
    - ``costs``: currency -> expected cost in millionths, from the prices of the last texts; empty
      when no price is known.
    """

    body: str
    versions: list[OutageTextVersion]
    people: list[OutageReporter]
    duplicates: int
    texted: int
    later: int
    segments: int
    costs: dict[str, int]

    def count(self, reachable: Reachable) -> int:
        return sum(one.reachable is reachable for one in self.people)


class OutageTextState(StrEnum):
    """``sending`` until everybody's text has left the desk."""

    SENDING = "sending"
    DONE = "done"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageText:
    """A text to everybody who reported an outage, and its progress in people.

    - ``sent``: the provider has accepted it; ``waiting``: it has not left yet, ``quiet`` of them
      because of quiet hours;
    - ``failed``: not delivered; ``canceled``: stopped;
    - ``skipped``: people who have opted out since;
    - ``body``: the text in English; ``translations``: language -> the text for people who text in
      it.
    """

    id: int
    outage_id: int
    by: Named
    body: str
    translations: dict[Language, str]
    state: OutageTextState
    people: int
    sent: int
    waiting: int
    quiet: int
    failed: int
    skipped: int
    canceled: int
    created_at: datetime
    ended_at: datetime | None

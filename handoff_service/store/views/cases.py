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
    """An entry of a case's history. The first entry is the opening of the case.

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
    """A reported problem, a request or a locked account. It can outlive its conversation.

    - ``user``: the requester; null for a guest;
    - ``interaction``: the interaction that opened the case;
    - ``external_number``: the case's number in the company's own ticket system;
    - ``priority``: 1 is the highest, 5 the lowest;
    - ``version``: increases with each change;
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
    """An outage that the virtual agent announces. ``current``: whether it is announced now.
    ``until``: null if the end is unknown."""

    id: int
    title: str
    text: str
    since: datetime
    until: datetime | None
    active: bool
    current: bool


class Reachable(StrEnum):
    """Whether a person who reported an outage gets its text: ``now``, ``later`` (after their quiet
    hours), or the reason why they do not get it."""

    NOW = "now"
    LATER = "later"
    OPTED_OUT = "opted_out"
    UNANSWERABLE = "unanswerable"
    BLOCKED_COUNTRY = "blocked_country"
    TEXTED_BEFORE = "texted_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageReporter:
    """A person who reported an outage.

    - ``interaction_id``: the last conversation on their number;
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

    - ``texted``: how many people would get it; the English version also goes to people whose
      language has no version;
    - ``segments``: the number of segments of one text.
    """

    language: Language
    body: str
    texted: int
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageDryRun:
    """A preview of a text to everybody who reported an outage.

    - ``body``: the text in English; ``versions``: the English text and its translations;
    - ``people``: everybody who reported the outage, each phone number once; ``duplicates``: how
      many reports were left out because of that;
    - ``texted``: how many people would get it; ``later``: how many of them only after their quiet
      hours;
    - ``segments``: the total number of segments;
    - ``costs``: currency -> expected cost in millionths, from the prices of the latest texts; empty
      if no price is known.
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
    """The state of an outage text. It is ``sending`` until all texts are in the outbox."""

    SENDING = "sending"
    DONE = "done"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageText:
    """A text to everybody who reported an outage. Its progress is counted in people.

    - ``sent``: the provider has sent their text; ``waiting``: it has not sent their text yet;
      ``quiet``: those of them whose text is due later, usually because of quiet hours;
    - ``failed``: their text was not delivered; ``canceled``: their text was canceled;
    - ``skipped``: they get no text, for example because they have opted out since;
    - ``body``: the text in English; ``translations``: language -> the text in this language.
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

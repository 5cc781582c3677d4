"""The facts that decide what happens with a batch of texts. ``load_facts.py`` loads them."""

from dataclasses import dataclass, field
from datetime import datetime

from handoff_service.operations.conversations.receive_sms.text import Text
from handoff_service.rules.consent import consent_keywords
from handoff_service.rules.identity.proof import Expects
from handoff_service.rules.shared.vocabulary import FirstResponder, Owner, State, Unanswered
from handoff_service.rules.virtual_agent.commands import Command, CommandWords
from handoff_service.store.conversations import interactions, satisfaction
from handoff_service.store.identity import proof_codes
from handoff_service.store.messaging_actions import timers


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider number. ``arms``: the messaging actions for which a requester's text starts a
    timer. ``desk_asks``: whether the desk has ever sent a satisfaction question."""

    id: int
    first_responder: FirstResponder
    queue_id: int
    arms: list[timers.ArmedAction] = field(default_factory=list)
    desk_asks: bool = False


@dataclass(slots=True)
class TextingProfile:
    """A number's messaging profile. ``id`` is 0 until it is stored. ``not_user``: the user whom
    somebody has ruled out as the sender."""

    user: int | None
    id: int = 0
    not_user: int | None = None


@dataclass(slots=True)
class Conversation:
    """A line's active interaction while texts are added to it. ``id`` is 0 until it is stored.

    - ``unanswered``: the open unanswered streak.
    - ``began``: the added texts started an unanswered streak. ``ended``: they also ended another
      one.
    - ``ended_holds``: the positions of the lines, which agents see, about a hold that a text ended.
    - ``answers``: for each text that may contain a code or an identity fact: the position of the
      text, and its possible answers. The stored text does not contain them.
    - ``about_consent``: texts that matter for consent, such as an opt-out or a request for help.
    - ``unanswerable``: why nobody can text the sender back. If set, the conversation gets no bot
      turn and no timers, and enters a queue only if the desk's settings allow it.
    """

    number: str
    provider: Provider
    profile: TextingProfile
    user: int | None
    owner: Owner
    queue_id: int | None
    reason: str | None = None
    unanswerable: str | None = None
    state: State = State.NEW
    epoch: int = 1
    seq: int = 0
    unanswered: Unanswered | None = None
    expects: Expects | None = None
    began: bool = False
    ended: bool = False
    id: int = 0
    texts: list[tuple[int, Text]] = field(default_factory=list)
    ended_holds: list[int] = field(default_factory=list)
    answers: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    about_consent: list[tuple[Text, consent_keywords.ConsentSituation]] = field(
        default_factory=list
    )

    @property
    def line(self) -> str:
        return interactions.line(self.provider.id, self.number)


@dataclass(slots=True)
class LoadedFacts:
    """Database facts about the texts' numbers.

    - ``later_texts``: the texts that numbers have sent after a keyword that the gap sweep
      recovered. Each has its time, its consent keyword, and whether its own webhook delivered it.
    - ``codes``: the live codes of numbers that have texted six digits.
    - ``questions``: (number, provider number's id) -> the satisfaction question that the line can
      still answer. Only for lines without an active conversation.
    - ``queues_unanswerable``: whether texts from senders that nobody can text back enter a queue.
      It is loaded only when there are such texts.
    """

    providers: dict[str, Provider]
    seen: set[str]
    users: dict[str, tuple[int, ...]]
    profiles: dict[str, TextingProfile]
    opted_out: dict[str, set[int]]
    words: CommandWords
    later_texts: dict[str, list[tuple[datetime, Command | None, bool]]]
    codes: dict[str, list[proof_codes.LiveCode]]
    active: dict[tuple[str, int], Conversation]
    questions: dict[tuple[str, int], satisfaction.OpenQuestion]
    queues_unanswerable: bool

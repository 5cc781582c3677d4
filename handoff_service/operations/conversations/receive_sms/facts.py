"""The facts about the texts' numbers, in one SELECT per table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import exists, select

from handoff_service.rules.consent import consent_keywords
from handoff_service.rules.conversations.number_forms import one_form
from handoff_service.rules.delivery.senders import why_unanswerable
from handoff_service.rules.identity.proof import Expects
from handoff_service.rules.identity.secrets_in_texts import may_hold_code
from handoff_service.rules.shared.vocabulary import (
    Direction,
    Event,
    FirstResponder,
    Owner,
    State,
    Unanswered,
)
from handoff_service.rules.virtual_agent.commands import Command, CommandWords
from handoff_service.store.consent import kept_opt_outs
from handoff_service.store.conversations import interactions, satisfaction
from handoff_service.store.desk import desk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity import proof_codes
from handoff_service.store.messaging_actions import timers


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or file in a text: its address at the provider and its media type."""

    url: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text from a requester.

    - ``sid``: the provider's id.
    - ``answered_as``: the keyword that the provider recognized and answered itself, if any.
    - ``recovered``: only for a text whose webhook call was lost: when the requester sent it, in
      words.
    - ``sent_at``: the same time, as an aware UTC time.
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
        """Convert numbers to their canonical form, because carriers write one person's number in
        two ways."""
        object.__setattr__(self, "requester_number", one_form(self.requester_number))


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider number: its first responder, and the timers that a requester's text starts.
    ``desk_asks``: whether the desk has ever sent a satisfaction question."""

    id: int
    first_responder: FirstResponder
    queue_id: int
    arms: list[timers.ArmedAction] = field(default_factory=list)
    desk_asks: bool = False


@dataclass(slots=True)
class TextingProfile:
    """A number's messaging profile. ``id`` is 0 until it is stored. ``not_user``: the user whom an
    agent ruled out."""

    user: int | None
    id: int = 0
    not_user: int | None = None


@dataclass(slots=True)
class Conversation:
    """A line's active interaction while texts are added to it. ``id`` is 0 until it is stored.

    - ``unanswered``: the open unanswered streak.
    - ``began``: these texts started the conversation; ``ended``: they also closed an earlier one.
    - ``ended_holds``: the places of the lines which say that a text ended a hold.
    - ``answers``: the guessed codes or identity facts in these texts. The texts are stored without
      them.
    - ``about_consent``: texts that opt out, opt in or ask for help.
    - ``unanswerable``: why nobody can text the sender back. If set, the conversation gets no bot
      turn and no timers, and enters a queue only if the desk wants that.
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

    - ``later_texts``: for numbers with a recovered keyword, each later text: when it arrived, its
      consent meaning, and whether it arrived by its own webhook.
    - ``codes``: live codes of numbers that have texted six digits.
    - ``questions``: by number and provider number, for lines without an active conversation: the
      satisfaction question, if the desk still accepts an answer to it.
    - ``queues_unanswerable``: whether texts from senders that nobody can text back go to a queue;
      loaded only when there are such texts.
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


_PROVIDERS = (
    select(
        *t.provider_numbers.c["id", "number", "first_responder", "queue_id"],
        *timers.ARMED_COLUMNS,
        # most desks never ask, and then their texts need no further query
        exists(select(t.satisfaction_questions.c.interaction_id)).label("desk_asks"),
    )
    .select_from(
        t.provider_numbers.outerjoin(
            t.messaging_actions, timers.is_armed(Unanswered.REQUESTER_MESSAGE)
        )
    )
    .where(one_of(t.provider_numbers.c.number, "numbers"))
)
_SEEN = select(t.messages.c.provider_sid).where(one_of(t.messages.c.provider_sid, "sids"))
_USERS = (
    select(*t.user_numbers.c["number", "user_id"])
    .where(one_of(t.user_numbers.c.number, "numbers"))
    .order_by(t.user_numbers.c.user_id)
)
_PROFILES = (
    select(*t.messaging_profiles.c["id", "number", "user_id", "not_user_id"])
    .where(one_of(t.messaging_profiles.c.number, "numbers"), t.messaging_profiles.c.active)
    .order_by(t.messaging_profiles.c.id)
    .with_for_update()
)
_OPT_OUTS = select(*t.opt_outs.c["number", "provider_number_id"]).where(
    one_of(t.opt_outs.c.number, "numbers")
)


def load(tx: Transaction, texts: Sequence[Text]) -> LoadedFacts:
    """Load the facts. Locks the numbers' active interactions, then their profiles."""
    numbers = sorted({text.requester_number for text in texts})
    # one company number may text another
    ours = {text.provider_number for text in texts}.union(numbers)
    providers = _load_providers(tx, sorted(ours))
    # run this query first, because it locks the interactions
    active_rows = tx.conn.execute(interactions.ACTIVE, {"numbers": numbers}).all()
    found = tx.conn.execute(_PROFILES, {"numbers": numbers})
    profiles = {r.number: TextingProfile(r.user_id, r.id, r.not_user_id) for r in found}
    # an erased number that comes back has no profile
    kept_opt_outs.apply_again(tx, [number for number in numbers if number not in profiles])
    opted_out: dict[str, set[int]] = {number: set() for number in numbers}
    for r in tx.conn.execute(_OPT_OUTS, {"numbers": numbers}):  # runs when the profiles are locked
        opted_out[r.number].add(r.provider_number_id)
    users: dict[str, list[int]] = {}
    for r in tx.conn.execute(_USERS, {"numbers": numbers}):
        users.setdefault(r.number, []).append(r.user_id)
    by_id = {p.id: p for p in providers.values()}
    active = {
        (i.requester_number, i.provider_number_id): Conversation(
            number=i.requester_number,
            provider=by_id[i.provider_number_id],
            profile=profiles.get(i.requester_number) or TextingProfile(i.user_id, i.profile_id),
            user=i.user_id,
            owner=Owner(i.owner),
            queue_id=i.queue_id,
            state=State(i.state),
            epoch=i.epoch,
            seq=i.last_seq,
            unanswered=Unanswered(i.unanswered) if i.unanswered else None,
            expects=Expects(i.expects) if i.expects else None,
            id=i.id,
        )
        for i in active_rows
        if i.provider_number_id in by_id
    }
    seen = set(tx.conn.execute(_SEEN, {"sids": [text.sid for text in texts]}).scalars())
    words = (
        desk.commands(tx.conn)
        if any(consent_keywords.may_be_word(text.body) for text in texts)
        else {}
    )
    lost = [
        text
        for text in texts
        if text.sent_at is not None and consent_keywords.word(text.body, words) is not None
    ]
    with_digits = {text.requester_number for text in texts if may_hold_code(text.body)}
    strange = any(why_unanswerable(number, is_own=number in providers) for number in numbers)
    return LoadedFacts(
        providers=providers,
        seen=seen,
        users={n: tuple(u) for n, u in users.items()},
        profiles=profiles,
        opted_out=opted_out,
        words=words,
        later_texts=_later_texts(tx, lost, words) if lost else {},
        codes=proof_codes.live_codes(tx.conn, with_digits, tx.now) if with_digits else {},
        active=active,
        questions=_questions(tx, texts, providers, active),
        queues_unanswerable=strange and desk.queues_unanswerable(tx.conn),
    )


def _questions(
    tx: Transaction,
    texts: Sequence[Text],
    providers: dict[str, Provider],
    active: dict[tuple[str, int], Conversation],
) -> dict[tuple[str, int], satisfaction.OpenQuestion]:
    """The open questions on the lines that have no active conversation."""
    numbers = {
        text.requester_number
        for text in texts
        if (provider := providers.get(text.provider_number)) is not None
        and provider.desk_asks
        and (text.requester_number, provider.id) not in active
    }
    return satisfaction.open_questions(tx.conn, numbers, tx.now) if numbers else {}


def _later_texts(
    tx: Transaction, lost: Sequence[Text], words: CommandWords
) -> dict[str, list[tuple[datetime, Command | None, bool]]]:
    i, m = t.interactions, t.messages
    query = (
        select(i.c.requester_number, *m.c["body", "event", "created_at"])
        .join(m, m.c.interaction_id == i.c.id)
        .where(
            one_of(i.c.requester_number, {text.requester_number for text in lost}),
            m.c.direction == Direction.INBOUND,
            m.c.created_at >= min(text.sent_at for text in lost if text.sent_at),
        )
    )
    found: dict[str, list[tuple[datetime, Command | None, bool]]] = {}
    for r in tx.conn.execute(query):
        meaning = consent_keywords.word(r.body, words)
        found.setdefault(r.requester_number, []).append(
            (r.created_at, meaning, r.event != Event.RECOVERED)
        )
    return found


def _load_providers(tx: Transaction, numbers: list[str]) -> dict[str, Provider]:
    """The provider numbers, each with the messaging actions that start a timer for a requester's
    text."""
    providers: dict[str, Provider] = {}
    for r in tx.conn.execute(_PROVIDERS, {"numbers": numbers}):
        made = providers.setdefault(
            r.number,
            Provider(
                r.id, FirstResponder(r.first_responder), r.queue_id, desk_asks=bool(r.desk_asks)
            ),
        )
        if r.action_id is not None:
            made.arms.append(timers.armed_action(r))
    return providers

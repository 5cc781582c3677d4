"""What the database knows about the numbers of texts, in one SELECT a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from handoff_service.rules.consent import consent_keywords
from handoff_service.rules.conversations.number_forms import one_form
from handoff_service.rules.identity.proof import Expects, may_hold_code
from handoff_service.rules.shared.vocabulary import Direction, Event, FirstResponder, Owner, State, Unanswered
from handoff_service.rules.virtual_agent.commands import Command, CommandWords
from handoff_service.store.conversations import interactions
from handoff_service.store.desk import desk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.identity import proofs
from handoff_service.store.messaging_actions import timers


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or file that came with a text: where the provider keeps it, and its media type."""

    url: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text from a requester. ``sid`` is the provider's id for it. ``answered_as``: the keyword
    that the provider took it for and has answered by itself, if it did. ``recovered``: its webhook was lost; when
    it was sent, in words, and ``sent_at``, an aware UTC time."""

    sid: str
    requester_number: str
    provider_number: str
    body: str
    media: tuple[Attachment, ...] = ()
    answered_as: Command | None = None
    recovered: str | None = None
    sent_at: datetime | None = None

    def __post_init__(self) -> None:
        """Carriers write one person's number in two forms. Everything is kept, matched and answered in one."""
        object.__setattr__(self, "requester_number", one_form(self.requester_number))


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider number: who answers there first, and the timers that a requester's text starts."""

    id: int
    first_responder: FirstResponder
    queue_id: int
    arms: list[timers.ArmedAction] = field(default_factory=list)


@dataclass(slots=True)
class Profile:
    """A number's messaging profile; ``id`` is 0 until it is made. ``not_user``: whom an agent said it is not."""

    user: int | None
    id: int = 0
    not_user: int | None = None


@dataclass(slots=True)
class Conversation:
    """A line's active interaction while texts are put into it; ``id`` is 0 until it is made.

    ``unanswered``: the open run; ``began``: these texts began it; ``ended``: and ended another. ``answers``: what was
    texted as a secret, which the texts themselves no longer hold. ``about_consent``: those that opt out or in, or ask
    for help. ``unanswerable``: why nobody can text the sender back, which keeps the bot, queues and timers away.
    """

    number: str
    provider: Provider
    profile: Profile
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
    answers: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    about_consent: list[tuple[Text, consent_keywords.ConsentSituation]] = field(default_factory=list)

    @property
    def line(self) -> str:
        return interactions.line(self.provider.id, self.number)


@dataclass(slots=True)
class Facts:
    """What the database knows about the numbers of the texts. ``said_since``: of numbers with a recovered keyword, when
    each later text came, what it meant for consent, and whether it came by itself. ``codes``: of numbers whose texts
    have six digits, the live codes."""

    providers: dict[str, Provider]
    seen: set[str]
    users: dict[str, tuple[int, ...]]
    profiles: dict[str, Profile]
    opted_out: dict[str, set[int]]
    words: CommandWords
    said_since: dict[str, list[tuple[datetime, Command | None, bool]]]
    codes: dict[str, list[proofs.LiveCode]]
    active: dict[tuple[str, int], Conversation]


_PROVIDERS = (
    select(*t.provider_numbers.c["id", "number", "first_responder", "queue_id"], *timers.ARMS)
    .select_from(t.provider_numbers.outerjoin(t.messaging_actions, timers.arms(Unanswered.REQUESTER_MESSAGE)))
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
_OPT_OUTS = select(*t.opt_outs.c["number", "provider_number_id"]).where(one_of(t.opt_outs.c.number, "numbers"))


def load(tx: Transaction, texts: Sequence[Text]) -> Facts:
    """What is known, with locks on the active interactions and profiles of the numbers, taken in this order."""
    numbers = sorted({text.requester_number for text in texts})
    ours = {text.provider_number for text in texts}.union(numbers)  # one of ours may text another
    providers = _load_providers(tx, sorted(ours))
    active_rows = tx.conn.execute(interactions.ACTIVE, {"numbers": numbers}).all()  # first, for their locks
    found = tx.conn.execute(_PROFILES, {"numbers": numbers})
    profiles = {r.number: Profile(r.user_id, r.id, r.not_user_id) for r in found}
    opted_out: dict[str, set[int]] = {number: set() for number in numbers}
    for r in tx.conn.execute(_OPT_OUTS, {"numbers": numbers}):  # under the profiles' locks
        opted_out[r.number].add(r.provider_number_id)
    users: dict[str, list[int]] = {}
    for r in tx.conn.execute(_USERS, {"numbers": numbers}):
        users.setdefault(r.number, []).append(r.user_id)
    by_id = {p.id: p for p in providers.values()}
    active = {
        (i.requester_number, i.provider_number_id): Conversation(
            number=i.requester_number,
            provider=by_id[i.provider_number_id],
            profile=profiles.get(i.requester_number) or Profile(i.user_id, i.profile_id),
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
    words = desk.commands(tx.conn) if any(consent_keywords.may_be_word(text.body) for text in texts) else {}
    lost = [text for text in texts if text.sent_at is not None and consent_keywords.word(text.body, words) is not None]
    with_digits = {text.requester_number for text in texts if may_hold_code(text.body)}
    return Facts(
        providers=providers,
        seen=seen,
        users={n: tuple(u) for n, u in users.items()},
        profiles=profiles,
        opted_out=opted_out,
        words=words,
        said_since=_said_since(tx, lost, words) if lost else {},
        codes=proofs.live_codes(tx.conn, with_digits, tx.now) if with_digits else {},
        active=active,
    )


def _said_since(
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
        said = consent_keywords.word(r.body, words)
        found.setdefault(r.requester_number, []).append((r.created_at, said, r.event != Event.RECOVERED))
    return found


def _load_providers(tx: Transaction, numbers: list[str]) -> dict[str, Provider]:
    """The provider numbers, each with the messaging actions whose timers a requester's text there starts."""
    providers: dict[str, Provider] = {}
    for r in tx.conn.execute(_PROVIDERS, {"numbers": numbers}):
        made = providers.setdefault(r.number, Provider(r.id, FirstResponder(r.first_responder), r.queue_id))
        if r.action_id is not None:
            made.arms.append(timers.arms_of(r))
    return providers

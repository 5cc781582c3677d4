"""Take in texts: tables 1 and 2 of the product page, in one transaction for all the texts that wait.

One SELECT a table loads the facts, each text is decided in memory, one statement a table writes. What is
acknowledged after this could be finished by a reader of the disk alone: the text, its profile, its interaction and
the work it needs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select

from handoff_service.operations import hide_answers
from handoff_service.operations.choose_queue import About, choose_queue
from handoff_service.operations.hand_off import hand_off
from handoff_service.operations.obey_command import obey_commands
from handoff_service.operations.obey_consent import Word, obey_consent
from handoff_service.operations.return_to_bot import go_back
from handoff_service.operations.say import tell, tell_onlookers
from handoff_service.rules import consent, profile_matching, requester_initiated, states
from handoff_service.rules.commands import CONSENT, Command, Words
from handoff_service.rules.messaging_actions import begins
from handoff_service.rules.profile_matching import NumberFacts
from handoff_service.rules.proof import Expects, hidden, may_hold_code
from handoff_service.rules.requester_initiated import Step
from handoff_service.rules.states import Act
from handoff_service.rules.system_messages import wants_bot
from handoff_service.rules.vocabulary import (
    Author,
    Direction,
    Event,
    FirstResponder,
    Kind,
    MediaStatus,
    Owner,
    State,
    Status,
    Unanswered,
    Work,
    WorkItemState,
)
from handoff_service.store import desk, due, interactions, proofs, timers
from handoff_service.store import tables as t
from handoff_service.store.bulk import insert_rows, update_rows
from handoff_service.store.lanes import SetBased, Transaction
from handoff_service.store.several import one_of
from handoff_service.store.work_items import TAKES_WORK


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or file that came with a text: where the provider keeps it, and its media type."""

    url: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text from a requester. ``sid`` is the provider's id for it (Twilio: MessageSid). ``answered_as``: the keyword
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


class Outcome(StrEnum):
    STORED = "stored"
    REPEAT = "repeat"
    UNKNOWN_NUMBER = "unknown_number"


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a text."""

    outcome: Outcome
    interaction_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Provider:
    id: int
    first_responder: FirstResponder
    queue_id: int
    arms: list[timers.Arms] = field(default_factory=list)


@dataclass(slots=True)
class _Profile:
    user: int | None
    id: int = 0
    not_user: int | None = None


@dataclass(slots=True)
class _Conversation:
    """A line's active interaction while texts are put into it; ``id`` is 0 until it is made.

    ``unanswered``: the open run; ``began``: these texts began it; ``ended``: and ended another. ``answers``: what was
    texted as a secret, which the texts themselves no longer hold. ``about_consent``: those that opt out
    or in, or ask for help.
    """

    number: str
    provider: _Provider
    profile: _Profile
    user: int | None
    owner: Owner
    queue_id: int | None
    reason: str | None = None
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
    about_consent: list[tuple[Text, consent.If]] = field(default_factory=list)

    @property
    def line(self) -> str:
        return interactions.line(self.provider.id, self.number)


@dataclass(slots=True)
class _Facts:
    """What the database knows about the numbers of the texts. ``said_since``: of numbers with a recovered keyword, when
    each later text came, what it meant for consent, and whether it came by itself. ``codes``: of numbers whose texts
    have six digits, the live codes."""

    providers: dict[str, _Provider]
    seen: set[str]
    users: dict[str, tuple[int, ...]]
    profiles: dict[str, _Profile]
    opted_out: dict[str, set[int]]
    words: Words
    said_since: dict[str, list[tuple[datetime, Command | None, bool]]]
    codes: dict[str, list[proofs.LiveCode]]
    active: dict[tuple[str, int], _Conversation]


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
_NEW_PROFILES = insert(t.messaging_profiles).returning(*t.messaging_profiles.c["id", "number"])
_NEW_MEDIA = insert(t.media).returning(t.media.c.id)
_NEW_INTERACTIONS = insert(t.interactions).returning(*t.interactions.c["id", "requester_number", "provider_number_id"])


def _receive(tx: Transaction, texts: Sequence[Text]) -> list[Received]:
    facts = _load(tx, texts)
    tied: dict[str, _Profile] = {}
    answers: list[tuple[Outcome, _Conversation | None] | Text] = []
    for text in texts:
        provider = facts.providers.get(text.provider_number)
        if provider is None:
            answers.append((Outcome.UNKNOWN_NUMBER, None))
        elif text.sid in facts.seen:
            answers.append((Outcome.REPEAT, None))
        elif _is_ending(facts, text, provider):
            answers.append(text)  # a STOP before it closes the conversation: it begins another
        else:
            facts.seen.add(text.sid)
            answers.append((Outcome.STORED, _put(tx, text, provider, facts, tied)))
    touched = {id(a[1]): a[1] for a in answers if not isinstance(a, Text) and a[1] is not None}.values()
    _write_profiles(tx, facts.profiles, tied)
    _write_interactions(tx, touched)
    _write_messages(tx, touched)
    _write_work(tx, touched, _write_media(tx, touched))
    _go_back(tx, touched)
    obey_commands(tx, {c.id: [text.body for _, text in c.texts] for c in touched if c.owner is not Owner.AGENT})
    for c in touched:
        for text, means in c.about_consent:
            obey_consent(tx, c.id, Word(means, text.body, answered=text.answered_as is not None))
    _reassign(tx, [c.id for c in touched if c.owner is Owner.AGENT])
    tell(tx, [c.id for c in touched if c.owner is Owner.AGENT])
    for c in touched:
        if c.owner is not Owner.AGENT:
            tell_onlookers(tx, c.id, c.number)
    behind = [a for a in answers if isinstance(a, Text)]
    received = iter(_receive(tx, behind) if behind else ())
    return [next(received) if isinstance(a, Text) else Received(a[0], a[1].id if a[1] else None) for a in answers]


receive_sms: SetBased[Text, Received] = SetBased(_receive)


def _load(tx: Transaction, texts: Sequence[Text]) -> _Facts:
    numbers = sorted({text.requester_number for text in texts})
    providers = _load_providers(tx, sorted({text.provider_number for text in texts}))
    active_rows = tx.conn.execute(interactions.ACTIVE, {"numbers": numbers}).all()  # first, for their locks
    found = tx.conn.execute(_PROFILES, {"numbers": numbers})
    profiles = {r.number: _Profile(r.user_id, r.id, r.not_user_id) for r in found}
    opted_out: dict[str, set[int]] = {number: set() for number in numbers}
    for r in tx.conn.execute(_OPT_OUTS, {"numbers": numbers}):  # under the profiles' locks
        opted_out[r.number].add(r.provider_number_id)
    users: dict[str, list[int]] = {}
    for r in tx.conn.execute(_USERS, {"numbers": numbers}):
        users.setdefault(r.number, []).append(r.user_id)
    by_id = {p.id: p for p in providers.values()}
    active = {
        (i.requester_number, i.provider_number_id): _Conversation(
            number=i.requester_number,
            provider=by_id[i.provider_number_id],
            profile=profiles.get(i.requester_number) or _Profile(i.user_id, i.profile_id),
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
    words = desk.commands(tx.conn) if any(consent.may_be_word(text.body) for text in texts) else {}
    lost = [text for text in texts if text.sent_at is not None and consent.may_be_word(text.body)]
    with_digits = {text.requester_number for text in texts if may_hold_code(text.body)}
    return _Facts(
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
    tx: Transaction, lost: Sequence[Text], words: Words
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
        said = consent.word(r.body, words) if consent.may_be_word(r.body) else None
        found.setdefault(r.requester_number, []).append((r.created_at, said, r.event != Event.RECOVERED))
    return found


def _load_providers(tx: Transaction, numbers: list[str]) -> dict[str, _Provider]:
    """The provider numbers, each with the messaging actions whose timers a requester's text there starts."""
    providers: dict[str, _Provider] = {}
    for r in tx.conn.execute(_PROVIDERS, {"numbers": numbers}):
        made = providers.setdefault(r.number, _Provider(r.id, FirstResponder(r.first_responder), r.queue_id))
        if r.action_id is not None:
            made.arms.append(timers.arms_of(r))
    return providers


def _put(tx: Transaction, text: Text, provider: _Provider, facts: _Facts, tied: dict[str, _Profile]) -> _Conversation:
    """Decide one text by tables 1 and 2."""
    number = text.requester_number
    profile = facts.profiles.get(number)
    match = profile_matching.match(
        NumberFacts(
            users=facts.users.get(number, ()),
            has_profile=profile is not None,
            profile_user=profile.user if profile else None,
            not_user=profile.not_user if profile else None,
        )
    )
    if profile is None:
        profile = facts.profiles[number] = _Profile(match.user)
    elif match.tie_profile:
        profile.user = match.user
        tied[number] = profile
    conversation = facts.active.get((number, provider.id))
    steps = requester_initiated.TABLE[requester_initiated.situation(conversation.owner if conversation else None)]
    opted_out = not facts.opted_out[number].isdisjoint({consent.EVERY_NUMBER, provider.id})
    if conversation is None or Step.CREATE in steps:
        first = requester_initiated.first_owner(
            provider.first_responder, bot_answers=tx.terms.bot_answers, opted_out=opted_out
        )
        conversation = facts.active[(number, provider.id)] = _Conversation(
            number=number,
            provider=provider,
            profile=profile,
            user=match.user,
            owner=first.owner,
            queue_id=_queue(tx, provider, match.user, first.owner),
            reason=first.reason,
        )
    elif conversation.user is None and match.tie_profile:
        conversation.user = match.user
    _note_consent(text, conversation, facts, tx.now, opted_out=opted_out)
    conversation.state = states.TABLE[conversation.state][Act.REQUESTER_WRITES]
    run = begins(Author.REQUESTER, conversation.unanswered)
    if run is not None:
        conversation.began, conversation.ended = True, conversation.unanswered is not None
        conversation.unanswered = run
    conversation.seq += 1
    conversation.texts.append((conversation.seq, _hide(tx, text, conversation, facts.codes.get(number))))
    return conversation


def _hide(tx: Transaction, text: Text, conversation: _Conversation, codes: list[proofs.LiveCode] | None) -> Text:
    """Without what was texted as a secret; an answer to what is asked is kept apart."""
    expects = conversation.expects
    if expects is not None and (secret := hidden(expects, text.body)) is not None:
        conversation.answers.append((conversation.seq, secret.guesses))
        return replace(text, body=secret.body)
    if codes is None or expects in (Expects.CODE, Expects.CHOICE):
        return text
    return replace(text, body=hide_answers.unasked(tx.terms.link_key, expects, codes, text.body))


def _is_ending(facts: _Facts, text: Text, provider: _Provider) -> bool:
    conversation = facts.active.get((text.requester_number, provider.id))
    if conversation is None or conversation.owner is Owner.AGENT:
        return False
    return any(consent.Step.CLOSE in consent.TABLE[means] for _, means in conversation.about_consent)


def _note_consent(text: Text, conversation: _Conversation, facts: _Facts, now: datetime, *, opted_out: bool) -> None:
    """Keep what the text means for consent, and what holds for the texts behind it."""
    word = text.answered_as or (consent.word(text.body, facts.words) if consent.may_be_word(text.body) else None)
    if text.sent_at is not None and word in CONSENT:
        since = facts.said_since.get(text.requester_number, [])
        if consent.is_overruled(word, ((said, sure) for at, said, sure in since if at >= text.sent_at)):
            return
    elif word in CONSENT and text.requester_number in facts.said_since:
        facts.said_since[text.requester_number].append((now, word, True))
    means = consent.situation(
        word,
        opted_out=opted_out,
        bot_answers=conversation.owner is Owner.VIRTUAL_AGENT,
        is_answered=text.answered_as is not None and conversation.seq == 0,
    )
    if means is consent.If.ANYTHING_ELSE:
        return
    conversation.about_consent.append((text, means))
    held = facts.opted_out[conversation.number]
    if means in (consent.If.OPTS_OUT, consent.If.OPTS_OUT_AGAIN):
        held.add(consent.EVERY_NUMBER)
    elif means is consent.If.OPTS_IN:
        held -= {consent.EVERY_NUMBER, conversation.provider.id}


def _queue(tx: Transaction, provider: _Provider, user: int | None, owner: Owner) -> int:
    """Whoever is answered by live agents first waits where the conversation belongs; the bot decides that later."""
    if owner is not Owner.QUEUE:
        return provider.queue_id
    return choose_queue(tx, About(provider_number_id=provider.id, user_id=user, collected={}))


def _write_profiles(tx: Transaction, profiles: dict[str, _Profile], tied: dict[str, _Profile]) -> None:
    new = {number: p for number, p in profiles.items() if p.id == 0}
    if new:
        rows = [{"number": n, "user_id": p.user, "active": True, "created_at": tx.now} for n, p in new.items()]
        for row in tx.conn.execute(_NEW_PROFILES, rows):
            new[row.number].id = row.id
    changed = [{"id": p.id, "user_id": p.user} for n, p in tied.items() if n not in new]
    update_rows(tx.conn, t.messaging_profiles, changed)


def _write_interactions(tx: Transaction, conversations: Iterable[_Conversation]) -> None:
    new = {(c.number, c.provider.id): c for c in conversations if c.id == 0}
    old = [c for c in conversations if c.id]
    if new:
        rows = [
            {
                "requester_number": c.number,
                "provider_number_id": c.provider.id,
                "profile_id": c.profile.id,
                "user_id": c.user,
                "state": c.state,
                "priority": 3,
                "owner": c.owner,
                "epoch": c.epoch,
                "queue_id": c.queue_id,
                "last_seq": c.seq,
                "opened_at": tx.now,
                "last_message_at": tx.now,
                "unanswered": c.unanswered,
            }
            for c in new.values()
        ]
        for row in tx.conn.execute(_NEW_INTERACTIONS, rows):
            new[(row.requester_number, row.provider_number_id)].id = row.id
    update_rows(
        tx.conn,
        t.interactions,
        [{"id": c.id, "last_seq": c.seq, "last_message_at": tx.now, "state": c.state, "user_id": c.user} for c in old],
    )
    update_rows(tx.conn, t.interactions, [{"id": c.id, "unanswered": c.unanswered} for c in old if c.began])


def _write_messages(tx: Transaction, conversations: Iterable[_Conversation]) -> None:
    rows = [
        {
            "interaction_id": c.id,
            "seq": seq,
            "kind": Kind.MESSAGE,
            "direction": Direction.INBOUND,
            "author": Author.REQUESTER,
            "body": text.body,
            "status": Status.RECEIVED,
            "owner": c.owner,
            "epoch": c.epoch,
            "provider_sid": text.sid,
            "event": Event.RECOVERED if text.recovered else None,
            "reason": text.recovered,
            "created_at": tx.now,
        }
        for c in conversations
        for seq, text in c.texts
    ]
    insert_rows(tx.conn, t.messages, rows)
    for c in conversations:
        hide_answers.keep(tx, c.id, c.expects, c.answers)


def _write_media(tx: Transaction, conversations: Iterable[_Conversation]) -> list[due.Due]:
    """What came with texts, and the work of fetching it. Texts without media cost nothing here."""
    with_media = {text.sid: text.media for c in conversations for _, text in c.texts if text.media}
    if not with_media:
        return []
    m = t.messages
    found = tx.conn.execute(select(m.c.id, m.c.provider_sid).where(one_of(m.c.provider_sid, with_media))).all()
    rows = [
        {
            "message_id": r.id,
            "position": n,
            "url": medium.url,
            "content_type": medium.content_type,
            "status": MediaStatus.WAITING,
            "created_at": tx.now,
        }
        for r in found
        for n, medium in enumerate(with_media[r.provider_sid])
    ]
    made = tx.conn.execute(_NEW_MEDIA, rows).scalars()
    return [due.Due(kind=Work.FETCH_MEDIA, key=str(i), line=f"media:{i}", due_at=tx.now) for i in made]


def _write_work(tx: Transaction, conversations: Iterable[_Conversation], fetching: list[due.Due]) -> None:
    """Ask the bot after a silence, or put a new conversation of live agents into its queue; start timers."""
    ends, at_latest = tx.terms.burst_ends(tx.now)
    work = [
        due.Due(kind=Work.BOT_TURN, key=str(c.id), line=c.line, due_at=ends, latest=at_latest)
        for c in conversations
        if c.owner is Owner.VIRTUAL_AGENT
    ]
    queued = [c for c in conversations if c.owner is Owner.QUEUE and c.epoch == 1 and c.texts[0][0] == 1]
    if queued:
        tx.conn.execute(
            insert(t.work_items),
            [
                {
                    "interaction_id": c.id,
                    "queue_id": c.queue_id,
                    "state": WorkItemState.QUEUED,
                    "reason": c.reason,
                    "collected": {},
                    "created_at": tx.now,
                }
                for c in queued
            ],
        )
        work.append(due.Due(kind=Work.OFFER_WORK, key=due.DESK_LINE, line=due.DESK_LINE, due_at=tx.now))
    runs = [timers.Run(c.id, c.line, c.queue_id, c.ended, c.provider.arms) for c in conversations if c.began]
    due.arm(tx, work + fetching + timers.begin(tx, runs))


def _go_back(tx: Transaction, conversations: Iterable[_Conversation]) -> None:
    """Who waits in a queue and texts BOT goes back to the virtual agent."""
    if not tx.terms.bot_answers:
        return
    for c in conversations:
        if c.owner is Owner.QUEUE and any(wants_bot(text.body) for _, text in c.texts):
            go_back(tx, interactions.lock(tx.conn, c.id))


_UNATTENDED = (
    select(t.interactions.c.id, t.agents.c.name, t.agents.c.presence)
    .join(t.agents, t.agents.c.id == t.interactions.c.assigned_to)
    .join(t.desk, t.desk.c.reassign_when_away)
    .where(one_of(t.interactions.c.id, "ids"), ~TAKES_WORK)
)


def _reassign(tx: Transaction, ids: list[int]) -> None:
    """If the desk wants it, a text to a conversation whose agent is not there is offered anew."""
    for r in tx.conn.execute(_UNATTENDED, {"ids": ids}).all() if ids else ():
        hand_off(tx, interactions.lock(tx.conn, r.id), f"{r.name} is {r.presence.replace('_', ' ')}.", {})

"""Load the facts about the texts' numbers, in one SELECT per table."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select

from handoff_service.operations.conversations.receive_sms.facts import (
    Conversation,
    LoadedFacts,
    Provider,
    TextingProfile,
)
from handoff_service.operations.conversations.receive_sms.text import Text
from handoff_service.rules.consent import consent_keywords
from handoff_service.rules.delivery.senders import why_unanswerable
from handoff_service.rules.identity.proof import Expects
from handoff_service.rules.identity.secrets_in_texts import may_contain_code
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

_PROVIDERS = (
    select(
        *t.provider_numbers.c["id", "number", "first_responder", "queue_id"],
        *timers.ARMED_COLUMNS,
        # most desks never ask the question, so their texts need no further query
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


def load_facts(tx: Transaction, texts: Sequence[Text]) -> LoadedFacts:
    """Load the facts. Locks the numbers' active interactions, then their profiles."""
    numbers = sorted({text.requester_number for text in texts})
    # one company number may text another
    ours = {text.provider_number for text in texts}.union(numbers)
    providers = _load_providers(tx, sorted(ours))
    # this query is first, because it locks the interactions
    active_rows = tx.conn.execute(interactions.ACTIVE, {"numbers": numbers}).all()
    found = tx.conn.execute(_PROFILES, {"numbers": numbers})
    profiles = {r.number: TextingProfile(r.user_id, r.id, r.not_user_id) for r in found}
    # an erased number has no profile when it texts again
    kept_opt_outs.apply_again(tx, [number for number in numbers if number not in profiles])
    opted_out: dict[str, set[int]] = {number: set() for number in numbers}
    for r in tx.conn.execute(_OPT_OUTS, {"numbers": numbers}):  # after the profiles are locked
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
    with_digits = {text.requester_number for text in texts if may_contain_code(text.body)}
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
    """The provider numbers, each with the messaging actions for which a requester's text starts a
    timer."""
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

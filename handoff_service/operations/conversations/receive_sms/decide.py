"""Decide in memory what happens with one text, by tables 1 and 2 of docs/product.md."""

from dataclasses import replace
from datetime import datetime

from handoff_service.operations.conversations.receive_sms.facts import (
    Conversation,
    LoadedFacts,
    Provider,
    TextingProfile,
)
from handoff_service.operations.conversations.receive_sms.text import Text
from handoff_service.operations.routing.choose_queue import About, QueueChooser
from handoff_service.operations.virtual_agent import redact_secrets
from handoff_service.rules.consent import consent_keywords
from handoff_service.rules.consent.opt_out_requests import opt_out_intent
from handoff_service.rules.conversations import requester_initiated, states
from handoff_service.rules.conversations.requester_initiated import RequesterWritesStep
from handoff_service.rules.conversations.states import Transition
from handoff_service.rules.delivery.senders import why_unanswerable
from handoff_service.rules.identity import profile_matching
from handoff_service.rules.identity.profile_matching import NumberFacts
from handoff_service.rules.identity.proof import Expects
from handoff_service.rules.identity.secrets_in_texts import redact
from handoff_service.rules.messaging_actions.messaging_actions import begins
from handoff_service.rules.shared.vocabulary import Author, Owner, State
from handoff_service.rules.virtual_agent.commands import CONSENT
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity import proof_codes


def put(
    tx: Transaction,
    text: Text,
    provider: Provider,
    facts: LoadedFacts,
    tied: dict[str, TextingProfile],
    queues: QueueChooser,
) -> Conversation:
    """Add a text to its line's conversation, or start a conversation with it. This updates
    ``facts`` for later texts, and ``tied``: number -> profile that gets another user."""
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
        profile = facts.profiles[number] = TextingProfile(match.user)
    elif match.tie_profile:
        profile.user = match.user
        tied[number] = profile
    unanswerable = why_unanswerable(number, is_own=number in facts.providers)
    conversation = facts.active.get((number, provider.id))
    steps = requester_initiated.TABLE[
        requester_initiated.situation(conversation.owner if conversation else None)
    ]
    opted_out = not facts.opted_out[number].isdisjoint({consent_keywords.EVERY_NUMBER, provider.id})
    if conversation is None or RequesterWritesStep.CREATE in steps:
        first = requester_initiated.first_owner(
            provider.first_responder,
            bot_answers=tx.settings.bot_answers,
            opted_out=opted_out,
            unanswerable=unanswerable,
            queues_unanswerable=facts.queues_unanswerable,
        )
        conversation = facts.active[(number, provider.id)] = Conversation(
            number=number,
            provider=provider,
            profile=profile,
            user=match.user,
            owner=first.owner,
            queue_id=_queue(queues, provider, match.user, first.owner),
            reason=first.reason,
        )
    elif conversation.user is None and match.tie_profile:
        conversation.user = match.user
    conversation.unanswerable = unanswerable
    if unanswerable is None:
        _note_consent(text, conversation, facts, tx.now, opted_out=opted_out)
    ends_hold = conversation.state is State.ON_HOLD
    conversation.state = states.TRANSITIONS[conversation.state][Transition.REQUESTER_WRITES]
    streak = begins(Author.REQUESTER, conversation.unanswered)
    # a text that nobody can answer starts no unanswered streak
    if streak is not None and unanswerable is None:
        conversation.began, conversation.ended = True, conversation.unanswered is not None
        conversation.unanswered = streak
    conversation.seq += 1
    conversation.texts.append(
        (conversation.seq, _without_secret(tx, text, conversation, facts.codes.get(number)))
    )
    if ends_hold:
        conversation.seq += 1
        conversation.ended_holds.append(conversation.seq)
    return conversation


def _without_secret(
    tx: Transaction,
    text: Text,
    conversation: Conversation,
    codes: list[proof_codes.LiveCode] | None,
) -> Text:
    """The text without its secret. If the text may answer an identity question, this adds the
    possible answers to ``conversation.answers``."""
    expects = conversation.expects
    if expects is not None and (secret := redact(expects, text.body)) is not None:
        conversation.answers.append((conversation.seq, secret.guesses))
        return replace(text, body=secret.body)
    if codes is None or expects in (Expects.CODE, Expects.CHOICE):
        return text
    return replace(
        text, body=redact_secrets.redact_codes(tx.settings.keys, expects, codes, text.body)
    )


def is_ending(facts: LoadedFacts, text: Text, provider: Provider) -> bool:
    """Whether an earlier text in this batch closes the conversation to which this text belongs."""
    conversation = facts.active.get((text.requester_number, provider.id))
    if conversation is None or conversation.owner is Owner.AGENT:
        return False
    return any(
        consent_keywords.ConsentStep.CLOSE in consent_keywords.TABLE[means]
        for _, means in conversation.about_consent
    )


def _note_consent(
    text: Text, conversation: Conversation, facts: LoadedFacts, now: datetime, *, opted_out: bool
) -> None:
    """Record what the text means for consent, and update the facts about consent for later
    texts."""
    word = text.answered_as or consent_keywords.word(text.body, facts.words)
    if text.sent_at is not None and word in CONSENT:
        since = facts.later_texts.get(text.requester_number, [])
        if consent_keywords.is_overruled(
            word, ((meaning, sure) for at, meaning, sure in since if at >= text.sent_at)
        ):
            return
    elif word in CONSENT and text.requester_number in facts.later_texts:
        facts.later_texts[text.requester_number].append((now, word, True))
    is_first = conversation.seq == 0
    means = consent_keywords.situation(
        word,
        opted_out=opted_out,
        bot_answers=conversation.owner is Owner.VIRTUAL_AGENT,
        is_answered=text.answered_as is not None and is_first,
        begins=is_first,
        opt_out_intent=opt_out_intent(text.body, first=is_first) if word is None else None,
    )
    if means is consent_keywords.ConsentSituation.ANYTHING_ELSE:
        return
    conversation.about_consent.append((text, means))
    held = facts.opted_out[conversation.number]
    if means in (
        consent_keywords.ConsentSituation.OPTS_OUT,
        consent_keywords.ConsentSituation.OPTS_OUT_AGAIN,
    ):
        held.add(consent_keywords.EVERY_NUMBER)
    elif means is consent_keywords.ConsentSituation.OPTS_IN:
        held -= {consent_keywords.EVERY_NUMBER, conversation.provider.id}


def _queue(queues: QueueChooser, provider: Provider, user: int | None, owner: Owner) -> int:
    """The queue of a new conversation. If the virtual agent answers first, this is the company
    number's queue, and a handoff chooses the queue again."""
    if owner is not Owner.QUEUE:
        return provider.queue_id
    return queues.choose(About(provider_number_id=provider.id, user_id=user, collected={}))

"""Do what a requester's text means for consent, in the transaction that takes the text in; see ``rules/consent.py``."""

from dataclasses import dataclass

from handoff_service.operations import say
from handoff_service.operations.change_consent import Change, record_in
from handoff_service.operations.change_interaction import end
from handoff_service.rules.consent import TABLE, If, Source, Step
from handoff_service.rules.vocabulary import Author, Event, Owner, State
from handoff_service.store import interactions, texts
from handoff_service.store.interactions import Interaction
from handoff_service.store.lanes import Transaction

SAID_STOP = "The requester opted out"
SAID_START = "The requester opted in"


@dataclass(frozen=True, slots=True)
class Word:
    """What a text means, as it was written; ``answered``: the provider has answered it by itself."""

    means: If
    words: str
    answered: bool


def obey_consent(tx: Transaction, interaction_id: int, word: Word) -> None:
    """Whoever receives texts holds the locks on the interaction and on the number's profile."""
    interaction = interactions.lock(tx.conn, interaction_id)
    steps = TABLE[word.means]
    opts_in = word.means is If.OPTS_IN
    if Step.RECORD in steps:
        _record(tx, interaction, word, opted_out=not opts_in)
    if Step.CONFIRM in steps and not word.answered:
        confirmation = texts.opted_in(tx.conn) if opts_in else texts.opted_out(tx.conn)
        say.text(tx, interaction, confirmation, Author.SYSTEM, event=None if opts_in else Event.CONSENT)
    if Step.HELP in steps and not word.answered:
        say.text(tx, interaction, texts.help_text(tx.conn), Author.SYSTEM, event=Event.CONSENT)
    if Step.CLOSE in steps and interaction.active and interaction.owner is not Owner.AGENT:
        state = State.CLOSED_COMPLETE if opts_in else State.CLOSED_ABANDONED
        end(tx, interaction, state, said=SAID_START if opts_in else SAID_STOP)


def _record(tx: Transaction, interaction: Interaction, word: Word, *, opted_out: bool) -> None:
    change = Change(
        number=interaction.requester_number,
        opted_out=opted_out,
        source=Source.KEYWORD,
        provider_number_id=None if opted_out else interaction.provider_number_id,
        words=word.words.strip(),
    )
    record_in(tx, interaction, change)

"""The columns with the facts of conversations: how each is stored, and what it means.

The table ``conversation_facts``, the export and the packed days have these columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ColumnKind(StrEnum):
    NUMBER = "number"  # a whole number, an id, or 0 and 1
    MONEY = "money"  # millionths of the currency
    WORD = "word"
    LIST = "list"  # whole numbers, stored as text with spaces between them
    WORDS = "words"  # a list of words, stored as text with one on each line


@dataclass(frozen=True, slots=True)
class FactColumn:
    kind: ColumnKind
    meaning: str


_NUMBER, _WORD, _LIST = ColumnKind.NUMBER, ColumnKind.WORD, ColumnKind.LIST
COLUMNS: Mapping[str, FactColumn] = {
    "queue_id": FactColumn(_NUMBER, "the queue of the conversation"),
    "provider_number_id": FactColumn(_NUMBER, "the company number"),
    "agent_id": FactColumn(_NUMBER, "the agent who had it last"),
    "priority": FactColumn(_NUMBER, "its priority, from 1 to 5"),
    "labels": FactColumn(_LIST, "ids of its labels"),
    "attribute_values": FactColumn(
        ColumnKind.WORDS, "its attributes with choices or with yes and no, such as urgent=yes"
    ),
    "language": FactColumn(_WORD, "the requester's language"),
    "topic": FactColumn(_WORD, "the topic that an agent chose, else the first bot topic"),
    "began": FactColumn(_WORD, "virtual_agent, live_agent, or desk: the desk texted first"),
    "bot_result": FactColumn(_WORD, "solved, handed_over, abandoned or open"),
    "handoff_reason": FactColumn(
        _WORD, "why it first went to a queue; null unless it began with the virtual agent"
    ),
    "is_closed": FactColumn(_NUMBER, "1: closed"),
    "is_abandoned": FactColumn(_NUMBER, "1: its state is Closed Abandoned"),
    "was_queued": FactColumn(_NUMBER, "1: it waited in a queue, apart from agents' transfers"),
    "is_abandoned_waiting": FactColumn(
        _NUMBER, "1: it waited in a queue and was closed before an agent got it"
    ),
    "was_reopened": FactColumn(_NUMBER, "1: it was reopened after it was closed"),
    "came_back": FactColumn(_NUMBER, "1: the requester began another one within 7 days"),
    "is_durable": FactColumn(_NUMBER, "1: closed complete, and the requester did not come back"),
    "first_response": FactColumn(_NUMBER, "seconds from the queue to the agent's first text"),
    "first_response_business": FactColumn(_NUMBER, "the same in opening hours"),
    "waiting": FactColumn(_NUMBER, "seconds in the queue until an agent got it"),
    "handling": FactColumn(_NUMBER, "seconds from an agent getting it to closing"),
    "resolution": FactColumn(_NUMBER, "seconds from opening to closing"),
    "resolution_business": FactColumn(_NUMBER, "the same in opening hours"),
    "next_responses": FactColumn(_LIST, "seconds from each later text to the agent's answer"),
    "next_responses_business": FactColumn(_LIST, "the same in opening hours"),
    "texts_in": FactColumn(_NUMBER, "texts of the requester"),
    "texts_out": FactColumn(_NUMBER, "texts to the requester that the provider accepted"),
    "delivered": FactColumn(_NUMBER, "texts that were delivered"),
    "failed_codes": FactColumn(
        _LIST, "the provider's error code of each failed text; 0 if it gave none"
    ),
    "segments": FactColumn(_NUMBER, "segments of the texts to the requester"),
    "cost": FactColumn(ColumnKind.MONEY, "the provider's prices, in millionths"),
    "currency": FactColumn(_WORD, "the currency of the cost"),
    "not_understood": FactColumn(_NUMBER, "turns that the virtual agent did not understand"),
    "promises_kept": FactColumn(_NUMBER, "promises of agents that were kept"),
    "promises_missed": FactColumn(_NUMBER, "promises of agents that were missed"),
    "was_asked": FactColumn(_NUMBER, "1: the requester was asked how it went"),
    "grade": FactColumn(_NUMBER, "the requester's answer, from 1 to 5"),
    "solved_by": FactColumn(
        _WORD, "if asked: agent when an agent or a queue had it, else virtual_agent"
    ),
    "answered_by": FactColumn(_LIST, "the agent of each text that an agent wrote"),
    "accepted_by": FactColumn(_LIST, "the agent of each accepted offer"),
    "declined_by": FactColumn(_LIST, "the agent of each declined offer"),
    "expired_by": FactColumn(_LIST, "the agent of each expired offer"),
    "first_response_target": FactColumn(_NUMBER, "1: met its target, 0: missed it"),
    "resolution_target": FactColumn(_NUMBER, "1: met its target, 0: missed it"),
    "next_responses_met": FactColumn(_NUMBER, "later answers that met their target"),
    "next_responses_missed": FactColumn(_NUMBER, "later answers that missed their target"),
}

"""Template filters that show the phrases for stored words. A stored word without a phrase, such as
a presence that an admin added, is shown as it is stored."""

from collections.abc import Callable, Mapping

from handoff_service.rules.conversations.media_failures import media_failure
from handoff_service.rules.identity.identity_level import LEVELS, METHODS
from handoff_service.rules.shared.bot_action_words import action_name
from handoff_service.rules.shared.collected_words import fact_name, fact_value
from handoff_service.rules.shared.intent_words import intent_name
from handoff_service.rules.shared.phrases import capitalized, uncapitalized, without_stop
from handoff_service.rules.shared.stored_sentences import (
    decision,
    provider_answer,
    reason,
    stored,
    stored_line,
)
from handoff_service.rules.shared.vocabulary_words import (
    AUTHORS,
    CASE_FIELDS,
    CASE_IMPACTS,
    CASE_KINDS,
    CASE_STATES,
    OFFER_OUTCOMES,
    PRESENCES,
    STATES,
    TARGETS,
)
from handoff_service.web.shared.devices import device_words
from handoff_service.web.shared.template_filters import words


def _of(table: Mapping[str, str]) -> Callable[[str], str]:
    return lambda stored: table.get(stored) or words(stored)


_OF_CASES = {"state": CASE_STATES, "kind": CASE_KINDS, "impact": CASE_IMPACTS}


def _case_value(value: object, field: str) -> str:
    """Return the phrase for the value of a case's field, for the case's history."""
    return _OF_CASES.get(field, {}).get(str(value)) or words(str(value))


FILTERS: Mapping[str, Callable[..., str]] = {
    "stored": stored,
    "stored_line": stored_line,
    "stored_reason": reason,
    "provider_answer": provider_answer,
    "decision_words": decision,
    "capitalized": capitalized,
    "uncapitalized": uncapitalized,
    "without_stop": without_stop,
    "intent_words": intent_name,
    "action_words": action_name,
    "fact_words": fact_name,
    "fact_value": fact_value,
    "media_failure": media_failure,
    "device_words": device_words,
    "state_words": _of(STATES),
    "presence_words": _of(PRESENCES),
    "level_words": _of(LEVELS),
    "method_words": _of(METHODS),
    "author_words": _of(AUTHORS),
    "case_field_words": _of(CASE_FIELDS),
    "case_value_words": _case_value,
    "case_state_words": _of(CASE_STATES),
    "case_kind_words": _of(CASE_KINDS),
    "impact_words": _of(CASE_IMPACTS),
    "outcome_words": _of(OFFER_OUTCOMES),
    "target_words": _of(TARGETS),
}

"""The phrases that pages show for stored words. The template filter ``words`` uses this table."""

from collections.abc import Mapping

from handoff_service.rules.desk.audit import ACTION_WORDS, SUBJECT_WORDS
from handoff_service.rules.desk.labels import COLOR_WORDS
from handoff_service.rules.desk.record_changes import NOUN_WORDS
from handoff_service.rules.shared.phrases import Phrase
from handoff_service.rules.shared.vocabulary_words import WORDS

_TABLES: tuple[Mapping[str, Phrase], ...] = (
    COLOR_WORDS,
    SUBJECT_WORDS,
    ACTION_WORDS,
    NOUN_WORDS,
    WORDS,
)
KNOWN_WORDS = {name: words for table in _TABLES for name, words in table.items()}

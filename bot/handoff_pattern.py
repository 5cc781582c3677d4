"""A component of the pipeline that recognizes a request for a person by its words.

The nearness gate stops texts that are unlike the examples, but it must never stop a request for a
person. Therefore `patterns` recognize such a request in English and Spanish. The classifier decides
on a text that matches `unless` ("my agent app crashed", "I talked to a person yesterday").

In config.yml:
    intent    the intent of a matching text
    words     name -> alternatives; patterns and later words use them as <name>
    patterns  regular expressions that are searched in the words of the text, see `plain`
    unless    the same, for texts that are not a request
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

BY_PATTERN = "by_pattern"  # set on a message that matched


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class HandoffPattern(GraphComponent, IntentClassifier):
    """See the module's docstring. Its place is after the fallback and before the nearness gate."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"intent": "talk_to_person", "words": {}, "patterns": [], "unless": []}

    def __init__(self, config: dict[str, Any]) -> None:
        self._intent = str(config["intent"])
        self._patterns = _compiled(config["patterns"], config["words"])
        self._unless = _compiled(config["unless"], config["words"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> HandoffPattern:
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            if not self._matches(plain(str(message.get(TEXT) or ""))):
                continue
            meant = {INTENT_NAME_KEY: self._intent, PREDICTED_CONFIDENCE_KEY: 1.0}
            ranking = message.get(INTENT_RANKING_KEY) or []
            others = [one for one in ranking if one[INTENT_NAME_KEY] != self._intent]
            message.set(INTENT, meant, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [meant, *others], add_to_output=True)
            message.set(BY_PATTERN, True)
        return messages

    def _matches(self, text: str) -> bool:
        if any(pattern.search(text) for pattern in self._unless):
            return False
        return any(pattern.search(text) for pattern in self._patterns)


def _compiled(patterns: list[str], words: dict[str, str]) -> list[re.Pattern[str]]:
    return [re.compile(rf"\b(?:{_with_words(pattern, words)})") for pattern in patterns]


def _with_words(pattern: str, words: dict[str, str]) -> str:
    for name, alternatives in reversed(words.items()):  # later words can contain earlier ones
        pattern = pattern.replace(f"<{name}>", f"(?:{alternatives})")
    return pattern


def plain(text: str) -> str:
    """The words in lower case with single spaces, without accents, apostrophes and other marks."""
    bare = unicodedata.normalize("NFKD", text.lower())
    kept = "".join(c for c in bare if not unicodedata.combining(c) and c not in "'\u2019`")
    return " ".join(re.findall(r"\w+", kept))

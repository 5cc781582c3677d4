"""A pipeline component that makes sure that every requester who asks for a person gets one.

The gates stop texts that the classifier is not sure about, but they must never stop a request for a
person. Therefore this component recognizes such a request in two ways:
- The classifier gives the intent at least the probability `limit`, even if another intent is
  likelier, and the nearness of the text to the topics' examples is at least `near`.
- The words match one of `patterns`: a few unmistakable phrases in English and Spanish. The patterns
  are ignored for a text that matches `unless`, such as "my agent app crashed".

In config.yml:
    intent    the intent of a request for a person
    limit     the minimum probability (0 to 1) of the intent
    near      the minimum nearness (bot.sentence_classifier) of a text with that probability
    words     name -> alternatives; patterns and later words refer to them as <name>
    patterns  regular expressions, searched in the normalized text; see `plain`
    unless    regular expressions of texts that are not a request, searched in the same way
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

from bot.sentence_classifier import NEARNESS

WANTS_PERSON = "wants_person"  # set on a message that is a request for a person


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class HandoffPattern(GraphComponent, IntentClassifier):
    """See the module's docstring. In the pipeline, it comes after the fallback and before the
    nearness gate."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "intent": "talk_to_person",
            "limit": 1.0,
            "near": 0.1,
            "words": {},
            "patterns": [],
            "unless": [],
        }

    def __init__(self, config: dict[str, Any]) -> None:
        self._intent = str(config["intent"])
        self._limit, self._near = float(config["limit"]), float(config["near"])
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
            ranking = message.get(INTENT_RANKING_KEY) or []
            text = plain(str(message.get(TEXT) or ""))
            if not self._is_likely(ranking, message.get(NEARNESS)) and not self._matches(text):
                continue
            meant = {INTENT_NAME_KEY: self._intent, PREDICTED_CONFIDENCE_KEY: 1.0}
            others = [one for one in ranking if one[INTENT_NAME_KEY] != self._intent]
            message.set(INTENT, meant, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [meant, *others], add_to_output=True)
            message.set(WANTS_PERSON, True)
        return messages

    def _is_likely(self, ranking: list[dict[str, Any]], nearness: float | None) -> bool:
        chances = {one[INTENT_NAME_KEY]: one[PREDICTED_CONFIDENCE_KEY] for one in ranking}
        is_near = nearness is None or nearness >= self._near
        return is_near and chances.get(self._intent, 0.0) >= self._limit

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
    """The words of a text in lower case, separated by single spaces, without accents, apostrophes
    and other marks."""
    bare = unicodedata.normalize("NFKD", text.lower())
    kept = "".join(c for c in bare if not unicodedata.combining(c) and c not in "'\u2019`")
    return " ".join(re.findall(r"\w+", kept))

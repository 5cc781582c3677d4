"""A pipeline component that makes sure that every requester who asks for a person gets one.

The gates stop texts of which the classifier is not sure, but they must never stop a request for a
person. Therefore this component recognizes a request in two ways:
- The classifier finds it at least as likely as `limit`, even if it finds another intent likelier,
  and the text is not far from the topics' examples. A text that matches one of `hints`, because it
  names a person, a call or a bot, needs only `hinted_limit`.
- The words match one of `patterns`: unmistakable phrases in English, Spanish, German and French.
A text that matches `unless` ("my agent app crashed") gets no help from the patterns and hints.
While a form asks, the text is probably an answer. The limits are then those of `in_form`. If the
request is the likeliest intent of a text, but the text does not reach them and matches no pattern,
it gets the next intent of the ranking, or is not understood.

In config.yml:
    intent    the intent of a request
    limit     the minimum probability (0 to 1) of the intent
    near      the minimum nearness (bot.sentence_classifier) of such a text
    hinted_limit  the minimum probability if the text matches one of `hints`
    in_form   limit and hinted_limit while a form asks, and `next`: the minimum probability of the
              next intent, so that the text is understood
    words     name -> alternatives; patterns and later words use them as <name>
    patterns  regular expressions that are searched in the words of the text, see `plain`
    hints     the same, for words that most requests have
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
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME as FALLBACK
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot.asked import asked_before, asks_nothing
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
            "hinted_limit": 1.0,
            "in_form": {},
            "near": 0.1,
            "words": {},
            "patterns": [],
            "hints": [],
            "unless": [],
        }

    def __init__(self, config: dict[str, Any]) -> None:
        self._intent = str(config["intent"])
        self._near = float(config["near"])
        self._limits = _limits(config)
        self._limits_in_form = _limits(config | config["in_form"])
        self._next = float(config["in_form"].get("next", 0.0))
        self._patterns = _compiled(config["patterns"], config["words"])
        self._hints = _compiled(config["hints"], config["words"])
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
            others = [one for one in ranking if one[INTENT_NAME_KEY] != self._intent]
            text = plain(str(message.get(TEXT) or ""))
            is_free = asks_nothing(asked_before(message))
            if self._is_likely(message, text, is_free) or self._matches(text, self._patterns):
                meant = {INTENT_NAME_KEY: self._intent, PREDICTED_CONFIDENCE_KEY: 1.0}
                _set_ranking(message, [meant, *others])
                message.set(WANTS_PERSON, True)
            elif not is_free and others and others[0] != ranking[0]:
                _set_ranking(message, self._without_request(others))
        return messages

    def _is_likely(self, message: Message, text: str, is_free: bool) -> bool:
        nearness = message.get(NEARNESS)
        if nearness is not None and nearness < self._near:
            return False
        ranking = message.get(INTENT_RANKING_KEY) or []
        chances = {one[INTENT_NAME_KEY]: one[PREDICTED_CONFIDENCE_KEY] for one in ranking}
        chance = chances.get(self._intent, 0.0)
        limit, hinted_limit = self._limits if is_free else self._limits_in_form
        return chance >= limit or (chance >= hinted_limit and self._matches(text, self._hints))

    def _without_request(self, others: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if others[0][PREDICTED_CONFIDENCE_KEY] >= self._next:
            return others
        return [{INTENT_NAME_KEY: FALLBACK, PREDICTED_CONFIDENCE_KEY: 1.0}, *others]

    def _matches(self, text: str, patterns: list[re.Pattern[str]]) -> bool:
        if any(pattern.search(text) for pattern in self._unless):
            return False
        return any(pattern.search(text) for pattern in patterns)


def _set_ranking(message: Message, ranking: list[dict[str, Any]]) -> None:
    message.set(INTENT, ranking[0], add_to_output=True)
    message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)


def _limits(config: dict[str, Any]) -> tuple[float, float]:
    return float(config["limit"]), float(config["hinted_limit"])


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

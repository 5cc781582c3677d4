"""A pipeline component that drops an intent if the text does not meet the intent's requirements.
The next intent in the ranking then wins.

The component prevents harmful errors. For example, if the bot takes a report for "never mind", the
report is lost. If it takes a lone "2" for an employee number, it starts an identity check.

In config.yml:
    needs         intent -> its requirements; the text must meet all that are given
        confidence  the minimum confidence (0 to 1)
        or_words    patterns; a text that matches one does not need the minimum confidence
        entities    the text must contain one of these entities
        without     the text must not contain any of these entities
    one_way       intents that start the same topic; their confidences are added up
"""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_TYPE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

Ranking = list[dict[str, Any]]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ConfidenceGate(GraphComponent, IntentClassifier):
    """See the module's docstring. In the pipeline, it comes after the classifier and before the
    fallback."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"needs": {}, "one_way": []}

    def __init__(self, config: dict[str, Any]) -> None:
        self._needs: dict[str, dict[str, Any]] = config["needs"]
        self._one_way = frozenset(config["one_way"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ConfidenceGate:
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            ranking = message.get(INTENT_RANKING_KEY) or []
            kept = _as_one(_with_their_needs(ranking, message, self._needs), self._one_way)
            if kept:
                message.set(INTENT, kept[0], add_to_output=True)
                message.set(INTENT_RANKING_KEY, kept, add_to_output=True)
        return messages


def _with_their_needs(ranking: Ranking, message: Message, needs: dict[str, Any]) -> Ranking:
    """The ranking without intents whose requirements the text does not meet. The confidences of the
    remaining intents are scaled to add up to 1."""
    named = {entity[ENTITY_ATTRIBUTE_TYPE] for entity in message.get(ENTITIES) or []}
    text = str(message.get(TEXT) or "")
    kept = [
        one
        for one in ranking
        if _has_its_needs(one, text, named, needs.get(one[INTENT_NAME_KEY], {}))
    ]
    whole = sum(one[PREDICTED_CONFIDENCE_KEY] for one in kept)
    if not whole:
        return []
    return [
        {**one, PREDICTED_CONFIDENCE_KEY: one[PREDICTED_CONFIDENCE_KEY] / whole} for one in kept
    ]


def _has_its_needs(one: dict[str, Any], text: str, named: set[str], needs: dict[str, Any]) -> bool:
    if "entities" in needs and not named.intersection(needs["entities"]):
        return False
    if named.intersection(needs.get("without", ())):
        return False
    if one[PREDICTED_CONFIDENCE_KEY] >= needs.get("confidence", 0):
        return True
    patterns = needs.get("or_words", ())
    return any(re.search(rf"\b(?:{words})\b", text, re.IGNORECASE) for words in patterns)


def _as_one(ranking: Ranking, one_way: frozenset[str]) -> Ranking:
    """If the first intent is one of `one_way`, give it the confidence of all `one_way` intents. The
    other `one_way` intents move to the end with confidence 0."""
    if not ranking or ranking[0][INTENT_NAME_KEY] not in one_way:
        return ranking
    alike = [one for one in ranking if one[INTENT_NAME_KEY] in one_way]
    others = [one for one in ranking if one[INTENT_NAME_KEY] not in one_way]
    total = sum(one[PREDICTED_CONFIDENCE_KEY] for one in alike)
    first = {**ranking[0], PREDICTED_CONFIDENCE_KEY: total}
    return [first, *others, *({**one, PREDICTED_CONFIDENCE_KEY: 0.0} for one in alike[1:])]

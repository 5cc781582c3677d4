"""A part of the pipeline: some meanings count only when the text bears them out, else the next likely one counts.

A report that is taken for "never mind" is lost without a word, and a bare "2" that is taken for an employee number
begins a check of who texts: such meanings need more than to be likelier than the others. In config.yml:

    needs         intent -> what it needs, each optional, all that are given
        confidence  at least so much (0 to 1)
        or_words    patterns, one of which makes up for a lower confidence
        entities    one of these must be in the text
        without     none of these may be in the text
    one_way       intents that begin the same topic: what the classifier wavers between is no doubt about what to do
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
class SureEnough(GraphComponent, IntentClassifier):
    """See the module. Stands behind the classifier and before the fallback."""

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
    ) -> SureEnough:
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            ranking = message.get(INTENT_RANKING_KEY) or []
            kept = _as_one(_without_the_unsure(ranking, message, self._needs), self._one_way)
            if kept:
                message.set(INTENT, kept[0], add_to_output=True)
                message.set(INTENT_RANKING_KEY, kept, add_to_output=True)
        return messages


def _without_the_unsure(ranking: Ranking, message: Message, needs: dict[str, dict[str, Any]]) -> Ranking:
    """The ranking as if the meanings that the text does not bear out had never been there."""
    named = {entity[ENTITY_ATTRIBUTE_TYPE] for entity in message.get(ENTITIES) or []}
    text = str(message.get(TEXT) or "")
    kept = [one for one in ranking if _is_borne_out(one, text, named, needs.get(one[INTENT_NAME_KEY], {}))]
    whole = sum(one[PREDICTED_CONFIDENCE_KEY] for one in kept)
    return [{**one, PREDICTED_CONFIDENCE_KEY: one[PREDICTED_CONFIDENCE_KEY] / whole} for one in kept] if whole else []


def _is_borne_out(one: dict[str, Any], text: str, named: set[str], needs: dict[str, Any]) -> bool:
    if "entities" in needs and not named.intersection(needs["entities"]):
        return False
    if named.intersection(needs.get("without", ())):
        return False
    if one[PREDICTED_CONFIDENCE_KEY] >= needs.get("confidence", 0):
        return True
    return any(re.search(rf"\b(?:{words})\b", text, re.IGNORECASE) for words in needs.get("or_words", ()))


def _as_one(ranking: Ranking, one_way: frozenset[str]) -> Ranking:
    """The first has the confidence of all of its kind, which then come last."""
    if not ranking or ranking[0][INTENT_NAME_KEY] not in one_way:
        return ranking
    alike = [one for one in ranking if one[INTENT_NAME_KEY] in one_way]
    others = [one for one in ranking if one[INTENT_NAME_KEY] not in one_way]
    first = {**ranking[0], PREDICTED_CONFIDENCE_KEY: sum(one[PREDICTED_CONFIDENCE_KEY] for one in alike)}
    return [first, *others, *({**one, PREDICTED_CONFIDENCE_KEY: 0.0} for one in alike[1:])]

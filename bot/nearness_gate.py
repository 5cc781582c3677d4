"""A pipeline component that lets a text start a topic only if it is near the topics' examples.

The classifier gives every text an intent, so it may find a topic even in "running late, see you at
8", which is meant for a friend. The gate compares the text's `nearness` (bot.sentence_classifier)
with two limits:

    nearness >= near            the topic starts
    unsure <= nearness < near   the intent becomes `unsure_topic`, and the virtual agent can ask
                                "Shall I open a case for that?"
    nearness < unsure           the intent becomes `nlu_fallback`

If the classifier finds one of the `others` intents, but the nearness is at least `rescue`, the
intent also becomes `unsure_topic`. Otherwise the virtual agent could miss a report.

After a text that was not for the desk, the next text probably is not either: "the one with the
floppy ear". Therefore the upper limit of `wary` intents is then higher by `wary_by`, unless the
text names something that the desk looks after: "my printer is jammed".

A message with the intent `unsure_topic` also gets `unsure`: {"likely": <intent>, "nearness":
<number>} in its parse data, and the entity `likely_topic` with the name of the likely intent.

A text that looks like a Rasa payload becomes `nlu_fallback`.

The gate does nothing
- while a form asks a question, because the text is then an answer
- if the encoder is missing
- for a request for a person that `bot.handoff_pattern` recognized

In the pipeline, the gate comes after every component that changes the ranking, because such a
component would undo the gate's decision.

In config.yml:
    topics  the intents that start a topic
    near    the upper limit
    unsure  the lower limit
    others  the intents of texts that are not for the desk
    rescue  the minimum nearness at which such a text becomes `unsure_topic`
    nears   intent -> its own upper limit, higher if unrelated texts come near its examples
    wary    the intents that need more nearness after a text that was not for the desk
    wary_by how much more
    wary_without  the entities that keep the usual limit, such as a device
"""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME as FALLBACK
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_CONFIDENCE,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    EXTRACTOR,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot.asked import asked_before, asks_nothing, follows_other_matters
from bot.handoff_pattern import WANTS_PERSON
from bot.sentence_classifier import NEARNESS

UNSURE_TOPIC = "unsure_topic"
LIKELY_TOPIC = "likely_topic"
UNSURE = "unsure"
# The beginning of a Rasa payload, with or without its slash, which the service removes from texts:
# report_problem{"device":"laptop"}
_PAYLOAD = re.compile(r"\s*/?\w+\s*\{\s*[\"}]")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class NearnessGate(GraphComponent, IntentClassifier):
    """See the module's docstring. It is the last component of the pipeline."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "topics": [],
            "near": 0.32,
            "unsure": 0.0,
            "nears": {},
            "others": [],
            "rescue": 0.25,
            "wary": [],
            "wary_by": 0.0,
            "wary_without": [],
        }

    def __init__(self, config: dict[str, Any]) -> None:
        self._topics = frozenset(config["topics"])
        self._near, self._unsure = float(config["near"]), float(config["unsure"])
        self._others, self._rescue = frozenset(config["others"]), float(config["rescue"])
        self._nears: dict[str, float] = config["nears"]
        self._wary, self._wary_by = frozenset(config["wary"]), float(config["wary_by"])
        self._wary_without = frozenset(config["wary_without"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> NearnessGate:
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            nearness = message.get(NEARNESS)
            if nearness is None or message.get(WANTS_PERSON):
                continue
            if not asks_nothing(asked_before(message)):
                continue
            if _PAYLOAD.match(str(message.get(TEXT) or "")):
                _replace_intent(message, FALLBACK)
            else:
                self._judge(message, nearness)
        return messages

    def _judge(self, message: Message, nearness: float) -> None:
        names = [one[INTENT_NAME_KEY] for one in message.get(INTENT_RANKING_KEY) or ()]
        guessed = next((name for name in names if name != FALLBACK), None)
        likely = next((name for name in names if name in self._topics), None)
        if likely is None:
            return
        if guessed in self._others:
            if nearness >= self._rescue:
                _set_unsure(message, likely, nearness)
        elif guessed == likely:
            is_sure = message.get(INTENT)[INTENT_NAME_KEY] != FALLBACK
            if nearness < self._unsure:
                _replace_intent(message, FALLBACK)
            elif nearness < self._limit(message, likely) or not is_sure:
                _set_unsure(message, likely, nearness)

    def _limit(self, message: Message, topic: str) -> float:
        return self._nears.get(topic, self._near) + (
            self._wary_by if self._is_wary(message, topic) else 0.0
        )

    def _is_wary(self, message: Message, topic: str) -> bool:
        if topic not in self._wary or not follows_other_matters(asked_before(message)):
            return False
        named = {entity[ENTITY_ATTRIBUTE_TYPE] for entity in message.get(ENTITIES) or []}
        return named.isdisjoint(self._wary_without)


def _replace_intent(message: Message, name: str) -> None:
    """Set the intent to `name`. The replaced intent stays in the ranking, after the new one."""
    given = {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: 1.0}
    others = [one for one in message.get(INTENT_RANKING_KEY) or [] if one[INTENT_NAME_KEY] != name]
    message.set(INTENT, given, add_to_output=True)
    message.set(INTENT_RANKING_KEY, [given, *others], add_to_output=True)


def _set_unsure(message: Message, likely: str, nearness: float) -> None:
    _replace_intent(message, UNSURE_TOPIC)
    entity = {
        ENTITY_ATTRIBUTE_TYPE: LIKELY_TOPIC,
        ENTITY_ATTRIBUTE_START: 0,
        ENTITY_ATTRIBUTE_END: len(str(message.get(TEXT) or "")),
        ENTITY_ATTRIBUTE_VALUE: likely,
        ENTITY_ATTRIBUTE_CONFIDENCE: 1.0,
        EXTRACTOR: NearnessGate.__name__,
    }
    message.set(UNSURE, {"likely": likely, "nearness": round(nearness, 3)}, add_to_output=True)
    message.set(ENTITIES, [*(message.get(ENTITIES) or []), entity], add_to_output=True)

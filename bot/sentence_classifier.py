"""A component of the pipeline that finds the intent from words, their pieces and the meaning of the
sentence.

It is a logistic regression over four kinds of features:
- the patterns that the text matches
- the counts of words and pieces (tf-idf, each featurizer normalized to length 1)
- the sentence encoder's vector
- the similarity of that vector to each intent's nearest examples
A second regression over the patterns and counts alone is used when the encoder is missing.

A message gets intent, ranking and `nearness`, its similarity to the topics' examples:
    mean cosine to the nearest examples of topics - other_weight x the same for other matters
    + sure_weight x the odds of all topics against other matters, as a logarithm from -1 to 1
`bot.nearness_gate` uses it. It is None when the encoder is missing.

In config.yml:
    C               the inverse of the regularization
    encoder_weight  the weight of the encoder's vector relative to one featurizer
    near_weight     the same for the similarity to each intent's examples
    other_weight    see above
    sure_weight     see above
    topics          the intents that start a topic
    others          the intents of texts that are not for the desk
    only_when       intent -> the questions after which it is possible; see bot.asked
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import (
    FEATURE_TYPE_SENTENCE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import sentence_encoder
from bot.asked import asked_before, is_possible
from bot.logistic_regression import Weights, fit

FILE = "sentence_classifier.npz"
EXAMPLES = "examples.json"  # their texts, ordered by intent as the vectors are
NEARNESS = "nearness"
NEIGHBORS = 3
BATCH = 500  # examples that are compared with all others in one step
# the weight of an `only_when` intent when the question before the text is unknown
UNKNOWN = 0.2
LEAST = 1e-4  # is added to probabilities, so that their logarithm is finite
Arrays = dict[str, np.ndarray]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SentenceClassifier(GraphComponent, IntentClassifier):
    """See the module. Its place is after the featurizers."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "C": 4.0,
            "encoder_weight": 2.0,
            "near_weight": 5.0,
            "other_weight": 1.0,
            "sure_weight": 1.0,
            "topics": [],
            "others": [],
            "only_when": {},
        }

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._encoder = sentence_encoder.load()
        self._learned: Arrays = {}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceClassifier:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceClassifier:
        classifier = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / FILE) as found:
            classifier._learned = dict(found)
        if "vectors" in classifier._learned:
            classifier._learned["vectors"] = classifier._learned["vectors"].astype(np.float32)
        return classifier

    def train(self, training_data: TrainingData) -> Resource:
        examples = [one for one in training_data.intent_examples if one.get(TEXT)]
        intents = np.array([one.get(INTENT) for one in examples])
        blocks = _blocks(examples, None)
        idf = {f"idf{n}": _idf(block) for n, block in enumerate(blocks) if n}
        counts = _weighted(blocks, idf)
        strength = self._config["C"]
        without = np.zeros((len(examples), 0))
        learned = idf | _named("counts", fit(counts, without, intents, strength=strength))
        if self._encoder is not None:
            vectors = self._encoder.encode([one.get(TEXT) for one in examples])
            order = np.argsort(intents, kind="stable")
            self._learned = learned | {
                "vectors": vectors[order],
                "starts": np.unique(intents[order], return_index=True)[1],
            }
            dense = np.vstack(list(self._dense_of_examples(vectors, order)))
            learned |= _named("whole", fit(counts, dense, intents, strength=strength))
            learned["vectors"] = vectors[order].astype(np.float16)
            learned["starts"] = self._learned["starts"]
        learned["widths"] = np.array([block.shape[1] for block in blocks])
        self._learned = learned
        with self._storage.write_to(self._resource) as folder:
            np.savez_compressed(folder / FILE, **learned)
            # only bot.suspects reads this; a server does not load it
            texts = [examples[n].get(TEXT) for n in np.argsort(intents, kind="stable")]
            (folder / EXAMPLES).write_text(json.dumps(texts))
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        if not messages:
            return messages
        counts = _weighted(_blocks(messages, self._learned["widths"]), self._learned)
        counts = counts.astype(np.float32)  # the type of the weights, so that numpy copies nothing
        vectors = self._vectors(messages)
        if vectors is None:
            scores = counts @ self._learned["counts_of_counts"] + self._learned["counts_bias"]
        else:
            cosines = self._cosines(vectors)
            scores = counts @ self._learned["whole_of_counts"] + self._learned["whole_bias"]
            scores += self._dense(vectors, cosines) @ self._learned["whole_of_dense"]
        for n, message in enumerate(messages):
            chances = self._chances(message, scores[n])
            self._set_intent(message, chances)
            near = None if vectors is None else self._nearness(cosines[n], chances)
            message.set(NEARNESS, near, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def _vectors(self, messages: list[Message]) -> np.ndarray | None:
        """The encoder's vectors. None when the encoder is missing, or was at the training."""
        if self._encoder is None or "vectors" not in self._learned:
            return None
        return self._encoder.encode([str(message.get(TEXT) or "") for message in messages])

    def _cosines(self, vectors: np.ndarray) -> np.ndarray:
        """The cosine of each vector and each example. The columns are ordered by intent."""
        return np.asarray(vectors @ self._learned["vectors"].T)

    def _dense_of_examples(self, vectors: np.ndarray, order: np.ndarray) -> Iterator[np.ndarray]:
        """`_dense` for the examples themselves. Each is compared with the other examples only."""
        places = np.argsort(order)
        for start in range(0, len(vectors), BATCH):
            some = vectors[start : start + BATCH]
            cosines = self._cosines(some)
            cosines[np.arange(len(some)), places[start : start + BATCH]] = -1
            yield self._dense(some, cosines)

    def _dense(self, vectors: np.ndarray, cosines: np.ndarray) -> np.ndarray:
        parts = np.split(cosines, self._learned["starts"][1:], axis=1)
        near = np.stack([nearest(part) for part in parts], axis=1)
        near -= near.mean(axis=1, keepdims=True)
        weights = self._config["encoder_weight"], self._config["near_weight"]
        return np.hstack([vectors * weights[0], near * weights[1]]).astype(np.float32)

    def _chances(self, message: Message, scores: np.ndarray) -> np.ndarray:
        """The probability of each intent. It is 0 for intents that are impossible after the
        question."""
        raised = np.exp(scores - scores.max()) * self._weights(asked_before(message))
        return np.asarray(raised / raised.sum())

    def _weights(self, asked: dict[str, Any] | None) -> np.ndarray:
        only_when = self._config["only_when"]
        without = UNKNOWN if asked is None else 0.0
        return np.array(
            [
                without if name in only_when and not is_possible(asked, only_when[name]) else 1.0
                for name in self._learned["intents"]
            ]
        )

    def _set_intent(self, message: Message, chances: np.ndarray) -> None:
        names = self._learned["intents"]
        ranking = [
            {INTENT_NAME_KEY: str(names[i]), PREDICTED_CONFIDENCE_KEY: float(chances[i])}
            for i in np.argsort(-chances)
            if chances[i] > 0
        ]
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)

    def _nearness(self, cosines: np.ndarray, chances: np.ndarray) -> float:
        names = self._learned["intents"]
        sizes = np.diff(self._learned["starts"], append=len(cosines))
        is_topic, is_other = (np.isin(names, self._config[one]) for one in ("topics", "others"))
        near = nearest(cosines[np.repeat(is_topic, sizes)])
        far = nearest(cosines[np.repeat(is_other, sizes)])
        sure = _odds(chances[is_topic].sum(), chances[is_other].sum())
        weights = self._config["other_weight"], self._config["sure_weight"]
        return float(near - weights[0] * far + weights[1] * sure)


def _blocks(messages: list[Message], widths: np.ndarray | None) -> list[sp.csr_matrix]:
    """The sentence features of each featurizer, in the pipeline's order. The first are the
    patterns.

    A text without words has no features. With `widths` it gets empty ones.
    """
    rows = [
        [
            one.features
            for one in message.features or ()
            if one.type == FEATURE_TYPE_SENTENCE and one.attribute == TEXT
        ]
        for message in messages
    ]
    if widths is not None:
        empty = [sp.csr_matrix((1, int(width))) for width in widths]
        rows = [row if len(row) == len(widths) else empty for row in rows]
    return [sp.vstack(column).tocsr().astype(np.float64) for column in zip(*rows, strict=True)]


def _idf(counts: sp.csr_matrix) -> np.ndarray:
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + seen)) + 1)


def _weighted(blocks: list[sp.csr_matrix], idf: Arrays) -> sp.csr_matrix:
    """All features in one matrix: patterns unchanged, and sublinear tf-idf counts, normalized to
    length 1 for each featurizer."""
    done = blocks[:1]
    for n, block in enumerate(blocks[1:], start=1):
        counts = block.copy()
        counts.data = 1 + np.log(counts.data)
        counts = counts @ sp.diags(idf[f"idf{n}"])
        length = np.sqrt(counts.multiply(counts).sum(axis=1)).A1
        done.append(sp.diags(1 / np.where(length, length, 1)) @ counts)
    return sp.hstack(done).tocsr()


def _named(name: str, weights: Weights) -> Arrays:
    return {
        f"{name}_of_counts": weights.of_counts,
        f"{name}_of_dense": weights.of_dense,
        f"{name}_bias": weights.bias,
        "intents": weights.classes,
    }


def nearest(cosines: np.ndarray) -> np.ndarray:
    """The mean of the NEIGHBORS highest cosines along the last axis."""
    number = min(NEIGHBORS, cosines.shape[-1])
    if not number:
        return np.zeros(cosines.shape[:-1])
    return np.asarray(np.partition(cosines, -number, axis=-1)[..., -number:].mean(axis=-1))


def _odds(one: float, other: float) -> float:
    """The scaled logarithm of the odds, from -1 (surely `other`) over 0 (equal) to 1."""
    return float(np.log((one + LEAST) / (other + LEAST)) / np.log((1 + LEAST) / LEAST))

"""A pipeline component that classifies the intent of a text from its words, parts of its words and
its meaning.

The classifier is a logistic regression on four kinds of features:
- the patterns that the text matches
- the counts of words and parts of words; see `bot.text_features`
- the sentence encoder's vector
- the similarity of that vector to each intent's nearest examples
If the encoder is missing, the component uses a second regression, on the patterns and counts alone.

Each message gets an intent, a ranking and `nearness`, which `bot.nearness_gate` uses. The nearness
shows how similar the message is to the examples of topics. It is None if the encoder is missing.
If not, it is the sum of:
    the mean cosine to the nearest examples of topics
    - other_weight x the mean cosine to the nearest examples of `others`
    + sure_weight x the log odds of `topics` against `others`, scaled to -1 to 1
    + word_weight x the log odds from the words alone; see `bot.word_odds`

In config.yml:
    C               the inverse of the regularization
    balance         the weight of intents with few examples, 0 to 1; see bot.logistic_regression
    encoder_weight  the weight of the encoder's vector relative to the counts of words
    near_weight     the weight of the similarity to each intent's examples relative to those counts
    other_weight    see above
    sure_weight     see above
    word_weight     see above
    topics          the intents that start a topic
    others          the intents of texts that are not for the desk
    only_when       intent -> the only questions after which the intent is possible; see bot.asked
    likelier_when   intent -> the questions that the intent answers, which make it likelier
    likelier        the factor by which such a question raises the odds of the intent
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
from bot.text_features import TextFeatures
from bot.word_odds import WordOdds

FILE = "sentence_classifier.npz"
EXAMPLES = "examples.json"  # the texts of the examples, in the order of their vectors
NEARNESS = "nearness"
NEIGHBORS = 3
STEPS_WITHOUT_ENCODER = 12  # optimizer steps of the regression without the encoder
BATCH = 500  # the number of examples that are compared with all others at once
# the weight of an `only_when` intent if the question before the text is unknown
UNKNOWN = 0.2
LEAST = 1e-4  # added to each probability, because the logarithm of 0 is not finite
Arrays = dict[str, np.ndarray]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SentenceClassifier(GraphComponent, IntentClassifier):
    """See the module's docstring. In the pipeline, it comes after the featurizers."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "C": 4.0,
            "balance": 0.3,
            "encoder_weight": 2.0,
            "near_weight": 5.0,
            "other_weight": 1.0,
            "sure_weight": 1.0,
            "word_weight": 0.1,
            "topics": [],
            "others": [],
            "only_when": {},
            "likelier_when": {},
            "likelier": 1.0,
        }

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._encoder = sentence_encoder.load()
        self._learned: Arrays = {}
        self._features: TextFeatures | None = None
        self._word_odds = WordOdds({})

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
            learned = dict(found)
        classifier._features = TextFeatures.load(learned)
        classifier._word_odds = WordOdds.load(learned)
        if "vectors" in learned:
            learned["vectors"] = learned["vectors"].astype(np.float32)
        classifier._learned = {name: learned[name] for name in learned if not _is_loaded(name)}
        return classifier

    def train(self, training_data: TrainingData) -> Resource:
        examples = [one for one in training_data.intent_examples if one.get(TEXT)]
        # The order of the examples in the files must not change the model.
        examples.sort(key=lambda one: (str(one.get(INTENT)), str(one.get(TEXT))))
        texts = [str(one.get(TEXT)) for one in examples]
        intents = np.array([one.get(INTENT) for one in examples])
        self._features, features = TextFeatures.learn(texts)
        patterns = _patterns(examples)
        counts = sp.hstack([patterns, features]).tocsr()
        learned = self._features.arrays() | self._fitted(counts, texts, intents)
        learned |= self._learned_odds(texts, intents).arrays()
        learned["patterns"] = np.array(patterns.shape[1])
        with self._storage.write_to(self._resource) as folder:
            np.savez_compressed(folder / FILE, **learned)
            # Only bot/misplaced.py reads this file. A server does not load it.
            (folder / EXAMPLES).write_text(json.dumps(texts))
        return self._resource

    def _fitted(self, counts: sp.csr_matrix, texts: list[str], intents: np.ndarray) -> Arrays:
        """The weights with the encoder and without it, and the encoder's vectors."""
        how = {"strength": self._config["C"], "balance": self._config["balance"]}
        without = np.zeros((len(texts), 0))
        learned = _named(
            "counts", fit(counts, without, intents, **how, steps=STEPS_WITHOUT_ENCODER)
        )
        if self._encoder is None:
            return learned
        vectors = self._encoder.encode(texts)
        starts = np.unique(intents, return_index=True)[1]
        self._learned = {"vectors": vectors, "starts": starts}
        dense = np.vstack(list(self._dense_of_examples(vectors)))
        learned |= _named("whole", fit(counts, dense, intents, **how))
        return learned | {"vectors": vectors.astype(np.float16), "starts": starts}

    def _learned_odds(self, texts: list[str], intents: np.ndarray) -> WordOdds:
        topics, others = (
            [
                text
                for text, intent in zip(texts, intents, strict=True)
                if intent in self._config[kind]
            ]
            for kind in ("topics", "others")
        )
        return WordOdds.learn(topics, others)

    def process(self, messages: list[Message]) -> list[Message]:
        if not messages:
            return messages
        counts = self._counts(messages).astype(np.float32)  # the type of the weights
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
            near = None
            if vectors is not None:
                near = self._nearness(cosines[n], chances, str(message.get(TEXT) or ""))
            message.set(NEARNESS, near, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def _counts(self, messages: list[Message]) -> sp.csr_matrix:
        assert self._features is not None
        texts = [str(message.get(TEXT) or "") for message in messages]
        patterns = _patterns(messages, int(self._learned["patterns"]))
        return sp.hstack([patterns, self._features.of(texts)]).tocsr()

    def _vectors(self, messages: list[Message]) -> np.ndarray | None:
        """The encoder's vectors. None if the encoder is missing now, or was missing during
        training."""
        if self._encoder is None or "vectors" not in self._learned:
            return None
        return self._encoder.encode([str(message.get(TEXT) or "") for message in messages])

    def _cosines(self, vectors: np.ndarray) -> np.ndarray:
        """The cosine between each vector and each example. The columns are ordered by intent."""
        return np.asarray(vectors @ self._learned["vectors"].T)

    def _dense_of_examples(self, vectors: np.ndarray) -> Iterator[np.ndarray]:
        """The result of `_dense` for the training examples, in batches. Each example is compared
        only with the other examples."""
        for start in range(0, len(vectors), BATCH):
            some = vectors[start : start + BATCH]
            cosines = self._cosines(some)
            cosines[np.arange(len(some)), np.arange(start, start + len(some))] = -1
            yield self._dense(some, cosines)

    def _dense(self, vectors: np.ndarray, cosines: np.ndarray) -> np.ndarray:
        """The weighted vectors and the weighted similarities to each intent's nearest examples, one
        row for each text."""
        parts = np.split(cosines, self._learned["starts"][1:], axis=1)
        near = np.stack([nearest(part) for part in parts], axis=1)
        near -= near.mean(axis=1, keepdims=True)
        weights = self._config["encoder_weight"], self._config["near_weight"]
        return np.hstack([vectors * weights[0], near * weights[1]]).astype(np.float32)

    def _chances(self, message: Message, scores: np.ndarray) -> np.ndarray:
        """The probability of each intent, given the question before the text. It is 0 for an intent
        that is impossible after this question."""
        raised = np.exp(scores - scores.max()) * self._weights(asked_before(message))
        return np.asarray(raised / raised.sum())

    def _weights(self, asked: dict[str, Any] | None) -> np.ndarray:
        return np.array([self._weight(str(name), asked) for name in self._learned["intents"]])

    def _weight(self, intent: str, asked: dict[str, Any] | None) -> float:
        only_when, answers = self._config["only_when"], self._config["likelier_when"]
        if intent in only_when and not is_possible(asked, only_when[intent]):
            return UNKNOWN if asked is None else 0.0
        likelier = is_possible(asked, answers.get(intent, ()))
        return float(self._config["likelier"]) if likelier else 1.0

    def _set_intent(self, message: Message, chances: np.ndarray) -> None:
        names = self._learned["intents"]
        ranking = [
            {INTENT_NAME_KEY: str(names[i]), PREDICTED_CONFIDENCE_KEY: float(chances[i])}
            for i in np.argsort(-chances)
            if chances[i] > 0
        ]
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)

    def _nearness(self, cosines: np.ndarray, chances: np.ndarray, text: str) -> float:
        names = self._learned["intents"]
        sizes = np.diff(self._learned["starts"], append=len(cosines))
        is_topic, is_other = (np.isin(names, self._config[one]) for one in ("topics", "others"))
        near = nearest(cosines[np.repeat(is_topic, sizes)])
        far = nearest(cosines[np.repeat(is_other, sizes)])
        sure = _odds(chances[is_topic].sum(), chances[is_other].sum())
        by_words = self._config["word_weight"] * self._word_odds.of(text)
        weights = self._config["other_weight"], self._config["sure_weight"]
        return float(near - weights[0] * far + weights[1] * sure + by_words)


def _patterns(messages: list[Message], width: int | None = None) -> sp.csr_matrix:
    """The patterns that the texts match, from the featurizer earlier in the pipeline.

    A text without words has no features, so its row is empty. `width`: the number of patterns. If
    it is None, it is the width of the widest row.
    """
    rows = [next(_sentence_features(message), None) for message in messages]
    if width is None:
        width = max((row.shape[1] for row in rows if row is not None), default=0)
    empty = sp.csr_matrix((1, width))
    return sp.vstack([empty if row is None else row for row in rows]).tocsr()


def _sentence_features(message: Message) -> Iterator[sp.csr_matrix]:
    found = message.features or ()
    return (
        one.features for one in found if one.type == FEATURE_TYPE_SENTENCE and one.attribute == TEXT
    )


def _is_loaded(name: str) -> bool:
    """Whether TextFeatures or WordOdds already contain this array. A second copy would waste
    memory."""
    return name.startswith(("terms", "idf", "odds"))


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
    """The scaled log odds: -1 if surely `other`, 0 if both are equally likely, 1 if surely
    `one`."""
    return float(np.log((one + LEAST) / (other + LEAST)) / np.log((1 + LEAST) / LEAST))

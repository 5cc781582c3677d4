"""A part of the pipeline: the intent, by the words, their pieces and the meaning of the sentence.

One logistic regression over three kinds of features: the patterns that the text matches, the counts
of words and pieces (tf-idf, each featurizer normalized to length 1), and the sentence encoder's
vector. A second one, over the counts alone, stands by for a process in which the encoder is
missing.

Beside intent and ranking a message gets `nearness`: how near it is to the topics' examples.
    mean cosine to the nearest examples of topics - other_weight x the same for other matters
    + sure_weight x the probability of all topics together
`bot.nearness_gate` decides by it. It is None when the encoder is missing.

In config.yml:
    C               the inverse of the regularization
    encoder_weight  by how much the encoder's vector outweighs one featurizer
    topics          the intents that begin a topic
    others          the intents of texts that are not for the desk
    only_when       intent -> the forms that must ask for it to be possible; see bot.asked
"""

from __future__ import annotations

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
from sklearn.linear_model import LogisticRegression

from bot import sentence_encoder
from bot.asked import asked_before, is_possible

FILE = "sentence_classifier.npz"
NEARNESS = "nearness"
NEIGHBORS = 3
# the weight of an intent that only a form's answers have, when what was asked is unknown
UNKNOWN = 0.2
Arrays = dict[str, np.ndarray]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SentenceClassifier(GraphComponent, IntentClassifier):
    """See the module. Stands after the featurizers."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "C": 24.0,
            "encoder_weight": 2.0,
            "other_weight": 1.0,
            "sure_weight": 0.5,
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
        for name in {"topics", "others"} & classifier._learned.keys():
            classifier._learned[name] = classifier._learned[name].astype(np.float32)
        return classifier

    def train(self, training_data: TrainingData) -> Resource:
        examples = [one for one in training_data.intent_examples if one.get(TEXT)]
        intents = np.array([one.get(INTENT) for one in examples])
        blocks = _blocks(examples, None)
        idf = {f"idf{n}": _idf(block) for n, block in enumerate(blocks) if n}
        counts = _weighted(blocks, idf)
        learned = idf | _fitted(
            counts, intents, "counts", strength=self._config["C"], solver="liblinear"
        )
        if self._encoder is not None:
            vectors = self._encoder.encode([one.get(TEXT) for one in examples])
            whole = self._with_vectors(counts, vectors)
            learned |= _fitted(whole, intents, "whole", strength=self._config["C"], solver="lbfgs")
            for name in ("topics", "others"):
                chosen = vectors[np.isin(intents, self._config[name])]
                learned[name] = chosen.astype(np.float16)
        learned["widths"] = np.array([block.shape[1] for block in blocks])
        self._learned = learned
        with self._storage.write_to(self._resource) as folder:
            np.savez_compressed(folder / FILE, **learned)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        if not messages:
            return messages
        features = _weighted(_blocks(messages, self._learned["widths"]), self._learned)
        vectors = self._vectors(messages)
        kind = "counts" if vectors is None else "whole"
        if vectors is not None:
            features = self._with_vectors(features, vectors)
        features = features.astype(np.float32)  # as the weights, or they are copied for each text
        scores = features @ self._learned[f"{kind}_weights"] + self._learned[f"{kind}_bias"]
        for n, message in enumerate(messages):
            chances = self._chances(message, scores[n])
            self._set_intent(message, chances)
            near = None if vectors is None else self._nearness(vectors[n], chances)
            message.set(NEARNESS, near, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def _vectors(self, messages: list[Message]) -> np.ndarray | None:
        """None when the encoder is missing, now or when the model was trained."""
        if self._encoder is None or "whole_weights" not in self._learned:
            return None
        return self._encoder.encode([str(message.get(TEXT) or "") for message in messages])

    def _with_vectors(self, counts: sp.csr_matrix, vectors: np.ndarray) -> sp.csr_matrix:
        return sp.hstack([counts, sp.csr_matrix(vectors * self._config["encoder_weight"])]).tocsr()

    def _chances(self, message: Message, scores: np.ndarray) -> np.ndarray:
        """The probability of each intent; 0 for those that what was asked rules out."""
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

    def _nearness(self, vector: np.ndarray, chances: np.ndarray) -> float:
        of_topics = chances[np.isin(self._learned["intents"], self._config["topics"])].sum()
        near = _to_nearest(self._learned["topics"], vector)
        near -= self._config["other_weight"] * _to_nearest(self._learned["others"], vector)
        return float(near + self._config["sure_weight"] * of_topics)


def _blocks(messages: list[Message], widths: np.ndarray | None) -> list[sp.csr_matrix]:
    """The sentence features of each featurizer, in the pipeline's order; the first is the
    patterns'.

    A text without any word has no features; with `widths` it gets empty ones.
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
    """Patterns as they are; counts sublinear, by tf-idf, each featurizer's of length 1."""
    done = blocks[:1]
    for n, block in enumerate(blocks[1:], start=1):
        counts = block.copy()
        counts.data = 1 + np.log(counts.data)
        counts = counts @ sp.diags(idf[f"idf{n}"])
        length = np.sqrt(counts.multiply(counts).sum(axis=1)).A1
        done.append(sp.diags(1 / np.where(length, length, 1)) @ counts)
    return sp.hstack(done).tocsr()


def _fitted(
    features: sp.csr_matrix, intents: np.ndarray, name: str, *, strength: float, solver: str
) -> Arrays:
    """The weights of a regression. liblinear is ten times faster, and enough for the spare one."""
    fit = LogisticRegression(C=strength, solver=solver, max_iter=300, tol=1e-3, random_state=42)
    fit.fit(features, intents)
    return {
        f"{name}_weights": fit.coef_.T.astype(np.float32),
        f"{name}_bias": fit.intercept_.astype(np.float32),
        "intents": fit.classes_.astype(str),
    }


def _to_nearest(known: np.ndarray, vector: np.ndarray) -> float:
    if not len(known):
        return 0.0
    return float(np.sort(known @ vector)[-NEIGHBORS:].mean())

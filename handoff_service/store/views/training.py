"""The data of the trainer's pages: texts that wait for a label, labels, pinned texts, models and
training runs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handoff_service.rules.shared.vocabulary import (
    ItemSource,
    ItemState,
    LabelVerdict,
    ModelState,
    PromotionKind,
    ReplayVerdict,
    RunState,
    TrainerLane,
    TrainingStep,
)
from handoff_service.rules.training.exact_tests import Share
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """An intent of a ranking. ``confidence``: 0 to 1."""

    intent: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerItem:
    """A requester's masked text that waits for a label."""

    id: int
    interaction_id: int
    text: str
    lane: TrainerLane
    source: ItemSource
    state: ItemState
    #: the intent that the virtual agent predicted; null: none, or hidden, because it would
    #: influence the trainer
    intent: str | None
    confidence: float | None
    ranking: list[Suggestion]
    form: str | None
    slot: str | None
    #: the virtual agent's text before this text, masked
    question: str | None
    suggestion: str | None
    marked_by: Named | None
    cluster: int
    #: how many texts of its cluster wait, including this one
    alike: int
    #: how many people sent these texts
    requesters: int
    priority: float
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerLabel:
    id: int
    item_id: int
    agent: Named
    verdict: LabelVerdict
    intent: str | None
    #: the example that was written to the file; null: none
    example: str | None
    file: str | None
    second: bool
    made_at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestText:
    """A text with its correct intent and the virtual agent's question before it."""

    text: str
    intent: str
    form: str | None
    slot: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedText:
    id: int
    text: str
    intent: str
    form: str | None
    slot: str | None
    agent: Named
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BotModel:
    """A trained model. ``hash`` is Rasa's model id."""

    hash: str
    parent: str | None
    state: ModelState
    file: str
    data_hash: str
    data_diff: str
    scores: dict[str, Any] | None
    note: str
    agent: Named | None
    trained_at: datetime
    #: when ``state`` last changed
    since: datetime
    #: whether a trainer has pinned the model, so that its file is never deleted
    is_pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFigures:
    """The results of a model on real texts, as shares of its turns.

    - ``answered``: the virtual agent answered.
    - ``fallbacks``: it did not understand the text.
    - ``handoffs``: it handed the conversation to live agents.
    - ``lost``: ``fallbacks`` and ``handoffs`` together.
    """

    answered: Share
    fallbacks: Share
    handoffs: Share
    lost: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A change of the running model."""

    id: int
    model: str
    before: str | None
    kind: PromotionKind
    reason: str | None
    agent: Named | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """A run of "Train and compare". ``progress``: 0 to 1."""

    id: int
    state: RunState
    step: TrainingStep | None
    #: what the step is doing right now
    doing: str | None
    progress: float
    cancel: bool
    model: str | None
    error: str | None
    note: str
    agent: Named | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedText:
    """A real text for which a new model chooses another intent than the model that answered it."""

    id: int
    model: str
    interaction_id: int
    text: str
    before: str | None
    before_confidence: float | None
    after: str | None
    after_confidence: float | None
    verdict: ReplayVerdict | None

"""The card on the page Teach. It shows one text, the facts that help to label it, and the change
that a label would make to the training data."""

from dataclasses import dataclass
from typing import Any

from handoff_service.bot_control.bot_data import NOT_TAUGHT, BotData, Intent
from handoff_service.bot_control.file_change import FileChange
from handoff_service.bot_control.similar_examples import Near
from handoff_service.errors import Refusal
from handoff_service.rules.shared.vocabulary import ItemState, TrainerLane
from handoff_service.rules.training import clusters
from handoff_service.rules.training.examples import example_of
from handoff_service.rules.training.masking import without_masks
from handoff_service.store.views import Suggestion, TrainerItem

SUGGESTED = 5
NOTHING_NEW = 0.9  # the bot learns nothing from a text with at least this confidence and similarity


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One text with the facts that help to label it."""

    item: TrainerItem
    example: str  #: the text as a training example
    suggestions: list[Suggestion]
    near: list[Near]  #: the most similar examples
    chosen: str  #: the preselected intent
    blind: bool  #: whether the card hides what the model suggests


def card_of(data: BotData, item: TrainerItem) -> Card:
    blind = item.lane is TrainerLane.AUDIT or item.state is ItemState.SECOND
    known = data.intents()
    ranked = [one for one in item.ranking if one.intent in known]
    if item.suggestion in known and item.suggestion not in {one.intent for one in ranked}:
        ranked = [Suggestion(intent=item.suggestion, confidence=0.0), *ranked]
    example = example_of(without_masks(item.text))
    near = [] if blind else data.nearest(example)
    for one in near:  # if the ranking is short, add the intents of the most similar examples
        if len(ranked) < SUGGESTED and one.intent not in {s.intent for s in ranked}:
            ranked.append(Suggestion(intent=one.intent, confidence=0.0))
    chosen = item.suggestion or (ranked[0].intent if ranked else "")
    return Card(
        item=item,
        example=example,
        suggestions=ranked[:SUGGESTED],
        near=near,
        chosen="" if blind else chosen,
        blind=blind,
    )


def preview(data: BotData, item: TrainerItem, intent: str, example: str) -> dict[str, Any]:
    """Return the template variables for the change that this label would make."""
    shown: dict[str, Any] = {"intent": intent, "error": "", "teaches": True, "test": False}
    if not intent:
        return shown | {"change": None}
    if item.lane is TrainerLane.AUDIT or item.state is ItemState.SECOND:
        return shown | {"change": None, "test": True}
    try:
        change: FileChange | None = data.preview_add(intent, example)
    except Refusal as refusal:
        return shown | {"change": None, "error": refusal.detail}
    return shown | {"change": change, "teaches": not _teaches_nothing(data, item, intent, example)}


def _teaches_nothing(data: BotData, item: TrainerItem, intent: str, example: str) -> bool:
    """Return whether the virtual agent would learn nothing from the label: the intent already has
    this example, or it has a similar one and the model is sure of the intent."""
    plain = clusters.plain(example)
    near = data.nearest(example, 1)
    if near and near[0].intent == intent and clusters.plain(near[0].text) == plain:
        return True
    surely = item.intent == intent and (item.confidence or 0) >= NOTHING_NEW
    return bool(surely and near and near[0].intent == intent and near[0].share >= NOTHING_NEW)


def choices(data: BotData) -> list[Intent]:
    return [one for name, one in data.intents().items() if name not in NOT_TAUGHT]

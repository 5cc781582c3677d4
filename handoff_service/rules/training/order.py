"""Which texts a trainer sees, and in which order.

priority = weight of the source x (1 - margin) x log2(1 + requesters in the cluster)
"""

import hashlib
import hmac
import math
from collections.abc import Sequence
from datetime import timedelta

from handoff_service.rules.shared.vocabulary import ItemSource

#: The more surely the virtual agent was wrong, the higher.
WEIGHTS: dict[ItemSource, float] = {
    ItemSource.MISUNDERSTOOD: 4.0,
    ItemSource.HANDOFF: 3.0,
    ItemSource.REWORDED: 2.5,
    ItemSource.GAVE_UP: 2.0,
    ItemSource.FALLBACK: 1.5,
    ItemSource.SMALL_MARGIN: 1.0,
    ItemSource.AUDIT: 1.0,
}
SMALL_MARGIN = 0.2  # between the two likeliest intents
ONE_IN = 10  # of all texts, one goes to the audit lane; of all labels, one is given twice
SECOND_AFTER = timedelta(days=7)  # then the same trainer may give the blind second label
NOT_UNDERSTOOD = frozenset({"nlu_fallback", "unsure_topic", "out_of_scope"})
#: Intents that say nothing about what the text before them meant.
NO_REWORDING = NOT_UNDERSTOOD | frozenset(
    {"affirm", "deny", "greet", "thanks", "bye", "never_mind", "small_talk", "help"}
    | {"not_for_desk", "automated_text", "talk_to_person", "speak_spanish"}
)
SURELY = 0.5  # confidence from which a text counts as understood after all


def margin(ranking: Sequence[tuple[str, float]]) -> float:
    """Between the two likeliest intents, 0 to 1. 0 when nothing was ranked."""
    shares = sorted((share for _, share in ranking), reverse=True)[:2]
    if not shares:
        return 0.0
    return min(max(shares[0] - (shares[1] if len(shares) > 1 else 0.0), 0.0), 1.0)


def priority(weight: float, margin: float, requesters: int) -> float:
    return weight * (1 - margin) * math.log2(1 + max(requesters, 1))


def source_of(intent: str | None, ranking: Sequence[tuple[str, float]]) -> ItemSource | None:
    """Why a text that was just answered is worth a label. None when it is not."""
    if intent is None or intent in NOT_UNDERSTOOD:
        return ItemSource.FALLBACK
    if len(ranking) > 1 and margin(ranking) < SMALL_MARGIN:
        return ItemSource.SMALL_MARGIN
    return None


def is_reworded(
    before: str | None, intent: str | None, confidence: float | None, *, same_text: bool
) -> bool:
    """Whether this text says again, and understandably, what the text before it said."""
    if same_text or (before is not None and before not in NOT_UNDERSTOOD):
        return False
    return intent is not None and intent not in NO_REWORDING and (confidence or 0) >= SURELY


def is_drawn(key: str, what: str, number: int) -> bool:
    """One in ten, at random but the same for the same key. ``what``: the kind of draw."""
    drawn = hmac.digest(key.encode(), f"{what}:{number}".encode(), hashlib.sha256)
    return int.from_bytes(drawn[:8], "big") % ONE_IN == 0

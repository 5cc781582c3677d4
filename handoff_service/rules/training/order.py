"""Selects the texts that a trainer sees, and orders them.

priority = weight of the source x (1 - margin) x log2(1 + requesters in the cluster)
"""

import hashlib
import hmac
import math
from collections.abc import Sequence
from datetime import timedelta

from handoff_service.rules.shared.vocabulary import ItemSource
from handoff_service.rules.training.intents import GATES, guesses

#: The weight of each source: how likely it is that the virtual agent was wrong.
WEIGHTS: dict[ItemSource, float] = {
    ItemSource.MISUNDERSTOOD: 4.0,
    ItemSource.HANDOFF: 3.0,
    ItemSource.REWORDED: 2.5,
    ItemSource.GAVE_UP: 2.0,
    ItemSource.FALLBACK: 1.5,
    ItemSource.SMALL_MARGIN: 1.0,
    ItemSource.AUDIT: 1.0,
}
SMALL_MARGIN = 0.2  # difference in confidence between the two likeliest intents
ONE_IN = 10  # one text in ten goes to the audit lane; one label in ten gets a second label
# after this time the first trainer may also give the blind second label
SECOND_AFTER = timedelta(days=7)
#: Texts with these intents get no real answer: the virtual agent asks for other words, explains
#: what the number is for, or does not answer. If it is confident, the margin is large, and the text
#: comes last in the list.
UNKNOWN = GATES | {"out_of_scope", "not_for_desk"}
#: Intents that do not reword the text before them.
NO_REWORDING = UNKNOWN | frozenset(
    {"affirm", "deny", "greet", "thanks", "bye", "never_mind", "small_talk", "help"}
    | {"automated_text", "talk_to_person", "speak_spanish"}
)
SURELY = 0.5  # a text with less confidence does not count as a rewording


def margin(ranking: Sequence[tuple[str, float]]) -> float:
    """The difference in confidence between the two likeliest intents, from 0 to 1. 0 without a
    ranking. The intents of gates do not count."""
    shares = sorted((share for _, share in guesses(ranking)), reverse=True)[:2]
    if not shares:
        return 0.0
    return min(max(shares[0] - (shares[1] if len(shares) > 1 else 0.0), 0.0), 1.0)


def margin_of(source: ItemSource, ranking: Sequence[tuple[str, float]]) -> float:
    """The margin for the order. 0 for a text that an agent marked as misunderstood, because a
    confident wrong answer teaches as much as an unsure one."""
    return 0.0 if source is ItemSource.MISUNDERSTOOD else margin(ranking)


def priority(weight: float, margin: float, requesters: int) -> float:
    return weight * (1 - margin) * math.log2(1 + max(requesters, 1))


def source_of(intent: str | None, ranking: Sequence[tuple[str, float]]) -> ItemSource | None:
    """The reason to label a text that was just answered. None: there is no reason."""
    if intent is None or intent in UNKNOWN:
        return ItemSource.FALLBACK
    if len(ranking) > 1 and margin(ranking) < SMALL_MARGIN:
        return ItemSource.SMALL_MARGIN
    return None


def is_reworded(
    before: str | None, intent: str | None, confidence: float | None, *, same_text: bool
) -> bool:
    """Whether this text rewords the text before it: the virtual agent understands this text, and
    did not understand the one before.
    """
    if same_text or (before is not None and before not in UNKNOWN):
        return False
    return intent is not None and intent not in NO_REWORDING and (confidence or 0) >= SURELY


def is_drawn(key: str, what: str, number: int) -> bool:
    """A random draw of one in ten. The same arguments always give the same result. ``what``: the
    kind of draw."""
    drawn = hmac.digest(key.encode(), f"{what}:{number}".encode(), hashlib.sha256)
    return int.from_bytes(drawn[:8], "big") % ONE_IN == 0

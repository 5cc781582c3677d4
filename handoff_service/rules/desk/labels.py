"""Labels of conversations: their colors, and the choice of labels that can be a topic."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Protocol

from handoff_service.rules.shared.phrases import Phrase, phrase


class Color(StrEnum):
    """The color of a label's dot. Green, amber and red are left out, because they are signals of
    the workspace."""

    GRAY = "gray"
    BLUE = "blue"
    TEAL = "teal"
    VIOLET = "violet"
    PINK = "pink"
    BROWN = "brown"


#: How pages show the colors.
COLOR_WORDS: Mapping[str, Phrase] = {
    Color.GRAY: phrase("Gray"),
    Color.BLUE: phrase("Blue"),
    Color.TEAL: phrase("Teal"),
    Color.VIOLET: phrase("Violet"),
    Color.PINK: phrase("Pink"),
    Color.BROWN: phrase("Brown"),
}


class MayBeTopic(Protocol):
    @property
    def topic(self) -> bool: ...


def topics[T: MayBeTopic](labels: Iterable[T]) -> list[T]:
    """The labels from which agents choose a topic: those that an admin has marked as topics. If no
    label is marked, agents choose from all of them.
    """
    every = list(labels)
    return [one for one in every if one.topic] or every

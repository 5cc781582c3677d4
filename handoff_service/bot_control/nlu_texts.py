"""The texts that ``make nlu`` measures, and the figures that are computed from them."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from handoff_service.rules.training.exact_tests import Share
from handoff_service.rules.training.intents import OTHER_MATTERS, TOPICS, alike

_SPANISH = re.compile(
    r"[ñ¿¡]|\b(?:el|la|los|las|de|en|una|unos|del|al|por|para|con|sin|pero|como|cuando|donde"
    r"|que|qué|quien|esta|está|estoy"
    r"|este|ese|mi|mis|su|se|le|lo|les|nos|ya|muy|mas|más|hay|soy|es|son|no puedo|no me"
    r"|no se|quiero|necesito|tengo"
    r"|puede|pueden|puedo|hola|gracias|buenas|buenos|correo|codigo|código|favor|cuenta|caso"
    r"|ayuda|mañana|hoy|todo)\b",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(?:the|is|my|i|im|to|you|u|and|it|on|for|of|in|can|not|at|this|any)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredText:
    """A measured text. ``meant``: the right intent. ``guessed``: the classifier's intent.
    ``understood``: the intent after the gates. ``ms``: the milliseconds to parse the text."""

    of_set: str  #: "cross-validation" or "held out"
    author: str  #: "trainers" saw the examples; "blind" authors did not
    text: str
    meant: str
    understood: str
    guessed: str
    nearness: float | None
    ms: float
    language: str | None = None  #: the code of the language that the author noted

    @property
    def is_spanish(self) -> bool:
        """Whether the text is Spanish (see ``spoken``)."""
        return self.spoken == "es"

    @property
    def spoken(self) -> str:
        """The code of the language that the author noted. Without a note, frequent words decide
        between "es" and "en", which can be wrong for a short text."""
        if self.language is not None:
            return self.language
        found = len(_SPANISH.findall(self.text))
        return "es" if found > len(_ENGLISH.findall(self.text)) else "en"

    @property
    def starts_topic(self) -> bool:
        return self.understood in TOPICS

    @property
    def is_right(self) -> bool:
        return alike(self.understood) == alike(self.meant)

    @property
    def is_guessed_right(self) -> bool:
        return alike(self.guessed) == alike(self.meant)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFigures:
    """The figures of an intent. ``recall``, ``f1``: from 0 to 1. ``texts``: the number of texts
    that mean the intent."""

    name: str
    recall: float
    f1: float
    texts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    meant: str
    understood: str
    times: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePoint:
    """The figures for one limit of the nearness, which is the similarity of a text to the nearest
    training example. ``kept``: the share of texts about a topic that start a topic.
    ``false_starts``: the share of out-of-scope texts that start a topic."""

    limit: float
    kept: float
    false_starts: float


def read(path: Path) -> tuple[float, list[MeasuredText]]:
    """Read the file that ``bot/measure_understanding.py`` writes. Returns the seconds of training
    and the measured texts."""
    content = json.loads(path.read_text())
    return content["training_seconds"], [
        MeasuredText(of_set=one.pop("set"), **one) for one in content["texts"]
    ]


def share(texts: Iterable[MeasuredText], holds: Callable[[MeasuredText], bool]) -> Share:
    results = [holds(text) for text in texts]
    return Share(part=sum(results), whole=len(results))


def by_intent(texts: Sequence[MeasuredText]) -> list[IntentFigures]:
    """The figures of each intent that a text means, the lowest F1 first."""
    meant: Counter[str] = Counter(alike(text.meant) for text in texts)
    found: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for text in texts:
        answer = alike(text.understood)
        found[answer] += 1
        right[answer] += answer == alike(text.meant)
    figures = []
    for name, number in meant.items():
        precision = right[name] / found[name] if found[name] else 0.0
        recall = right[name] / number
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        figures.append(IntentFigures(name=name, recall=recall, f1=f1, texts=number))
    return sorted(figures, key=lambda one: (one.f1, one.name))


def macro_f1(figures: Sequence[IntentFigures]) -> float:
    return sum(one.f1 for one in figures) / len(figures) if figures else 0.0


def confusions(texts: Iterable[MeasuredText]) -> list[Confusion]:
    """The pairs of intents that are confused, the most frequent confusion first."""
    wrong: dict[tuple[str, str], list[str]] = defaultdict(list)
    for text in texts:
        if not text.is_right:
            wrong[alike(text.meant), alike(text.understood)].append(" ".join(text.text.split()))
    found = [
        Confusion(meant=meant, understood=understood, times=len(some), example=some[0])
        for (meant, understood), some in wrong.items()
    ]
    return sorted(found, key=lambda one: -one.times)


def gate_curve(texts: Iterable[MeasuredText]) -> Iterator[GatePoint]:
    """The figures for limits from 0 to 1.2. A text starts a topic if the classifier guesses a topic
    and the nearness is at least the limit."""
    known = [text for text in texts if text.nearness is not None]
    topics = [text for text in known if text.meant in TOPICS]
    others = [text for text in known if text.meant in OTHER_MATTERS]

    def started(some: list[MeasuredText], limit: float) -> float:
        passed = [t for t in some if t.guessed in TOPICS and (t.nearness or 0.0) >= limit]
        return len(passed) / len(some) if some else 0.0

    for step in range(61):
        limit = step / 50
        yield GatePoint(
            limit=limit, kept=started(topics, limit), false_starts=started(others, limit)
        )


def best_limit(texts: Iterable[MeasuredText], most_false_starts: float) -> GatePoint:
    """The lowest limit at which at most this share of the out-of-scope texts start a topic. If
    there is none, the highest limit."""
    points = list(gate_curve(texts))
    return next((point for point in points if point.false_starts <= most_false_starts), points[-1])

"""Finds replies to suggest to an agent among the desk's own past answers, by TF-IDF.

A past answer is an agent's text together with the requester's texts that it answered. A new text is
compared with both. Callers mask the answers first, so that no requester sees another person's data.

Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, chapter 6
(https://nlp.stanford.edu/IR-book/html/htmledition/tf-idf-weighting-1.html).
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.training.masking import NAME

#: A conversation counts as solved if the requester starts no other one within this time.
STAYED_CLOSED = timedelta(days=7)
ANSWER_COUNTS = 0.5  # weight of similar answers, relative to similar questions
LEAST_SIMILAR = 0.25  # least weighted similarity of a suggestion; our own limit
MOST_SUGGESTIONS = 3  # suggestions at a time
SHORTEST = 15  # characters; a shorter answer, such as "ok, thanks", is not suggested
OFTEN = 5  # an answer that agents typed this many times is proposed as a template
_WORD = re.compile(r"[^\W\d_]{2,}")
_GREETED = re.compile(
    rf"^((?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hola)\s+){NAME}", re.I
)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAnswer:
    """``question``: the requester's texts before it. ``answer``: masked."""

    interaction_id: int
    question: str
    answer: str
    agent: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedReply:
    """A reply to suggest. ``interaction_id``, ``agent`` and ``at``: its source, which is the past
    answer that is most similar to the text. ``times``: how often agents wrote it."""

    text: str
    interaction_id: int
    agent: str
    at: datetime
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedOften:
    """A text that agents type again and again."""

    text: str
    times: int


def words(text: str) -> list[str]:
    return _WORD.findall(folded(text))


def same(text: str) -> str:
    """The text without case, extra spaces and the greeted name. Answers that are equal in this form
    count as one."""
    return _SPACES.sub(" ", folded(greeting_to(text, NAME))).strip(" .!")


def greeting_to(text: str, name: str) -> str:
    """The text with another name in its greeting."""
    return _GREETED.sub(lambda found: found[1] + name, text)


class ReplyIndex:
    """A search index of the answers. It never changes after it is built."""

    def __init__(self, answers: Sequence[PastAnswer]) -> None:
        self._answers = [one for one in answers if len(one.answer) >= SHORTEST]
        counted = [
            (Counter(words(one.question)), Counter(words(one.answer))) for one in self._answers
        ]
        found_in = Counter(word for one in counted for word in one[0] | one[1])
        total = len(counted)
        self._rarity = {word: math.log(1 + total / n) for word, n in found_in.items()}
        self._unknown = math.log(1 + total)
        # word -> the answers that have the word, with the word's weight in each
        self._places: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, (question, answer) in enumerate(counted):
            both = dict(self._unit(question))
            for word, weight in self._unit(answer).items():
                both[word] = both.get(word, 0.0) + ANSWER_COUNTS * weight
            for word, weight in both.items():
                self._places[word].append((place, weight))
        self._times = Counter(same(one.answer) for one in self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def suggest(self, text: str, first_name: str | None = None) -> list[SuggestedReply]:
        """The best replies to this text, the most similar first. ``first_name``: the name for the
        greeting."""
        scores: dict[int, float] = defaultdict(float)
        for word, weight in self._unit(Counter(words(text))).items():
            for place, there in self._places.get(word, ()):
                scores[place] += weight * there
        best: dict[str, SuggestedReply] = {}
        # if two answers are equally similar, the newer one comes first
        for place in sorted(scores, key=lambda p: (-scores[p], -self._answers[p].at.timestamp())):
            if scores[place] < LEAST_SIMILAR or len(best) == MOST_SUGGESTIONS:
                break
            one = self._answers[place]
            key = same(one.answer)
            if key not in best:
                best[key] = SuggestedReply(
                    text=greeting_to(one.answer, first_name) if first_name else one.answer,
                    interaction_id=one.interaction_id,
                    agent=one.agent,
                    at=one.at,
                    times=self._times[key],
                )
        return list(best.values())

    def typed_often(self, known: Sequence[str] = ()) -> list[TypedOften]:
        """The texts that agents typed at least ``OFTEN`` times, the most frequent first. Leaves out
        ``known``, the texts of the templates."""
        templates = {same(one) for one in known}
        spelled = Counter(one.answer for one in self._answers)
        # the most frequent spelling of each text, because it comes last and overwrites the others
        usual = {same(text): text for text, _ in reversed(spelled.most_common())}
        return [
            TypedOften(text=usual[key], times=times)
            for key, times in self._times.most_common()
            if times >= OFTEN and key not in templates
        ]

    def _unit(self, counted: Counter[str]) -> Mapping[str, float]:
        """The TF-IDF vector of these words, with length 1."""
        # An unknown word gets the greatest rarity, so the text is less similar to every answer.
        raw = {
            word: (1 + math.log(n)) * self._rarity.get(word, self._unknown)
            for word, n in counted.items()
        }
        length = math.sqrt(sum(weight * weight for weight in raw.values()))
        return {word: weight / length for word, weight in raw.items()} if length else {}

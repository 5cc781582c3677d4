"""The summary that ``make nlu`` prints. ``nlu_page.py`` writes the page with the charts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handoff_service.bot_control import nlu_texts
from handoff_service.bot_control.nlu_texts import GatePoint, MeasuredText
from handoff_service.rules.shared.counted import counted
from handoff_service.rules.training.exact_tests import Share
from handoff_service.rules.training.intents import OTHER_MATTERS, TOPICS, UNSURE

MOST_CONFUSIONS = 12
#: Code -> name of the languages for which the report has separate figures.
LANGUAGES = {"es": "Spanish", "de": "German", "fr": "French"}
#: At most this share of the out-of-scope texts may start a topic. The gate's limit is the lowest
#: limit that meets this condition on half of the texts.
MOST_FALSE_STARTS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class TextGroup:
    """The figures of a group of texts."""

    name: str
    texts: tuple[MeasuredText, ...]
    is_part: bool = False  #: whether these are the texts of the preceding group in one language

    @property
    def right(self) -> Share:
        return nlu_texts.share(self.texts, lambda text: text.is_right)

    @property
    def guessed(self) -> Share:
        """The texts for which the classifier finds the right intent, before the gates."""
        return nlu_texts.share(self.texts, lambda text: text.is_guessed_right)

    @property
    def macro_f1(self) -> float:
        return nlu_texts.macro_f1(nlu_texts.by_intent(self.texts))

    @property
    def topics_kept(self) -> Share:
        """The texts about a topic that start the right topic."""
        topics = [text for text in self.texts if text.meant in TOPICS]
        return nlu_texts.share(topics, lambda text: text.is_right)

    @property
    def topics_asked(self) -> Share:
        """The texts about a topic for which the virtual agent asks whether this topic is meant."""
        topics = [text for text in self.texts if text.meant in TOPICS]
        return nlu_texts.share(topics, lambda text: text.understood == UNSURE)

    @property
    def false_starts(self) -> Share:
        """The texts that are not for the desk and still start a topic."""
        return nlu_texts.share(self._others, lambda text: text.starts_topic)

    @property
    def false_questions(self) -> Share:
        return nlu_texts.share(self._others, lambda text: text.understood == UNSURE)

    @property
    def handoffs(self) -> Share:
        wanted = [text for text in self.texts if text.meant == "talk_to_person"]
        return nlu_texts.share(wanted, lambda text: text.is_right)

    @property
    def _others(self) -> list[MeasuredText]:
        return [text for text in self.texts if text.meant in OTHER_MATTERS]


def groups(texts: Sequence[MeasuredText]) -> list[TextGroup]:
    """A group for the cross-validation and for each held-out author. Each is followed by a group
    for each of the ``LANGUAGES``. Empty groups are left out."""
    found = []
    for of_set, author in dict.fromkeys((text.of_set, text.author) for text in texts):
        some = tuple(t for t in texts if (t.of_set, t.author) == (of_set, author))
        name = of_set if of_set == "cross-validation" else f"{of_set}, {author}"
        found.append(TextGroup(name=name, texts=some))
        found += [
            TextGroup(
                name=f"{name}, {title}",
                texts=tuple(t for t in some if t.spoken == code),
                is_part=True,
            )
            for code, title in LANGUAGES.items()
        ]
    return [group for group in found if group.texts]


def validated_gate(texts: Sequence[MeasuredText]) -> tuple[GatePoint, GatePoint]:
    """Choose the best limit on one half of the cross-validated texts. Returns its figures on this
    half and on the other half."""
    examples = [text for text in texts if text.of_set == "cross-validation"]
    chosen = nlu_texts.best_limit(examples[::2], MOST_FALSE_STARTS)
    judged = next(p for p in nlu_texts.gate_curve(examples[1::2]) if p.limit == chosen.limit)
    return chosen, judged


def lines(texts: Sequence[MeasuredText], seconds: float) -> Iterator[str]:
    """The lines of the summary. ``seconds``: the time that training took."""
    times = sorted(text.ms for text in texts)
    for group in groups(texts):
        yield f"{group.name}: {counted(len(group.texts), 'text')}"
        yield f"  correct after the gates   {group.right}   macro F1 {group.macro_f1:.3f}"
        yield f"  correct before the gates  {group.guessed}"
        for name, part in _parts(group):
            if part.whole:
                yield f"  {name:<24}  {part}"
    chosen, judged = validated_gate(texts)
    yield (
        f"gate: limit {chosen.limit:.2f}, chosen on half of the texts. On the other half, "
        f"{judged.kept:.3f} of the topics and {judged.false_starts:.3f} of the out-of-scope texts "
        "start a topic"
    )
    yield f"training {seconds:.0f} s   a text {times[len(times) // 2]:.1f} ms (median)"
    found = nlu_texts.confusions(t for t in texts if t.of_set == "cross-validation")
    if found:
        yield "most often confused in cross-validation:"
    for c in found[:MOST_CONFUSIONS]:
        yield f"  {c.times} x {c.meant} understood as {c.understood}, such as: {c.example}"


def _parts(group: TextGroup) -> list[tuple[str, Share]]:
    return [
        ("topics that start", group.topics_kept),
        ("topics asked about", group.topics_asked),
        ("false starts", group.false_starts),
        ("false questions", group.false_questions),
        ("requests for a person", group.handoffs),
    ]

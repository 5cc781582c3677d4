"""Compares the figures of a dry run with those of the past, and describes the change that it
tries."""

from collections.abc import Sequence
from dataclasses import dataclass

from handoff_service.lib.opening_hours import in_words
from handoff_service.rules.reports.figure_kinds import Unit
from handoff_service.rules.routing.replay_change import AvailableAs, ReplayChange
from handoff_service.rules.routing.replay_figures import (
    AgentFigures,
    QueueFigures,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import TargetKind
from handoff_service.store.reports.replay_desk import DeskToday
from handoff_service.store.reports.replays import ReplayResult
from handoff_service.web.shared.figure_words import figure_value

TARGETS = {
    TargetKind.FIRST_RESPONSE: phrase("First response targets missed"),
    TargetKind.NEXT_RESPONSE: phrase("Next response targets missed"),
    TargetKind.RESOLUTION: phrase("Resolution targets missed"),
}


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One figure, from the past and from two replays."""

    label: str
    happened: str  #: in the past
    before: str  #: in a replay with today's settings
    after: str  #: in a replay with the change
    #: whether the change improves the figure; None if both replays are equal, if one of them has no
    #: value, or if a change of this figure is neither good nor bad
    better: bool | None


@dataclass(frozen=True, slots=True)
class ComparedTable:
    name: str
    rows: Sequence[ComparedRow]


@dataclass(frozen=True, slots=True)
class Compared:
    queues: Sequence[ComparedTable]
    agents: Sequence[ComparedTable]


def comparison(result: ReplayResult, now: DeskToday) -> Compared:
    """Return a table for each queue with arrivals, and for each agent who had conversations."""
    runs = (result.happened, result.before, result.after)
    by_queue = [{one.queue_id: one for one in run.queues} for run in runs]
    by_agent = [{one.agent_id: one for one in run.agents} for run in runs]
    return Compared(
        queues=[
            ComparedTable(now.queues[key].name, _queue([run[key] for run in by_queue]))
            for key in now.queues
            if all(key in run for run in by_queue)
        ],
        agents=[
            ComparedTable(agent.name, _agent([run[key] for run in by_agent]))
            for key, agent in now.agents.items()
            if all(key in run for run in by_agent) and any(run[key].taken for run in by_agent)
        ],
    )


def _queue(runs: Sequence[QueueFigures]) -> list[ComparedRow]:
    rows = [
        _row(phrase("Conversations"), [one.arrivals for one in runs], Unit.COUNT),
        _row(phrase("Never accepted"), [one.lost for one in runs], Unit.COUNT, lower=True),
        _row(phrase("Wait, median"), [one.wait_median for one in runs], Unit.SECONDS, lower=True),
        _row(
            phrase("Wait, 90th percentile"),
            [one.wait_p90 for one in runs],
            Unit.SECONDS,
            lower=True,
        ),
        _row(phrase("Wait, longest"), [one.wait_longest for one in runs], Unit.SECONDS, lower=True),
    ]
    for kind, label in TARGETS.items():
        counts = [next(c for c in one.targets if c.kind is kind) for one in runs]
        if any(one.met or one.missed for one in counts):
            rows.append(_row(label, [one.missed for one in counts], Unit.COUNT, lower=True))
    return rows


def _agent(runs: Sequence[AgentFigures]) -> list[ComparedRow]:
    return [
        _row(phrase("Conversations"), [one.taken for one in runs], Unit.COUNT),
        _row(phrase("Average load"), [one.load for one in runs], Unit.RATIO),
    ]


def _row(
    label: str, values: Sequence[float | None], unit: Unit, *, lower: bool | None = None
) -> ComparedRow:
    happened, before, after = values
    better = None
    if lower is not None and before is not None and after is not None and before != after:
        better = (after < before) == lower
    words = [figure_value(one, unit) for one in (happened, before, after)]
    return ComparedRow(label, words[0], words[1], words[2], better)


def changes_in_words(change: ReplayChange, now: DeskToday) -> list[str]:
    """Describe each change of the dry run in a sentence."""
    sentences: list[str] = []
    for one in change.queues:
        name = now.queues[one.id].name if one.id in now.queues else phrase("Queue {id}", id=one.id)
        if one.schedule is not None:
            sentences.append(
                phrase("{name}: opening hours {hours}.", name=name, hours=in_words(one.schedule))
            )
        if one.skills is not None:
            sentences.append(
                phrase("{name}: required skills {skills}.", name=name, skills=", ".join(one.skills))
                if one.skills
                else phrase("{name}: no required skills.", name=name)
            )
        if one.targets is not None:
            sentences.append(phrase("{name}: targets changed.", name=name))
    for agent in change.agents:
        name = (
            now.agents[agent.id].name
            if agent.id in now.agents
            else phrase("Agent {id}", id=agent.id)
        )
        if agent.capacity is not None:
            sentences.append(phrase("{name}: capacity {count}.", name=name, count=agent.capacity))
        if agent.groups is not None:
            sentences.append(
                phrase("{name}: groups {groups}.", name=name, groups=", ".join(agent.groups))
                if agent.groups
                else phrase("{name}: no groups.", name=name)
            )
        if agent.skills is not None:
            sentences.append(
                phrase("{name}: skills {skills}.", name=name, skills=", ".join(agent.skills))
                if agent.skills
                else phrase("{name}: no skills.", name=name)
            )
    if change.available is AvailableAs.OPENING_HOURS:
        sentences.append(
            phrase("In both runs, agents are available whenever one of their queues is open.")
        )
    return sentences

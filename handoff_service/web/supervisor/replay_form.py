"""The form of a dry run. It shows today's settings, and a supervisor changes some of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sanic import Request
from sanic.request import RequestParameters

from handoff_service.errors import BadInput
from handoff_service.rules.routing.replay_change import (
    AgentChange,
    AvailableAs,
    QueueChange,
    ReplayChange,
)
from handoff_service.rules.routing.targets import QueueTargets
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.reports.replay_desk import AgentToday, DeskToday
from handoff_service.web.shared import target_rows

ALWAYS = "24/7"
MOST_CAPACITY = 1000


@dataclass(frozen=True, slots=True)
class ReplayForm:
    """The form's values, and its errors by field. ``groups``: agent's id -> chosen groups."""

    values: Mapping[str, str]
    groups: Mapping[int, frozenset[str]]
    errors: dict[str, str] = field(default_factory=dict)


def of(now: DeskToday) -> ReplayForm:
    """Return the form with today's settings."""
    values = {"available": str(AvailableAs.LOGGED)}
    for key, queue in now.queues.items():
        needed = [one.name for one in queue.skills if one.mandatory]
        values |= {
            f"q{key}_schedule": queue.schedule or ALWAYS,
            f"q{key}_skills": ", ".join(sorted(needed)),
            **target_rows.shown(queue.targets, f"q{key}_"),
        }
    for key, agent in now.agents.items():
        values |= {
            f"a{key}_capacity": str(agent.capacity),
            f"a{key}_skills": ", ".join(sorted(agent.skills)),
        }
    return ReplayForm(values, {key: frozenset(one.groups) for key, one in now.agents.items()})


def sent(request: Request, now: DeskToday) -> ReplayForm:
    """Read the form that the browser sent. A missing field keeps today's value, but an agent
    without a checked group has no groups."""
    given: Any = request.form or RequestParameters()  # None for a body that is no form
    today = of(now)
    values = {name: str(given.get(name, value)).strip() for name, value in today.values.items()}
    groups = {key: frozenset(given.getlist(f"a{key}_groups", [])) for key in now.agents}
    return ReplayForm(values, groups)


def change_of(form: ReplayForm, now: DeskToday) -> ReplayChange:
    """Return the settings that differ from today's. Raises BadInput, which names each wrong
    field."""
    queues = [_queue(form, now, key) for key in now.queues]
    agents = [_agent(form, one) for one in now.agents.values()]
    if form.errors:
        raise BadInput(phrase("Some of the settings cannot be used."), errors=form.errors)
    available = form.values["available"]
    return ReplayChange(
        queues=tuple(one for one in queues if one != QueueChange(id=one.id)),
        agents=tuple(one for one in agents if one != AgentChange(id=one.id)),
        available=AvailableAs(available) if available in list(AvailableAs) else AvailableAs.LOGGED,
    )


def _queue(form: ReplayForm, now: DeskToday, key: int) -> QueueChange:
    today, values = of(now).values, form.values
    before = f"q{key}_"

    def changed(name: str) -> bool:
        return values[before + name] != today[before + name]

    cells = target_rows.shown((), before)
    targets = None
    if any(values[name] != today[name] for name in cells):
        try:
            read = target_rows.read(values, before)
            targets = tuple(QueueTargets(**one.model_dump()) for one in read)
        except BadInput as wrong:
            form.errors.update(wrong.errors)
    return QueueChange(
        id=key,
        schedule=(values[before + "schedule"] or ALWAYS) if changed("schedule") else None,
        skills=_names(values[before + "skills"]) if changed("skills") else None,
        targets=targets,
    )


def _agent(form: ReplayForm, agent: AgentToday) -> AgentChange:
    skills = _names(form.values[f"a{agent.id}_skills"])
    groups = form.groups[agent.id]
    typed = form.values[f"a{agent.id}_capacity"]
    capacity = agent.capacity
    if typed.isascii() and typed.isdigit() and int(typed[:6]) <= MOST_CAPACITY:
        capacity = int(typed)
    else:
        form.errors[f"a{agent.id}_capacity"] = phrase(
            "must be a whole number from 0 to {most}", most=MOST_CAPACITY
        )
    return AgentChange(
        id=agent.id,
        capacity=capacity if capacity != agent.capacity else None,
        groups=tuple(sorted(groups)) if groups != frozenset(agent.groups) else None,
        skills=skills if frozenset(skills) != agent.skills else None,
    )


def _names(typed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in typed.split(",") if one.strip()))

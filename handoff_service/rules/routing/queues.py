"""Queues: an admin's settings, their validation, and reasons why a queue can never assign work."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from handoff_service.rules.desk import system_message_texts
from handoff_service.rules.desk.system_messages import SystemMessage
from handoff_service.rules.routing import targets
from handoff_service.rules.routing.targets import QueueTargets
from handoff_service.rules.shared.conditions import Condition, Match
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePool:
    """A group of agents who get offers once a work item has waited ``after_seconds``."""

    group: str
    after_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """Agents without a ``mandatory`` skill are not asked. Agents with an optional skill are asked
    first."""

    name: str
    mandatory: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFields:
    """An admin's queue.

    - ``position``: its place in the admin's order; 0 for a new queue, which is added at the end.
    - ``schedule``: opening hours (opening_hours.py); None: always open.
    - ``time_zone``, ``country``: None means the desk's.
    - ``language``: the language of ``texts``, and of the desk's texts if the requester's language
      is not known.
    - ``texts``: the queue's own texts; the desk's texts replace missing ones.
    - ``auto_assign``: work items are assigned without an offer.
    - ``alarm_seconds``: how long a requester waits before supervisors are alerted; None: never.
    - ``satisfaction_after_hours``: how long after closing the desk asks the requester for a grade;
      None: never. ``satisfaction_every_days``: it asks a requester at most once within this number
      of days.
    """

    name: str
    position: int = 0
    pools: tuple[QueuePool, ...] = ()
    skills: tuple[Skill, ...] = ()
    conditions: tuple[Condition, ...] = ()
    match: Match = Match.ALL
    schedule: str | None = None
    time_zone: str | None = None
    country: str | None = None
    language: Language = Language.ENGLISH
    assignment: Assignment = Assignment.MOST_CAPACITY
    accept_seconds: int = 60
    auto_assign: bool = False
    satisfaction_after_hours: int | None = None
    satisfaction_every_days: int = 30
    affinity_days: int = 7
    alarm_seconds: int | None = None
    targets: tuple[QueueTargets, ...] = ()
    texts: Mapping[SystemMessage, str] = field(default_factory=dict)


def errors(queue: QueueFields) -> dict[str, str]:
    """Field -> its error, which names the valid values. Empty when the queue can be saved."""
    found: dict[str, str] = {}
    for key, names in (
        ("groups", [p.group for p in queue.pools]),
        ("skills", [s.name for s in queue.skills]),
    ):
        if twice := next((name for name in names if names.count(name) > 1), None):
            found[key] = phrase("“{name}” is listed twice. Remove one", name=twice)
    if wrong := targets.errors(queue.targets):
        found["targets"] = wrong
    for message, text in queue.texts.items():
        if wrong := system_message_texts.error(message, text, {"queue": queue.name}):
            found["texts"] = phrase(
                "“{message}”: {problem}",
                message=message.replace("_", " ").capitalize(),
                problem=wrong,
            )
    return found


def problems(
    *,
    groups: Collection[str],
    agents: int,
    lacking: Collection[str] = (),
    schedule_error: str | None = None,
) -> list[str]:
    """Why a queue can never assign, in words. Empty when it can.

    ``agents``: how many active agents its groups have; ``lacking``: the mandatory skills, if no
    agent has all of them.
    """
    found: list[str] = []
    if not groups:
        found.append(phrase("No group gets offers: add one."))
    elif not agents:
        found.append(
            phrase(
                "No active agent is in its groups ({groups}): add one.", groups=", ".join(groups)
            )
        )
    elif lacking:
        found.append(
            phrase(
                "No agent in its groups has the required skills: {skills}.",
                skills=", ".join(lacking),
            )
        )
    if schedule_error:
        found.append(phrase("Its opening hours {problem}.", problem=schedule_error))
    return found

"""The dry run of work assignment: which agents would get a hypothetical conversation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from handoff_service.rules.routing import assignment, queue_choice
from handoff_service.rules.routing.assignment import Considered, Need
from handoff_service.rules.routing.queue_choice import QueueDecision
from handoff_service.rules.routing.queue_conditions import QueueFacts
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import candidates, queues


@dataclass(frozen=True, slots=True, kw_only=True)
class HypotheticalConversation:
    """A hypothetical conversation. ``attributes``: the requester's attributes. ``waited``: the time
    since the handoff."""

    provider_number_id: int
    at: datetime
    topic: str | None = None
    language: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    waited: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCandidate:
    """A candidate. ``chosen``: whether the agent would get the offer."""

    name: str
    chosen: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingDryRun:
    """The result. ``queues``: the considered queues, with the chosen one last. ``opens_at``: None
    if the queue is open at that time, or never opens.
    """

    queues: Sequence[QueueDecision]
    is_open: bool
    opens_at: datetime | None
    agents: Sequence[OfferCandidate]


def dry_run(conn: Connection, conversation: HypotheticalConversation) -> RoutingDryRun:
    """Decide with the agents' current presence and load. Changes nothing."""
    p = t.provider_numbers
    number = conn.execute(
        select(p.c.number, p.c.queue_id).where(p.c.id == conversation.provider_number_id)
    ).one()
    facts = QueueFacts(
        provider_number=number.number,
        topic=conversation.topic,
        language=conversation.language or conversation.attributes.get("language"),
        attributes=conversation.attributes,
    )
    considered = queue_choice.explain(queues.list_(conn), number.queue_id, facts)
    chosen = considered[-1].queue_id
    schedule = candidates.work_queues(conn)[chosen].schedule
    is_open = schedule.is_open(conversation.at)
    return RoutingDryRun(
        queues=considered,
        is_open=is_open,
        opens_at=None if is_open else schedule.opens_at(conversation.at),
        agents=_agents(conn, chosen, conversation.waited),
    )


def _agents(conn: Connection, queue_id: int, waited: timedelta) -> list[OfferCandidate]:
    queue = candidates.work_queues(conn)[queue_id]
    members = candidates.candidates(conn, [queue_id]).get(queue_id, {})
    need = Need(
        rule=queue.rule,
        waited=waited,
        mandatory=queue.mandatory,
        optional=queue.optional,
        last_agent=queue.last_agent,
    )
    decision = assignment.decide(list(members.values()), need)
    order = sorted(decision.considered, key=lambda one: (not one.chosen, _name(members, one)))
    return [
        OfferCandidate(name=_name(members, one), chosen=one.chosen, why=one.why) for one in order
    ]


def _name(members: Mapping[int, assignment.Candidate], one: Considered) -> str:
    return members[one.agent_id].name

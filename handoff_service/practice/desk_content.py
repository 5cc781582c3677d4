"""The content of a practice desk at its start: the agent, fictional requesters, topics,
templates."""

import secrets
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.operations.desk_file.desk_file import (
    AgentEntry,
    DeskFile,
    LabelEntry,
    ProviderNumberEntry,
    TemplateEntry,
    UserEntry,
)
from handoff_service.operations.routing.queue_fields import QueueEntry
from handoff_service.rules.desk.labels import Color, topics
from handoff_service.rules.shared.vocabulary import FirstResponder, Role
from handoff_service.rules.training.practice import (
    Line,
    PracticeChoice,
    PracticeConversation,
    PracticeSource,
    Speaker,
)
from handoff_service.store.desk import labels, templates
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.store.training import practice_source

COMPANY = "+13075550199"  # reserved for fiction, like the requesters' numbers
QUEUE = "Practice"
PICTURE_TYPE = "image/png"
AGENT_ID = 1  # the agent who practices, the only agent in that database
MOST_TEMPLATES = 200
_DEMO_BEGINS = datetime(2026, 1, 5, 15, tzinfo=UTC)
# the time between the starts of two conversations, so that they do not all wait at the same time
_DEMO_PAUSE = timedelta(minutes=3)
_DEMO = Path(__file__).parent / "demo_set.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything that a run needs from the real desk, read in one transaction."""

    conversations: list[PracticeConversation]  #: masked
    #: the desk's median time to a first answer in the chosen days, in seconds
    first_answer: int | None
    agent_name: str
    capacity: int
    time_zone: str
    topics: list[str]
    templates: list[tuple[str, str]]


def read_material(conn: Connection, agent_id: int, choice: PracticeChoice) -> Material:
    """Read the material, with masked conversations."""
    demo = choice.source is PracticeSource.DEMO
    found = demo_set() if demo else practice_source.past_conversations(conn, choice)
    agent = agents_by_id(conn, [agent_id]).get(agent_id)
    known = [one.name for one in topics(labels.list_(conn))]
    return Material(
        conversations=found[: choice.conversations],
        first_answer=None if demo else practice_source.median_first_answer(conn, choice),
        agent_name=agent.name if agent else "",
        capacity=max(agent.capacity if agent else 0, 1),
        time_zone=desk_name_and_zone(conn)[1],
        topics=sorted({one.topic for one in demo_set() if one.topic}) if demo else known,
        templates=[(one.name, one.body) for one in templates.list_(conn, limit=MOST_TEMPLATES)],
    )


def requester_number(place: int) -> str:
    """The fictional number of a requester."""
    return f"+13075550{100 + place}"


def desk_file_of(material: Material) -> DeskFile:
    """The practice desk as a desk file."""
    requesters = [
        UserEntry(
            external_id=f"P{place + 1:02}",
            name=f"Requester {place + 1}",
            numbers=[requester_number(place)],
            attributes={"time_zone": material.time_zone},
        )
        for place in range(len(material.conversations))
    ]
    agent = AgentEntry(
        email="agent@practice.example.com",
        name=material.agent_name,
        password=secrets.token_urlsafe(32),  # nobody knows it
        roles=[Role.AGENT],
        capacity=material.capacity,
        groups=[QUEUE],
    )
    return DeskFile(
        desk=DeskEntry(
            name="Practice desk",
            time_zone=material.time_zone,
            ask_topic=bool(material.topics),
            most_in_range=0,
            most_unknown_hourly=0,
            most_unknown_daily=0,
        ),
        users=requesters,
        agents=[agent],
        queues=[QueueEntry.model_validate({"name": QUEUE, "groups": [QUEUE]})],
        provider_numbers=[
            ProviderNumberEntry(
                number=COMPANY,
                label="Practice line",
                first_responder=FirstResponder.LIVE_AGENT,
                queue=QUEUE,
                segments_per_second=100,
            )
        ],
        labels=[LabelEntry(name=one, color=Color.BLUE, topic=True) for one in material.topics],
        templates=[TemplateEntry(name=name, body=body) for name, body in material.templates],
    )


def demo_set() -> list[PracticeConversation]:
    """The fictional conversations that come with the product."""
    with _DEMO.open("rb") as file:
        entries = tomllib.load(file)["conversations"]
    return [
        _conversation(_DEMO_BEGINS + n * _DEMO_PAUSE, entry["topic"], entry["lines"])
        for n, entry in enumerate(entries)
    ]


def _conversation(
    at: datetime, topic: str, written: Sequence[Sequence[str | int]]
) -> PracticeConversation:
    lines = []
    for seconds, speaker, text in written:
        at += timedelta(seconds=int(seconds))
        lines.append(Line(speaker=Speaker(str(speaker)), at=at, text=str(text)))
    return PracticeConversation(lines=tuple(lines), topic=topic, waits_since=None)

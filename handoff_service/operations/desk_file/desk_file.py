"""The desk file: TOML, read once, checked whole. What is wrong is told with file, line and key."""

import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from handoff_service.errors import SetupError
from handoff_service.lib import opening_hours, text_files
from handoff_service.operations.cases.outage_fields import OutageEntry
from handoff_service.operations.desk.person_fields import Attributes, Capacity
from handoff_service.operations.desk_file import desk_file_errors as faults
from handoff_service.operations.desk_file import toml_limits
from handoff_service.operations.messaging_actions.messaging_action_fields import MessagingActionEntry
from handoff_service.operations.routing.queue_fields import QueueEntry
from handoff_service.operations.shared.field_types import (
    COUNTRY,
    Country,
    MessagingService,
    Name,
    Number,
    OwnNumber,
    PresenceName,
    TimeZone,
)
from handoff_service.rules.cases import outages, webhook
from handoff_service.rules.delivery import quiet_hours
from handoff_service.rules.desk import system_messages, templates
from handoff_service.rules.desk.system_messages import SystemMessage
from handoff_service.rules.messaging_actions import messaging_actions
from handoff_service.rules.routing import offer_card, queues
from handoff_service.rules.shared.vocabulary import FirstResponder, Role
from handoff_service.rules.virtual_agent import commands
from handoff_service.rules.virtual_agent.commands import Command


def _card_fields(value: list[str]) -> list[str]:
    if wrong := offer_card.error(value):
        raise ValueError(wrong)
    return value


Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _commands(value: dict[Command, list[str]]) -> dict[Command, list[str]]:
    if wrong := commands.error(value):
        raise ValueError(wrong)
    return value


def _same_answers(value: int) -> int:
    if value == 1:
        raise ValueError("must be 0 for never, or at least 2: the first answer is like no other")
    return value


def _quiet_hours(value: str | None) -> str | None:
    if value:
        quiet_hours.parse(value)
    return value or None


class DeskEntry(_Entry):
    """``commands``: the words for each; those shipped for a command that is left out, none for an empty list.
    ``quiet_hours``: such as 21:00-08:00, by the requester's clock; empty: none. ``countries``: those that are texted;
    none: every country. ``most_in_range``: automatic replies an hour to the other unknown numbers of a range of 10,000;
    ``most_unknown_hourly``, ``most_unknown_daily``: to all unknown numbers; 0: no limit. ``thanks_minutes``:
    after closing on a line of live agents, thanks stay with the closed conversation for so long; 0: never.
    ``queue_unanswerable``: texts from senders that nobody can text back go to queues."""

    name: Text
    country: Country = "US"
    time_zone: TimeZone = "UTC"
    reassign_when_away: bool = False
    away_after_seconds: Annotated[int, Field(ge=5, le=3600)] = 45
    card_fields: Annotated[list[Text], AfterValidator(_card_fields)] = []
    commands: Annotated[dict[Command, list[str]], AfterValidator(_commands)] = {}
    same_answers: Annotated[int, Field(ge=0, le=20), AfterValidator(_same_answers)] = 2
    quiet_hours: Annotated[str | None, AfterValidator(_quiet_hours)] = None
    most_answers: Annotated[int, Field(ge=5, le=1000)] = 30
    countries: list[Country] = []
    most_in_range: Annotated[int, Field(ge=0, le=10_000)] = 20
    most_unknown_hourly: Annotated[int, Field(ge=0, le=1_000_000)] = 200
    most_unknown_daily: Annotated[int, Field(ge=0, le=1_000_000)] = 1000
    thanks_minutes: Annotated[int, Field(ge=0, le=1440)] = 10
    queue_unanswerable: bool = False


class UserEntry(_Entry):
    """``active`` stays as it is when it is left out; a user who is new is active."""

    external_id: Text
    name: Text
    email: Text | None = None
    numbers: list[Number] = []
    facts: dict[str, str] = {}
    attributes: Attributes = {}
    active: bool | None = None


class AgentEntry(_Entry):
    """``password`` is needed once; later imports may leave it out. ``active`` as with users."""

    email: Text
    name: Text
    password: str | None = None
    roles: list[Role] = [Role.AGENT]
    capacity: Capacity = 4
    groups: list[Text] = []
    skills: list[Text] = []
    active: bool | None = None


class GroupEntry(_Entry):
    """Groups that agents and queues name need no entry of their own, unless they have a limit."""

    name: Text
    capacity: Capacity | None = None


class ProviderNumberEntry(_Entry):
    number: OwnNumber
    label: str = ""
    first_responder: FirstResponder = FirstResponder.VIRTUAL_AGENT
    queue: Text
    segments_per_second: Annotated[int, Field(ge=1, le=1000)] = 1
    messaging_service: MessagingService = None


class TemplateEntry(_Entry):
    name: Name
    body: Annotated[str, Field(max_length=1600)]


class PresenceStateEntry(_Entry):
    """Their order in the file is the admin's."""

    name: PresenceName
    takes_work: bool = False


class RejectReasonEntry(_Entry):
    """Their order in the file is the admin's."""

    words: Name
    again: bool = True


class CaseWebhookEntry(_Entry):
    """``url`` empty: cases are told to nobody. ``secret`` is needed once; later imports may leave it out."""

    url: str = ""
    secret: str | None = None


class OptOutEntry(_Entry):
    """``provider_number``: the company's number that it is about; left out: all of them. Importing opts nobody in."""

    number: Number
    provider_number: OwnNumber | None = None
    note: Annotated[str, Field(max_length=500)] | None = None


class DeskFile(_Entry):
    desk: DeskEntry | None = None
    users: list[UserEntry] = []
    agents: list[AgentEntry] = []
    groups: list[GroupEntry] = []
    provider_numbers: list[ProviderNumberEntry] = []
    queues: list[QueueEntry] = []
    messaging_actions: list[MessagingActionEntry] = []
    templates: list[TemplateEntry] = []
    texts: dict[SystemMessage, str] = {}
    presence_states: list[PresenceStateEntry] = []
    reject_reasons: list[RejectReasonEntry] = []
    outages: list[OutageEntry] = []
    case_webhook: CaseWebhookEntry | None = None
    opt_outs: list[OptOutEntry] = []


def read(path: Path, country: str | None = None) -> DeskFile:
    """Read and check a desk file. ``country``: of the desk, for national numbers in a file that names none.
    SetupError lists every fault as ``file:line: key: what is wrong``."""
    try:
        with path.open("rb") as file:
            content = file.read(toml_limits.MOST_BYTES + 1)
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from error
    return read_bytes(content, str(path), country)


def read_bytes(content: bytes, name: str, country: str | None = None) -> DeskFile:
    """The same for a file that is here already, under this name.

    Takes a second for a file of 1 MB, so a server calls it in a thread.
    """
    try:
        toml_limits.check_size(len(content))
        text = text_files.text_of(content).replace("\r\n", "\n")
        toml_limits.check(text)
        content_read = tomllib.loads(text)
    except toml_limits.TooMuch as error:
        raise SetupError(f"{name}:{error.line}: {error.what}") from error
    except text_files.NotUtf8 as error:
        raise SetupError(f"{name} {error}") from error
    except ValueError as error:  # of the parser: no TOML, or a number of more digits than Python reads
        raise SetupError(f"{name}: {error}") from error
    context = {COUNTRY: _country_of(content_read) or country}
    if wrong := [
        faults.line_of(name, text, fault)
        for fault in islice(faults.malformed(DeskFile, content_read, context), faults.MOST_LISTED)
    ]:
        raise SetupError(faults.listed(wrong))
    file = DeskFile.model_validate(content_read, context=context)
    if wrong := [faults.written(name, text, where, what) for where, what in islice(_faults(file), faults.MOST_LISTED)]:
        raise SetupError(faults.listed(wrong))
    return file


def _country_of(content: dict[str, Any]) -> str | None:
    """The country that the file gives the desk, if it is one."""
    desk = content.get("desk")
    named = desk.get("country", DeskEntry.model_fields["country"].default) if isinstance(desk, dict) else None
    return named if named in SUPPORTED_REGIONS else None


def _faults(file: DeskFile) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """What the rules say against entries that are well formed: (where, what)."""
    for n, action in enumerate(file.messaging_actions):
        for key, what in messaging_actions.faults(action.meant()).items():
            yield ("messaging_actions", n, key), what
    for n, queue in enumerate(file.queues):
        for key, what in queues.faults(queue.meant()).items():
            yield ("queues", n, key), what
        country = queue.country or (file.desk.country if file.desk else None)
        if queue.schedule is not None and (wrong := opening_hours.error(queue.schedule, country)):
            yield ("queues", n, "schedule"), wrong
    for n, template in enumerate(file.templates):
        if wrong := templates.error(template.body):
            yield ("templates", n, "body"), wrong
    for n, outage in enumerate(file.outages):
        for key, what in outages.faults(outage.meant()).items():
            yield ("outages", n, key), what
    if file.case_webhook is not None:
        yield from _webhook_faults(file.case_webhook)
    for message, body in file.texts.items():
        if wrong := system_messages.error(message, body):
            yield ("texts", str(message)), wrong


def _webhook_faults(entry: CaseWebhookEntry) -> Iterator[tuple[tuple[int | str, ...], str]]:
    if entry.url and (wrong := webhook.address_fault(entry.url)):
        yield ("case_webhook", "url"), wrong
    if entry.secret is not None and (wrong := webhook.secret_fault(entry.secret)):
        yield ("case_webhook", "secret"), wrong

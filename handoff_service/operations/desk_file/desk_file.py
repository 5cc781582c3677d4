"""The desk file: TOML, read once and checked as a whole. Errors name file, line and key."""

import tomllib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from phonenumbers import SUPPORTED_REGIONS
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.errors import SetupError
from handoff_service.lib import opening_hours, text_files
from handoff_service.operations.cases.outage_fields import OutageEntry
from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.operations.desk_file import desk_file_errors, toml_limits
from handoff_service.operations.messaging_actions.messaging_action_fields import (
    Duration,
    MessagingActionEntry,
)
from handoff_service.operations.routing.queue_fields import QueueEntry
from handoff_service.operations.shared.field_types import (
    COUNTRY,
    Attributes,
    Body,
    Capacity,
    Email,
    Facts,
    Label,
    MessagingService,
    Name,
    Names,
    Number,
    Numbers,
    OneLine,
    OwnNumber,
    Password,
    PresenceName,
    Roles,
    SegmentsPerSecond,
)
from handoff_service.rules.cases import outages, webhook
from handoff_service.rules.conversations.list_order import Sort, SortAndFilter, Tag
from handoff_service.rules.desk import macros, system_messages, templates
from handoff_service.rules.desk.labels import Color
from handoff_service.rules.desk.macros import AfterMacro, MacroFields
from handoff_service.rules.desk.system_messages import SystemMessage
from handoff_service.rules.messaging_actions import messaging_actions
from handoff_service.rules.routing import queues
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.vocabulary import FirstResponder, Role, State


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserEntry(_Entry):
    """``active``: when left out, it stays as it is; a new user is active."""

    external_id: OneLine
    name: OneLine
    email: Email | None = None
    numbers: Numbers = []
    facts: Facts = {}
    attributes: Attributes = {}
    active: bool | None = None


class AgentEntry(_Entry):
    """``password``: required once; later imports may omit it. ``active``: as for users."""

    email: Email
    name: OneLine
    password: Password | None = None
    roles: Roles = [Role.AGENT]
    capacity: Capacity = 4
    groups: Names = []
    skills: Names = []
    active: bool | None = None


class GroupEntry(_Entry):
    """A group needs an entry only for a limit. Groups that agents and queues name are created."""

    name: OneLine
    capacity: Capacity | None = None


class ProviderNumberEntry(_Entry):
    number: OwnNumber
    label: Label = ""
    first_responder: FirstResponder = FirstResponder.VIRTUAL_AGENT
    queue: Name
    segments_per_second: SegmentsPerSecond = 1
    messaging_service: MessagingService = None


class TemplateEntry(_Entry):
    name: Name
    body: Body


class LabelEntry(_Entry):
    """``topic``: agents can choose it as the topic of a conversation on closing."""

    name: OneLine
    color: Color = Color.GRAY
    topic: bool = False


class MacroEntry(_Entry):
    """Names what it uses: a template, a label and a queue by name, an agent by e-mail address."""

    name: OneLine
    template: Name | None = None
    label: OneLine | None = None
    note: str | None = None
    to_me: bool = False
    to_agent: Email | None = None
    to_queue: Name | None = None
    state: State | None = None
    hold_for: Duration | None = None
    then: AfterMacro = AfterMacro.STAY

    def meant(self, ids: Mapping[str, int]) -> MacroFields:
        """The macro that the entry describes. ``ids``: of what it names."""
        return MacroFields(
            name=self.name,
            template_id=ids.get("template"),
            label_id=ids.get("label"),
            note=self.note,
            to_me=self.to_me,
            to_agent_id=ids.get("to_agent"),
            to_queue_id=ids.get("to_queue"),
            state=self.state,
            hold_for=durations.parse(self.hold_for) if self.hold_for else None,
            then=self.then,
        )


#: The fields of a macro that name another record.
MACRO_USES = ("template", "label", "to_agent", "to_queue")


class ListViewEntry(_Entry):
    """A view of the list that every agent sees. ``agent``: the e-mail address of the agent who
    saved it and can delete it."""

    agent: Email
    name: OneLine = Field(max_length=60)
    sort: Sort = Sort.NEWEST
    tag: Tag | None = None
    label: OneLine | None = None

    def meant(self, label_id: int | None) -> SortAndFilter:
        """The sort and filter that the entry describes. ``label_id``: of its label."""
        return SortAndFilter(sort=self.sort, tag=self.tag, label_id=label_id)


class PresenceStateEntry(_Entry):
    """Their order in the file is the admin's order."""

    name: PresenceName
    takes_work: bool = False


class RejectReasonEntry(_Entry):
    """Their order in the file is the admin's order."""

    words: Name
    again: bool = True


class CaseWebhookEntry(_Entry):
    """``url`` empty: no case events are sent. ``secret``: required once; later imports may omit
    it."""

    url: str = ""
    secret: str | None = None


class OptOutEntry(_Entry):
    """``provider_number``: the company number it covers; left out: all of them. An import opts
    nobody in."""

    number: Number
    provider_number: OwnNumber | None = None
    note: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class DeskFile(_Entry):
    desk: DeskEntry | None = None
    users: list[UserEntry] = []
    agents: list[AgentEntry] = []
    groups: list[GroupEntry] = []
    provider_numbers: list[ProviderNumberEntry] = []
    queues: list[QueueEntry] = []
    messaging_actions: list[MessagingActionEntry] = []
    templates: list[TemplateEntry] = []
    labels: list[LabelEntry] = []
    macros: list[MacroEntry] = []
    list_views: list[ListViewEntry] = []
    texts: dict[SystemMessage, str] = {}
    presence_states: list[PresenceStateEntry] = []
    reject_reasons: list[RejectReasonEntry] = []
    outages: list[OutageEntry] = []
    case_webhook: CaseWebhookEntry | None = None
    opt_outs: list[OptOutEntry] = []


def read(path: Path, country: str | None = None) -> DeskFile:
    """Read and check a desk file. SetupError lists every error as ``file:line: key: what is
    wrong``.

    ``country``: the desk's, for national numbers in a file that names no country.
    """
    try:
        with path.open("rb") as file:
            content = file.read(toml_limits.MOST_BYTES + 1)
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from error
    return read_bytes(content, str(path), country)


def read_bytes(content: bytes, name: str, country: str | None = None) -> DeskFile:
    """Like ``read``, for a file's content and name.

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
    # from the parser: not TOML, or a number with more digits than Python reads
    except ValueError as error:
        raise SetupError(f"{name}: {error}") from error
    context = {COUNTRY: _country_of(content_read) or country}
    if wrong := [
        desk_file_errors.line_of(name, text, error)
        for error in islice(
            desk_file_errors.malformed(DeskFile, content_read, context),
            desk_file_errors.MOST_LISTED,
        )
    ]:
        raise SetupError(desk_file_errors.listed(wrong))
    file = DeskFile.model_validate(content_read, context=context)
    if wrong := [
        desk_file_errors.written(name, text, where, what)
        for where, what in islice(_errors(file), desk_file_errors.MOST_LISTED)
    ]:
        raise SetupError(desk_file_errors.listed(wrong))
    return file


def _country_of(content: dict[str, Any]) -> str | None:
    """The desk's country in the file, if it is valid."""
    desk = content.get("desk")
    named = (
        desk.get("country", DeskEntry.model_fields["country"].default)
        if isinstance(desk, dict)
        else None
    )
    return named if named in SUPPORTED_REGIONS else None


def _errors(file: DeskFile) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Errors that the rules find in well-formed entries: (where, what)."""
    for n, action in enumerate(file.messaging_actions):
        for key, what in messaging_actions.errors(action.meant()).items():
            yield ("messaging_actions", n, key), what
    for n, queue in enumerate(file.queues):
        for key, what in queues.errors(queue.meant()).items():
            yield ("queues", n, key), what
        country = queue.country or (file.desk.country if file.desk else None)
        if queue.schedule is not None and (wrong := opening_hours.error(queue.schedule, country)):
            yield ("queues", n, "schedule"), wrong
    for n, template in enumerate(file.templates):
        if wrong := templates.error(template.body):
            yield ("templates", n, "body"), wrong
    yield from _macro_faults(file.macros)
    for n, outage in enumerate(file.outages):
        for key, what in outages.errors(outage.meant()).items():
            yield ("outages", n, key), what
    if file.case_webhook is not None:
        yield from _webhook_faults(file.case_webhook)
    for message, body in file.texts.items():
        if wrong := system_messages.error(message, body):
            yield ("texts", str(message)), wrong


def _macro_faults(entries: list[MacroEntry]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    for n, macro in enumerate(entries):
        named = {key: 0 for key in MACRO_USES if getattr(macro, key) is not None}
        for key, what in macros.errors(macro.meant(named)).items():
            yield ("macros", n, key.removesuffix("_id")), what


def _webhook_faults(entry: CaseWebhookEntry) -> Iterator[tuple[tuple[int | str, ...], str]]:
    if entry.url and (wrong := webhook.address_error(entry.url)):
        yield ("case_webhook", "url"), wrong
    if entry.secret is not None and (wrong := webhook.secret_error(entry.secret)):
        yield ("case_webhook", "secret"), wrong

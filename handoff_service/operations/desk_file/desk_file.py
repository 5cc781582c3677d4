"""The entries and fields of a desk file, which is a TOML file."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from handoff_service.operations.cases.outage_fields import OutageEntry
from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.operations.desk.identity_provider_fields import IdentityProviderEntry
from handoff_service.operations.messaging_actions.messaging_action_fields import (
    Duration,
    MessagingActionEntry,
)
from handoff_service.operations.routing.queue_fields import QueueEntry
from handoff_service.operations.shared.field_types import (
    Attributes,
    Body,
    Capacity,
    Choices,
    Email,
    Facts,
    Label,
    MessageName,
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
from handoff_service.rules.conversations.list_order import Sort, SortAndFilter, Tag
from handoff_service.rules.desk.attributes import (
    AttributeFields,
    AttributeOwner,
    AttributePlace,
    AttributeType,
)
from handoff_service.rules.desk.labels import Color
from handoff_service.rules.desk.macros import AfterMacro, MacroFields
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import FirstResponder, Role, State, WebhookEvent
from handoff_service.rules.webhooks.webhooks import WebhookFields


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserEntry(_Entry):
    """``active``: if omitted, it stays as it is, and a new user is active."""

    external_id: OneLine
    name: OneLine
    email: Email | None = None
    numbers: Numbers = []
    facts: Facts = {}
    attributes: Attributes = {}
    active: bool | None = None


class AgentEntry(_Entry):
    """``password``: required for a new agent, unless the agent's roles sign in without a password.
    ``active``: as for users. ``always_password``: this admin may use a password even when passwords
    are off for the role. ``language``: the language of the agent's pages; if omitted, the agent's
    own choice stays."""

    email: Email
    name: OneLine
    password: Password | None = None
    roles: Roles = [Role.AGENT]
    capacity: Capacity = 4
    groups: Names = []
    skills: Names = []
    active: bool | None = None
    always_password: bool = False
    language: Language | None = None


class GroupEntry(_Entry):
    """A group needs an entry only for its ``capacity``. An import creates all groups that agents
    and queues name."""

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
    """``topic``: whether agents can choose the label as the topic of a conversation."""

    name: OneLine
    color: Color = Color.GRAY
    topic: bool = False


class AttributeEntry(_Entry):
    """An attribute of users or conversations."""

    key: OneLine
    name: OneLine
    owner: AttributeOwner
    type: AttributeType = AttributeType.TEXT
    choices: Choices = []
    required_to_close: bool = False
    shown: AttributePlace = AttributePlace.PANEL

    def to_fields(self) -> AttributeFields:
        """The definition that the entry describes."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return AttributeFields(**given | {"choices": tuple(self.choices)})


class MacroEntry(_Entry):
    """A macro. It refers to a template, a label and a queue by name, and to an agent by e-mail
    address."""

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

    def to_fields(self, ids: Mapping[str, int]) -> MacroFields:
        """The macro that the entry describes. ``ids``: field in MACRO_USES -> id of the record."""
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


#: The fields of a macro that refer to another record.
MACRO_USES = ("template", "label", "to_agent", "to_queue")


class ListViewEntry(_Entry):
    """A saved view of the list of conversations, which every agent sees. ``agent``: the e-mail
    address of the agent who owns it and can delete it."""

    agent: Email
    name: OneLine = Field(max_length=60)
    sort: Sort = Sort.NEWEST
    tag: Tag | None = None
    label: OneLine | None = None
    #: a filter such as order=12, order=10..20 or site~north
    attribute: OneLine | None = None

    def to_sort_and_filter(self, label_id: int | None) -> SortAndFilter:
        """The sort and filter that the entry describes. ``label_id``: the id of its label."""
        return SortAndFilter(
            sort=self.sort, tag=self.tag, label_id=label_id, attribute=self.attribute
        )


class PresenceStateEntry(_Entry):
    """Pages list the states in the order of the file."""

    name: PresenceName
    takes_work: bool = False


class RejectReasonEntry(_Entry):
    """Pages list the reasons in the order of the file."""

    words: Name
    again: bool = True


class WebhookEntry(_Entry):
    """``secret``: required for a new webhook. ``active``: if omitted, it stays as it is, and a new
    webhook is active."""

    name: OneLine
    url: str
    events: list[WebhookEvent]
    with_texts: bool = False
    active: bool | None = None
    secret: str | None = None

    def to_fields(self, *, active: bool = True) -> WebhookFields:
        """The webhook that the entry describes. ``active``: the value if the entry has none."""
        return WebhookFields(
            name=self.name,
            url=self.url,
            events=tuple(self.events),
            with_texts=self.with_texts,
            active=active if self.active is None else self.active,
        )


class CaseWebhookEntry(_Entry):
    """The only webhook that earlier versions had, for events of cases. ``url`` empty: an import
    ignores the entry. New files use ``webhooks`` instead."""

    url: str = ""
    secret: str | None = None

    def to_webhook(self) -> WebhookEntry:
        """The same webhook as an entry of ``webhooks``."""
        return WebhookEntry(
            name="Case webhook",
            url=self.url,
            events=[WebhookEvent.CASE_CREATED, WebhookEvent.CASE_CHANGED],
            with_texts=True,
            secret=self.secret,
        )


class OptOutEntry(_Entry):
    """``provider_number``: the company number that the opt-out covers; omitted: all company
    numbers. An import never opts anybody in."""

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
    attributes: list[AttributeEntry] = []
    macros: list[MacroEntry] = []
    list_views: list[ListViewEntry] = []
    identity_providers: list[IdentityProviderEntry] = []
    texts: dict[MessageName, str] = {}
    presence_states: list[PresenceStateEntry] = []
    reject_reasons: list[RejectReasonEntry] = []
    outages: list[OutageEntry] = []
    webhooks: list[WebhookEntry] = []
    case_webhook: CaseWebhookEntry | None = None
    opt_outs: list[OptOutEntry] = []

"""The desk's settings, numbers, texts and consent ledger."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.desk.attributes import AttributeOwner, AttributePlace, AttributeType
from handoff_service.rules.desk.labels import Color
from handoff_service.rules.desk.macros import AfterMacro
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import FirstResponder, State
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderNumber:
    id: int
    number: str
    label: str
    first_responder: FirstResponder
    queue: Named
    segments_per_second: int
    messaging_service: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label for conversations. ``topic``: agents can choose it as the topic of a conversation.
    If no label has it, they can choose any."""

    id: int
    name: str
    color: Color
    topic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A defined attribute of users or conversations.

    - ``choices``: the values of the type ``choice``; empty for other types;
    - ``required_to_close``: agents must set it before they close a conversation;
    - ``shown``: where agents see it.
    """

    id: int
    key: str
    name: str
    owner: AttributeOwner
    type: AttributeType
    choices: list[str]
    required_to_close: bool
    shown: AttributePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One entry of the consent ledger.

    - ``provider_number``: the company's number that it applies to; null for all numbers;
    - ``words``: the requester's text, or the provider's error code;
    - ``in_force``: it blocks texts now;
    - ``told_at``: when the change was pushed to the provider, even if it objected; null while
      pending;
    - ``told_why``: the provider's objection.
    """

    id: int
    number: str
    provider_number: str | None
    opted_out: bool
    in_force: bool
    source: Source
    words: str | None
    agent: Named | None
    note: str | None
    at: datetime
    told_at: datetime | None
    told_why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text that agents insert into the composer. ``body`` may contain placeholders."""

    id: int
    name: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Macro:
    """Several changes to a conversation with one click, all of them or none. A step that is null or
    false is left out. The steps run in the order of the fields.

    - ``template``: the text to the requester;
    - ``note``: a private note, which may contain placeholders;
    - ``to_me``: the agent who runs it gets the conversation;
    - ``hold_for``: how long the hold lasts, such as ``2d``; null: until the requester writes;
    - ``then``: whether the workspace stays or goes to the next conversation.
    """

    id: int
    name: str
    template: Template | None
    label: Named | None
    note: str | None
    to_me: bool
    to_agent: Named | None
    to_queue: Named | None
    state: State | None
    hold_for: str | None
    then: AfterMacro


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedText:
    """A version of a system message to the requester.

    - ``language``: its ISO 639-1 code;
    - ``when``: when it is sent;
    - ``body``: the current text;
    - ``default``: the text as shipped;
    - ``placeholders``: those that ``body`` may contain.
    """

    name: str
    language: Language
    when: str
    body: str
    default: str
    edited: bool
    placeholders: list[str]

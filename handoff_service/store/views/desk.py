"""The desk's provider numbers, labels, attributes, consent ledger, templates, macros and texts."""

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
    """A label for conversations. ``topic``: whether agents can choose it as the topic of a
    conversation. If this is false for all labels, they can choose any label."""

    id: int
    name: str
    color: Color
    topic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A defined attribute of users or conversations.

    - ``choices``: the possible values, for the type ``choice``; empty for other types;
    - ``required_to_close``: whether agents must set it before they close a conversation;
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
    """An entry of the consent ledger.

    - ``provider_number``: the company number to which it applies; null: all numbers;
    - ``words``: the requester's text, or the provider's error code;
    - ``in_force``: whether it blocks texts now;
    - ``told_at``: when the change was pushed to the provider, even if the provider rejected it, or
      when no push turned out to be necessary; null if it has not been pushed yet;
    - ``told_why``: why the last push failed or was rejected.
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
    """Several changes to a conversation with one click. Either all of them succeed or none. The
    steps run in the order of the fields, and a step that is null or false is skipped.

    - ``template``: the text to the requester;
    - ``note``: a private note, which may contain placeholders;
    - ``to_me``: whether the conversation is assigned to the agent who runs the macro;
    - ``hold_for``: how long the hold lasts, such as ``2d``; null: until the requester texts;
    - ``then``: whether the workspace stays on the conversation or shows the next one.
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

    - ``language``: the ISO 639-1 code;
    - ``when``: when the message is sent, in words;
    - ``body``: the current text;
    - ``default``: the text as shipped;
    - ``placeholders``: the placeholders that ``body`` may contain.
    """

    name: str
    language: Language
    when: str
    body: str
    default: str
    edited: bool
    placeholders: list[str]

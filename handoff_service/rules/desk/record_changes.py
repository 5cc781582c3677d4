"""Changes of the records that admins edit: queues, users, the desk settings and so on."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from handoff_service.rules.shared.phrases import Phrase, phrase

type Entry = Mapping[str, Any]  #: a record in the form of a desk file: key -> value
type Changes = dict[str, list[Any]]  #: field -> [before, after]

#: Fields with secrets. Their changes are recorded without values.
SECRETS = frozenset({"password", "facts", "secret", "client_secret"})


class Noun(StrEnum):
    """The kinds of records that have a change history."""

    USER = "user"
    AGENT = "agent"
    GROUP = "group"
    COMPANY_NUMBER = "company_number"
    QUEUE = "queue"
    MESSAGING_ACTION = "messaging_action"
    TEMPLATE = "template"
    LABEL = "label"
    ATTRIBUTE = "attribute"
    MACRO = "macro"
    SYSTEM_MESSAGE = "system_message"
    OUTAGE = "outage"
    DESK = "desk"
    PRESENCE_STATE = "presence_state"
    REJECT_REASON = "reject_reason"
    WEBHOOK = "webhook"
    IDENTITY_PROVIDER = "identity_provider"
    SERVICE_TOKEN = "service_token"  # noqa: S105  # a noun


#: How pages name the kinds of records.
NOUN_WORDS: Mapping[str, Phrase] = {
    Noun.USER: phrase("User"),
    Noun.AGENT: phrase("Agent"),
    Noun.GROUP: phrase("Group"),
    Noun.COMPANY_NUMBER: phrase("Company number"),
    Noun.QUEUE: phrase("Queue"),
    Noun.MESSAGING_ACTION: phrase("Messaging action"),
    Noun.TEMPLATE: phrase("Template"),
    Noun.LABEL: phrase("Label"),
    Noun.ATTRIBUTE: phrase("Attribute"),
    Noun.MACRO: phrase("Macro"),
    Noun.SYSTEM_MESSAGE: phrase("System message"),
    Noun.OUTAGE: phrase("Outage"),
    Noun.DESK: phrase("Desk"),
    Noun.PRESENCE_STATE: phrase("Presence state"),
    Noun.REJECT_REASON: phrase("Reject reason"),
    Noun.WEBHOOK: phrase("Webhook"),
    Noun.IDENTITY_PROVIDER: phrase("Identity provider"),
    Noun.SERVICE_TOKEN: phrase("Service token"),
}
#: The field that contains a record's name for people.
NAMED_BY = {
    Noun.USER: "name",
    Noun.AGENT: "name",
    Noun.GROUP: "name",
    Noun.COMPANY_NUMBER: "number",
    Noun.QUEUE: "name",
    Noun.MESSAGING_ACTION: "name",
    Noun.TEMPLATE: "name",
    Noun.LABEL: "name",
    Noun.ATTRIBUTE: "name",
    Noun.MACRO: "name",
    Noun.OUTAGE: "title",
    Noun.PRESENCE_STATE: "name",
    Noun.REJECT_REASON: "words",
    Noun.WEBHOOK: "name",
    Noun.IDENTITY_PROVIDER: "name",
    Noun.SERVICE_TOKEN: "name",
}


def difference(before: Entry, after: Entry) -> Changes:
    """The fields that differ. A missing key counts as null. Secrets have no values."""
    return {
        name: [None, None] if name in SECRETS else [before.get(name), after.get(name)]
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    }


def removal(entry: Entry) -> Changes:
    """The fields of a deleted record that had a value."""
    return {
        name: change
        for name, change in difference(entry, {}).items()
        if entry[name] not in ("", [], {})
    }


def known_as(noun: Noun, entry: Entry) -> str:
    """The record's name for people."""
    return str(entry.get(NAMED_BY[noun], ""))

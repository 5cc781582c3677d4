"""Labels of fields and stored values. The audit log, the pages of deleted records and the preview
of an import use them, because they show records outside of the records' own forms."""

from collections.abc import Mapping
from typing import Any

from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.conditions import Match
from handoff_service.rules.shared.language import LANGUAGE_TITLES
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role, State
from handoff_service.web.admin.action_ladders import EVENTS
from handoff_service.web.admin.action_panels import DOES
from handoff_service.web.admin.attributes import OWNERS, PLACES, TYPES
from handoff_service.web.admin.labels import COLORS
from handoff_service.web.admin.macros import THEN
from handoff_service.web.admin.pages import Form
from handoff_service.web.admin.provider_numbers import RESPONDERS
from handoff_service.web.admin.queues import ASSIGNMENTS
from handoff_service.web.shared.template_filters import words

type Words = tuple[str, Mapping[Any, Any]]  #: a field's label, and the labels of its stored values

#: field -> its label and values, unless OF_KIND has others for this kind of record
LABELS: Mapping[str, Words] = {
    **{name: (one.title, {}) for name, one in DeskEntry.model_fields.items() if one.title},
    "accept_seconds": (phrase("Seconds to accept"), {}),
    "action": (phrase("Action"), DOES),
    "affinity_days": (phrase("Ask the same agent again within (days)"), {}),
    "again": (phrase("May get the offer again"), {}),
    "alarm_seconds": (phrase("Alert after (seconds)"), {}),
    "always_password": (phrase("May always use the password"), {}),
    "ask_topic": (phrase("Ask for a topic on closing"), {}),
    "asks_second_factor": (phrase("Also ask for Patchboard's second factor"), {}),
    "assignment": (phrase("Assignment rule"), ASSIGNMENTS),
    "auto_assign": (phrase("Assign without asking"), {}),
    "away_after_seconds": (phrase("Set away after losing connection (seconds)"), {}),
    "business_hours": (phrase("Count business hours only"), {}),
    "capacity": (phrase("Maximum conversations"), {}),
    "card_fields": (phrase("Fields on an offer card"), {}),
    "client_id": (phrase("Client ID"), {}),
    "color": (phrase("Color"), COLORS),
    "conditions": (phrase("Conditions"), {}),
    "countries": (phrase("Allowed countries"), {}),
    "country": (phrase("Country"), {}),
    "creates_accounts": (phrase("Create accounts at the first sign-in"), {}),
    "device": (phrase("Device"), {}),
    "domains": (phrase("Domains of e-mail addresses"), {}),
    "email": (phrase("E-mail"), {}),
    "event": (phrase("Event"), EVENTS),
    "events": (phrase("Events"), {}),
    "expires_at": (phrase("Expires at"), {}),
    "external_id": (phrase("Employee number"), {}),
    "facts": (phrase("Identity facts"), {}),
    "first_responder": (phrase("Who answers first"), RESPONDERS),
    "groups": (phrase("Groups"), {}),
    "groups_claim": (phrase("Groups claim"), {}),
    "hold_for": (phrase("Hold for"), {}),
    "issuer": (phrase("Issuer"), {}),
    "key": (phrase("Key"), {}),
    "language": (phrase("Language"), LANGUAGE_TITLES),
    "match": (
        phrase("Conditions"),
        {Match.ALL: phrase("All of these"), Match.ANY: phrase("Any of these")},
    ),
    "name": (phrase("Name"), {}),
    "number": (phrase("Number"), {}),
    "numbers": (phrase("Phone numbers"), {}),
    "owner": (phrase("Belongs to"), OWNERS),
    "password": (phrase("Password"), {}),
    "password_off_roles": (phrase("Passwords are off for"), {}),
    "position": (phrase("Position"), {}),
    "provider_number": (phrase("Company number"), {}),
    "provider_numbers": (phrase("Company numbers"), {}),
    "queue_unanswerable": (phrase("Queue texts that cannot be answered"), {}),
    "rate": (phrase("Requests per minute"), {}),
    "roles": (phrase("Roles"), {one: words(one) for one in Role}),
    "satisfaction_after_hours": (phrase("Ask how it went: hours after closing"), {}),
    "satisfaction_every_days": (phrase("Ask how it went: days between questions"), {}),
    "schedule": (phrase("Opening hours"), {}),
    "scopes": (phrase("Scopes"), {}),
    "second_factor_roles": (phrase("Two-factor sign-in is required for"), {}),
    "segments_per_second": (phrase("Segments per second"), {}),
    "shown": (phrase("Shown to agents"), PLACES),
    "since": (phrase("Since"), {}),
    "skills": (phrase("Skills"), {}),
    "state": (phrase("State"), {one: words(one) for one in State}),
    "takes_work": (phrase("Gets offers"), {}),
    "template": (phrase("Text to the requester"), {}),
    "then": (phrase("Afterwards"), THEN),
    "time_zone": (phrase("Time zone"), {}),
    "title": (phrase("Title"), {}),
    "to_agent": (phrase("Assign to agent"), {}),
    "to_me": (phrase("Assign to the agent who runs it"), {}),
    "to_queue": (phrase("Move to queue"), {}),
    "trusts_addresses": (phrase("Trust addresses that are not marked as verified"), {}),
    "type": (phrase("Type"), TYPES),
    "url": (phrase("Address"), {}),
    "with_texts": (phrase("Include texts and contact details"), {}),
}

#: kind of record -> its fields with other labels than in LABELS
OF_KIND: Mapping[str, Mapping[str, Words]] = {
    Noun.DESK: {"name": (phrase("Name of the desk"), {})},
    Noun.GROUP: {"capacity": (phrase("Maximum conversations per agent"), {})},
    Noun.IDENTITY_PROVIDER: {
        "active": (phrase("On"), {}),
        "groups": (phrase("Groups by group"), {}),
        "roles": (phrase("Roles by group"), {}),
    },
    Noun.LABEL: {"topic": (phrase("Can be a topic"), {})},
    Noun.MACRO: {"note": (phrase("Private note"), {})},
    Noun.OUTAGE: {
        "active": (phrase("Announce to requesters"), {}),
        "text": (phrase("What requesters read"), {}),
    },
    Noun.QUEUE: {
        "country": (phrase("Country of public holidays"), {}),
        "groups": (phrase("Who gets offers"), {}),
        "texts": (phrase("What the requester reads"), {}),
    },
    Noun.REJECT_REASON: {"words": (phrase("Reason"), {})},
    Noun.TEMPLATE: {"body": (phrase("Text"), {})},
    Noun.WEBHOOK: {"active": (phrase("On"), {})},
}
#: table of a desk file -> its kind of record, if the table's name is not that of the kind with an s
TABLES = {"provider_numbers": Noun.COMPANY_NUMBER}


def form_in_words(values: Mapping[str, str] | None = None, *, kind: str = "") -> Form:
    """Return a form that describes the fields and values of a record. ``kind``: the kind of record,
    or its table in a desk file; empty if the kind is not known."""
    of_kind = OF_KIND.get(TABLES.get(kind, kind)) or OF_KIND.get(kind.removesuffix("s")) or {}
    return Form(values=values or {}, labels={**LABELS, **of_kind})

"""Labels of fields and stored values for pages that show records without their own forms: in the
audit log, among deleted records, and in the preview of an import."""

from collections.abc import Mapping
from typing import Any

from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.conditions import Match
from handoff_service.rules.shared.language import LANGUAGE_NAMES
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

type Words = tuple[str, Mapping[Any, Any]]  #: a field's label, and the words for its stored values

#: Field -> its label, unless OF_KIND has another one for this kind of record.
LABELS: Mapping[str, Words] = {
    **{name: (one.title, {}) for name, one in DeskEntry.model_fields.items() if one.title},
    "accept_seconds": (phrase("Seconds to accept"), {}),
    "action": (phrase("Action"), DOES),
    "affinity_days": (phrase("Ask the same agent again within (days)"), {}),
    "again": (phrase("May get the offer again"), {}),
    "alarm_seconds": (phrase("Alert after (seconds)"), {}),
    "always_password": (phrase("May always use the password"), {}),
    "ask_topic": (phrase("Ask for a topic on closing"), {}),
    "asks_second_factor": (phrase("Ask for Patchboard's second factor, too"), {}),
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
    "language": (phrase("Language"), LANGUAGE_NAMES),
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
    "queue_unanswerable": (phrase("Put texts that cannot be answered in a queue"), {}),
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

#: Kind of record -> its fields whose label differs from that of other kinds.
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
#: The kinds of records with another plural in a desk file than the noun with an s.
TABLES = {"provider_numbers": Noun.COMPANY_NUMBER}


def form_in_words(values: Mapping[str, str] | None = None, *, kind: str = "") -> Form:
    """A form that describes fields and values of any record. ``kind``: a noun, or a desk file's
    name for records of that kind; empty: not known."""
    of_kind = OF_KIND.get(TABLES.get(kind, kind)) or OF_KIND.get(kind.removesuffix("s")) or {}
    return Form(values=values or {}, labels={**LABELS, **of_kind})

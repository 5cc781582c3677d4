"""What pages call fields and stored values, where records of all kinds are shown without their own
forms: in the audit log, among deleted records, and in the preview of an import."""

from collections.abc import Mapping
from typing import Any

from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.conditions import Match
from handoff_service.rules.shared.language import LANGUAGE_NAMES
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

#: Field -> what pages call it in records of every kind but those of OF_KIND.
LABELS: Mapping[str, Words] = {
    **{name: (one.title, {}) for name, one in DeskEntry.model_fields.items() if one.title},
    "accept_seconds": ("Seconds to accept", {}),
    "action": ("Action", DOES),
    "affinity_days": ("Ask the same agent again within (days)", {}),
    "again": ("May get the offer again", {}),
    "alarm_seconds": ("Alert after (seconds)", {}),
    "always_password": ("May always use the password", {}),
    "ask_topic": ("Ask for a topic on closing", {}),
    "asks_second_factor": ("Ask for Patchboard's second factor, too", {}),
    "assignment": ("Assignment rule", ASSIGNMENTS),
    "auto_assign": ("Assign without asking", {}),
    "away_after_seconds": ("Set away after losing connection (seconds)", {}),
    "business_hours": ("Count business hours only", {}),
    "capacity": ("Maximum conversations", {}),
    "card_fields": ("Fields on an offer card", {}),
    "client_id": ("Client ID", {}),
    "color": ("Color", COLORS),
    "countries": ("Allowed countries", {}),
    "creates_accounts": ("Create accounts at the first sign-in", {}),
    "domains": ("Domains of e-mail addresses", {}),
    "email": ("E-mail", {}),
    "event": ("Event", EVENTS),
    "external_id": ("Employee number", {}),
    "facts": ("Identity facts", {}),
    "first_responder": ("Who answers first", RESPONDERS),
    "language": ("Language", LANGUAGE_NAMES),
    "match": ("Conditions", {Match.ALL: "All of these", Match.ANY: "Any of these"}),
    "numbers": ("Phone numbers", {}),
    "owner": ("Belongs to", OWNERS),
    "password_off_roles": ("Passwords are off for", {}),
    "provider_number": ("Company number", {}),
    "provider_numbers": ("Company numbers", {}),
    "queue_unanswerable": ("Put texts that cannot be answered in a queue", {}),
    "rate": ("Requests per minute", {}),
    "roles": ("Roles", {one: words(one) for one in Role}),
    "satisfaction_after_hours": ("Ask how it went: hours after closing", {}),
    "satisfaction_every_days": ("Ask how it went: days between questions", {}),
    "schedule": ("Opening hours", {}),
    "second_factor_roles": ("Two-factor sign-in is required for", {}),
    "shown": ("Shown to agents", PLACES),
    "state": ("State", {one: words(one) for one in State}),
    "takes_work": ("Gets offers", {}),
    "template": ("Text to the requester", {}),
    "then": ("Afterwards", THEN),
    "to_agent": ("Assign to agent", {}),
    "to_me": ("Assign to the agent who runs it", {}),
    "to_queue": ("Move to queue", {}),
    "trusts_addresses": ("Trust addresses that are not marked as verified", {}),
    "type": ("Type", TYPES),
    "url": ("Address", {}),
    "with_texts": ("Include texts and contact details", {}),
}

#: Kind of record -> its fields that have another label there than elsewhere.
OF_KIND: Mapping[str, Mapping[str, Words]] = {
    Noun.DESK: {"name": ("Name of the desk", {})},
    Noun.GROUP: {"capacity": ("Maximum conversations per agent", {})},
    Noun.IDENTITY_PROVIDER: {
        "active": ("On", {}),
        "groups": ("Groups by group", {}),
        "roles": ("Roles by group", {}),
    },
    Noun.LABEL: {"topic": ("Can be a topic", {})},
    Noun.MACRO: {"note": ("Private note", {})},
    Noun.OUTAGE: {
        "active": ("Announce to requesters", {}),
        "text": ("What requesters read", {}),
    },
    Noun.QUEUE: {
        "country": ("Country of public holidays", {}),
        "groups": ("Who gets offers", {}),
        "texts": ("What the requester reads", {}),
    },
    Noun.REJECT_REASON: {"words": ("Reason", {})},
    Noun.TEMPLATE: {"body": ("Text", {})},
    Noun.WEBHOOK: {"active": ("On", {})},
}
#: What a desk file and its preview call the kinds, if it is not the noun with an s.
TABLES = {"provider_numbers": Noun.COMPANY_NUMBER}


def form_in_words(values: Mapping[str, str] | None = None, *, kind: str = "") -> Form:
    """A form that describes fields and values of any record. ``kind``: a noun, or a desk file's
    name for records of that kind; empty: not known."""
    of_kind = OF_KIND.get(TABLES.get(kind, kind)) or OF_KIND.get(kind.removesuffix("s")) or {}
    return Form(values=values or {}, labels={**LABELS, **of_kind})

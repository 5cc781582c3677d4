"""What pages call fields and stored values, where records of all kinds are shown without their own
forms: in the audit log, among deleted records, and in the preview of an import."""

from collections.abc import Mapping
from typing import Any

from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.rules.shared.conditions import Match
from handoff_service.rules.shared.language import LANGUAGE_NAMES
from handoff_service.rules.shared.vocabulary import Role, State
from handoff_service.web.admin.action_ladders import EVENTS
from handoff_service.web.admin.action_panels import DOES
from handoff_service.web.admin.labels import COLORS
from handoff_service.web.admin.macros import THEN
from handoff_service.web.admin.pages import Form
from handoff_service.web.admin.provider_numbers import RESPONDERS
from handoff_service.web.admin.queues import ASSIGNMENTS
from handoff_service.web.shared.template_filters import words

#: Field -> what pages call it, and what they call its stored values.
LABELS: Mapping[str, tuple[str, Mapping[Any, Any]]] = {
    **{name: (one.title, {}) for name, one in DeskEntry.model_fields.items() if one.title},
    "accept_seconds": ("Seconds to accept", {}),
    "action": ("Action", DOES),
    "affinity_days": ("Ask the same agent again within (days)", {}),
    "always_password": ("May always use the password", {}),
    "assignment": ("Assignment rule", ASSIGNMENTS),
    "away_after_seconds": ("Set away after losing connection (seconds)", {}),
    "capacity": ("Maximum conversations", {}),
    "color": ("Color", COLORS),
    "email": ("E-mail", {}),
    "event": ("Event", EVENTS),
    "first_responder": ("Who answers first", RESPONDERS),
    "language": ("Language", LANGUAGE_NAMES),
    "match": ("Conditions", {Match.ALL: "All of these", Match.ANY: "Any of these"}),
    "password_off_roles": ("Passwords are off for", {}),
    "rate": ("Requests per minute", {}),
    "roles": ("Roles", {one: words(one) for one in Role}),
    "satisfaction_every_days": ("Days between questions", {}),
    "second_factor_roles": ("Two-factor sign-in is required for", {}),
    "state": ("State", {one: words(one) for one in State}),
    "then": ("Then", THEN),
    "to_me": ("Assign to the agent who runs it", {}),
    "url": ("Address", {}),
    "with_texts": ("Include texts and contact details", {}),
}


def form_in_words(values: Mapping[str, str] | None = None) -> Form:
    """A form that describes fields and values of any record."""
    return Form(values=values or {}, labels=dict(LABELS))

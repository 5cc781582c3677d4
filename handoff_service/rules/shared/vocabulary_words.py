"""How pages show the stored words of the vocabulary."""

from collections.abc import Mapping

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import (
    Author,
    CaseKind,
    CaseState,
    OfferOutcome,
    Presence,
    State,
    TargetKind,
)

STATES: Mapping[str, str] = {
    State.NEW: phrase("New"),
    State.WORK_IN_PROGRESS: phrase("Work in progress"),
    State.ON_HOLD: phrase("On hold"),
    State.CLOSED_COMPLETE: phrase("Closed complete"),
    State.CLOSED_ABANDONED: phrase("Closed abandoned"),
}

#: The states that every desk has. An admin names the others.
PRESENCES: Mapping[str, str] = {
    Presence.AVAILABLE: phrase("Available"),
    Presence.AWAY: phrase("Away"),
    Presence.OFFLINE: phrase("Offline"),
}

AUTHORS: Mapping[str, str] = {
    Author.REQUESTER: phrase("Requester"),
    Author.VIRTUAL_AGENT: phrase("Virtual agent"),
    Author.AGENT: phrase("Live agent"),
    Author.SYSTEM: phrase("System"),
}

#: the fields in the history of a case
CASE_FIELDS: Mapping[str, str] = {
    "state": phrase("State"),
    "kind": phrase("Kind"),
    "priority": phrase("Priority"),
    "device": phrase("Device"),
    "impact": phrase("Impact"),
    "external_number": phrase("External number"),
}

CASE_STATES: Mapping[str, str] = {
    CaseState.OPEN: phrase("Open"),
    CaseState.IN_PROGRESS: phrase("In progress"),
    CaseState.RESOLVED: phrase("Resolved"),
    CaseState.CLOSED: phrase("Closed"),
}

CASE_KINDS: Mapping[str, str] = {
    CaseKind.PROBLEM: phrase("Problem"),
    CaseKind.REQUEST: phrase("Request"),
    CaseKind.ACCESS: phrase("Access"),
}

#: the values that the program stores; a bot may store others
CASE_IMPACTS: Mapping[str, str] = {"blocked": phrase("Blocked"), "working": phrase("Can work")}

OFFER_OUTCOMES: Mapping[str, str] = {
    OfferOutcome.ACCEPTED: phrase("accepted"),
    OfferOutcome.REJECTED: phrase("rejected"),
    OfferOutcome.TIMED_OUT: phrase("timed out"),
    OfferOutcome.WITHDRAWN: phrase("withdrawn"),
}

TARGETS: Mapping[str, str] = {
    TargetKind.FIRST_RESPONSE: phrase("First response"),
    TargetKind.NEXT_RESPONSE: phrase("Next response"),
    TargetKind.RESOLUTION: phrase("Resolution"),
}

"""The words that pages show for the stored values of the vocabulary."""

from collections.abc import Mapping

from handoff_service.rules.shared.phrases import Phrase, phrase
from handoff_service.rules.shared.vocabulary import (
    Assignment,
    Author,
    CallState,
    CaseKind,
    CaseState,
    FirstResponder,
    ItemSource,
    ItemState,
    LabelVerdict,
    MediaStatus,
    ModelState,
    OfferOutcome,
    Owner,
    Presence,
    PromotionKind,
    ReplayVerdict,
    Role,
    RunState,
    State,
    Status,
    TargetKind,
    TrainerLane,
    TrainingStep,
    WorkItemState,
)

STATES: Mapping[str, Phrase] = {
    State.NEW: phrase("New"),
    State.WORK_IN_PROGRESS: phrase("Work in progress"),
    State.ON_HOLD: phrase("On hold"),
    State.CLOSED_COMPLETE: phrase("Closed complete"),
    State.CLOSED_ABANDONED: phrase("Closed abandoned"),
}

#: The states that every desk has. An admin names the others.
PRESENCES: Mapping[str, Phrase] = {
    Presence.AVAILABLE: phrase("Available"),
    Presence.AWAY: phrase("Away"),
    Presence.OFFLINE: phrase("Offline"),
}

AUTHORS: Mapping[str, Phrase] = {
    Author.REQUESTER: phrase("Requester"),
    Author.VIRTUAL_AGENT: phrase("Virtual agent"),
    Author.AGENT: phrase("Live agent"),
    Author.SYSTEM: phrase("System"),
}

#: the fields in the history of a case
CASE_FIELDS: Mapping[str, Phrase] = {
    "state": phrase("State"),
    "kind": phrase("Kind"),
    "priority": phrase("Priority"),
    "device": phrase("Device"),
    "impact": phrase("Impact"),
    "external_number": phrase("External number"),
}

CASE_STATES: Mapping[str, Phrase] = {
    CaseState.OPEN: phrase("Open"),
    CaseState.IN_PROGRESS: phrase("In progress"),
    CaseState.RESOLVED: phrase("Resolved"),
    CaseState.CLOSED: phrase("Closed"),
}

CASE_KINDS: Mapping[str, Phrase] = {
    CaseKind.PROBLEM: phrase("Problem"),
    CaseKind.REQUEST: phrase("Request"),
    CaseKind.ACCESS: phrase("Access"),
}

#: the values that Patchboard's own virtual agent stores; another bot may store others
CASE_IMPACTS: Mapping[str, Phrase] = {"blocked": phrase("Blocked"), "working": phrase("Can work")}

OFFER_OUTCOMES: Mapping[str, Phrase] = {
    OfferOutcome.ACCEPTED: phrase("accepted"),
    OfferOutcome.REJECTED: phrase("rejected"),
    OfferOutcome.TIMED_OUT: phrase("timed out"),
    OfferOutcome.WITHDRAWN: phrase("withdrawn"),
}

TARGETS: Mapping[str, Phrase] = {
    TargetKind.FIRST_RESPONSE: phrase("First response"),
    TargetKind.NEXT_RESPONSE: phrase("Next response"),
    TargetKind.RESOLUTION: phrase("Resolution"),
}

#: Stored value -> its words, for values whose type pages do not know. A value that several types
#: share is listed once, because it has the same meaning in each.
WORDS: Mapping[str, Phrase] = {
    **STATES,
    **PRESENCES,
    **AUTHORS,
    **CASE_KINDS,
    **CASE_STATES,
    **TARGETS,
    Owner.VIRTUAL_AGENT: phrase("Virtual agent"),
    Owner.QUEUE: phrase("Queue"),
    Owner.AGENT: phrase("Agent"),
    Owner.NONE: phrase("Nobody"),
    FirstResponder.LIVE_AGENT: phrase("Live agent"),
    Status.RECEIVED: phrase("Received"),
    Status.QUEUED: phrase("Queued"),
    Status.SENDING: phrase("Sending"),
    Status.SENT: phrase("Sent"),
    Status.DELIVERED: phrase("Delivered"),
    Status.UNDELIVERED: phrase("Undelivered"),
    Status.FAILED: phrase("Failed"),
    Status.UNKNOWN: phrase("Unknown"),
    Status.CANCELED: phrase("Canceled"),
    MediaStatus.WAITING: phrase("Waiting"),
    MediaStatus.STORED: phrase("Stored"),
    MediaStatus.REFUSED: phrase("Refused"),
    WorkItemState.PENDING_ACCEPT: phrase("Pending accept"),
    WorkItemState.ACCEPTED: phrase("Accepted"),
    OfferOutcome.REJECTED: phrase("Rejected"),
    OfferOutcome.TIMED_OUT: phrase("Timed out"),
    OfferOutcome.WITHDRAWN: phrase("Withdrawn"),
    Assignment.MOST_CAPACITY: phrase("Most capacity"),
    Assignment.LONGEST_IDLE: phrase("Longest idle"),
    Assignment.ROUND_ROBIN: phrase("Round robin"),
    Assignment.FIRST_TO_ACCEPT: phrase("First to accept"),
    Role.SUPERVISOR: phrase("Supervisor"),
    Role.TRAINER: phrase("Trainer"),
    Role.ADMIN: phrase("Admin"),
    CallState.GIVEN_UP: phrase("Given up"),
    ItemSource.MISUNDERSTOOD: phrase("Misunderstood"),
    ItemSource.HANDOFF: phrase("Handoff"),
    ItemSource.REWORDED: phrase("Reworded"),
    ItemSource.GAVE_UP: phrase("Gave up"),
    ItemSource.FALLBACK: phrase("Fallback"),
    ItemSource.SMALL_MARGIN: phrase("Small margin"),
    ItemSource.AUDIT: phrase("Audit"),
    ItemState.UNSURE: phrase("Unsure"),
    ItemState.SECOND: phrase("Second"),
    ItemState.LABELED: phrase("Labeled"),
    LabelVerdict.INTENT: phrase("Intent"),
    LabelVerdict.NOT_FOR_BOT: phrase("Not for bot"),
    TrainerLane.TEACH: phrase("Teach"),
    ModelState.CANDIDATE: phrase("Candidate"),
    ModelState.CANARY: phrase("Canary"),
    ModelState.RUNNING: phrase("Running"),
    ModelState.KEPT: phrase("Kept"),
    ModelState.GONE: phrase("Gone"),
    RunState.DONE: phrase("Done"),
    RunState.INTERRUPTED: phrase("Interrupted"),
    TrainingStep.CHECK: phrase("Check"),
    TrainingStep.TRAIN: phrase("Train"),
    TrainingStep.MEASURE: phrase("Measure"),
    PromotionKind.PROMOTE: phrase("Promote"),
    PromotionKind.ROLL_BACK: phrase("Roll back"),
    PromotionKind.ROLL_BACK_DATA: phrase("Roll back data"),
    PromotionKind.AUTOMATIC: phrase("Automatic"),
    ReplayVerdict.BETTER: phrase("Better"),
    ReplayVerdict.WORSE: phrase("Worse"),
    ReplayVerdict.SAME: phrase("Same"),
}

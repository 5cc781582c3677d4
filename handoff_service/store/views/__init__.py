"""The data that people and programs see. The HTTP API's JSON has exactly these shapes, and the
workspace renders them.

Times are aware UTC, phone numbers E.164. The OpenAPI document shows these docstrings to clients, so
they describe the fields.
"""

from handoff_service.store.views.cases import Case, CaseChange, Outage, WebhookCall
from handoff_service.store.views.conversations import (
    Changed,
    Interaction,
    LastLine,
    ListedInteraction,
    ListItem,
    Medium,
    Message,
    MessageError,
    OptedOut,
    OwnedBy,
    Price,
    WrittenBy,
)
from handoff_service.store.views.desk import Consent, ProviderNumber, SavedText, Template
from handoff_service.store.views.messaging_actions import (
    DayCount,
    DryRun,
    RunningTimer,
    SavedAction,
    WouldHave,
)
from handoff_service.store.views.people import (
    Agent,
    Association,
    Group,
    Identity,
    Named,
    PastProof,
    PresenceChoice,
    PresenceState,
    Profile,
    RejectReason,
    User,
)
from handoff_service.store.views.queues import ConditionLine, Pool, Queue, QueueSkill
from handoff_service.store.views.work import (
    BotTurnSeen,
    CandidateLine,
    DecisionLine,
    InboxOffer,
    Offered,
    PastOffer,
    Prompt,
    Room,
    TransferNow,
    WorkItem,
)

__all__ = [
    "Agent",
    "Association",
    "BotTurnSeen",
    "CandidateLine",
    "Case",
    "CaseChange",
    "Changed",
    "ConditionLine",
    "Consent",
    "DayCount",
    "DecisionLine",
    "DryRun",
    "Group",
    "Identity",
    "InboxOffer",
    "Interaction",
    "LastLine",
    "ListItem",
    "ListedInteraction",
    "Medium",
    "Message",
    "MessageError",
    "Named",
    "Offered",
    "OptedOut",
    "Outage",
    "OwnedBy",
    "PastOffer",
    "PastProof",
    "Pool",
    "PresenceChoice",
    "PresenceState",
    "Price",
    "Profile",
    "Prompt",
    "ProviderNumber",
    "Queue",
    "QueueSkill",
    "RejectReason",
    "Room",
    "RunningTimer",
    "SavedAction",
    "SavedText",
    "Template",
    "TransferNow",
    "User",
    "WebhookCall",
    "WorkItem",
    "WouldHave",
    "WrittenBy",
]

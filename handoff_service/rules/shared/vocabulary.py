"""The words of docs/product.md as types. The database stores these strings."""

from enum import StrEnum


class State(StrEnum):
    """An interaction's state. Active means not closed."""

    NEW = "new"
    WORK_IN_PROGRESS = "work_in_progress"
    ON_HOLD = "on_hold"
    CLOSED_COMPLETE = "closed_complete"
    CLOSED_ABANDONED = "closed_abandoned"


CLOSED = frozenset({State.CLOSED_COMPLETE, State.CLOSED_ABANDONED})


class Owner(StrEnum):
    """The owner of an interaction, who replies next."""

    VIRTUAL_AGENT = "virtual_agent"
    QUEUE = "queue"
    AGENT = "agent"
    NONE = "none"


class FirstResponder(StrEnum):
    """The first to answer texts to a provider number."""

    VIRTUAL_AGENT = "virtual_agent"
    LIVE_AGENT = "live_agent"


class Kind(StrEnum):
    """The kind of a line in a conversation."""

    MESSAGE = "message"
    SYSTEM = "system"
    NOTE = "note"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Author(StrEnum):
    REQUESTER = "requester"
    VIRTUAL_AGENT = "virtual_agent"
    AGENT = "agent"
    SYSTEM = "system"


class Event(StrEnum):
    """The event that a line of a conversation reports. Most events are reported by system lines,
    which only agents see."""

    OWNER_CHANGED = "owner_changed"
    LATE_REPLY = "late_reply"
    CASE_OPENED = "case_opened"
    CASE_CHANGED = "case_changed"
    IDENTITY = "identity"
    PROMPT = "prompt"
    ALARM = "alarm"  #: a prompt for agents and supervisors
    WAITING = "waiting"  #: a prompt about the wait in a queue; it ends with that wait
    TIMER = "timer"
    SCHEDULED = "scheduled"
    LABEL = "label"
    MACRO = "macro"
    TRANSFER = "transfer"
    STATE = "state"
    LIVE_GROUP = "live_group"
    CONSENT = "consent"
    RECOVERED = "recovered"
    PROACTIVE = "unasked"  #: an outbound text that is not a reply to a text
    REACTION = "reaction"
    PROMISE = "promise"
    CASE_TEXT = "case_text"  #: an outbound text that says that a case is resolved
    OUTAGE_OVER = "outage_over"  #: an outbound text that says that a service works again
    SATISFACTION = "satisfaction"  #: an outbound text with the satisfaction question
    GRADE = "grade"  #: the requester's answer to that question; the line's ``reason`` is the digit
    GRADE_COMMENT = "grade_comment"  #: the requester's comment after a low grade


#: texts that are not replies and therefore wait for the end of quiet hours
NOT_REPLIES = frozenset({Event.PROACTIVE, Event.CASE_TEXT, Event.OUTAGE_OVER, Event.SATISFACTION})


class Status(StrEnum):
    """A message's delivery status."""

    RECEIVED = "received"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELED = "canceled"


class MediaStatus(StrEnum):
    """The status of a picture or file: waiting to be fetched, stored, or refused."""

    WAITING = "waiting"
    STORED = "stored"
    REFUSED = "refused"


class WorkItemState(StrEnum):
    QUEUED = "queued"
    PENDING_ACCEPT = "pending_accept"
    ACCEPTED = "accepted"
    CANCELED = "canceled"


class OfferOutcome(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    WITHDRAWN = "withdrawn"


class Presence(StrEnum):
    """The three presence states of every desk. An admin may add others (presence_states)."""

    AVAILABLE = "available"
    AWAY = "away"
    OFFLINE = "offline"


class Assignment(StrEnum):
    """How a queue chooses among the agents who can get a work item."""

    MOST_CAPACITY = "most_capacity"
    LONGEST_IDLE = "longest_idle"
    ROUND_ROBIN = "round_robin"
    FIRST_TO_ACCEPT = "first_to_accept"


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    TRAINER = "trainer"
    ADMIN = "admin"


class Work(StrEnum):
    """The kinds of due work in ``due_work``."""

    BOT_TURN = "bot_turn"
    DELIVER = "deliver"
    OFFER_WORK = "offer_work"
    EXPIRE_OFFER = "expire_offer"
    TIMER = "timer"
    LOST_CONNECTION = "lost_connection"
    FETCH_MEDIA = "fetch_media"
    FORGET_UPLOAD = "forget_upload"
    INDEX_TEXTS = "index_texts"
    CALL_WEBHOOK = "call_webhook"
    WEBHOOK_NOTICE = "webhook_notice"
    MAIL_CODE = "mail_code"
    MAIL_LINK = "mail_link"
    PROOF_LIMIT = "proof_limit"
    END_HOLD = "end_hold"
    SEND_LATER = "send_later"
    FOLLOW_UP = "follow_up"
    PROMISE = "promise"
    TEXT_OUTAGE = "text_outage"
    ASK_SATISFACTION = "ask_satisfaction"
    SWEEP_GAPS = "sweep_gaps"
    PUSH_CONSENTS = "tell_consents"  # stored in due_work: existing databases contain this value
    ASK_PRICES = "ask_prices"
    NOTIFY = "notify"
    KEEP_FACTS = "keep_facts"
    REPLAY = "replay"
    RETAIN = "retain"
    ERASE = "erase"
    CHAIN_AUDIT = "chain_audit"
    REFRESH_TARGETS = "refresh_targets"
    SETTLE_MERGE = "settle_merge"
    WATCH_GATEWAY = "watch_gateway"


class Unanswered(StrEnum):
    """The event of a messaging action: messages of one side that have no response yet."""

    REQUESTER_MESSAGE = "requester_message_without_agent_response"
    AGENT_MESSAGE = "agent_message_without_requester_response"


class Action(StrEnum):
    """The effect of a messaging action."""

    PROMPT_AGENT = "prompt_agent"
    PROMPT_REQUESTER = "prompt_requester"
    REASSIGN = "reassign"
    SET_STATE = "set_state"
    ALERT_SUPERVISORS = "alert_supervisors"


class TargetKind(StrEnum):
    """The kinds of targets that a queue sets for live agents."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class TurnOutcome(StrEnum):
    """How a bot turn ended."""

    ANSWERED = "answered"
    LATE = "late"
    FAILED = "failed"
    SILENT = "silent"  # the text is not for the desk, and gets no answer


class CaseKind(StrEnum):
    """The subject of a case: something broken, a request, or account access."""

    PROBLEM = "problem"
    REQUEST = "request"
    ACCESS = "access"


class CaseState(StrEnum):
    """A case's state. Resolved: done as far as the desk knows. Closed: nobody works on it any
    more."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


class WebhookEvent(StrEnum):
    """An event that webhooks report."""

    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_HANDED_OFF = "conversation.handed_off"
    CONVERSATION_ASSIGNED = "conversation.assigned"
    CONVERSATION_TRANSFERRED = "conversation.transferred"
    CONVERSATION_RETURNED = "conversation.returned"
    CONVERSATION_CLOSED = "conversation.closed"
    CONVERSATION_REOPENED = "conversation.reopened"
    MESSAGE_INBOUND = "message.inbound"
    MESSAGE_OUTBOUND = "message.outbound"
    MESSAGE_STATUS = "message.status"
    IDENTITY_CHANGED = "identity.changed"
    CONSENT_CHANGED = "consent.changed"
    PRESENCE_CHANGED = "presence.changed"
    CASE_CREATED = "case.created"
    CASE_CHANGED = "case.changed"
    RATING_GIVEN = "rating.given"
    JOB_FAILED = "job.failed"
    TEST = "webhook.test"  #: sent when an admin asks for it


class CallState(StrEnum):
    """The status of the call that reports one event to one webhook."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class TrainerLane(StrEnum):
    """The destination of a trainer's label: the examples, or only the test set."""

    TEACH = "teach"
    AUDIT = "audit"


class ItemSource(StrEnum):
    """Why a text waits for a trainer (rules/training/order.py has the weights)."""

    MISUNDERSTOOD = "misunderstood"
    HANDOFF = "handoff"
    REWORDED = "reworded"
    GAVE_UP = "gave_up"  # RESTART, or "never mind"
    FALLBACK = "fallback"
    SMALL_MARGIN = "small_margin"
    AUDIT = "audit"


class ItemState(StrEnum):
    WAITING = "waiting"
    UNSURE = "unsure"  # a trainer was unsure; waits for another one
    SECOND = "second"  # labeled; waits for a blind second label
    LABELED = "labeled"


class LabelVerdict(StrEnum):
    """A trainer's answer to an item."""

    INTENT = "intent"
    NOT_FOR_BOT = "not_for_bot"
    UNSURE = "unsure"


class ModelState(StrEnum):
    CANDIDATE = "candidate"
    CANARY = "canary"
    RUNNING = "running"
    KEPT = "kept"
    GONE = "gone"  # the file was deleted


class PromotionKind(StrEnum):
    """Why the running model changed."""

    CANARY = "canary"
    PROMOTE = "promote"
    ROLL_BACK = "roll_back"
    ROLL_BACK_DATA = "roll_back_data"
    AUTOMATIC = "automatic"


class RunState(StrEnum):
    """The status of a training run."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"
    INTERRUPTED = "interrupted"  # the service ended while it ran


class TrainingStep(StrEnum):
    """The steps of a training run, in their order."""

    CHECK = "check"
    TRAIN = "train"
    MEASURE = "measure"


class ReplayVerdict(StrEnum):
    """A trainer's judgment of a text that a new model understands differently."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"

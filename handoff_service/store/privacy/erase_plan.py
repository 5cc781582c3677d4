"""The erase plan: for every table, what retention and an erasure do with its personal data.

A test compares this module with the tables. It fails if a column that can contain personal data is
missing here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from handoff_service.rules.privacy.kinds import KeptKind
from handoff_service.rules.shared.vocabulary import Event, Kind, MediaStatus
from handoff_service.store.engine import tables as t

K = KeptKind
GONE = "This file was deleted."  # the reason that a medium without a file shows
#: The ``reason`` of these events is a code that pages need. The ``reason`` of other events is text.
CODED = (Event.GRADE, Event.REACTION)


class Owner(StrEnum):
    """The kinds of records to which a row can belong."""

    INTERACTION = "interaction"
    MESSAGE = "message"
    CASE = "case"
    WORK_ITEM = "work_item"
    TURN = "turn"
    ITEM = "item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows of one table that belong to conversations or cases.

    - ``column``: refers to the ``owner``.
    - ``empties``: column -> the value that empties it; None: the rows are deleted.
    - ``kinds``: retention empties or deletes the rows when it removes these kinds of content;
      none: only an erasure does.
    - ``where``: which rows of the table belong to the part; None: all.
    """

    table: sa.Table
    column: str
    owner: Owner
    kinds: frozenset[KeptKind] = frozenset()
    empties: Mapping[str, Any] | None = field(default_factory=dict)
    where: sa.ColumnElement[bool] | None = None


def _part(
    table: sa.Table,
    column: str,
    owner: Owner,
    *kinds: KeptKind,
    empties: Mapping[str, Any] | None = None,
    where: sa.ColumnElement[bool] | None = None,
) -> Part:
    return Part(
        table=table,
        column=column,
        owner=owner,
        kinds=frozenset(kinds),
        empties=empties,
        where=where,
    )


_m = t.messages.c
_reason = sa.case((_m.event.in_(CODED), _m.reason), else_=sa.null())
_words = {"body": "", "reason": _reason, "reaction": None}
_O = Owner
#: Rows come before the rows to which they belong, because they must be removed first.
PARTS: tuple[Part, ...] = (
    _part(t.replayed_texts, "bot_turn_id", _O.TURN, K.TRAINER_ITEMS),
    _part(t.pinned_texts, "item_id", _O.ITEM, K.TRAINER_ITEMS),
    _part(t.trainer_labels, "item_id", _O.ITEM, K.TRAINER_ITEMS),
    _part(t.trainer_items, "interaction_id", _O.INTERACTION, K.TRAINER_ITEMS),
    _part(
        t.media,
        "message_id",
        _O.MESSAGE,
        K.MEDIA,
        empties={"file": None, "url": None, "why": GONE, "status": MediaStatus.REFUSED},
    ),
    _part(
        t.messages,
        "interaction_id",
        _O.INTERACTION,
        K.TEXTS,
        empties=_words,
        where=_m.kind != Kind.NOTE,
    ),
    _part(
        t.messages,
        "interaction_id",
        _O.INTERACTION,
        K.NOTES,
        empties=_words,
        where=_m.kind == Kind.NOTE,
    ),
    _part(
        t.bot_turns,
        "interaction_id",
        _O.INTERACTION,
        K.TEXTS,
        empties=dict.fromkeys(
            ("choices", "hand_off", "opening", "understood", "said", "ranking", "asked"), sa.null()
        ),
    ),
    _part(t.proof_answers, "interaction_id", _O.INTERACTION, K.TEXTS),
    _part(t.conversation_attributes, "interaction_id", _O.INTERACTION, K.TEXTS),
    _part(t.scheduled_texts, "interaction_id", _O.INTERACTION, K.TEXTS),
    _part(t.colleague_notices, "interaction_id", _O.INTERACTION, K.TEXTS),
    _part(t.promises, "interaction_id", _O.INTERACTION, K.TEXTS, empties={"words": ""}),
    _part(
        t.satisfaction_questions,
        "interaction_id",
        _O.INTERACTION,
        K.TEXTS,
        empties={"comment": None},
    ),
    _part(
        t.proofs,
        "interaction_id",
        _O.INTERACTION,
        K.TEXTS,
        empties={"claimed": None, "code_hash": None, "why": None},
    ),
    _part(t.associations, "interaction_id", _O.INTERACTION, K.NOTES, empties={"note": None}),
    _part(t.assignment_log, "work_item_id", _O.WORK_ITEM, K.WORK_LOGS),
    _part(t.work_items, "interaction_id", _O.INTERACTION, K.WORK_LOGS, empties={"note": None}),
    _part(t.work_items, "interaction_id", _O.INTERACTION, K.TEXTS, empties={"collected": {}}),
    _part(t.webhook_calls, "case_id", _O.CASE),
    _part(t.webhook_calls, "interaction_id", _O.INTERACTION),
    _part(t.case_changes, "case_id", _O.CASE, empties={"changes": {}, "note": None}),
    _part(
        t.cases,
        "id",
        _O.CASE,
        empties={
            "description": "",
            "device": None,
            "impact": None,
            "external_number": None,
            "user_id": None,
        },
    ),
    _part(
        t.interactions,
        "id",
        _O.INTERACTION,
        K.TEXTS,
        empties={"short_description": None, "state_reason": None},
    ),
)
#: Tables whose own rows contain a number or a person, and the columns with them. An erasure finds
#: these rows by their values.
BY_VALUE: Mapping[str, frozenset[str]] = {
    "users": frozenset({"external_id", "name", "email", "attributes"}),
    "user_numbers": frozenset({"number"}),
    "user_words": frozenset({"word", "sort_name"}),
    "user_merges": frozenset({"moved", "cleared", "gone", "changes"}),
    "user_facts": frozenset({"name", "hash", "fingerprint", "key_id"}),
    "interactions": frozenset({"requester_number"}),
    "messaging_profiles": frozenset({"number"}),
    "consents": frozenset({"number", "words", "note", "told_why"}),
    "opt_outs": frozenset({"number"}),
    "proofs": frozenset({"number"}),
    "proof_sends": frozenset({"number", "code_hash"}),
    "satisfaction_questions": frozenset({"requester_number"}),
    "unknown_replies": frozenset({"number", "begins_with"}),
    "record_changes": frozenset({"changes"}),
    "deleted_records": frozenset({"name", "changes"}),
    "due_work": frozenset({"line"}),
    "bot_models": frozenset({"data_diff"}),
    "practice_runs": frozenset({"score"}),
    "audit_log": frozenset({"name", "details"}),
    "erasures": frozenset({"numbers", "words", "planned", "removed", "left"}),
}
#: Columns of the tables above without data about requesters: ids, hashes, Patchboard's own words,
#: and what agents wrote about the desk itself.
WORDS: Mapping[str, frozenset[str]] = {
    "associations": frozenset({"method"}),
    "assignment_log": frozenset(),
    "audit_log": frozenset({"action", "subject", "record", "agent", "address"}),
    "bot_turns": frozenset({"outcome", "model", "expected"}),
    "bot_models": frozenset({"hash", "parent", "state", "file", "data_hash", "scores", "note"}),
    "case_changes": frozenset({"author"}),
    "cases": frozenset({"kind", "state"}),
    "consents": frozenset({"source"}),
    "deleted_records": frozenset({"noun"}),
    "due_work": frozenset({"kind", "key"}),
    "erasures": frozenset({"state", "step", "number_hashes"}),
    "interactions": frozenset({"state", "owner", "unanswered", "expects"}),
    "media": frozenset({"content_type"}),
    "messages": frozenset(
        {"kind", "direction", "author", "event", "status", "owner", "encoding", "currency"}
        | {"provider_sid"}
    ),
    "practice_runs": frozenset({"source", "queue", "first_day", "last_day", "state"}),
    "promises": frozenset({"state"}),
    "proofs": frozenset({"verdict", "method", "outcome"}),
    "record_changes": frozenset({"noun", "record"}),
    "work_items": frozenset({"state", "reason", "told"}),
}
_SETTINGS = "what admins set up"
_STAFF = "the company's agents"
_MACHINE = "the desk's own progress"
#: Tables without data about requesters, and what they contain.
NOT_PERSONAL: Mapping[str, str] = {
    **dict.fromkeys(
        ("desk", "installation", "groups", "presence_states", "reject_reasons", "queues"), _SETTINGS
    ),
    **dict.fromkeys(
        ("queue_groups", "queue_skills", "provider_numbers", "texts", "templates", "labels"),
        _SETTINGS,
    ),
    **dict.fromkeys(
        ("attributes", "macros", "outages", "outage_texts", "webhooks", "messaging_actions"),
        _SETTINGS,
    ),
    **dict.fromkeys(("agents", "agent_roles", "agent_skills", "agent_groups"), _STAFF),
    **dict.fromkeys(("presence_log", "list_choices", "list_views", "sessions"), _STAFF),
    **dict.fromkeys(("identity_providers", "replays"), _SETTINGS),
    **dict.fromkeys(("authenticators", "backup_codes", "passkeys", "agent_identities"), _STAFF),
    **dict.fromkeys(("known_addresses", "sign_in_steps"), _STAFF),
    **dict.fromkeys(("notification_targets", "sign_in_failures", "offers"), _STAFF),
    **dict.fromkeys(("lane_commits", "secret_keys", "retention", "text_index"), _MACHINE),
    "gateway_watch": _MACHINE,
    **dict.fromkeys(("bot_promotions", "training_runs", "report_days", "report_columns"), _MACHINE),
    "conversation_facts": "counts and times of conversations",
    "running_targets": "times of conversations",
    "outage_recipients": "references, and why somebody gets no text",
    "unmatched_receipts": "the provider's ids and codes",
    "command_ids": "sealed answers, deleted after a day",
    "own_secrets": "sealed keys of the desk",
    "audit_links": "keyed hashes of the audit log",
    "audit_removal": _MACHINE,
    "service_tokens": "what programs may do",
    "restores": "when backups were restored",
    "erased_copies": "the provider's ids",
    "kept_opt_outs": "keyed hashes",
}
#: The tables that PostgreSQL vacuums after an erasure.
PERSONAL_TABLES = tuple(name for name in t.metadata.tables if name not in NOT_PERSONAL)

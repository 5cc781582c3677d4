"""The tables. Times are UTC, and the database assigns the ids.

These derived facts are not stored:

- An interaction is active when ``closed_at`` is null.
- The numbers of interactions (INT0000012) and cases (CS0000012) are their ids.
- An interaction's candidates are the other users on its number.
- An agent's load is the number of their open offers and active conversations, without those on
  hold.
- A line is a requester number together with a provider number.

Some derived facts are stored, because computing them would be slow. The comment at the table or
column explains how to derive each of them. One of them is an interaction's ``unanswered``: the side
(requester or live agent) with an open unanswered streak. It shows whether a text starts a streak,
without a query for the earlier messages.
"""

import functools
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint
from sqlalchemy.types import TypeDecorator, TypeEngine

from handoff_service.rules.delivery.send_errors import RANGE_FULL
from handoff_service.rules.shared.vocabulary import Event


class UtcTime(TypeDecorator[datetime]):
    """A timezone-aware UTC time. SQLite has no time type, so there it is fixed-width text, which
    sorts by time."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True)
        )

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        return _as_text(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return (
            datetime.fromisoformat(value + "+00:00")
            if isinstance(value, str)
            else value.astimezone(UTC)
        )


@functools.lru_cache(64)  # a batch often writes the same time
def _as_text(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# in SQLite, only INTEGER PRIMARY KEY increments automatically
ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", ID, primary_key=True)


def _ref(
    name: str, to: str, *, null: bool = False, key: bool = False, drop: bool = False
) -> Column[int]:
    return Column(
        name,
        ID,
        ForeignKey(to, ondelete="CASCADE" if drop else None),
        nullable=null,
        primary_key=key,
        autoincrement=False,
    )


def _time(name: str, *, null: bool = False) -> Column[datetime]:
    return Column(name, UtcTime, nullable=null)


def _word(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, sa.Text, nullable=null)


def _sealed(name: str, *, null: bool = False) -> Column[str]:
    """A secret that is sealed with the secret key: see ``sealed.py``."""
    return Column(name, sa.Text, nullable=null, info={"sealed": True})


def _count(name: str, default: int) -> Column[int]:
    return Column(name, sa.Integer, nullable=False, server_default=sa.text(str(default)))


def _flag(name: str, *, default: bool) -> Column[bool]:
    return Column(
        name, sa.Boolean, nullable=False, server_default=sa.true() if default else sa.false()
    )


def _json(name: str, default: str) -> Column[Any]:
    return Column(name, sa.JSON, nullable=False, server_default=sa.text(f"'{default}'"))


# The company and its people -----------------------------------------------------------------------

#: One row: the desk's settings.
desk = Table(
    "desk",
    metadata,
    _id(),
    _word("name"),
    #: ISO code of the country for national numbers and public holidays
    _word("country"),
    #: IANA name
    _word("time_zone"),
    #: whether conversations return to their queue when their agent is set to Away
    Column("reassign_when_away", sa.Boolean, nullable=False),
    #: seconds without a connection after which an agent is set to Away
    _count("away_after_seconds", 45),
    #: fields on offer cards; empty: everything that was collected
    _json("card_fields", "[]"),
    #: command -> its words, only for commands with other words than the defaults
    _json("commands", "{}"),
    #: number of identical answers in a row after which an agent takes over from the bot; 0: never
    _count("same_answers", 2),
    #: such as 21:00-08:00 (rules/delivery/quiet_hours.py); null: none
    _word("quiet_hours", null=True),
    #: how many answers the virtual agent may send to one number in ten minutes
    _count("most_answers", 30),
    #: ISO codes of the countries that may be texted; empty: all
    _json("countries", "[]"),
    #: automatic replies an hour to a block of 10,000 unknown numbers, not counting those to the
    #: number itself; 0: no limit
    _count("most_in_range", 20),
    #: automatic replies an hour to all unknown numbers; 0: no limit
    _count("most_unknown_hourly", 200),
    #: automatic replies a day to all unknown numbers; 0: no limit
    _count("most_unknown_daily", 1000),
    #: minutes after closing in which a thank-you to live agents opens no new conversation; 0: never
    _count("thanks_minutes", 10),
    #: whether texts from senders who cannot get replies go to queues
    _flag("queue_unanswerable", default=False),
    #: whether an agent must choose a topic to close a conversation
    _flag("ask_topic", default=False),
    # how many days content is kept after its conversation closes, or after the creation of trainer
    # items and audit entries; 0: forever (rules/privacy/kinds.py)
    _count("keep_texts_days", 0),
    _count("keep_media_days", 0),
    _count("keep_notes_days", 0),
    _count("keep_conversations_days", 0),
    _count("keep_work_logs_days", 0),
    _count("keep_trainer_items_days", 0),
    _count("keep_audit_days", 0),
    #: agents with any of these roles sign in without a password (rules/desk/sign_in_policy.py)
    _json("password_off_roles", "[]"),
    #: agents with any of these roles need a second factor
    _json("second_factor_roles", "[]"),
)

#: One row, which a migration has written.
installation = Table(
    "installation",
    metadata,
    _id(),
    #: random; separates this desk from others on the same Redis server
    _word("desk_id"),
    #: the steps of the setup in the browser that an admin has done or skipped
    _json("setup_steps", "[]"),
    #: the checks that admins have hidden from the checklist
    _json("hidden_checks", "[]"),
)
MERGED = sa.text("merged_into IS NOT NULL")
#: People who may text the desk.
users = Table(
    "users",
    metadata,
    _id(),
    #: employee number
    Column("external_id", sa.Text, nullable=False, unique=True),
    _word("name"),
    _word("email", null=True),
    #: attributes by key, such as department
    _json("attributes", "{}"),
    #: false: deactivated, without numbers
    _flag("active", default=True),
    #: the user into whom this user was merged; a merged user is inactive and not in lists
    Column("merged_into", ID),
    Index("ix_users_merged_into", "merged_into", sqlite_where=MERGED, postgresql_where=MERGED),
)
user_numbers = Table(
    "user_numbers",
    metadata,
    _ref("user_id", "users.id", key=True, drop=True),
    Column("number", sa.Text, primary_key=True, index=True),
)
# sorts by bytes, as SQLite does, so a prefix search reads a range
_BYTES = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
#: Normalized search words of users: see store/desk/user_words.py.
user_words = Table(
    "user_words",
    metadata,
    _ref("user_id", "users.id", key=True, drop=True),
    Column("word", _BYTES, primary_key=True),
    #: the normalized name, by which lists of users are sorted
    Column("sort_name", _BYTES, nullable=False),
    # contains the whole row, so a search reads only this index
    Index("ix_user_words_word", "word", "sort_name", "user_id"),
    sqlite_with_rowid=False,
)
#: Identity facts for the knowledge proof.
user_facts = Table(
    "user_facts",
    metadata,
    _ref("user_id", "users.id", key=True, drop=True),
    Column("name", sa.Text, primary_key=True),
    #: argon2 hash, to check the requester's answers
    _word("hash"),
    #: keyed hash that shows whether an imported fact has changed; null in rows from older versions
    _word("fingerprint", null=True),
    #: id of the secret key for both hashes (lib/sealing.py); null: the key in secret_keys
    _word("key_id", null=True),
)
groups = Table(
    "groups",
    metadata,
    _id(),
    Column("name", sa.Text, nullable=False, unique=True),
    #: how many conversations each of its agents may have; the agent's own limit also applies
    Column("capacity", sa.Integer),
)
agents = Table(
    "agents",
    metadata,
    _id(),
    Column("email", sa.Text, nullable=False, unique=True),
    _word("name"),
    _word("password_hash"),
    #: how many conversations the agent may have at a time
    Column("capacity", sa.Integer, nullable=False),
    #: the agent's choice
    _word("presence"),
    _time("last_assigned_at", null=True),
    #: false: cannot sign in and gets no offers
    _flag("active", default=True),
    #: true: the technical agent of a service token, which is never active
    _flag("is_service", default=False),
    #: Patchboard's own setting, which overrides the choice; null: none
    #: (store/desk/availability.py)
    _word("automatic_presence", null=True),
    #: the reason for automatic_presence
    _word("automatic_reason", null=True),
    #: why Patchboard had set the agent to Away; null once the agent has dismissed the notice
    _word("returned_from", null=True),
    #: whether this admin may use a password even if passwords are off for the role
    _flag("always_password", default=False),
    #: the language of the agent's pages; null: the browser's
    _word("language", null=True),
)
agent_roles = Table(
    "agent_roles",
    metadata,
    _ref("agent_id", "agents.id", key=True, drop=True),
    Column("role", sa.Text, primary_key=True),
)
agent_skills = Table(
    "agent_skills",
    metadata,
    _ref("agent_id", "agents.id", key=True, drop=True),
    Column("skill", sa.Text, primary_key=True),
)
agent_groups = Table(
    "agent_groups",
    metadata,
    _ref("agent_id", "agents.id", key=True, drop=True),
    _ref("group_id", "groups.id", key=True),
)
#: The admin's own presences. Available, away and offline are built in.
presence_states = Table(
    "presence_states",
    metadata,
    _id(),
    Column("name", sa.Text, nullable=False, unique=True),
    Column("takes_work", sa.Boolean, nullable=False),
    Column("position", sa.Integer, nullable=False),
)
presence_log = Table(
    "presence_log",
    metadata,
    _id(),
    _ref("agent_id", "agents.id", drop=True),
    _word("presence"),
    _word("reason", null=True),
    _time("since"),
    Index("ix_presence_log_agent_id", "agent_id", "id"),
)
reject_reasons = Table(
    "reject_reasons",
    metadata,
    _id(),
    Column("words", sa.Text, nullable=False, unique=True),
    #: whether an agent who gives this reason may get the offer again in a later round
    Column("again", sa.Boolean, nullable=False),
    Column("position", sa.Integer, nullable=False),
)
queues = Table(
    "queues",
    metadata,
    _id(),
    Column("name", sa.Text, nullable=False, unique=True),
    _word("assignment"),
    #: how long an agent can accept an offer
    Column("accept_seconds", sa.Integer, nullable=False),
    #: position in the admin's order
    _count("position", 0),
    _json("conditions", "[]"),
    Column("match", sa.Text, nullable=False, server_default=sa.text("'all'")),
    #: opening hours (lib/opening_hours.py); null: always open
    _word("schedule", null=True),
    #: null: the desk's
    _word("time_zone", null=True),
    #: null: the desk's
    _word("country", null=True),
    #: ISO 639-1: the language of the queue's texts; also for requesters with an unknown language
    Column("language", sa.Text, nullable=False, server_default=sa.text("'en'")),
    #: how long after closing the satisfaction question is sent; null: never
    Column("satisfaction_after_hours", sa.Integer),
    #: the minimum number of days between two questions to one requester
    _count("satisfaction_every_days", 30),
    #: how many days a requester's last agent gets the first offer
    _count("affinity_days", 7),
    #: whether work items are assigned without an offer
    _flag("auto_assign", default=False),
    #: how long a requester waits before supervisors are alerted; null: never
    Column("alarm_seconds", sa.Integer),
    #: the targets by priority, in minutes of opening hours (rules/routing/targets.py)
    _json("targets", "[]"),
    _word("in_line_text", null=True),
    _word("waiting_text", null=True),
    _word("closed_text", null=True),
    #: the last agent who got an offer, for round robin
    Column("last_agent_id", ID),
)
queue_groups = Table(
    "queue_groups",
    metadata,
    _ref("queue_id", "queues.id", key=True, drop=True),
    _ref("group_id", "groups.id", key=True),
    #: after how many seconds this group's agents get offers
    _count("after_seconds", 0),
)
queue_skills = Table(
    "queue_skills",
    metadata,
    _ref("queue_id", "queues.id", key=True, drop=True),
    Column("skill", sa.Text, primary_key=True),
    Column("mandatory", sa.Boolean, nullable=False),
)
provider_numbers = Table(
    "provider_numbers",
    metadata,
    _id(),
    Column("number", sa.Text, nullable=False, unique=True),
    _word("label"),
    _word("first_responder"),
    _ref("queue_id", "queues.id"),
    Column("segments_per_second", sa.Integer, nullable=False),
    #: earlier sends have used up the number's rate until this time
    _time("paced_to", null=True),
    #: the provider's id of the messaging service that has this number in its pool
    _word("messaging_service", null=True),
)

# Texts and labels ---------------------------------------------------------------------------------

#: System messages that an admin has edited.
texts = Table(
    "texts",
    metadata,
    Column("name", sa.Text, primary_key=True),
    _word("body"),
)
#: Canned responses for the composer.
templates = Table(
    "templates",
    metadata,
    _id(),
    Column("name", sa.Text, nullable=False, unique=True),
    _word("body"),
)

#: Labels that agents put on conversations.
labels = Table(
    "labels",
    metadata,
    _id(),
    Column("name", sa.Text, nullable=False, unique=True),
    _word("color"),
    #: whether it can be the topic of a conversation
    _flag("topic", default=False),
)

#: Attributes that an admin has defined for users or conversations.
attributes = Table(
    "attributes",
    metadata,
    _id(),
    #: user or conversation
    _word("owner"),
    _word("key"),
    _word("name"),
    _word("type"),
    _json("choices", "[]"),
    #: whether agents must set it before they close a conversation
    _flag("required_to_close", default=False),
    #: the places where agents see the attribute
    _word("shown"),
    UniqueConstraint("owner", "key"),
)

#: Macros: several changes to a conversation with one click. A null column skips its step.
macros = Table(
    "macros",
    metadata,
    _id(),
    Column("name", sa.Text, nullable=False, unique=True),
    #: the text to the requester
    _ref("template_id", "templates.id", null=True),
    _ref("label_id", "labels.id", null=True),
    #: may contain placeholders
    _word("note", null=True),
    #: whether the conversation is assigned to the agent who runs the macro
    _flag("to_me", default=False),
    #: the other agent to whom the conversation is transferred
    _ref("agent_id", "agents.id", null=True),
    _ref("queue_id", "queues.id", null=True),
    _word("state", null=True),
    #: how long the hold lasts; null: until the requester texts
    Column("hold_seconds", sa.Integer),
    #: stay or next: which conversation the workspace shows afterward
    _word("then"),
)

# Conversations ------------------------------------------------------------------------------------

TIED = sa.text("user_id IS NOT NULL")
messaging_profiles = Table(
    "messaging_profiles",
    metadata,
    _id(),
    _word("number"),
    _ref("user_id", "users.id", null=True),
    Column("active", sa.Boolean, nullable=False),
    _time("created_at"),
    #: the user who was ruled out as the sender
    Column("not_user_id", ID),
    # must be written exactly like SQLAlchemy's queries for a boolean, or SQLite does not use the
    # index
    Index(
        "one_active_profile_a_number",
        "number",
        unique=True,
        sqlite_where=sa.text("active = 1"),
        postgresql_where=sa.text("active"),
    ),
    Index("ix_messaging_profiles_user_id", "user_id", sqlite_where=TIED, postgresql_where=TIED),
)
WAS_TIED = sa.text("old_user_id IS NOT NULL")
#: Changes of a number's user, with who made each, how and when. Rows are never deleted, but
#: retention and erasures empty them.
associations = Table(
    "associations",
    metadata,
    _id(),
    _ref("interaction_id", "interactions.id"),
    _ref("profile_id", "messaging_profiles.id"),
    _ref("old_user_id", "users.id", null=True),
    #: null: no user is known to have the number
    _ref("user_id", "users.id", null=True),
    _word("method"),
    _ref("agent_id", "agents.id", null=True),
    _word("note", null=True),
    _time("made_at"),
    _time("expires_at"),
    _time("undone_at", null=True),
    Index("ix_associations_profile_id", "profile_id"),
    Index("ix_associations_interaction_id", "interaction_id"),
    Index("ix_associations_user_id", "user_id", sqlite_where=TIED, postgresql_where=TIED),
    Index(
        "ix_associations_old_user_id",
        "old_user_id",
        sqlite_where=WAS_TIED,
        postgresql_where=WAS_TIED,
    ),
)
IS_NOT_PUSHED = sa.text("told_at IS NULL")
#: The consent ledger, with every change. Only an erasure deletes rows.
consents = Table(
    "consents",
    metadata,
    _id(),
    _word("number"),
    #: null: all company numbers
    _ref("provider_number_id", "provider_numbers.id", null=True),
    Column("opted_out", sa.Boolean, nullable=False),
    _word("source"),
    #: the requester's text, or the provider's error code
    _word("words", null=True),
    _ref("agent_id", "agents.id", null=True),
    _word("note", null=True),
    _time("at"),
    #: when the push ended, even if the provider rejected it, or when no push turned out to be
    #: necessary; null: not pushed yet
    _time("told_at", null=True),
    #: why the last push failed or was rejected
    _word("told_why", null=True),
    Index("ix_consents_number", "number", "id"),
    Index("ix_consents_untold", "id", sqlite_where=IS_NOT_PUSHED, postgresql_where=IS_NOT_PUSHED),
)
#: The current opt-outs, which every send checks.
opt_outs = Table(
    "opt_outs",
    metadata,
    Column("number", sa.Text, primary_key=True),
    #: 0: all company numbers (rules/consent/consent_keywords.py)
    Column("provider_number_id", ID, primary_key=True, autoincrement=False),
    _ref("consent_id", "consents.id"),
    Index("ix_opt_outs_consent_id", "consent_id"),
)
#: Identity proofs, and their results.
proofs = Table(
    "proofs",
    metadata,
    _id(),
    _ref("interaction_id", "interactions.id"),
    _word("number"),
    Column("epoch", sa.Integer, nullable=False),
    #: the live agent who asked for the proof
    _ref("asked_by", "agents.id", null=True),
    #: the employee number or address that the requester gave
    _word("claimed", null=True),
    #: the user with this account; null if there is none
    _ref("user_id", "users.id", null=True),
    #: the keyed hash of the code
    _word("code_hash", null=True),
    _time("code_until", null=True),
    #: wrong answers so far
    _count("wrong", 0),
    #: the last bot turn that changed this row
    Column("turn_id", ID),
    #: the result of the answer in that turn
    _word("verdict", null=True),
    _word("method", null=True),
    _word("outcome", null=True),
    _word("why", null=True),
    _time("made_at"),
    _time("ended_at", null=True),
    Index("ix_proofs_interaction_id", "interaction_id"),
    Index("ix_proofs_number", "number", "id"),
    Index("ix_proofs_user_id", "user_id", sqlite_where=TIED, postgresql_where=TIED),
)
KEPT = sa.text("code_hash IS NOT NULL")
#: Requested codes, including requests that had no address to send to.
proof_sends = Table(
    "proof_sends",
    metadata,
    _id(),
    _ref("proof_id", "proofs.id"),
    _word("number"),
    _time("at"),
    #: the keyed hash of the code; kept until code_until, even if the code was used or replaced, to
    #: mask the code in texts
    _word("code_hash", null=True),
    _time("code_until", null=True),
    Index("ix_proof_sends_number", "number", "at"),
    Index("ix_proof_sends_proof_id", "proof_id"),
    Index("ix_proof_sends_kept", "code_until", sqlite_where=KEPT, postgresql_where=KEPT),
)
#: Keyed hashes of secrets in texts, until a bot turn checks them.
proof_answers = Table(
    "proof_answers",
    metadata,
    _id(),
    _ref("interaction_id", "interactions.id"),
    Column("seq", sa.Integer, nullable=False),
    Column("guesses", sa.JSON, nullable=False),
    Index("ix_proof_answers_interaction_id", "interaction_id"),
)
ACTIVE = sa.text("closed_at IS NULL")
PROMPTED = sa.text("closed_at IS NULL AND prompted_seq IS NOT NULL")
CLOSED = sa.text("closed_at IS NOT NULL")
THANKED = sa.text("thanked_seq IS NOT NULL")
interactions = Table(
    "interactions",
    metadata,
    _id(),
    _word("requester_number"),
    _ref("provider_number_id", "provider_numbers.id"),
    _ref("profile_id", "messaging_profiles.id"),
    _ref("user_id", "users.id", null=True),
    _word("state"),
    _word("state_reason", null=True),
    #: when the hold ends automatically; valid only while the state is on_hold
    _time("hold_until", null=True),
    _word("short_description", null=True),
    Column("priority", sa.Integer, nullable=False),
    _word("owner"),
    Column("epoch", sa.Integer, nullable=False),
    _ref("assigned_to", "agents.id", null=True),
    _ref("queue_id", "queues.id", null=True),
    Column("last_seq", sa.Integer, nullable=False),
    _time("opened_at"),
    _time("closed_at", null=True),
    _time("last_message_at"),
    #: the side that has an open unanswered streak
    _word("unanswered", null=True),
    #: seq of the newest prompt to its agents
    Column("prompted_seq", sa.Integer),
    #: the answer that a running proof expects from the requester (rules/identity/proof.py)
    _word("expects", null=True),
    #: the live agent who asked for that proof and gets the conversation back
    Column("back_to", ID),
    #: seq of the last thank-you after closing; null once the conversation's agent has read it
    Column("thanked_seq", sa.Integer),
    #: when retention or an erasure removed content; from then on, its facts for reports never
    #: change
    _time("emptied_at", null=True),
    Index(
        "one_active_interaction_a_line",
        "requester_number",
        "provider_number_id",
        unique=True,
        sqlite_where=ACTIVE,
        postgresql_where=ACTIVE,
    ),
    Index("ix_interactions_ongoing", "assigned_to", sqlite_where=ACTIVE, postgresql_where=ACTIVE),
    Index(
        "ix_interactions_prompted", "assigned_to", sqlite_where=PROMPTED, postgresql_where=PROMPTED
    ),
    Index("ix_interactions_thanked", "assigned_to", sqlite_where=THANKED, postgresql_where=THANKED),
    Index("ix_interactions_requester_number", "requester_number", "opened_at"),
    Index(
        "ix_interactions_user_id",
        "user_id",
        "id",
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    ),
    Index("ix_interactions_closed_at", "closed_at", sqlite_where=CLOSED, postgresql_where=CLOSED),
)
ON_HOLD = sa.text("ended_at IS NULL")
#: The times when conversations were on hold. Targets do not count them.
holds = Table(
    "holds",
    metadata,
    _id(),
    _ref("interaction_id", "interactions.id", drop=True),
    _time("began_at"),
    #: null: the conversation is on hold now
    _time("ended_at", null=True),
    Index("ix_holds_interaction_id", "interaction_id", "id"),
    Index(
        "one_running_hold",
        "interaction_id",
        unique=True,
        sqlite_where=ON_HOLD,
        postgresql_where=ON_HOLD,
    ),
)
#: The running targets of conversations. They follow from the conversation, its holds and its queue
#: (operations/shared/refresh_targets.py). They are stored so that lists do not have to compute
#: them.
running_targets = Table(
    "running_targets",
    metadata,
    _ref("interaction_id", "interactions.id", key=True, drop=True),
    Column("kind", sa.Text, primary_key=True),
    _time("started_at"),
    #: in minutes of the queue's opening hours
    Column("minutes", sa.Integer, nullable=False),
    #: null: on hold and not due before the hold, or the queue does not open long enough within a
    #: year
    _time("due_at", null=True),
    #: when only a quarter of the time is left; null if ``left_seconds`` has a value
    _time("soon_at", null=True),
    #: the seconds of opening hours that remained when the hold began; null: not on hold, or due
    #: before the hold
    Column("left_seconds", sa.Integer),
)
IN_FULL_RANGE = sa.text(f"error_code = {RANGE_FULL}")
#: Texts that announce that a case is resolved or that an outage is over.
SAYS_RESOLVED = sa.text(f"event IN ('{Event.CASE_TEXT}', '{Event.OUTAGE_OVER}')")
messages = Table(
    "messages",
    metadata,
    _id(),
    _ref("interaction_id", "interactions.id"),
    Column("seq", sa.Integer, nullable=False),
    _word("kind"),
    _word("direction", null=True),
    _word("author"),
    _ref("agent_id", "agents.id", null=True),
    _word("body"),
    _word("event", null=True),
    _word("reason", null=True),
    _word("status", null=True),
    _word("owner"),
    Column("epoch", sa.Integer, nullable=False),
    Column("segments", sa.Integer),
    _word("encoding", null=True),
    Column("provider_sid", sa.Text, unique=True),
    Column("error_code", sa.Integer),
    _time("created_at"),
    #: the number of retries because of its error code (rules/delivery/message_status.py)
    _count("retries", 0),
    #: price of the last attempt, in millionths of the currency; null until the provider reports it
    Column("price", sa.BigInteger),
    #: ISO 4217
    _word("currency", null=True),
    #: price of earlier attempts, in millionths of the currency
    Column("price_before", sa.BigInteger),
    #: when the requester sent a recovered text, which sets its place in the thread; null for other
    #: texts
    _time("sent_at", null=True),
    #: the emoji of the requester's reaction
    _word("reaction", null=True),
    #: when its status, media, reaction or text last changed; null: never
    _time("changed_at", null=True),
    #: when retention or an erasure removed its text
    _time("emptied_at", null=True),
    UniqueConstraint("interaction_id", "seq"),
    Index(
        "ix_messages_in_full_range",
        "created_at",
        sqlite_where=IN_FULL_RANGE,
        postgresql_where=IN_FULL_RANGE,
    ),
    Index(
        "ix_messages_says_resolved",
        "interaction_id",
        sqlite_where=SAYS_RESOLVED,
        postgresql_where=SAYS_RESOLVED,
    ),
)
#: Automatic replies to unknown numbers in the last day, for the limits on them.
unknown_replies = Table(
    "unknown_replies",
    metadata,
    Column("message_id", ID, primary_key=True, autoincrement=False),
    #: the number without its last four digits
    _word("begins_with"),
    _word("number"),
    _time("at"),
    Index("ix_unknown_replies_at", "at"),
    Index("ix_unknown_replies_begins_with", "begins_with", "at"),
)
#: Pictures and files of messages, and agents' unsent uploads.
media = Table(
    "media",
    metadata,
    _id(),
    #: null: an agent's unsent upload
    _ref("message_id", "messages.id", null=True),
    Column("position", sa.Integer, nullable=False),
    _ref("agent_id", "agents.id", null=True),
    #: the address at the provider
    _word("url", null=True),
    _word("content_type"),
    _word("status"),
    _word("why", null=True),
    #: the name in the media store
    _word("file", null=True),
    #: bytes
    Column("size", sa.Integer),
    #: pixels
    Column("width", sa.Integer),
    #: pixels
    Column("height", sa.Integer),
    _time("created_at"),
    UniqueConstraint("message_id", "position"),
    Index("ix_media_file", "file"),
)
unmatched_receipts = Table(
    "unmatched_receipts",
    metadata,
    Column("provider_sid", sa.Text, primary_key=True),
    Column("status", sa.Text, primary_key=True),
    Column("error_code", sa.Integer),
    _time("received_at"),
)
#: One row: the progress of the gap sweep.
sweeps = Table(
    "sweeps",
    metadata,
    _id(),
    #: the sweep has compared the provider's list up to this time
    _time("swept_to"),
)
#: One row, if the SMS provider is a device of the company.
gateway_watch = Table(
    "gateway_watch",
    metadata,
    _id(),
    #: since when the device has been unavailable; null: it works
    _time("failing_since", null=True),
    #: an AwayReason (rules/delivery/gateway_watch.py)
    _word("reason", null=True),
    #: null: there is no alert
    _time("alerted_at", null=True),
    #: the device's last heartbeat; null: none yet
    _time("heard_at", null=True),
)
live_group = Table(
    "live_group",
    metadata,
    _ref("interaction_id", "interactions.id", key=True),
    _ref("agent_id", "agents.id", key=True),
    #: the agent's read position
    Column("read_seq", sa.Integer, nullable=False),
    _time("joined_at"),
    Index("ix_live_group_agent_id", "agent_id"),
)
#: Agents who have left a live group, so that a resumed event stream can report this.
left_groups = Table(
    "left_groups",
    metadata,
    _ref("agent_id", "agents.id", key=True, drop=True),
    _ref("interaction_id", "interactions.id", key=True, drop=True),
    _time("left_at"),
)
#: Prompts that agents have dismissed. They have their own table, because supervisors also get
#: prompts of conversations that they have not joined.
dismissed_prompts = Table(
    "dismissed_prompts",
    metadata,
    _ref("agent_id", "agents.id", key=True, drop=True),
    _ref("interaction_id", "interactions.id", key=True, drop=True),
    #: seq of the last dismissed prompt
    Column("seq", sa.Integer, nullable=False),
)
#: A colleague's last action on an agent's conversation, until the agent has seen the notice.
colleague_notices = Table(
    "colleague_notices",
    metadata,
    #: the agent who had the conversation
    _ref("agent_id", "agents.id", key=True, drop=True),
    _ref("interaction_id", "interactions.id", key=True, drop=True),
    #: the last action as a sentence, such as "Omar Haddad closed this conversation"
    _word("body"),
    _time("created_at"),
    Index("ix_colleague_notices_interaction_id", "interaction_id"),
)
#: Each agent's current sort and filter for the list of ongoing conversations.
list_choices = Table(
    "list_choices",
    metadata,
    _ref("agent_id", "agents.id", key=True, drop=True),
    _word("sort"),
    _word("tag", null=True),
    _ref("label_id", "labels.id", null=True, drop=True),
    #: a filter of conversations' attributes (rules/desk/attribute_filters.py)
    _word("attribute", null=True),
)
#: Saved views of the list of ongoing conversations.
list_views = Table(
    "list_views",
    metadata,
    _id(),
    #: the agent who saved the view
    _ref("agent_id", "agents.id", drop=True),
    _word("name"),
    _word("sort"),
    _word("tag", null=True),
    _ref("label_id", "labels.id", null=True, drop=True),
    #: a filter of conversations' attributes (rules/desk/attribute_filters.py)
    _word("attribute", null=True),
    #: whether every agent sees the view
    _flag("shared", default=False),
    UniqueConstraint("agent_id", "name"),
)
#: The labels of each conversation.
conversation_labels = Table(
    "conversation_labels",
    metadata,
    _ref("interaction_id", "interactions.id", key=True, drop=True),
    _ref("label_id", "labels.id", key=True, drop=True),
    #: whether the agent who closed the conversation chose it as the topic
    _flag("is_topic", default=False),
    Index("ix_conversation_labels_label_id", "label_id", "interaction_id"),
)
#: The attributes of each conversation. Values remain after their definition is deleted.
conversation_attributes = Table(
    "conversation_attributes",
    metadata,
    _ref("interaction_id", "interactions.id", key=True, drop=True),
    Column("key", sa.Text, primary_key=True),
    _word("value"),
    Index("ix_conversation_attributes_key", "key", "value"),
)
#: Texts that agents have scheduled for later.
scheduled_texts = Table(
    "scheduled_texts",
    metadata,
    _id(),
    _ref("interaction_id", "interactions.id", drop=True),
    #: the agent who wrote the text, or who confirmed it last
    _ref("agent_id", "agents.id"),
    _word("body"),
    _time("send_at"),
    #: the conversation's last seq and epoch when the agent wrote or confirmed the text
    Column("seq", sa.Integer, nullable=False),
    Column("epoch", sa.Integer, nullable=False),
    _time("created_at"),
    Index("ix_scheduled_texts_interaction_id", "interaction_id", "send_at"),
)
#: The uploads of scheduled texts.
scheduled_media = Table(
    "scheduled_media",
    metadata,
    _ref("scheduled_text_id", "scheduled_texts.id", key=True, drop=True),
    _ref("media_id", "media.id", key=True, drop=True),
    Column("position", sa.Integer, nullable=False),
    Index("ix_scheduled_media_media_id", "media_id"),
)
#: Promises of agents to text or call by a certain time, with a reminder.
promises = Table(
    "promises",
    metadata,
    _id(),
    _ref("interaction_id", "interactions.id", drop=True),
    #: the agent who promised
    _ref("agent_id", "agents.id"),
    #: the text with the promise; null if a program stored the promise
    _ref("message_id", "messages.id", null=True, drop=True),
    #: the sentence with the promise
    _word("words"),
    _time("made_at"),
    _time("promised_at"),
    _time("remind_at"),
    #: rules/conversations/promises.py
    _word("state"),
    #: when the promise was kept, missed or canceled, or when the agent declined a reminder
    _time("ended_at", null=True),
    UniqueConstraint("message_id"),
    Index("ix_promises_interaction_id", "interaction_id", "state"),
    Index("ix_promises_ended_at", "ended_at"),
)
LOW_GRADE = sa.text("grade <= 2")
#: The satisfaction question after closing, with the requester's answer.
satisfaction_questions = Table(
    "satisfaction_questions",
    metadata,
    _ref("interaction_id", "interactions.id", key=True, drop=True),
    #: copies of the interaction's numbers, which never change
    _word("requester_number"),
    _ref("provider_number_id", "provider_numbers.id"),
    #: the text with the question
    _ref("message_id", "messages.id", drop=True),
    _time("asked_at"),
    #: 1 to 5; null: not answered
    Column("grade", sa.Integer),
    _time("graded_at", null=True),
    #: the requester's comment on a low grade
    _word("comment", null=True),
    #: seq of the text that alerts supervisors: the low grade, or the comment on it
    Column("alert_seq", sa.Integer),
    Index("ix_satisfaction_questions_requester_number", "requester_number", "asked_at"),
    Index(
        "ix_satisfaction_questions_low_grade",
        "graded_at",
        sqlite_where=LOW_GRADE,
        postgresql_where=LOW_GRADE,
    ),
)
#: Mentions of agents in private notes.
mentions = Table(
    "mentions",
    metadata,
    _id(),
    #: the mentioned agent
    _ref("agent_id", "agents.id", drop=True),
    _ref("message_id", "messages.id", drop=True),
    Index("ix_mentions_agent_id", "agent_id", "id"),
)
#: Cases, which outlive their conversation.
cases = Table(
    "cases",
    metadata,
    _id(),
    _word("kind"),
    _word("state"),
    #: 1 (highest) to 5
    _count("priority", 3),
    _word("description"),
    _word("device", null=True),
    _word("impact", null=True),
    _ref("user_id", "users.id", null=True),
    _ref("interaction_id", "interactions.id", null=True),
    #: the bot turn that opened the case; null if the virtual agent did not open it
    _ref("bot_turn_id", "bot_turns.id", null=True),
    #: the agent who opened the case; null if no agent opened it
    _ref("agent_id", "agents.id", null=True),
    #: the case's number in the company's own ticket system
    _word("external_number", null=True),
    #: the number of entries in the case's history
    _count("version", 1),
    _time("created_at"),
    _time("changed_at"),
    UniqueConstraint("bot_turn_id", "kind"),
    Index("ix_cases_interaction_id", "interaction_id"),
    Index("ix_cases_user_id", "user_id", "id"),
    Index("ix_cases_external_number", "external_number"),
)
#: The history of cases. The first entry is the opening of the case.
case_changes = Table(
    "case_changes",
    metadata,
    _id(),
    _ref("case_id", "cases.id"),
    Column("version", sa.Integer, nullable=False),
    _word("author"),
    _ref("agent_id", "agents.id", null=True),
    #: field -> [before, after]
    Column("changes", sa.JSON, nullable=False),
    _word("note", null=True),
    _time("at"),
    UniqueConstraint("case_id", "version"),
)
bot_turns = Table(
    "bot_turns",
    metadata,
    _id(),
    _ref("interaction_id", "interactions.id"),
    Column("epoch", sa.Integer, nullable=False),
    Column("up_to_seq", sa.Integer, nullable=False),
    _time("asked_at"),
    _time("answered_at", null=True),
    _word("outcome", null=True),
    Column("choices", sa.JSON),
    Column("hand_off", sa.JSON(none_as_null=True)),
    #: what the desk sends to the bot instead of a requester's text
    Column("opening", sa.JSON(none_as_null=True)),
    #: the bot's own report on the turn
    Column("understood", sa.JSON(none_as_null=True)),
    #: the answer of a bot without a report, to compare the next answer with it
    _word("said", null=True),
    #: the model that answered: Rasa's model id
    _word("model", null=True),
    #: the five most likely intents: [[intent, confidence], ...]
    Column("ranking", sa.JSON(none_as_null=True)),
    #: the question that the requester answers: form, slot, after_case, choices (bot/asked.py)
    Column("asked", sa.JSON(none_as_null=True)),
    #: what a running proof expected when the turn began; trainers never see the texts of such turns
    _word("expected", null=True),
    Index("ix_bot_turns_interaction_id", "interaction_id"),
    Index("ix_bot_turns_asked_at", "asked_at"),
    Index("ix_bot_turns_model", "model", "asked_at"),
)
# The trainer --------------------------------------------------------------------------------------

#: Requesters' masked texts that wait for a label, at most one per bot turn.
trainer_items = Table(
    "trainer_items",
    metadata,
    _id(),
    _ref("bot_turn_id", "bot_turns.id"),
    _ref("interaction_id", "interactions.id"),
    #: masked before it is stored
    _word("text"),
    #: hash of the normalized masked text
    _word("fold"),
    #: teach (training) or audit (test set only)
    _word("lane"),
    #: why the text should be labeled: the reason with the highest weight (rules/training/order.py)
    _word("source"),
    Column("weight", sa.Float, nullable=False),
    #: difference in confidence between the two most likely intents, 0 to 1
    Column("margin", sa.Float, nullable=False),
    #: the intent that the bot predicted; null: none
    _word("intent", null=True),
    Column("confidence", sa.Float),
    #: as in bot_turns
    _json("ranking", "[]"),
    _word("model", null=True),
    _word("form", null=True),
    _word("slot", null=True),
    #: the bot's text before this text, masked
    _word("question", null=True),
    #: the intent of the requester's next text, which the bot understood
    _word("suggestion", null=True),
    #: keyed hash of the requester's number, with which requesters are counted
    _word("requester"),
    #: the oldest item of its cluster; the item's own id if it has no cluster
    Column("cluster", ID, nullable=False),
    #: waiting, unsure, second, labeled
    _word("state"),
    #: the agent who marked the text as misunderstood
    _ref("marked_by", "agents.id", null=True),
    _time("marked_at", null=True),
    _time("created_at"),
    UniqueConstraint("bot_turn_id"),
    Index("ix_trainer_items_waiting", "lane", "state", "cluster"),
    Index("ix_trainer_items_fold", "fold"),
    Index("ix_trainer_items_cluster", "cluster"),
)
#: Trainers' labels. A row changes only when its example is written, when it is undone, or when its
#: dispute is settled.
trainer_labels = Table(
    "trainer_labels",
    metadata,
    _id(),
    _ref("item_id", "trainer_items.id"),
    _ref("agent_id", "agents.id"),
    #: intent, not_for_bot or unsure
    _word("verdict"),
    #: null unless the verdict is intent
    _word("intent", null=True),
    #: the example with marked entities; null: no example, or the data already had it
    _word("example", null=True),
    #: the file below the bot's data folder; null until the example is written
    _word("file", null=True),
    #: a blind second label: the trainer did not see the first one, and no example is written
    _flag("second", default=False),
    #: the first label as it was before a trainer settled the dispute; only on second labels
    _word("disputed", null=True),
    #: id of the action's first label; all labels of a cluster are undone together
    Column("batch", ID),
    _time("made_at"),
    _time("undone_at", null=True),
    Index("ix_trainer_labels_item_id", "item_id"),
    Index("ix_trainer_labels_agent_id", "agent_id", "id"),
    Index("ix_trainer_labels_batch", "batch"),
)
#: Edits on the pages Intents and Replies. See store/training/trainers_work.py.
trainer_edits = Table(
    "trainer_edits",
    metadata,
    _id(),
    _ref("agent_id", "agents.id"),
    _time("made_at"),
)
REQUIRED = sa.text("removed_at IS NULL")
#: Texts with the intent that every model must predict. A model that predicts another intent is not
#: promoted.
pinned_texts = Table(
    "pinned_texts",
    metadata,
    _id(),
    #: masked
    _word("text"),
    _word("fold"),
    _word("intent"),
    _word("form", null=True),
    _word("slot", null=True),
    _ref("item_id", "trainer_items.id", null=True),
    #: the agent who pinned the text
    _ref("agent_id", "agents.id"),
    _time("made_at"),
    _time("removed_at", null=True),
    Index("ix_pinned_texts_held", "fold", sqlite_where=REQUIRED, postgresql_where=REQUIRED),
    Index("ix_pinned_texts_item_id", "item_id"),
)
#: Models that were trained here.
bot_models = Table(
    "bot_models",
    metadata,
    _id(),
    #: Rasa's model id
    Column("hash", sa.Text, nullable=False, unique=True),
    #: the hash of the model that was running when this one was trained
    _word("parent", null=True),
    #: candidate, canary, running, kept, gone
    _word("state"),
    #: the file's name in the folder of models
    _word("file"),
    #: hash of the config.yml, domain.yml and data/ with which it was trained
    _word("data_hash"),
    #: the unified diff from the parent model's files to these
    _word("data_diff"),
    #: the measurements; null: not measured yet
    Column("scores", sa.JSON(none_as_null=True)),
    _word("note"),
    #: the agent who trained it; null: a command in a terminal
    _ref("agent_id", "agents.id", null=True),
    _time("trained_at"),
    #: since when the model has been in ``state``
    _time("since"),
    #: whether a trainer has pinned the model, so that its file is never deleted
    _flag("is_pinned", default=False),
    Index("ix_bot_models_state", "state"),
)
#: Every change of the running bot model.
bot_promotions = Table(
    "bot_promotions",
    metadata,
    _id(),
    #: the hash of the model that runs from now on
    _word("model"),
    #: the hash of the model that ran before
    _word("before", null=True),
    #: canary, promote, roll_back, roll_back_data, automatic
    _word("kind"),
    _word("reason", null=True),
    #: null: a command in a terminal, or an automatic change
    _ref("agent_id", "agents.id", null=True),
    _time("at"),
    Index("ix_bot_promotions_model", "model", "at"),
)
RUNS = sa.text("state = 'running'")
#: Runs of "Train and compare".
training_runs = Table(
    "training_runs",
    metadata,
    _id(),
    #: running, done, failed, canceled, interrupted
    _word("state"),
    #: check, train, measure
    _word("step", null=True),
    #: what the step is doing right now
    _word("doing", null=True),
    #: progress of the whole run, 0 to 1
    Column("progress", sa.Float, nullable=False),
    _flag("cancel", default=False),
    #: the hash of the trained model
    _word("model", null=True),
    _word("error", null=True),
    _word("note"),
    #: null: a command in a terminal
    _ref("agent_id", "agents.id", null=True),
    _time("started_at"),
    #: when the process that runs it last reported progress
    _time("seen_at"),
    _time("ended_at", null=True),
    # only one run at a time
    Index(
        "uq_training_runs_running",
        "state",
        unique=True,
        sqlite_where=RUNS,
        postgresql_where=RUNS,
    ),
)
#: Real texts that a new model understands differently, with the trainer's judgment.
replayed_texts = Table(
    "replayed_texts",
    metadata,
    _id(),
    #: hash of the new model
    _word("model"),
    _ref("bot_turn_id", "bot_turns.id"),
    #: masked
    _word("text"),
    _word("before", null=True),
    Column("before_confidence", sa.Float),
    _word("after", null=True),
    Column("after_confidence", sa.Float),
    #: better, worse, same; null: not judged
    _word("verdict", null=True),
    _ref("agent_id", "agents.id", null=True),
    _time("judged_at", null=True),
    UniqueConstraint("model", "bot_turn_id"),
)

#: Outages that the virtual agent announces.
outages = Table(
    "outages",
    metadata,
    _id(),
    Column("title", sa.Text, nullable=False, unique=True),
    _word("text"),
    _time("since"),
    _time("until", null=True),
    #: false: kept but not announced
    _flag("active", default=True),
)

#: Texts to everybody who reported an outage, such as "it works again".
outage_texts = Table(
    "outage_texts",
    metadata,
    _id(),
    _ref("outage_id", "outages.id", drop=True),
    #: the agent who sent it
    _ref("agent_id", "agents.id"),
    #: in English
    _word("body"),
    #: language -> the text in this language; requesters with other languages get ``body``
    _json("translations", "{}"),
    #: sending, done or canceled
    _word("state"),
    _time("created_at"),
    _time("ended_at", null=True),
    Index("ix_outage_texts_outage_id", "outage_id"),
)
#: The recipients of an outage's text, each phone number once.
outage_recipients = Table(
    "outage_recipients",
    metadata,
    _id(),
    _ref("outage_text_id", "outage_texts.id", drop=True),
    #: the last conversation on the recipient's line at first, then the one in which the text was
    #: sent
    _ref("interaction_id", "interactions.id", drop=True),
    #: the case in which the recipient reported the outage
    _ref("case_id", "cases.id", null=True),
    #: null: not sent yet
    _ref("message_id", "messages.id", null=True, drop=True),
    #: why the recipient gets no text after all
    _word("skipped", null=True),
    Index("ix_outage_recipients_outage_text_id", "outage_text_id"),
    Index("ix_outage_recipients_message_id", "message_id"),
)

# Webhooks -----------------------------------------------------------------------------------------

#: The addresses that get events.
webhooks = Table(
    "webhooks",
    metadata,
    _id(),
    Column("name", sa.Text, nullable=False, unique=True),
    _word("url"),
    #: signs the calls
    _sealed("secret"),
    #: after a change of the secret, also signs the calls until ``former_until``
    _sealed("former_secret", null=True),
    _time("former_until", null=True),
    #: the types of events that the webhook gets
    _json("events", "[]"),
    #: whether the events include texts, names, phone numbers and e-mail addresses
    _flag("with_texts", default=False),
    _flag("active", default=True),
    #: since when every call has failed; null: the last call succeeded
    _time("failing_since", null=True),
    #: when Patchboard switched the webhook off because its calls had failed for days; else null
    _time("switched_off_at", null=True),
)
IS_WAITING_CALL = sa.text("state = 'waiting'")
#: One row per event and webhook.
webhook_calls = Table(
    "webhook_calls",
    metadata,
    _id(),
    _ref("webhook_id", "webhooks.id", drop=True),
    Column("event_id", sa.Text, nullable=False),
    _word("type"),
    #: the event's subject, such as conversation:12; events with one subject stay in order
    _word("subject"),
    #: the event's conversation or case, if any
    _ref("interaction_id", "interactions.id", null=True, drop=True),
    _ref("case_id", "cases.id", null=True, drop=True),
    _word("body"),
    _word("state"),
    _count("attempts", 0),
    #: response status of the last attempt
    Column("status", sa.Integer),
    #: the error of the last attempt
    _word("why", null=True),
    #: the beginning of the last response's body
    _word("answer", null=True),
    _time("created_at"),
    #: when the call's day of retries started
    _time("since"),
    _time("tried_at", null=True),
    UniqueConstraint("webhook_id", "event_id"),
    Index("ix_webhook_calls_created_at", "created_at"),
    Index("ix_webhook_calls_webhook_id", "webhook_id", "id"),
    Index("ix_webhook_calls_subject", "subject"),
    Index("ix_webhook_calls_interaction_id", "interaction_id"),
    Index("ix_webhook_calls_case_id", "case_id"),
    Index(
        "ix_webhook_calls_waiting",
        "created_at",
        sqlite_where=IS_WAITING_CALL,
        postgresql_where=IS_WAITING_CALL,
    ),
)

# Work ---------------------------------------------------------------------------------------------

WAITS = sa.text("state IN ('queued', 'pending_accept')")
OPEN = sa.text("outcome IS NULL")
LEASED = sa.text("lease_until IS NOT NULL")
FREE = sa.text("lease_until IS NULL")
work_items = Table(
    "work_items",
    metadata,
    _id(),
    _ref("interaction_id", "interactions.id"),
    _ref("queue_id", "queues.id"),
    _word("state"),
    _word("reason"),
    Column("collected", sa.JSON, nullable=False),
    #: the last text about the wait to the requester: a WaitNotice
    #: (operations/routing/waiting_texts.py)
    _word("told", null=True),
    #: the only agent who gets the offer, after a transfer
    _ref("for_agent_id", "agents.id", null=True),
    #: the agent who transferred the conversation
    _ref("from_agent_id", "agents.id", null=True),
    _word("note", null=True),
    _count("round", 1),
    _time("alarmed_at", null=True),
    _time("created_at"),
    _time("ended_at", null=True),
    Index(
        "one_waiting_work_item_an_interaction",
        "interaction_id",
        unique=True,
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    ),
    Index("ix_work_items_interaction_id", "interaction_id"),
    Index(
        "ix_work_items_waiting", "state", "created_at", sqlite_where=WAITS, postgresql_where=WAITS
    ),
)
offers = Table(
    "offers",
    metadata,
    _id(),
    _ref("work_item_id", "work_items.id"),
    _ref("agent_id", "agents.id"),
    _time("offered_at"),
    _time("expires_at"),
    _word("outcome", null=True),
    _word("outcome_reason", null=True),
    _count("round", 1),
    #: whether the agent may get the offer again in a later round
    _flag("again", default=True),
    _time("ended_at", null=True),
    Index(
        "one_open_offer_an_agent",
        "work_item_id",
        "agent_id",
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    ),
    Index("ix_offers_work_item_id", "work_item_id"),
    Index("ix_offers_open", "agent_id", sqlite_where=OPEN, postgresql_where=OPEN),
)
#: One row per decision of work assignment.
assignment_log = Table(
    "assignment_log",
    metadata,
    _id(),
    _ref("work_item_id", "work_items.id"),
    Column("round", sa.Integer, nullable=False),
    _word("said"),
    #: [[seconds until they get offers, chosen, reason, agents' ids], ...]
    Column("candidates", sa.JSON, nullable=False),
    _time("at"),
    Index("ix_assignment_log_work_item_id", "work_item_id", "id"),
)
#: All work that waits or is being done. Of the rows with the same kind and line, workers claim only
#: the one with the lowest id.
due_work = Table(
    "due_work",
    metadata,
    _id(),
    _word("kind"),
    _word("key"),
    _word("line"),
    _time("due_at"),
    Column("attempts", sa.Integer, nullable=False),
    _time("lease_until", null=True),
    #: the latest due time; delays never move the work past it
    _time("latest", null=True),
    #: a random token that each claim writes: see store/engine/claims.py
    Column("token", sa.BigInteger),
    UniqueConstraint("kind", "key"),
    Index("ix_due_work_due_at", "due_at"),
    Index("ix_due_work_lease_until", "lease_until", sqlite_where=LEASED, postgresql_where=LEASED),
    Index("ix_due_work_line", "kind", "line", "id"),
    Index("ix_due_work_free", "kind", "due_at", sqlite_where=FREE, postgresql_where=FREE),
)

# Idempotent commands ------------------------------------------------------------------------------

#: Ids of idempotent commands, kept for a day.
command_ids = Table(
    "command_ids",
    metadata,
    Column("id", sa.Text, primary_key=True),
    #: hash of the request with this id
    _word("body_hash"),
    #: the operation's answer, as JSON; sealed, because it may be a new secret
    _sealed("answer", null=True),
    Column("response_status", sa.Integer),
    #: the response to an API client; also sealed
    _sealed("response", null=True),
    _time("at"),
    Index("ix_command_ids_at", "at"),
)
#: One row per lane of a running process: see commit_numbers.py.
lane_commits = Table(
    "lane_commits",
    metadata,
    Column("lane", sa.Text, primary_key=True),
    #: the number of the lane's last commit
    Column("number", sa.BigInteger, nullable=False),
    _time("at"),
)

# Messaging actions --------------------------------------------------------------------------------

messaging_actions = Table(
    "messaging_actions",
    metadata,
    _id(),
    Column("name", sa.Text, nullable=False, unique=True),
    _word("event"),
    #: duration
    Column("seconds", sa.Integer, nullable=False),
    Column("conditions", sa.JSON, nullable=False),
    _word("match"),
    _word("action"),
    _word("text", null=True),
    _word("state", null=True),
    #: position in the admin's order
    Column("position", sa.Integer, nullable=False),
    Column("active", sa.Boolean, nullable=False),
    #: whether the duration counts only the queue's opening hours
    _flag("business_hours", default=False),
)
messaging_action_queues = Table(
    "messaging_action_queues",
    metadata,
    _ref("action_id", "messaging_actions.id", key=True, drop=True),
    _ref("queue_id", "queues.id", key=True, drop=True),
)
messaging_action_numbers = Table(
    "messaging_action_numbers",
    metadata,
    _ref("action_id", "messaging_actions.id", key=True, drop=True),
    _ref("provider_number_id", "provider_numbers.id", key=True, drop=True),
)
#: One row per running timer. Each interaction with timers has one row in due_work, due with its
#: first timer.
timers = Table(
    "timers",
    metadata,
    _id(),
    _ref("interaction_id", "interactions.id"),
    _ref("action_id", "messaging_actions.id", drop=True),
    _time("started_at"),
    _time("due_at"),
    UniqueConstraint("interaction_id", "action_id"),
)

# Reports ------------------------------------------------------------------------------------------

LOOKED_AT_AGAIN = sa.text("look_again_at IS NOT NULL")
#: The facts of each conversation, for reports: see facts.py and columns.py in rules/reports. A
#: background job updates them after the conversation changes (operations/reports/keep_facts.py).
conversation_facts = Table(
    "conversation_facts",
    metadata,
    _ref("interaction_id", "interactions.id", key=True, drop=True),
    #: the day on which the conversation began, in the desk's time zone: 2026-11-30
    _word("day"),
    #: when the facts may change without a new message; null: never
    _time("look_again_at", null=True),
    Column("queue_id", ID),
    Column("provider_number_id", ID, nullable=False),
    Column("agent_id", ID),
    Column("priority", sa.Integer),
    # lists are whole numbers, separated by spaces
    _word("labels"),
    #: a list of words, one per line
    Column("attribute_values", sa.Text, nullable=False, server_default=sa.text("''")),
    _word("language", null=True),
    _word("topic", null=True),
    _word("began"),
    _word("bot_result", null=True),
    _word("handoff_reason", null=True),
    Column("is_closed", sa.Integer, nullable=False),
    Column("is_abandoned", sa.Integer, nullable=False),
    Column("was_queued", sa.Integer, nullable=False),
    Column("is_abandoned_waiting", sa.Integer, nullable=False),
    Column("was_reopened", sa.Integer, nullable=False),
    #: null: unknown until seven days have passed
    Column("came_back", sa.Integer),
    Column("is_durable", sa.Integer),
    Column("first_response", sa.Integer),
    Column("first_response_business", sa.Integer),
    Column("waiting", sa.Integer),
    Column("handling", sa.Integer),
    Column("resolution", sa.Integer),
    Column("resolution_business", sa.Integer),
    _word("next_responses"),
    _word("next_responses_business"),
    Column("texts_in", sa.Integer, nullable=False),
    Column("texts_out", sa.Integer, nullable=False),
    Column("delivered", sa.Integer, nullable=False),
    _word("failed_codes"),
    Column("segments", sa.Integer, nullable=False),
    Column("cost", sa.BigInteger, nullable=False),
    _word("currency", null=True),
    Column("not_understood", sa.Integer, nullable=False),
    Column("promises_kept", sa.Integer, nullable=False),
    Column("promises_missed", sa.Integer, nullable=False),
    _count("was_asked", 0),
    Column("grade", sa.Integer),
    _word("solved_by", null=True),
    _word("answered_by"),
    _word("accepted_by"),
    _word("declined_by"),
    _word("expired_by"),
    #: 1: met, 0: missed; null: no target, or not known yet
    Column("first_response_target", sa.Integer),
    Column("resolution_target", sa.Integer),
    _count("next_responses_met", 0),
    _count("next_responses_missed", 0),
    Index("ix_conversation_facts_day", "day", "interaction_id"),
    Index(
        "ix_conversation_facts_look_again_at",
        "look_again_at",
        sqlite_where=LOOKED_AT_AGAIN,
        postgresql_where=LOOKED_AT_AGAIN,
    ),
)
#: The days that have facts, and whether their columns are packed.
report_days = Table(
    "report_days",
    metadata,
    Column("day", sa.Text, primary_key=True),
    #: increases with each change of a fact
    Column("version", sa.BigInteger, nullable=False),
    #: the version in report_columns; null: none
    Column("packed", sa.BigInteger),
    _time("changed_at"),
)
#: A packed column of a day's facts (store/reports/pack_days.py), derived from conversation_facts.
report_columns = Table(
    "report_columns",
    metadata,
    Column("name", sa.Text, primary_key=True),
    Column("day", sa.Text, primary_key=True),
    #: the type of the numbers in ``data``, by NumPy's name
    _word("type"),
    Column("data", sa.LargeBinary, nullable=False),
    #: for lists: how many values each conversation has
    Column("lengths", sa.LargeBinary),
    #: the words to which the numbers in ``data`` are indexes
    _json("words", "[]"),
)
#: One row: the progress of the background job.
report_progress = Table(
    "report_progress",
    metadata,
    _id(),
    #: the facts cover messages up to this id
    Column("read_to", sa.BigInteger, nullable=False),
    #: the job has read all messages up to this id a second time
    Column("done_to", sa.BigInteger, nullable=False),
)

# Searching ----------------------------------------------------------------------------------------

#: One row: the progress of the text index.
text_index = Table(
    "text_index",
    metadata,
    _id(),
    #: messages up to this id are indexed
    Column("done_to", sa.BigInteger, nullable=False),
    #: the next value of done_to
    Column("next_to", sa.BigInteger),
    #: a transaction number of the database; done_to becomes next_to once all transactions up to
    #: this one have ended
    Column("next_after", sa.BigInteger),
)
# the index itself, whose type depends on the database: see store/conversations/text_index.py
MESSAGE_WORDS = "message_words"

# Practice -----------------------------------------------------------------------------------------

#: Runs of the practice desk. Each run has its own database for its conversations, which is deleted
#: at the end.
practice_runs = Table(
    "practice_runs",
    metadata,
    _id(),
    #: the agent who practices
    _ref("agent_id", "agents.id", drop=True),
    #: the agent who started the run
    _ref("started_by", "agents.id"),
    #: past or demo (rules/training/practice.py)
    _word("source"),
    Column("conversations", sa.Integer, nullable=False),
    #: the pauses between texts are divided by this number
    Column("speed", sa.Integer, nullable=False),
    #: the name of the queue whose conversations are used; null: all queues
    _word("queue", null=True),
    #: ISO dates of the chosen days
    _word("first_day"),
    _word("last_day"),
    _word("state"),
    _time("started_at"),
    #: when the agent opened the practice desk
    _time("entered_at", null=True),
    _time("ended_at", null=True),
    #: the score (rules/training/practice_score.py); empty before the end
    _json("score", "{}"),
    Index("ix_practice_runs_agent_id", "agent_id", "id"),
)

#: Dry runs of a change to queues and agents (operations/reports/run_replay.py).
replays = Table(
    "replays",
    metadata,
    _id(),
    #: the agent who started the dry run
    _ref("started_by", "agents.id", drop=True),
    #: the difference from the current settings (rules/routing/replay_change.py)
    _json("change", "{}"),
    _word("state"),
    #: percent
    _count("progress", 0),
    #: the results before and after the change (store/reports/replays.py); empty before the end
    _json("result", "{}"),
    _time("started_at"),
    _time("ended_at", null=True),
)

# Signing in ---------------------------------------------------------------------------------------

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", sa.Text, primary_key=True),
    _ref("agent_id", "agents.id", drop=True),
    _time("created_at"),
    _time("expires_at"),
    #: accurate to a few minutes; null: not used since this column was added
    _time("last_used_at", null=True),
    #: when the agent was last active in this session, accurate to seconds; null: not yet
    _time("last_active_at", null=True),
    #: the browser and the operating system, such as Firefox on Linux
    Column("device", sa.Text, nullable=False, server_default=sa.text("''")),
    #: whether a second factor was checked, here or by an identity provider that is trusted for it
    _flag("second_factor", default=False),
    #: the identity provider with which the agent signed in
    Column("provider_id", ID, ForeignKey("identity_providers.id", ondelete="SET NULL")),
    #: the provider's ID token, which the provider needs when the agent signs out
    _sealed("id_token", null=True),
    #: the provider's id of its own session
    _word("provider_session", null=True),
    #: when the agent signed in at the provider, or proved a second factor here; null: the provider
    #: does not report it, or the session has no provider
    _time("authenticated_at", null=True),
)
#: Sign-ins that wait for their next step: an identity provider's answer, or a second factor.
sign_in_steps = Table(
    "sign_in_steps",
    metadata,
    #: hash of the secret that proves the step: a token in a cookie, or the state that the provider
    #: returns
    Column("key", sa.Text, primary_key=True),
    #: see operations/desk/sign_in_steps.py
    _word("kind"),
    _ref("agent_id", "agents.id", null=True, drop=True),
    _json("data", "{}"),
    _time("expires_at"),
)
#: The OpenID Connect providers with which agents sign in.
identity_providers = Table(
    "identity_providers",
    metadata,
    _id(),
    Column("name", sa.Text, nullable=False, unique=True),
    _word("issuer"),
    _word("client_id"),
    #: null: a public client, which uses only PKCE
    _sealed("client_secret", null=True),
    #: the scopes that Patchboard requests in addition to openid
    _word("scopes"),
    #: the name of the claim with the person's groups at the provider
    _word("groups_claim"),
    #: a group at the provider -> roles here; empty: the provider does not decide about roles
    _json("roles", "{}"),
    #: a group at the provider -> groups here
    _json("groups", "{}"),
    #: people with e-mail addresses of these domains may sign in; empty: all
    _json("domains", "[]"),
    #: whether a person without an account gets one
    _flag("creates_accounts", default=False),
    #: whether Patchboard also requires its own second factor
    _flag("asks_second_factor", default=False),
    #: whether an e-mail address counts as verified even if the provider does not say so
    _flag("trusts_addresses", default=False),
    _flag("active", default=True),
)
#: The accounts of agents at identity providers.
agent_identities = Table(
    "agent_identities",
    metadata,
    _ref("provider_id", "identity_providers.id", key=True, drop=True),
    #: the provider's own id of the person, which never changes
    Column("subject", sa.Text, primary_key=True),
    _ref("agent_id", "agents.id", drop=True),
    _time("linked_at"),
    Index("ix_agent_identities_agent_id", "agent_id"),
)
#: Authenticator apps, one for each agent.
authenticators = Table(
    "authenticators",
    metadata,
    _ref("agent_id", "agents.id", key=True, drop=True),
    #: in base32, as apps expect it
    _sealed("secret"),
    #: null: the agent has not yet entered a code
    _time("confirmed_at", null=True),
    #: the 30-second step of the last accepted code, so that each code works only once
    Column("last_step", sa.BigInteger, nullable=False, server_default=sa.text("0")),
)
#: Backup codes, each of which replaces a second factor once.
backup_codes = Table(
    "backup_codes",
    metadata,
    _id(),
    _ref("agent_id", "agents.id", drop=True),
    #: keyed hash
    _word("code_hash"),
    UniqueConstraint("agent_id", "code_hash"),
)
passkeys = Table(
    "passkeys",
    metadata,
    _id(),
    _ref("agent_id", "agents.id", drop=True),
    #: base64url
    Column("credential_id", sa.Text, nullable=False, unique=True),
    Column("public_key", sa.LargeBinary, nullable=False),
    #: the authenticator's own counter; 0 on most devices
    Column("sign_count", sa.BigInteger, nullable=False),
    _word("name"),
    _time("created_at"),
    _time("last_used_at", null=True),
    Index("ix_passkeys_agent_id", "agent_id"),
)
#: Where agents get notifications while they have no workspace page open.
notification_targets = Table(
    "notification_targets",
    metadata,
    _id(),
    _ref("agent_id", "agents.id", drop=True),
    #: push, mail or webhook
    _word("way"),
    #: the push service's address for one browser, or the webhook's address; empty for mail. It is
    #: secret, because anybody who knows it can notify the agent
    _sealed("address"),
    #: a hash of the address, to find it again
    _word("mark"),
    #: the browser's encryption keys, for push
    _json("keys", "{}"),
    #: the browser and the system, or the webhook's host
    _word("name"),
    _time("created_at"),
    #: the agent was notified of events up to this time
    _time("noticed_at"),
    #: when the last notification was sent
    _time("sent_at", null=True),
    #: why the last notification failed; null: it succeeded
    _word("error", null=True),
    UniqueConstraint("agent_id", "way", "mark"),
)
#: The tokens with which programs use the API.
service_tokens = Table(
    "service_tokens",
    metadata,
    _id(),
    #: the technical agent of the token
    _ref("agent_id", "agents.id"),
    _word("name"),
    Column("token_hash", sa.Text, nullable=False, unique=True),
    #: see rules/desk/service_tokens.py
    _json("scopes", "[]"),
    #: requests a minute
    Column("rate", sa.Integer, nullable=False),
    _time("created_at"),
    #: null: a command in a terminal
    _ref("created_by", "agents.id", null=True),
    _time("expires_at"),
    #: accurate to one minute
    _time("last_used_at", null=True),
    _time("revoked_at", null=True),
    _ref("revoked_by", "agents.id", null=True),
)
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    _id(),
    _word("key"),
    _time("failed_at"),
    Index("ix_sign_in_failures_key", "key", "failed_at"),
)
#: Addresses from which agents have signed in. Wrong attempts from other addresses do not lock them
#: out.
known_addresses = Table(
    "known_addresses",
    metadata,
    #: keyed hash of the account and the address together
    Column("key", sa.Text, primary_key=True),
    _ref("agent_id", "agents.id", drop=True),
    _time("last_at"),
)

# Administration -----------------------------------------------------------------------------------

#: The change history of records that admins edit (rules/desk/record_changes.py).
record_changes = Table(
    "record_changes",
    metadata,
    _id(),
    _word("noun"),
    #: the record's id; for a system message, its name
    _word("record"),
    Column("version", sa.Integer, nullable=False),
    #: null: the desk file, or a command in a terminal
    _ref("agent_id", "agents.id", null=True),
    #: field -> [before, after]; empty: the record was created
    Column("changes", sa.JSON, nullable=False),
    _time("at"),
    UniqueConstraint("noun", "record", "version"),
)
#: Deleted records. The history stores their changes under ``deleted-<id>``, because SQLite may
#: reuse a deleted record's id.
deleted_records = Table(
    "deleted_records",
    metadata,
    _id(),
    _word("noun"),
    #: the record's name
    Column("name", sa.Text, nullable=False),
    #: null: a command in a terminal
    _ref("agent_id", "agents.id", null=True),
    #: field -> [value, null]: the record's last values
    Column("changes", sa.JSON, nullable=False),
    _time("at"),
    Index("ix_deleted_records_noun", "noun", "id"),
)

# Personal data ------------------------------------------------------------------------------------

NOT_UNDONE = sa.text("undone_at IS NULL")
#: Merges of two users, for the undo. An erasure of either user deletes the row.
user_merges = Table(
    "user_merges",
    metadata,
    _id(),
    #: the user who remains
    _ref("stays_id", "users.id"),
    #: the user who was merged
    _ref("goes_id", "users.id"),
    _ref("agent_id", "agents.id", null=True),
    _time("merged_at"),
    _time("undo_until"),
    _time("undone_at", null=True),
    #: table.column -> the ids of the rows that referred to the merged user
    _json("moved", "{}"),
    #: profile id -> the ruled-out user whom the merge cleared, because the profile now belongs to
    #: that user
    _json("cleared", "{}"),
    #: the merged user's former values: whether they were active, and their numbers
    _json("gone", "{}"),
    #: changes of the remaining user: field, attribute or fact -> [before, after]
    _json("changes", "{}"),
    Index("ix_user_merges_stays_id", "stays_id", "id"),
    Index("ix_user_merges_goes_id", "goes_id"),
    Index(
        "one_merge_a_user",
        "goes_id",
        unique=True,
        sqlite_where=NOT_UNDONE,
        postgresql_where=NOT_UNDONE,
    ),
)
#: The progress of retention: one row per kind (rules/privacy/kinds.py).
retention = Table(
    "retention",
    metadata,
    Column("kind", sa.Text, primary_key=True),
    #: the job has finished all conversations that were closed up to this time
    _time("done_to", null=True),
    #: running, done or stopped
    _word("state"),
    #: how many items the last run removed
    _count("removed", 0),
    _time("began_at"),
    _time("ended_at", null=True),
)
#: Erasures of people. The row of a finished erasure is the receipt, which does not name the person.
erasures = Table(
    "erasures",
    metadata,
    _id(),
    #: the agent who requested it; null: a command in a terminal
    _ref("agent_id", "agents.id", null=True),
    #: running or done
    _word("state"),
    #: the next step (rules/privacy/erasures.py)
    _word("step"),
    #: the person's numbers; empty after the step ``mentions``
    _json("numbers", "[]"),
    #: the person's user id; null after the step ``mentions``, or if only a number is erased
    Column("user_id", ID),
    #: the person's numbers, addresses, employee numbers and names, to find them in other people's
    #: rows; empty after the step ``mentions``
    _json("words", "[]"),
    #: keyed hashes of the numbers, to find a number's receipt
    _json("number_hashes", "[]"),
    #: newer conversations are not erased
    Column("newest_interaction", ID, nullable=False),
    #: kind -> how many items the preview showed
    _json("planned", "{}"),
    #: kind -> how many items were removed
    _json("removed", "{}"),
    #: what could not be removed, in sentences
    _json("left", "[]"),
    _time("requested_at"),
    _time("ended_at", null=True),
)
#: The texts of erased people that the provider still has to erase.
erased_copies = Table(
    "erased_copies",
    metadata,
    _id(),
    _ref("erasure_id", "erasures.id", drop=True),
    #: the provider's id of the text
    _word("provider_sid"),
    #: waiting, erased or refused
    _word("state"),
    #: why the provider rejected it
    _word("why", null=True),
    Index("ix_erased_copies_erasure_id", "erasure_id", "state"),
)
#: Opt-outs of erased numbers. They apply again when the number is used again.
kept_opt_outs = Table(
    "kept_opt_outs",
    metadata,
    #: the keyed hash of the number
    Column("number_hash", sa.Text, primary_key=True),
    #: 0: all company numbers
    Column("provider_number_id", ID, primary_key=True, autoincrement=False),
    _word("source"),
    _time("at"),
)
#: The audit log. Triggers reject every change of an entry. They also reject every deletion, unless
#: ``audit_removal`` allows it. The table has copies of names and no foreign keys, because later
#: changes of an agent or a record must not affect the entries.
audit_log = Table(
    "audit_log",
    metadata,
    _id(),
    _time("at"),
    #: see rules/desk/audit.py
    _word("action"),
    #: the kind of record, or another subject
    _word("subject"),
    #: the id of the record
    _word("record"),
    #: the record's name
    _word("name"),
    #: null: a command in a terminal, the desk file, a job, single sign-on, or an unknown person
    Column("agent_id", ID),
    #: the agent's name at that time
    _word("agent"),
    #: the network address, if known
    _word("address"),
    #: field -> [before, after], or other facts; never a secret
    Column("details", sa.JSON, nullable=False),
    Index("ix_audit_log_at", "at"),
    Index("ix_audit_log_subject_record", "subject", "record"),
)
#: The hash chain of the audit log, with one link for each entry. Triggers reject every change and
#: deletion.
audit_links = Table(
    "audit_links",
    metadata,
    Column("place", ID, primary_key=True, autoincrement=False),
    #: the entry, which retention or an erasure may have removed
    Column("entry_id", ID, nullable=False, unique=True),
    _word("digest"),
    _word("hash"),
    _time("at"),
)
#: One row, which the triggers read.
audit_removal = Table(
    "audit_removal",
    metadata,
    _id(),
    #: entries before this time may be deleted; null: no entry may be deleted. It is set only while
    #: retention or an erasure removes entries
    _time("before_at", null=True),
)

# Backups ------------------------------------------------------------------------------------------

#: One row: the secret key with which this database was written.
secret_keys = Table(
    "secret_keys",
    metadata,
    _id(),
    #: keyed hash of a constant (environment/key_files.py)
    _word("fingerprint"),
)
#: Secrets that the desk has created for itself.
own_secrets = Table(
    "own_secrets",
    metadata,
    Column("name", sa.Text, primary_key=True),
    _sealed("secret"),
)
#: One row per restore of a backup.
restores = Table(
    "restores",
    metadata,
    _id(),
    _time("backed_up_at"),
    _time("restored_at"),
    #: when an admin decided about the held work, or when another backup was restored; null: the
    #: decision is open
    _time("ended_at", null=True),
    #: released, canceled or restored again
    _word("outcome", null=True),
    #: the admin; null: a command in a terminal, another restore, or no decision yet
    _ref("agent_id", "agents.id", null=True),
)

"""The tables. Times are UTC; ids are made by the database; one fact is kept in one place.

What is not stored because it follows from something else: an interaction is active when ``closed_at`` is null; its
number (INT0000012) and a case's (CS0000012) are their ids; its candidates are the other users on its number; an agent's
load is a count; a line is a requester number together with a provider number.

What is stored though the messages say it too: an interaction's ``unanswered`` is the open run, that is, the side that
wrote last (of requester and live agents). A text must know in no extra statement whether it begins a run, however long
the conversation is.
"""

import functools
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint
from sqlalchemy.types import TypeDecorator, TypeEngine

from handoff_service.rules.delivery.send_errors import RANGE_FULL


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time. SQLite has no type for times: there it is text of one width, which sorts as times do."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        return _as_text(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(value + "+00:00") if isinstance(value, str) else value.astimezone(UTC)


@functools.lru_cache(64)  # a batch writes the same moment many times
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
ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER PRIMARY KEY counts up by itself in SQLite


def _id() -> Column[int]:
    return Column("id", ID, primary_key=True)


def _ref(name: str, to: str, *, null: bool = False, key: bool = False, drop: bool = False) -> Column[int]:
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


def _count(name: str, default: int) -> Column[int]:
    return Column(name, sa.Integer, nullable=False, server_default=sa.text(str(default)))


def _flag(name: str, *, default: bool) -> Column[bool]:
    return Column(name, sa.Boolean, nullable=False, server_default=sa.true() if default else sa.false())


def _json(name: str, default: str) -> Column[Any]:
    return Column(name, sa.JSON, nullable=False, server_default=sa.text(f"'{default}'"))


# fmt: off
# The company and its people ----------------------------------------------------------------------------------

desk = Table(
    "desk", metadata, _id(), _word("name"), _word("country"), _word("time_zone"),
    Column("reassign_when_away", sa.Boolean, nullable=False), _count("away_after_seconds", 45),
    _json("card_fields", "[]"), _json("commands", "{}"), _count("same_answers", 2),
    _word("quiet_hours", null=True), _count("most_answers", 30), _json("countries", "[]"), _count("most_in_range", 20),
    _count("most_unknown_hourly", 200), _count("most_unknown_daily", 1000),
    _count("thanks_minutes", 10),
)  # one row. away_after_seconds: how long an agent's connection may be lost; card_fields: what offers' cards show;
# commands: the words for each, where they are not those shipped; same_answers: how often a bot may repeat itself;
# quiet_hours: as rules/delivery/quiet_hours.py writes them; most_answers: of the virtual agent's to one number in ten
# minutes; countries: ISO codes of those that are texted, none: every country; most_in_range: automatic replies an hour
# to the other unknown numbers of a range of 10,000; most_unknown_hourly, most_unknown_daily: to all of them; 0: no
# limit; thanks_minutes: after closing, thanks that come within them stay with the closed conversation; 0: never

# One row, written by a migration: the random id that tells this desk from others on the same Redis server.
installation = Table("installation", metadata, _id(), _word("desk_id"))
users = Table(
    "users", metadata, _id(), Column("external_id", sa.Text, nullable=False, unique=True), _word("name"),
    _word("email", null=True), _json("attributes", "{}"), _flag("active", default=True),
    Index("ix_users_name", "name", "id"),
)  # attributes: what queues' conditions may ask for, such as department; not active: has left, and has no numbers
user_numbers = Table(
    "user_numbers", metadata, _ref("user_id", "users.id", key=True, drop=True),
    Column("number", sa.Text, primary_key=True, index=True),
)
_BYTES = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # by bytes, as SQLite: a beginning is a range
user_words = Table(
    "user_words", metadata, _ref("user_id", "users.id", key=True, drop=True),
    Column("word", _BYTES, primary_key=True),
    Index("ix_user_words_word", "word", "user_id"),
    sqlite_with_rowid=False,
)  # what users are found by, folded: see store/desk/user_words.py
user_facts = Table(
    "user_facts", metadata, _ref("user_id", "users.id", key=True, drop=True), Column("name", sa.Text, primary_key=True),
    _word("hash"), _word("fingerprint", null=True),
)  # second facts for the knowledge proof. hash: argon2, which a guess is compared with; fingerprint: keyed, which shows
# that an imported fact has not changed; null: written before there were fingerprints
groups = Table(
    "groups", metadata, _id(), Column("name", sa.Text, nullable=False, unique=True), Column("capacity", sa.Integer),
)  # capacity: the most conversations that one of its agents may have; the agent's own holds too
agents = Table(
    "agents", metadata, _id(), Column("email", sa.Text, nullable=False, unique=True), _word("name"),
    _word("password_hash"), Column("capacity", sa.Integer, nullable=False), _word("presence"),
    _time("last_assigned_at", null=True),
    _flag("active", default=True),
    # presence is what the agent chose; automatic_presence is what the product set on top of that
    # (null: nothing), and why. store/routing/presence.py says which of the two is effective.
    _word("automatic_presence", null=True),
    _word("automatic_reason", null=True),
    # Why the product had set the agent to Away: kept until the agent has dismissed the notice.
    _word("returned_from", null=True),
)  # not active: cannot sign in and is offered nothing
agent_roles = Table(
    "agent_roles", metadata, _ref("agent_id", "agents.id", key=True, drop=True),
    Column("role", sa.Text, primary_key=True),
)
agent_skills = Table(
    "agent_skills", metadata, _ref("agent_id", "agents.id", key=True, drop=True),
    Column("skill", sa.Text, primary_key=True),
)
agent_groups = Table(
    "agent_groups", metadata, _ref("agent_id", "agents.id", key=True, drop=True),
    _ref("group_id", "groups.id", key=True),
)
presence_states = Table(
    "presence_states", metadata, _id(), Column("name", sa.Text, nullable=False, unique=True),
    Column("takes_work", sa.Boolean, nullable=False), Column("position", sa.Integer, nullable=False),
)  # the admin's own, beside available, away and offline
presence_log = Table(
    "presence_log", metadata, _id(), _ref("agent_id", "agents.id", drop=True), _word("presence"),
    _word("reason", null=True), _time("since"),
    Index("ix_presence_log_agent_id", "agent_id", "id"),
)
reject_reasons = Table(
    "reject_reasons", metadata, _id(), Column("words", sa.Text, nullable=False, unique=True),
    Column("again", sa.Boolean, nullable=False), Column("position", sa.Integer, nullable=False),
)  # again: whoever rejects for this reason may be asked again in a later round
queues = Table(
    "queues", metadata, _id(), Column("name", sa.Text, nullable=False, unique=True), _word("assignment"),
    Column("accept_seconds", sa.Integer, nullable=False), _count("position", 0),
    _json("conditions", "[]"), Column("match", sa.Text, nullable=False, server_default=sa.text("'all'")),
    _word("schedule", null=True), _word("time_zone", null=True), _word("country", null=True),
    _count("affinity_days", 7),
    _flag("auto_assign", default=False), Column("alarm_seconds", sa.Integer),
    _word("in_line_text", null=True), _word("waiting_text", null=True), _word("closed_text", null=True),
    Column("last_agent_id", ID),
)  # schedule: an expression of opening hours (schedules.py); null: always open. time_zone, country: null: the desk's;
# last_agent_id: who was offered something last, for round robin
queue_groups = Table(
    "queue_groups", metadata, _ref("queue_id", "queues.id", key=True, drop=True),
    _ref("group_id", "groups.id", key=True), _count("after_seconds", 0),
)  # after_seconds: when this group's agents join those who are asked
queue_skills = Table(
    "queue_skills", metadata, _ref("queue_id", "queues.id", key=True, drop=True),
    Column("skill", sa.Text, primary_key=True), Column("mandatory", sa.Boolean, nullable=False),
)
provider_numbers = Table(
    "provider_numbers", metadata, _id(), Column("number", sa.Text, nullable=False, unique=True), _word("label"),
    _word("first_responder"), _ref("queue_id", "queues.id"), Column("segments_per_second", sa.Integer, nullable=False),
    _time("paced_to", null=True), _word("messaging_service", null=True),
)  # paced_to: the moment until which what was sent so far uses up the rate; messaging_service: the provider's id of the
# service that this number is in the pool of

# Words -------------------------------------------------------------------------------------------------------

texts = Table("texts", metadata, Column("name", sa.Text, primary_key=True), _word("body"))  # those that were edited
templates = Table(
    "templates", metadata, _id(), Column("name", sa.Text, nullable=False, unique=True), _word("body"),
)  # what agents put into the composer

# Conversations -----------------------------------------------------------------------------------------------

messaging_profiles = Table(
    "messaging_profiles", metadata, _id(), _word("number"), _ref("user_id", "users.id", null=True),
    Column("active", sa.Boolean, nullable=False), _time("created_at"), Column("not_user_id", ID),
    Index(
        "one_active_profile_a_number", "number", unique=True,
        sqlite_where=sa.text("active = 1"), postgresql_where=sa.text("active"),
    ),
)  # the index says what SQLAlchemy's queries say of a boolean, else SQLite would not use it; not_user_id: of whom
# somebody said that it is not them who text from this number
TIED = sa.text("user_id IS NOT NULL")
associations = Table(
    "associations", metadata, _id(), _ref("interaction_id", "interactions.id"),
    _ref("profile_id", "messaging_profiles.id"), _ref("old_user_id", "users.id", null=True),
    _ref("user_id", "users.id", null=True), _word("method"), _ref("agent_id", "agents.id", null=True),
    _word("note", null=True), _time("made_at"), _time("expires_at"), _time("undone_at", null=True),
    Index("ix_associations_profile_id", "profile_id"), Index("ix_associations_interaction_id", "interaction_id"),
)  # who was verified as whom, by whom and how; nothing is ever taken out
IS_UNTOLD = sa.text("told_at IS NULL")
consents = Table(
    "consents", metadata, _id(), _word("number"), _ref("provider_number_id", "provider_numbers.id", null=True),
    Column("opted_out", sa.Boolean, nullable=False), _word("source"), _word("words", null=True),
    _ref("agent_id", "agents.id", null=True), _word("note", null=True), _time("at"),
    _time("told_at", null=True), _word("told_why", null=True),
    Index("ix_consents_number", "number", "id"),
    Index("ix_consents_untold", "id", sqlite_where=IS_UNTOLD, postgresql_where=IS_UNTOLD),
)  # the ledger: every change, and nothing is ever taken out. provider_number_id: null: all the company's numbers;
# words: what the requester texted, or the provider's error code; told_at: when the provider was told, or when there was
# nothing to tell; told_why: what it said against it
opt_outs = Table(
    "opt_outs", metadata, Column("number", sa.Text, primary_key=True),
    Column("provider_number_id", ID, primary_key=True, autoincrement=False), _ref("consent_id", "consents.id"),
    Index("ix_opt_outs_consent_id", "consent_id"),
)  # what holds now, for whoever sends; provider_number_id: 0: all the company's numbers
# (rules/consent/consent_keywords.py)
proofs = Table(
    "proofs", metadata, _id(), _ref("interaction_id", "interactions.id"), _word("number"),
    Column("epoch", sa.Integer, nullable=False), _ref("asked_by", "agents.id", null=True), _word("claimed", null=True),
    _ref("user_id", "users.id", null=True), _word("code_hash", null=True), _time("code_until", null=True),
    _count("wrong", 0), Column("turn_id", ID), _word("verdict", null=True), _word("method", null=True),
    _word("outcome", null=True), _word("why", null=True), _time("made_at"), _time("ended_at", null=True),
    Index("ix_proofs_interaction_id", "interaction_id"), Index("ix_proofs_number", "number", "id"),
    Index("ix_proofs_user_id", "user_id", sqlite_where=TIED, postgresql_where=TIED),
)  # who was asked to prove who they are, and how it went. claimed: who they say to be; user_id: whom that means, if
# anybody; code_hash: keyed; turn_id: the bot turn that last did something here, verdict: and what became of its answer
KEPT = sa.text("code_hash IS NOT NULL")
proof_sends = Table(
    "proof_sends", metadata, _id(), _ref("proof_id", "proofs.id"), _word("number"), _time("at"),
    _word("code_hash", null=True), _time("code_until", null=True),
    Index("ix_proof_sends_number", "number", "at"),
    Index("ix_proof_sends_kept", "code_until", sqlite_where=KEPT, postgresql_where=KEPT),
)  # codes that were asked for, whether or not there was somebody to send them to. code_hash: keyed, kept until
# code_until, also when the code was used or another one was sent: it is masked when it is texted again
proof_answers = Table(
    "proof_answers", metadata, _id(), _ref("interaction_id", "interactions.id"),
    Column("seq", sa.Integer, nullable=False), Column("guesses", sa.JSON, nullable=False),
    Index("ix_proof_answers_interaction_id", "interaction_id"),
)  # keyed hashes of what was texted as a secret, until the turn that judges it
ACTIVE = sa.text("closed_at IS NULL")
PROMPTED = sa.text("closed_at IS NULL AND prompted_seq IS NOT NULL")
CLOSED = sa.text("closed_at IS NOT NULL")
interactions = Table(
    "interactions", metadata, _id(), _word("requester_number"), _ref("provider_number_id", "provider_numbers.id"),
    _ref("profile_id", "messaging_profiles.id"), _ref("user_id", "users.id", null=True), _word("state"),
    _word("state_reason", null=True), _word("short_description", null=True),
    Column("priority", sa.Integer, nullable=False), _word("owner"), Column("epoch", sa.Integer, nullable=False),
    _ref("assigned_to", "agents.id", null=True), _ref("queue_id", "queues.id", null=True),
    Column("last_seq", sa.Integer, nullable=False), _time("opened_at"), _time("closed_at", null=True),
    _time("last_message_at"), _word("unanswered", null=True), Column("prompted_seq", sa.Integer),
    _word("expects", null=True), Column("back_to", ID),
    Index(
        "one_active_interaction_a_line", "requester_number", "provider_number_id", unique=True,
        sqlite_where=ACTIVE, postgresql_where=ACTIVE,
    ),
    Index("ix_interactions_ongoing", "assigned_to", sqlite_where=ACTIVE, postgresql_where=ACTIVE),
    Index("ix_interactions_prompted", "assigned_to", sqlite_where=PROMPTED, postgresql_where=PROMPTED),
    Index("ix_interactions_requester_number", "requester_number", "opened_at"),
    Index(
        "ix_interactions_user_id", "user_id", "id",
        sqlite_where=sa.text("user_id IS NOT NULL"), postgresql_where=sa.text("user_id IS NOT NULL"),
    ),
    Index("ix_interactions_closed_at", "closed_at", sqlite_where=CLOSED, postgresql_where=CLOSED),
)  # prompted_seq: the newest line that prompts its agents; expects: what a proof under way expects of the requester
# (rules/identity/proof.py); back_to: the live agent who asked for that proof and gets the conversation back
IN_FULL_RANGE = sa.text(f"error_code = {RANGE_FULL}")
messages = Table(
    "messages", metadata, _id(), _ref("interaction_id", "interactions.id"), Column("seq", sa.Integer, nullable=False),
    _word("kind"), _word("direction", null=True), _word("author"), _ref("agent_id", "agents.id", null=True),
    _word("body"), _word("event", null=True), _word("reason", null=True), _word("status", null=True),
    _word("owner"), Column("epoch", sa.Integer, nullable=False), Column("segments", sa.Integer),
    _word("encoding", null=True), Column("provider_sid", sa.Text, unique=True), Column("error_code", sa.Integer),
    _time("created_at"), _count("retries", 0), Column("price", sa.BigInteger), _word("currency", null=True),
    Column("price_before", sa.BigInteger),
    _time("sent_at", null=True),
    # The emoji with which the requester has reacted to it.
    _word("reaction", null=True),
    # When its status or its media last changed, if they ever did.
    _time("changed_at", null=True),
    UniqueConstraint("interaction_id", "seq"),
    Index("ix_messages_in_full_range", "created_at", sqlite_where=IN_FULL_RANGE, postgresql_where=IN_FULL_RANGE),
)  # retries: how often it was sent again because of its error code (rules/delivery/send_errors.py); price: what the
# provider takes for it, in millionths of the currency (ISO 4217); null until it says; price_before: for earlier tries;
# sent_at: when the requester sent a recovered text, which stands there in the thread; null for all others
unknown_replies = Table(
    "unknown_replies", metadata, Column("message_id", ID, primary_key=True, autoincrement=False),
    _word("begins_with"), _word("number"), _time("at"),
    Index("ix_unknown_replies_at", "at"), Index("ix_unknown_replies_begins_with", "begins_with", "at"),
)  # automatic replies of the last day to unknown numbers, for the limits on them. begins_with: the number's range
media = Table(
    "media", metadata, _id(), _ref("message_id", "messages.id", null=True),
    Column("position", sa.Integer, nullable=False), _ref("agent_id", "agents.id", null=True), _word("url", null=True),
    _word("content_type"), _word("status"), _word("why", null=True), _word("file", null=True),
    Column("size", sa.Integer), Column("width", sa.Integer), Column("height", sa.Integer), _time("created_at"),
    UniqueConstraint("message_id", "position"), Index("ix_media_file", "file"),
)  # no message: an agent's upload, not sent yet. url: where the provider keeps it; file: its name under HOME/media
unmatched_receipts = Table(
    "unmatched_receipts", metadata, Column("provider_sid", sa.Text, primary_key=True),
    Column("status", sa.Text, primary_key=True), Column("error_code", sa.Integer), _time("received_at"),
)
sweeps = Table("sweeps", metadata, _id(), _time("swept_to"))  # one row: the provider's list was compared up to then
live_group = Table(
    "live_group", metadata, _ref("interaction_id", "interactions.id", key=True),
    _ref("agent_id", "agents.id", key=True), Column("read_seq", sa.Integer, nullable=False), _time("joined_at"),
    Index("ix_live_group_agent_id", "agent_id"),
)
# Who left a live group and when, so that an event stream that is resumed can say it.
left_groups = Table(
    "left_groups", metadata,
    _ref("agent_id", "agents.id", key=True, drop=True),
    _ref("interaction_id", "interactions.id", key=True, drop=True),
    _time("left_at"),
)
dismissed_prompts = Table(
    "dismissed_prompts", metadata, _ref("agent_id", "agents.id", key=True, drop=True),
    _ref("interaction_id", "interactions.id", key=True, drop=True), Column("seq", sa.Integer, nullable=False),
)  # up to which line an agent has put prompts away; supervisors are prompted without being in the live group
cases = Table(
    "cases", metadata, _id(), _word("kind"), _word("state"), _count("priority", 3),
    _word("description"), _word("device", null=True), _word("impact", null=True),
    _ref("user_id", "users.id", null=True), _ref("interaction_id", "interactions.id", null=True),
    _ref("bot_turn_id", "bot_turns.id", null=True), _ref("agent_id", "agents.id", null=True),
    _word("external_number", null=True), _count("version", 1), _time("created_at"), _time("changed_at"),
    UniqueConstraint("bot_turn_id", "kind"), Index("ix_cases_interaction_id", "interaction_id"),
    Index("ix_cases_user_id", "user_id", "id"), Index("ix_cases_external_number", "external_number"),
)  # bot_turn_id or agent_id: who opened it; external_number: what the company's own ticket system calls it;
# version: how many entries its history has
case_changes = Table(
    "case_changes", metadata, _id(), _ref("case_id", "cases.id"), Column("version", sa.Integer, nullable=False),
    _word("author"), _ref("agent_id", "agents.id", null=True), Column("changes", sa.JSON, nullable=False),
    _word("note", null=True), _time("at"),
    UniqueConstraint("case_id", "version"),
)  # a case's history: who changed what (field -> [before, after]) and why; the first entry is its opening
bot_turns = Table(
    "bot_turns", metadata, _id(), _ref("interaction_id", "interactions.id"),
    Column("epoch", sa.Integer, nullable=False), Column("up_to_seq", sa.Integer, nullable=False),
    _time("asked_at"), _time("answered_at", null=True), _word("outcome", null=True), Column("choices", sa.JSON),
    Column("hand_off", sa.JSON(none_as_null=True)), Column("opening", sa.JSON(none_as_null=True)),
    Column("understood", sa.JSON(none_as_null=True)), _word("said", null=True),
    Index("ix_bot_turns_interaction_id", "interaction_id"),
)  # opening: what the desk itself says to the bot, where no text of the requester is asked; understood: the bot's own
# account of the turn; said: the answer of a bot that gives none, which is compared with the next

outages = Table(
    "outages", metadata, _id(), Column("title", sa.Text, nullable=False, unique=True), _word("text"), _time("since"),
    _time("until", null=True), _flag("active", default=True),
)  # what the virtual agent says about what is down just now; not active: kept, and not said

# The outgoing webhook ----------------------------------------------------------------------------------------

case_webhook = Table("case_webhook", metadata, _id(), _word("url", null=True), _word("secret"))  # one row, if any
webhook_calls = Table(
    "webhook_calls", metadata, _id(), Column("event_id", sa.Text, nullable=False, unique=True), _word("type"),
    _ref("case_id", "cases.id"), _word("body"), _word("state"), _count("attempts", 0), Column("status", sa.Integer),
    _word("why", null=True), _time("created_at"), _time("since"), _time("tried_at", null=True),
    Index("ix_webhook_calls_created_at", "created_at"),
)  # one event that is told; since: when its day of attempts began; status, why: what the last attempt came to

# Work --------------------------------------------------------------------------------------------------------

WAITS = sa.text("state IN ('queued', 'pending_accept')")
OPEN = sa.text("outcome IS NULL")
LEASED = sa.text("lease_until IS NOT NULL")
work_items = Table(
    "work_items", metadata, _id(), _ref("interaction_id", "interactions.id"), _ref("queue_id", "queues.id"),
    _word("state"), _word("reason"), Column("collected", sa.JSON, nullable=False), _word("told", null=True),
    _ref("for_agent_id", "agents.id", null=True), _ref("from_agent_id", "agents.id", null=True),
    _word("note", null=True), _count("round", 1), _time("alarmed_at", null=True),
    _time("created_at"), _time("ended_at", null=True),
    Index(
        "one_waiting_work_item_an_interaction", "interaction_id", unique=True,
        sqlite_where=WAITS, postgresql_where=WAITS,
    ),
    Index("ix_work_items_interaction_id", "interaction_id"),
    Index("ix_work_items_waiting", "state", "created_at", sqlite_where=WAITS, postgresql_where=WAITS),
)
offers = Table(
    "offers", metadata, _id(), _ref("work_item_id", "work_items.id"), _ref("agent_id", "agents.id"),
    _time("offered_at"), _time("expires_at"), _word("outcome", null=True), _word("outcome_reason", null=True),
    _count("round", 1), _flag("again", default=True),
    _time("ended_at", null=True),
    Index(
        "one_open_offer_an_agent", "work_item_id", "agent_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    ),
    Index("ix_offers_work_item_id", "work_item_id"),
    Index("ix_offers_open", "agent_id", sqlite_where=OPEN, postgresql_where=OPEN),
)
assignment_log = Table(
    "assignment_log", metadata, _id(), _ref("work_item_id", "work_items.id"),
    Column("round", sa.Integer, nullable=False), _word("said"), Column("candidates", sa.JSON, nullable=False),
    _time("at"),
    Index("ix_assignment_log_work_item_id", "work_item_id", "id"),
)  # one row a decision; candidates: [seconds after which they are asked, chosen, why or why not, agents' ids]
due_work = Table(
    "due_work", metadata, _id(), _word("kind"), _word("key"), _word("line"), _time("due_at"),
    Column("attempts", sa.Integer, nullable=False), _time("lease_until", null=True),
    _time("latest", null=True), Column("token", sa.BigInteger), UniqueConstraint("kind", "key"),
    Index("ix_due_work_due_at", "due_at"),
    Index("ix_due_work_lease_until", "lease_until", sqlite_where=LEASED, postgresql_where=LEASED),
    Index("ix_due_work_line", "kind", "line", "id"),
)  # everything that waits: a kind and line is worked on one row at a time, lowest id first; latest: when it is due
# however often it is put off; token: who has claimed it, by a number that each claim draws (see store/engine/claims.py)

# Commands that are carried out once ----------------------------------------------------------------------------

command_ids = Table(
    "command_ids", metadata,
    Column("id", sa.Text, primary_key=True),
    _word("body_hash"),
    _word("answer", null=True),
    Column("response_status", sa.Integer),
    _word("response", null=True),
    _time("at"),
    Index("ix_command_ids_at", "at"),
)  # kept for a day. body_hash: what was asked under the id; answer: the operation's, as JSON; response: what an API
# client was answered
lane_commits = Table(
    "lane_commits", metadata,
    Column("lane", sa.Text, primary_key=True),
    Column("number", sa.BigInteger, nullable=False),
    _time("at"),
)  # one row a lane of a running process: the number of its last commit (commit_numbers.py)

# Messaging actions -------------------------------------------------------------------------------------------

messaging_actions = Table(
    "messaging_actions", metadata, _id(), Column("name", sa.Text, nullable=False, unique=True), _word("event"),
    Column("seconds", sa.Integer, nullable=False), Column("conditions", sa.JSON, nullable=False), _word("match"),
    _word("action"), _word("text", null=True), _word("state", null=True),
    Column("position", sa.Integer, nullable=False), Column("active", sa.Boolean, nullable=False),
    _flag("business_hours", default=False),
)
messaging_action_queues = Table(
    "messaging_action_queues", metadata, _ref("action_id", "messaging_actions.id", key=True, drop=True),
    _ref("queue_id", "queues.id", key=True, drop=True),
)
messaging_action_numbers = Table(
    "messaging_action_numbers", metadata, _ref("action_id", "messaging_actions.id", key=True, drop=True),
    _ref("provider_number_id", "provider_numbers.id", key=True, drop=True),
)
timers = Table(
    "timers", metadata, _id(), _ref("interaction_id", "interactions.id"),
    _ref("action_id", "messaging_actions.id", drop=True), _time("started_at"), _time("due_at"),
    UniqueConstraint("interaction_id", "action_id"),
)  # one row a running timer; the interaction waits in due_work until the first of its timers is due

# Searching ---------------------------------------------------------------------------------------------------

text_index = Table(
    "text_index", metadata, _id(), Column("done_to", sa.BigInteger, nullable=False),
    Column("next_to", sa.BigInteger), Column("next_after", sa.BigInteger),
)  # one row: every message up to done_to is indexed; up to next_to, once the transactions up to next_after have ended
MESSAGE_WORDS = "message_words"  # the index itself, a full-text table of the database's own kind: see
# store/conversations/search.py

# Signing in --------------------------------------------------------------------------------------------------

sessions = Table(
    "sessions", metadata, Column("token_hash", sa.Text, primary_key=True),
    _ref("agent_id", "agents.id", drop=True), _time("created_at"), _time("expires_at"),
)
sign_in_failures = Table(
    "sign_in_failures", metadata, _id(), _word("key"), _time("failed_at"),
    Index("ix_sign_in_failures_key", "key", "failed_at"),
)

# Backups -----------------------------------------------------------------------------------------------------

secret_keys = Table(
    "secret_keys", metadata,
    _id(),
    _word("fingerprint"),
)  # one row: a keyed hash that tells whether PATCHBOARD_SECRET_KEY is the key that this database was written with
restores = Table(
    "restores", metadata,
    _id(),
    _time("backed_up_at"),
    _time("restored_at"),
    _time("ended_at", null=True),
    _word("outcome", null=True),
    _ref("agent_id", "agents.id", null=True),
)  # ended_at: when an admin (agent_id; null: by command) decided about what waited; outcome: released or canceled

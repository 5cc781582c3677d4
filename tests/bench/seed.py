"""Inserts many rows with SQL: a desk's past conversations, and an agent's many ongoing ones."""

from datetime import UTC, datetime
from unittest import mock

import sqlalchemy as sa

from handoff_service.store.conversations import text_index
from handoff_service.store.engine.database import engine


def closed_interactions(url: str, first: int, last: int) -> None:
    """Insert closed interactions with these ids, each with a text, a work item and an accepted
    offer.
    """
    _run(url, _CLOSED, first=first, last=last, at=datetime(2026, 1, 1, tzinfo=UTC))


def ongoing(url: str, first: int, last: int) -> None:
    """Insert active conversations of agent 1 with these ids and ten lines each. Every tenth has
    unread texts.
    """
    _run(url, _ONGOING, first=first, last=last, at=datetime.now(UTC))


def armed(url: str, first: int, last: int, action_id: int, due_at: datetime) -> None:
    """Insert active conversations of agent 1 with these ids, each with a timer of this action."""
    statements = tuple(one.replace("ACTION", str(action_id)) for one in _ARMED)
    _run(url, statements, first=first, last=last, at=due_at)


def index_texts(url: str) -> None:
    """Index all texts in one run. The worker would do it in small batches."""
    opened = engine(url, size=1, writes=True)
    with opened.begin() as conn:
        if conn.dialect.name == "postgresql":
            # The index is dropped here and created again below, which is faster.
            conn.execute(sa.text("DROP INDEX ix_message_words_words"))
    with mock.patch.object(text_index, "AT_ONCE", 20_000):
        more = True
        while more:
            with opened.begin() as conn:
                more = text_index.index_next(conn, text_index.newest_message(conn))
    more = True
    while more:
        with opened.begin() as conn:
            more = text_index.merge_index(conn, begins=False, pages=1000)
    with opened.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(
                sa.text("CREATE INDEX ix_message_words_words ON message_words USING GIN (words)")
            )
    opened.dispose()


_PROFILE = """
INSERT INTO messaging_profiles (id, number, user_id, active, created_at)
SELECT n, '+1312' || substr('000000' || n, -7), NULL, {yes}, :at FROM {numbers}
"""
_INTERACTION = """
INSERT INTO interactions (id, requester_number, provider_number_id, profile_id, state, priority,
  owner, epoch,
  assigned_to, queue_id, last_seq, opened_at, closed_at, last_message_at)
SELECT n, '+1312' || substr('000000' || n, -7), 1, n, '%s', 3, '%s', 2, 1, 1, %d, :at, %s, :at FROM
  {numbers}
"""
_MESSAGE = """
INSERT INTO messages (interaction_id, seq, kind, direction, author, agent_id, body, status, owner,
  epoch, created_at)
SELECT n, %d, 'message', '%s', '%s', %s, 'my laptop will not start, it is number ' || n, '%s',
  'agent', 2, :at
FROM {numbers}
"""
_TEXT = ("inbound", "requester", "NULL", "received")
_ANSWER = ("outbound", "agent", "1", "delivered")
_CLOSED = (
    _PROFILE,
    _INTERACTION % ("closed_complete", "none", 1, ":at"),
    _MESSAGE % (1, *_TEXT),
    """
    INSERT INTO work_items (id, interaction_id, queue_id, state, reason, collected, round,
      created_at)
    SELECT n, n, 1, 'accepted', 'Asked for a person.', '{{}}', 1, :at FROM {numbers}
    """,
    """
    INSERT INTO offers (id, work_item_id, agent_id, offered_at, expires_at, outcome, ended_at)
    SELECT n, n, 1, :at, :at, 'accepted', :at FROM {numbers}
    """,
)
_ONGOING = (
    _PROFILE,
    _INTERACTION % ("work_in_progress", "agent", 10, "NULL"),
    *(_MESSAGE % (seq, *(_ANSWER if seq in (3, 5, 7, 9) else _TEXT)) for seq in range(1, 11)),
    """
    INSERT INTO live_group (interaction_id, agent_id, read_seq, joined_at)
    SELECT n, 1, CASE WHEN n % 10 = 0 THEN 7 ELSE 10 END, :at FROM {numbers}
    """,
)
_ARMED = (
    _PROFILE,
    _INTERACTION % ("work_in_progress", "agent", 0, "NULL"),
    """
    INSERT INTO timers (interaction_id, action_id, started_at, due_at)
    SELECT n, ACTION, :at, :at FROM {numbers}
    """,
    """
    INSERT INTO due_work (kind, key, line, due_at, attempts)
    SELECT 'timer', CAST(n AS text), CAST(n AS text), :at, 0 FROM {numbers}
    """,
)

_COUNT_SQLITE = (
    "(WITH RECURSIVE counted (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM counted WHERE n < "
    ":last) SELECT n FROM counted)"
)


def _run(url: str, statements: tuple[str, ...], *, first: int, last: int, at: datetime) -> None:
    opened = engine(url, size=1, writes=True)
    sqlite = opened.dialect.name == "sqlite"
    numbers = (
        _COUNT_SQLITE if sqlite else "generate_series(CAST(:first AS bigint), :last) AS counted (n)"
    )
    moment = at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds") if sqlite else at
    given = {"first": first, "last": last, "at": moment}
    with opened.begin() as conn:
        if (
            not sqlite
            and conn.execute(sa.text("SELECT current_setting('is_superuser')")).scalar() == "on"
        ):
            # turns off the check of each foreign key
            conn.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            written = statement.format(yes="1" if sqlite else "true", numbers=numbers)
            if not sqlite:
                written = written.replace("substr('000000' || n, -7)", "lpad(n::text, 7, '0')")
            conn.execute(sa.text(written), given)
        if not sqlite:  # Later rows get ids after these.
            for table in ("messaging_profiles", "interactions", "messages", "work_items", "offers"):
                conn.execute(
                    sa.text(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) "
                        f"FROM {table}"
                    )
                )
    with opened.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(sa.text("ANALYZE"))
    opened.dispose()

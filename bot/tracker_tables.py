"""The tables that the tracker store has beside Rasa's table of events."""

from __future__ import annotations

import sqlalchemy as sa
from rasa.core.tracker_store import SQLTrackerStore

# the most characters in the name of a conversation, a turn, an intent and an action
LONGEST_NAME = 255


class Checkpoint(SQLTrackerStore.Base):
    """Events that replace those of a conversation up to `event_id`."""

    __tablename__ = "checkpoints"

    sender_id = sa.Column(sa.String(LONGEST_NAME), primary_key=True)
    event_id = sa.Column(sa.Integer, nullable=False)  # the last stored event that it covers
    prefix = sa.Column(sa.Integer, nullable=False)  # how many events of `data` replace the past
    data = sa.Column(sa.Text, nullable=False)  # a JSON list of events


class StoredTurn(SQLTrackerStore.Base):
    """The answer to a turn. Only the last REMEMBERED_TURNS are kept."""

    __tablename__ = "turns"
    __table_args__ = (sa.UniqueConstraint("sender_id", "turn_id"),)

    id = sa.Column(sa.Integer, primary_key=True)
    sender_id = sa.Column(sa.String(LONGEST_NAME), nullable=False)
    turn_id = sa.Column(sa.String(LONGEST_NAME), nullable=False)
    answer = sa.Column(sa.Text, nullable=False)


# PostgreSQL needs this index to find the last event of a conversation. In SQLite, the index on the
# conversation contains the ids too.
sa.Index("events_of_conversation", SQLTrackerStore.SQLEvent.sender_id, SQLTrackerStore.SQLEvent.id)

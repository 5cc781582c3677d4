"""The tables that the tracker store needs in addition to Rasa's table of events."""

from __future__ import annotations

import sqlalchemy as sa
from rasa.core.tracker_store import SQLTrackerStore

# the maximum length of an id of a conversation or turn, and of the name of an intent or action
LONGEST_NAME = 255


class Checkpoint(SQLTrackerStore.Base):
    """A shorter list of events that replaces a conversation's events up to `event_id`."""

    __tablename__ = "checkpoints"

    sender_id = sa.Column(sa.String(LONGEST_NAME), primary_key=True)
    event_id = sa.Column(sa.Integer, nullable=False)  # the last event that the checkpoint covers
    # the number of events at the start of `data` that summarize earlier events
    prefix = sa.Column(sa.Integer, nullable=False)
    data = sa.Column(sa.Text, nullable=False)  # a JSON list of events


class StoredTurn(SQLTrackerStore.Base):
    """The answer to a turn. The table keeps only the last REMEMBERED_TURNS answers."""

    __tablename__ = "turns"
    __table_args__ = (sa.UniqueConstraint("sender_id", "turn_id"),)

    id = sa.Column(sa.Integer, primary_key=True)
    sender_id = sa.Column(sa.String(LONGEST_NAME), nullable=False)
    turn_id = sa.Column(sa.String(LONGEST_NAME), nullable=False)
    answer = sa.Column(sa.Text, nullable=False)


# PostgreSQL needs this index to find a conversation's last event. In SQLite, the index on the
# conversation also contains the ids.
sa.Index("events_of_conversation", SQLTrackerStore.SQLEvent.sender_id, SQLTrackerStore.SQLEvent.id)

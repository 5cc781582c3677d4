"""The desk's settings, such as its name, time zone and country."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from handoff_service.rules.delivery.quiet_hours import QuietHours, parse
from handoff_service.rules.delivery.reply_limits import ReplyLimits
from handoff_service.rules.virtual_agent.commands import Command, with_shipped
from handoff_service.store.engine import tables as t
from handoff_service.store.views import PresenceState, RejectReason

SAME_ANSWERS, MOST_ANSWERS = 2, 30  # defaults

_DESK = select(*t.desk.c["name", "time_zone"])


def desk(conn: Connection) -> Mapping[str, Any] | None:
    """Return every setting of the desk by its key in the desk file; None before the desk is set
    up."""
    row = conn.execute(select(*(c for c in t.desk.c if c is not t.desk.c.id))).one_or_none()
    return dict(row._mapping) if row is not None else None


def desk_name_and_zone(conn: Connection) -> tuple[str, str]:
    """Return the desk's name and the IANA name of its time zone."""
    found = conn.execute(_DESK).one_or_none()
    return (found.name, found.time_zone) if found else ("Patchboard", "UTC")


def desk_time_zone(conn: Connection) -> str:
    """Return the IANA name of the desk's time zone. Pages show times in this zone."""
    return conn.execute(select(t.desk.c.time_zone)).scalar() or "UTC"


def desk_country(conn: Connection) -> str:
    """Return the ISO code of the country with which the desk reads national numbers."""
    return conn.execute(select(t.desk.c.country)).scalar() or "US"


def queues_unanswerable(conn: Connection) -> bool:
    """Return whether texts from senders who cannot get replies go to queues."""
    return bool(conn.execute(select(t.desk.c.queue_unanswerable)).scalar())


def ask_topic(conn: Connection) -> bool:
    """Return whether an agent must choose a topic to close a conversation."""
    return bool(conn.execute(select(t.desk.c.ask_topic)).scalar())


def commands(conn: Connection) -> dict[Command, list[str]]:
    """Return the words that trigger each command."""
    return with_shipped(conn.execute(select(t.desk.c.commands)).scalar() or {})


def same_answers(conn: Connection) -> int:
    """Return after how many identical answers in a row an agent takes over from the bot; 0:
    never."""
    found = conn.execute(select(t.desk.c.same_answers)).scalar()
    return SAME_ANSWERS if found is None else found


def quiet_hours(conn: Connection) -> QuietHours | None:
    """Return the hours in which texts that are not replies must wait; None if there are none."""
    text = conn.execute(select(t.desk.c.quiet_hours)).scalar()
    return parse(text) if text else None


def countries(conn: Connection) -> list[str]:
    """Return the countries that the desk may text; empty if it may text all."""
    return conn.execute(select(t.desk.c.countries)).scalar() or []


def most_answers(conn: Connection) -> int:
    """Return how many answers the virtual agent may send to one number in ten minutes."""
    return conn.execute(select(t.desk.c.most_answers)).scalar() or MOST_ANSWERS


def reply_limits(conn: Connection) -> ReplyLimits:
    """Return the limits on automatic replies to unknown numbers."""
    row = conn.execute(
        select(*t.desk.c["most_in_range", "most_unknown_hourly", "most_unknown_daily"])
    ).one_or_none()
    return (
        ReplyLimits(in_range=row[0], hourly=row[1], daily=row[2])
        if row is not None
        else ReplyLimits()
    )


def desk_id(conn: Connection) -> str:
    """Return this desk's random id, which never changes."""
    return conn.execute(select(t.installation.c.desk_id)).scalar_one()


def presence_states(conn: Connection) -> list[PresenceState]:
    """Return the admin's own presences, in order. The built-in ones, available, away and offline,
    are not included."""
    p = t.presence_states
    rows = conn.execute(select(p.c.id, p.c.name, p.c.takes_work).order_by(p.c.position, p.c.id))
    return [PresenceState(**r._mapping) for r in rows]


_REJECT_REASONS = select(*t.reject_reasons.c["id", "words", "again"]).order_by(
    t.reject_reasons.c.position, t.reject_reasons.c.id
)


def reject_reasons(conn: Connection) -> list[RejectReason]:
    """Return the reasons that an agent can choose when they reject an offer, in the admin's
    order."""
    return [RejectReason(**row._mapping) for row in conn.execute(_REJECT_REASONS)]

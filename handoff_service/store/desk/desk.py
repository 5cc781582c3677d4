"""The desk's own row: name, time zone, country and the admin's choices."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from handoff_service.rules.delivery.quiet_hours import QuietHours, parse
from handoff_service.rules.delivery.reply_limits import ReplyLimits
from handoff_service.rules.virtual_agent.commands import Command, with_shipped
from handoff_service.store.engine import tables as t
from handoff_service.store.views import PresenceState, RejectReason

SAME_ANSWERS, MOST_ANSWERS = 2, 30  # defaults for a desk without settings

_DESK = select(*t.desk.c["name", "time_zone"])


def desk(conn: Connection) -> Mapping[str, Any] | None:
    """Every setting of the desk by its key in a desk file. None until a desk is first imported."""
    row = conn.execute(select(*(c for c in t.desk.c if c is not t.desk.c.id))).one_or_none()
    return dict(row._mapping) if row is not None else None


def desk_name_and_zone(conn: Connection) -> tuple[str, str]:
    """The desk's name and the IANA name of the time zone in which its pages show times."""
    found = conn.execute(_DESK).one_or_none()
    return (found.name, found.time_zone) if found else ("Patchboard", "UTC")


def desk_time_zone(conn: Connection) -> str:
    """The IANA name of the desk's time zone, in which pages show times."""
    return conn.execute(select(t.desk.c.time_zone)).scalar() or "UTC"


def desk_country(conn: Connection) -> str:
    """The ISO code of the country for reading national numbers."""
    return conn.execute(select(t.desk.c.country)).scalar() or "US"


def queues_unanswerable(conn: Connection) -> bool:
    """Whether texts from senders that nobody can text back go to queues."""
    return bool(conn.execute(select(t.desk.c.queue_unanswerable)).scalar())


def ask_topic(conn: Connection) -> bool:
    """Whether an agent who closes a conversation must choose its topic."""
    return bool(conn.execute(select(t.desk.c.ask_topic)).scalar())


def commands(conn: Connection) -> dict[Command, list[str]]:
    """Each command's words."""
    return with_shipped(conn.execute(select(t.desk.c.commands)).scalar() or {})


def same_answers(conn: Connection) -> int:
    """After how many equal answers of the bot in a row an agent takes over; 0: never."""
    found = conn.execute(select(t.desk.c.same_answers)).scalar()
    return SAME_ANSWERS if found is None else found


def quiet_hours(conn: Connection) -> QuietHours | None:
    """Return the hours in which texts that are not replies must wait; None if there are none."""
    written = conn.execute(select(t.desk.c.quiet_hours)).scalar()
    return parse(written) if written else None


def countries(conn: Connection) -> list[str]:
    """The countries that may be texted. Empty: all."""
    return conn.execute(select(t.desk.c.countries)).scalar() or []


def most_answers(conn: Connection) -> int:
    """The most answers of the virtual agent to one number in ten minutes."""
    return conn.execute(select(t.desk.c.most_answers)).scalar() or MOST_ANSWERS


def reply_limits(conn: Connection) -> ReplyLimits:
    """The limits on automatic replies to unknown numbers."""
    row = conn.execute(
        select(*t.desk.c["most_in_range", "most_unknown_hourly", "most_unknown_daily"])
    ).one_or_none()
    return (
        ReplyLimits(in_range=row[0], hourly=row[1], daily=row[2])
        if row is not None
        else ReplyLimits()
    )


def desk_id(conn: Connection) -> str:
    """This desk's random id. It never changes while the database exists."""
    return conn.execute(select(t.installation.c.desk_id)).scalar_one()


def presence_states(conn: Connection) -> list[PresenceState]:
    """The admin's own states, in order. Available, away and offline always exist."""
    p = t.presence_states
    rows = conn.execute(select(p.c.id, p.c.name, p.c.takes_work).order_by(p.c.position, p.c.id))
    return [PresenceState(**r._mapping) for r in rows]


_REJECT_REASONS = select(*t.reject_reasons.c["id", "words", "again"]).order_by(
    t.reject_reasons.c.position, t.reject_reasons.c.id
)


def reject_reasons(conn: Connection) -> list[RejectReason]:
    """The reasons an agent can choose when rejecting an offer, in the admin's order."""
    return [RejectReason(**row._mapping) for row in conn.execute(_REJECT_REASONS)]

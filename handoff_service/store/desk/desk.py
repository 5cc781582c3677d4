"""The desk itself: its name, time and country, and the admin's own choices."""

from sqlalchemy import Connection, select

from handoff_service.rules.delivery.quiet_hours import QuietHours, parse
from handoff_service.rules.delivery.reply_limits import ReplyLimits
from handoff_service.rules.virtual_agent.commands import Command, with_shipped
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Desk, PresenceState, RejectReason

SAME_ANSWERS, MOST_ANSWERS = 2, 30  # of a desk without settings


def desk(conn: Connection) -> Desk | None:
    """None before anything was imported."""
    d = t.desk.c
    columns = d["name", "country", "time_zone", "reassign_when_away", "away_after_seconds", "card_fields"]
    row = conn.execute(
        select(
            *columns,
            *d["commands", "same_answers", "quiet_hours", "most_answers", "countries"],
            *d["most_in_range", "most_unknown_hourly", "most_unknown_daily", "thanks_minutes", "queue_unanswerable"],
        )
    ).one_or_none()
    return Desk(**row._mapping) if row is not None else None


def queues_unanswerable(conn: Connection) -> bool:
    """Whether texts from senders that nobody can text back go to queues."""
    return bool(conn.execute(select(t.desk.c.queue_unanswerable)).scalar())


def commands(conn: Connection) -> dict[Command, list[str]]:
    """What a requester's whole text must be to be a command."""
    return with_shipped(conn.execute(select(t.desk.c.commands)).scalar() or {})


def same_answers(conn: Connection) -> int:
    """After how many equal answers in a row a bot is taken to be lost; 0: never."""
    found = conn.execute(select(t.desk.c.same_answers)).scalar()
    return SAME_ANSWERS if found is None else found


def quiet_hours(conn: Connection) -> QuietHours | None:
    """When what is no answer is held back; None: never."""
    written = conn.execute(select(t.desk.c.quiet_hours)).scalar()
    return parse(written) if written else None


def countries(conn: Connection) -> list[str]:
    """The countries that are texted; none: every country."""
    return conn.execute(select(t.desk.c.countries)).scalar() or []


def most_answers(conn: Connection) -> int:
    """How often the virtual agent answers one number in ten minutes."""
    return conn.execute(select(t.desk.c.most_answers)).scalar() or MOST_ANSWERS


def reply_limits(conn: Connection) -> ReplyLimits:
    """How many automatic replies go out to unknown numbers."""
    row = conn.execute(select(*t.desk.c["most_in_range", "most_unknown_hourly", "most_unknown_daily"])).one_or_none()
    return ReplyLimits(in_range=row[0], hourly=row[1], daily=row[2]) if row is not None else ReplyLimits()


def desk_id(conn: Connection) -> str:
    """This desk's own random id, which stays the same for the life of its database."""
    return conn.execute(select(t.installation.c.desk_id)).scalar_one()


def presence_states(conn: Connection) -> list[PresenceState]:
    """The admin's own, in their order; available, away and offline are there anyway."""
    p = t.presence_states
    rows = conn.execute(select(p.c.id, p.c.name, p.c.takes_work).order_by(p.c.position, p.c.id))
    return [PresenceState(**r._mapping) for r in rows]


_REJECT_REASONS = select(*t.reject_reasons.c["id", "words", "again"]).order_by(
    t.reject_reasons.c.position, t.reject_reasons.c.id
)


def reject_reasons(conn: Connection) -> list[RejectReason]:
    """What an agent who rejects an offer chooses from, in the admin's order."""
    return [RejectReason(**row._mapping) for row in conn.execute(_REJECT_REASONS)]

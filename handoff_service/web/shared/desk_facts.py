"""The desk's name and time zone, which every page needs."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from handoff_service.store.desk.desk import desk_name_and_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFacts:
    name: str
    zone: ZoneInfo


def desk_facts(conn: Connection) -> DeskFacts:
    """Read the desk's name and time zone."""
    name, zone = desk_name_and_zone(conn)
    return DeskFacts(name=name, zone=ZoneInfo(zone))

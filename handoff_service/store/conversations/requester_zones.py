"""The time zones in which a requester may be: the zone in their user record, or else the zones of
their number, or else the desk's zone.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from handoff_service.lib import phone_regions
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i, u = t.interactions, t.users


def of_interactions(conn: Connection, numbers: Mapping[int, str]) -> dict[int, list[ZoneInfo]]:
    """Return the possible time zones of each interaction's requester. ``numbers``: the requester's
    number by interaction id."""
    users = select(i.c.id, u.c.attributes).join(u, u.c.id == i.c.user_id)
    known = {r.id: r.attributes for r in conn.execute(users.where(one_of(i.c.id, numbers)))}
    instead = desk_time_zone(conn)
    return {
        interaction_id: phone_regions.of_number(
            number, known_zone=known.get(interaction_id, {}).get("time_zone"), instead=instead
        )
        for interaction_id, number in numbers.items()
    }

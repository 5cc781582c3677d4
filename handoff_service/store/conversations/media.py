"""Queries for pictures and files: to display, download or fetch them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import MediaStatus
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import public_url
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Medium

d = t.media
LARGEST_ID = 2**63  # the first number that is too large for an id column
_OF_MESSAGES = select(d).where(one_of(d.c.message_id, "ids")).order_by(d.c.message_id, d.c.position)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMedium:
    """A stored file. ``file``: its name in the media store."""

    id: int
    file: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMedium:
    """A media file to fetch from the provider. ``content_type``: the type that the provider
    declares."""

    id: int
    url: str
    content_type: str


def used_files(conn: Connection) -> set[str]:
    """Return the names of all files that are in use."""
    return set(conn.execute(select(d.c.file).where(d.c.file.is_not(None))).scalars())


def of_messages(conn: Connection, ids: Sequence[int]) -> dict[int, list[Medium]]:
    """Return each message's pictures and files in order, by message id."""
    found: dict[int, list[Medium]] = {}
    for r in conn.execute(_OF_MESSAGES, {"ids": ids}) if ids else ():
        found.setdefault(r.message_id, []).append(_medium(r, public_url(conn)))
    return found


def get(conn: Connection, media_id: int) -> Medium:
    """Return a media file for display. Raises NotFound for an unknown id."""
    r = conn.execute(select(d).where(d.c.id == media_id)).one_or_none()
    if r is None:
        raise NotFound(phrase("There is no picture or file {media_id}.", media_id=media_id))
    return _medium(r, public_url(conn))


def kept(conn: Connection, media_id: int, *, agent_id: int | None) -> KeptMedium:
    """Return a stored media file. It must belong to a message. An agent may also read their own
    unsent uploads and the uploads of scheduled texts. Raises NotFound for any other id."""
    if media_id >= LARGEST_ID:
        raise NotFound(phrase("There is no picture or file {media_id}.", media_id=media_id))
    readable: list[ColumnElement[bool]] = [d.c.message_id.is_not(None)]
    if agent_id is not None:
        readable += [d.c.agent_id == agent_id, d.c.id.in_(select(t.scheduled_media.c.media_id))]
    r = conn.execute(select(d).where(d.c.id == media_id, or_(*readable))).one_or_none()
    if r is None or r.status != MediaStatus.STORED:
        raise NotFound(phrase("There is no picture or file {media_id}.", media_id=media_id))
    return KeptMedium(id=r.id, file=r.file, content_type=r.content_type)


def wanted(conn: Connection, media_id: int) -> WantedMedium | None:
    """Return the media file to fetch; None if it no longer waits to be fetched."""
    r = conn.execute(
        select(d).where(d.c.id == media_id, d.c.status == MediaStatus.WAITING)
    ).one_or_none()
    return WantedMedium(id=r.id, url=r.url, content_type=r.content_type) if r is not None else None


def _medium(r: Row[tuple[object, ...]], address: str) -> Medium:
    return Medium(
        id=r.id,
        url=f"{address}/api/v1/media/{r.id}",
        content_type=r.content_type,
        size=r.size,
        status=MediaStatus(r.status),
        why=r.why,
        width=r.width,
        height=r.height,
    )

"""Tags, sorts and filters for the list of ongoing conversations."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol


class Sort(StrEnum):
    """The order of the list.

    - NEWEST: the newest activity first.
    - LONGEST_WAITING: the longest wait for an answer first; conversations without a wait last.
    - DUE: the soonest timer, end of hold, scheduled text, promise or target first; conversations
      without one last.
    """

    NEWEST = "newest"
    LONGEST_WAITING = "longest_waiting"
    DUE = "due"


class Tag(StrEnum):
    """A reason why a conversation needs attention.

    - DRAFT: the agent has begun a text and not sent it. Only the agent's browser has drafts, so the
      page filters by it.
    """

    UNREAD = "unread"
    WAITING = "waiting"
    TIMER_DUE = "timer_due"
    SNOOZED = "snoozed"
    TEXT_SCHEDULED = "text_scheduled"
    PROMISE_DUE = "promise_due"
    OPTED_OUT = "opted_out"
    NOT_DELIVERED = "not_delivered"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class SortAndFilter:
    """The sort and filters that an agent has chosen for the list. ``tag``, ``label_id`` and
    ``attribute`` (``rules/desk/attribute_filters.py``) each keep only the conversations that have
    it. None: no such filter."""

    sort: Sort = Sort.NEWEST
    tag: Tag | None = None
    label_id: int | None = None
    attribute: str | None = None

    @property
    def has_filters(self) -> bool:
        return any(one is not None for one in (self.tag, self.label_id, self.attribute))


class Sortable(Protocol):
    """The facts of a conversation that sorts and filters need."""

    @property
    def waiting_since(self) -> datetime | None: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def label_ids(self) -> Collection[int]: ...
    def tags(self, now: datetime) -> Collection[Tag]: ...


_LAST = datetime.max.replace(tzinfo=UTC)


def sort_and_filter[T: Sortable](items: Iterable[T], how: SortAndFilter, now: datetime) -> list[T]:
    """The items that the filters keep, in the chosen order. ``items``: newest activity first. The
    caller has already applied the filter by attribute."""
    kept = [
        one
        for one in items
        if (how.tag in (None, Tag.DRAFT) or how.tag in one.tags(now))
        and (how.label_id is None or how.label_id in one.label_ids)
    ]
    if how.sort is Sort.LONGEST_WAITING:
        return sorted(kept, key=lambda one: _waiting(one, now))
    if how.sort is Sort.DUE:
        return sorted(kept, key=lambda one: one.due_at or _LAST)
    return kept


def _waiting(one: Sortable, now: datetime) -> datetime:
    # Without the tag, the requester does not count as waiting, because nobody can answer, for
    # example after an opt-out.
    return (one.waiting_since or _LAST) if Tag.WAITING in one.tags(now) else _LAST

"""The workspace's list pane: its items, and the saved views."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff_service.rules.conversations.list_order import Sort, Tag
from handoff_service.rules.shared.vocabulary import Direction, State, Status
from handoff_service.store.views.desk import Label
from handoff_service.store.views.messages import WrittenBy
from handoff_service.store.views.people import Named
from handoff_service.store.views.reminders import KeptPromise, NextText
from handoff_service.store.views.targets import RunningTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInteraction:
    """The fields of an interaction that the list pane shows, named as in ``Interaction``."""

    id: int
    state: State
    requester_number: str
    user: Named | None
    assigned_to: Named | None
    unread: int
    last_message_at: datetime
    unanswerable: str | None

    @property
    def guest(self) -> bool:
        return self.user is None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLine:
    """The last message of a person or the virtual agent, with fields named as in ``Message``."""

    direction: Direction
    author: WrittenBy
    body: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ListItem:
    """One item of the list pane."""

    interaction: ListedInteraction
    last: LastLine | None
    opted_out: bool
    waiting_since: datetime | None  #: since when the requester has waited for the live agent
    timer_at: datetime | None  #: when the next timer is due
    hold_until: datetime | None  #: when the hold ends automatically
    scheduled: NextText | None
    promise: KeptPromise | None  #: the next open promise
    labels: list[Label]
    target: RunningTarget | None = None  #: the target that is due first

    @property
    def due_at(self) -> datetime | None:
        """When the next timer, end of the hold, scheduled text, promise or target is due; None if
        there is none."""
        send_at = self.scheduled.send_at if self.scheduled else None
        promised_at = self.promise.promised_at if self.promise else None
        target_at = self.target.due_at if self.target else None
        at = (self.timer_at, self.hold_until, send_at, promised_at, target_at)
        return min(filter(None, at), default=None)

    @property
    def label_ids(self) -> list[int]:
        return [one.id for one in self.labels]

    def tags(self, now: datetime) -> set[Tag]:
        """Return the item's tags, which are reasons for attention. Agents can filter the list by
        them."""
        failed = self.last is not None and self.last.status in (Status.FAILED, Status.UNDELIVERED)
        has = {
            Tag.UNREAD: self.interaction.unread > 0,
            Tag.WAITING: self.waits(now),
            Tag.TIMER_DUE: self.shows_timer(now),
            Tag.SNOOZED: self.interaction.state is State.ON_HOLD,
            Tag.TEXT_SCHEDULED: self.scheduled is not None,
            Tag.PROMISE_DUE: self.promise is not None and self.promise.is_due(now),
            Tag.OPTED_OUT: self.opted_out,
            Tag.NOT_DELIVERED: failed,
        }
        return {tag for tag, applies in has.items() if applies}

    def waits(self, now: datetime) -> bool:
        """Return whether the requester has waited for at least a minute and has not opted out."""
        since = self.waiting_since
        return since is not None and not self.opted_out and now - since >= timedelta(minutes=1)

    def shows_timer(self, now: datetime) -> bool:
        """Return whether a timer fires within the next hour. After an opt-out, this is false,
        because most timers then do nothing."""
        at = self.timer_at
        return at is not None and not self.opted_out and at - now <= timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """A saved view: a sort and filters for the list of ongoing conversations.

    - ``tag``, ``label_id`` and ``attribute``: the filters; null: no filter;
    - ``shared``: whether every agent sees it;
    - ``agent_id``: the agent who saved it;
    - ``mine``: whether the calling agent saved it.
    """

    id: int
    agent_id: int
    name: str
    sort: Sort
    tag: Tag | None
    label_id: int | None
    attribute: str | None
    shared: bool
    mine: bool

"""Notifications for agents who have no workspace page open: when to send one, and what it says.

A notification names the requester and the company number or queue. It never contains a requester's
text, because it passes through a push service, a mail server or a chat, and appears on locked
screens.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from gettext import NullTranslations

from handoff_service.rules.shared.phrases import Phrase, count_phrase, joined, phrase, translated


class NotificationMethod(StrEnum):
    """How a notification reaches an agent."""

    #: the browser's push service, to one browser
    PUSH = "push"
    #: the agent's e-mail address
    MAIL = "mail"
    #: the agent's own URL, such as a chat's incoming webhook
    WEBHOOK = "webhook"


class NewsKind(StrEnum):
    """The kinds of news, most urgent first."""

    GATEWAY = "gateway"  # the desk's SMS gateway is unavailable, so texts wait in both directions
    OFFER = "offer"
    ALARM = "alarm"
    PROMPT = "prompt"
    TEXT = "text"
    MENTION = "mention"
    NOTICE = "notice"
    LOW_GRADE = "low_grade"


#: supervisors get these even if they take no work themselves
OF_SUPERVISORS = frozenset({NewsKind.GATEWAY, NewsKind.ALARM, NewsKind.LOW_GRADE})


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """An event of which an agent is notified."""

    kind: NewsKind
    #: 0 for news of the whole desk
    interaction_id: int
    #: the requester's name or number; for a mention, the colleague who wrote the note
    who: str
    #: the company number's name, or the queue of an offer; empty for news of the whole desk
    where: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """``path``: the workspace page that it opens. ``tag``: a later notification with the same tag
    replaces it."""

    title: str
    body: str
    path: str
    tag: str

    def translated(self, catalog: NullTranslations) -> "Notification":
        """Return the notification in the language of the catalog."""
        title, body = translated(self.title, catalog), translated(self.body, catalog)
        return replace(self, title=title, body=body)


#: the least time between two notifications of one target
PAUSES = {
    NotificationMethod.PUSH: timedelta(0),
    NotificationMethod.WEBHOOK: timedelta(0),
    NotificationMethod.MAIL: timedelta(minutes=10),
}
#: older news is not sent, because the agent has seen it on the page or can no longer act on it
NOT_OLDER = timedelta(minutes=15)
_ORDER = {kind: place for place, kind in enumerate(NewsKind)}
GATEWAY_AWAY = phrase("Texts wait until it is back.")
_TITLES: Mapping[NewsKind, Callable[[str], Phrase]] = {
    NewsKind.GATEWAY: lambda _who: phrase("The SMS gateway is unavailable"),
    NewsKind.OFFER: lambda who: phrase("Offer: {name}", name=who),
    NewsKind.ALARM: lambda who: phrase("Supervisor alert: {name}", name=who),
    NewsKind.PROMPT: lambda who: phrase("Prompt: {name}", name=who),
    NewsKind.TEXT: lambda who: phrase("New text: {name}", name=who),
    NewsKind.NOTICE: lambda who: phrase("Your conversation changed: {name}", name=who),
    NewsKind.MENTION: lambda who: phrase("{name} mentioned you", name=who),
    NewsKind.LOW_GRADE: lambda who: phrase("Low grade: {name}", name=who),
}
_COUNTED: Mapping[NewsKind, Callable[[int], Phrase]] = {
    NewsKind.GATEWAY: lambda n: count_phrase("{count} alert", "{count} alerts", n),
    NewsKind.OFFER: lambda n: count_phrase("{count} offer", "{count} offers", n),
    NewsKind.ALARM: lambda n: count_phrase(
        "{count} supervisor alert", "{count} supervisor alerts", n
    ),
    NewsKind.PROMPT: lambda n: count_phrase("{count} prompt", "{count} prompts", n),
    NewsKind.TEXT: lambda n: count_phrase(
        "{count} conversation with new texts", "{count} conversations with new texts", n
    ),
    NewsKind.NOTICE: lambda n: count_phrase(
        "{count} changed conversation", "{count} changed conversations", n
    ),
    NewsKind.MENTION: lambda n: count_phrase("{count} mention", "{count} mentions", n),
    NewsKind.LOW_GRADE: lambda n: count_phrase("{count} low grade", "{count} low grades", n),
}

_PATHS = {
    NewsKind.GATEWAY: "/workspace/supervisor",
    NewsKind.OFFER: "/workspace#inbox-head",
}


def news_since(
    way: NotificationMethod, sent_at: datetime | None, noticed_at: datetime, now: datetime
) -> datetime:
    """The time after which news counts for a target (a browser, a mail address or a webhook). While
    the target's pause lasts, this is ``now``, so the target gets nothing. ``sent_at``: the target's
    last notification. ``noticed_at``: the target already knows all news up to then."""
    if sent_at is not None and now - sent_at < PAUSES[way]:
        return now
    return max(noticed_at, now - NOT_OLDER)


def notification(news: Sequence[News]) -> Notification:
    """One notification for all the news, which must not be empty. Each conversation counts once,
    with its most urgent news."""
    by_urgency = sorted(news, key=lambda one: (_ORDER[one.kind], one.at))
    each = {one.interaction_id: one for one in reversed(by_urgency)}
    first = by_urgency[0]
    path = _PATHS.get(first.kind, f"/workspace/conversations/{first.interaction_id}")
    body = GATEWAY_AWAY if first.kind is NewsKind.GATEWAY else first.where
    rest = Counter(one.kind for one in each.values() if one is not first)
    if rest:
        counted = joined(", ", (_COUNTED[kind](rest[kind]) for kind in NewsKind if rest[kind]))
        body = phrase("{where}. Also {news}.", where=body, news=counted)
    return Notification(
        title=_TITLES[first.kind](first.who),
        body=body,
        path=path,
        tag=f"{first.kind}:{first.interaction_id}",
    )

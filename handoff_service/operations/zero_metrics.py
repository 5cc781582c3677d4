"""Start counters at 0. A counter would otherwise first appear with its first failure, and an alert
on an increase would miss that failure."""

from handoff_service.metrics import Metrics
from handoff_service.ports.sms_provider import Accepted, Later, LookedUp, Refused, Unsure, Withheld
from handoff_service.rules.conversations.promises import PromiseState
from handoff_service.rules.delivery.reply_limits import Limit
from handoff_service.rules.shared.vocabulary import CallState, Work

RESULTS = (Accepted, Refused, Later, Unsure, LookedUp, Withheld)
MEDIA_OPERATIONS = ("read", "write", "list", "delete")


def start_at_zero(metrics: Metrics) -> None:
    """Create the counters with known labels."""
    for result in RESULTS:
        metrics.sends.labels(result.__name__.lower())
    for limit in Limit:
        metrics.held_back.labels(limit.name.lower())
    for call in CallState:
        metrics.calls.labels(call)
    for promise in (PromiseState.KEPT, PromiseState.MISSED):
        metrics.promises.labels(promise)
    for operation in MEDIA_OPERATIONS:
        metrics.media_failures.labels(operation)
    for kind in Work:
        metrics.work_failures.labels(kind)
        metrics.claims_lost.labels(kind)

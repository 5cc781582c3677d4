"""The kinds of due work and the functions that carry them out.

Each kind that waits for a provider, bot, mail server or webhook receiver has its own pool. If one
of these servers hangs, it delays no kind in another pool. Offers, timers and presence, for example,
use the shared pool.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from handoff_service.operations.consent import push_consents
from handoff_service.operations.conversations import (
    ask_satisfaction,
    end_holds,
    fetch_media,
    index_texts,
    keep_promises,
    send_later,
    text_outage,
)
from handoff_service.operations.delivery import deliver, record_prices, sweep_gaps, watch_gateway
from handoff_service.operations.desk import audit_chain, merge_users, password_links
from handoff_service.operations.identity import ask_for_proof, mail_code
from handoff_service.operations.messaging_actions import fire_timers
from handoff_service.operations.privacy import erase_person, retain
from handoff_service.operations.reports import keep_facts, run_replay
from handoff_service.operations.routing import (
    answer_offer,
    connection,
    notify_agents,
    offer_work,
    refresh_queue_targets,
)
from handoff_service.operations.shared import uploads
from handoff_service.operations.shared.job import Job
from handoff_service.operations.virtual_agent import follow_up, take_bot_turn
from handoff_service.operations.webhooks import call_webhook, switch_off
from handoff_service.ports.sms_provider import SENDS_AT_ONCE
from handoff_service.rules.shared.vocabulary import Work


@dataclass(frozen=True, slots=True)
class WorkKind:
    """The function of one kind of due work, and the size of its pool."""

    do: Callable[[Job], Awaitable[None]]
    #: the most jobs of this kind at a time, in its own pool; None: the kind uses the shared pool
    places: int | None = None


WORK: Mapping[Work, WorkKind] = {
    Work.DELIVER: WorkKind(deliver.when_due, SENDS_AT_ONCE),
    # This pool has many places, because the gateway limits each bot server separately, and turns
    # that wait for a hanging server must not block the turns of other servers.
    Work.BOT_TURN: WorkKind(take_bot_turn.when_due, 256),
    Work.FETCH_MEDIA: WorkKind(fetch_media.when_due, 4),
    # Calls to a receiver that does not answer fail at once: see gateways/webhook.
    Work.CALL_WEBHOOK: WorkKind(call_webhook.when_due, 32),
    Work.MAIL_CODE: WorkKind(mail_code.when_due, 4),
    Work.MAIL_LINK: WorkKind(password_links.when_due, 2),
    Work.SWEEP_GAPS: WorkKind(sweep_gaps.when_due, 1),
    Work.PUSH_CONSENTS: WorkKind(push_consents.when_due, 1),
    Work.ASK_PRICES: WorkKind(record_prices.when_due, 1),
    Work.WATCH_GATEWAY: WorkKind(watch_gateway.when_due, 1),
    Work.WEBHOOK_NOTICE: WorkKind(switch_off.when_due, 1),
    Work.NOTIFY: WorkKind(notify_agents.when_due, 1),
    Work.KEEP_FACTS: WorkKind(keep_facts.when_due, 1),
    Work.REPLAY: WorkKind(run_replay.when_due, 1),
    Work.RETAIN: WorkKind(retain.when_due, 1),
    Work.ERASE: WorkKind(erase_person.when_due, 2),
    Work.OFFER_WORK: WorkKind(offer_work.when_due),
    Work.EXPIRE_OFFER: WorkKind(answer_offer.when_due),
    Work.END_HOLD: WorkKind(end_holds.when_due),
    Work.SEND_LATER: WorkKind(send_later.when_due),
    Work.PROMISE: WorkKind(keep_promises.when_due),
    Work.TEXT_OUTAGE: WorkKind(text_outage.when_due),
    Work.ASK_SATISFACTION: WorkKind(ask_satisfaction.when_due),
    Work.TIMER: WorkKind(fire_timers.when_due),
    Work.LOST_CONNECTION: WorkKind(connection.when_due),
    Work.REFRESH_TARGETS: WorkKind(refresh_queue_targets.when_due),
    Work.FORGET_UPLOAD: WorkKind(uploads.when_due),
    Work.INDEX_TEXTS: WorkKind(index_texts.when_due),
    Work.CHAIN_AUDIT: WorkKind(audit_chain.when_due),
    Work.PROOF_LIMIT: WorkKind(ask_for_proof.when_due),
    Work.SETTLE_MERGE: WorkKind(merge_users.when_due),
    Work.FOLLOW_UP: WorkKind(follow_up.when_due),
}

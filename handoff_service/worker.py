"""The worker: claims due work and does it. When idle, it sleeps until the next due time or a nudge;
it does not poll."""

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from handoff_service import log
from handoff_service.clock import Clock
from handoff_service.connections import AlwaysSteady, Steadiness
from handoff_service.lib.image_info import picture_in
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.metrics import Metrics
from handoff_service.operations.cases.call_webhook import (
    BeginCall,
    FinishCall,
    begin_call,
    finish_call,
)
from handoff_service.operations.consent.push_consents import (
    ConsentPush,
    PushFailed,
    begin_push,
    finish_push,
    postpone_push,
)
from handoff_service.operations.conversations.fetch_media import FinishFetch, finish_fetch
from handoff_service.operations.conversations.index_texts import index_texts
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.delivery.deliver import (
    BeginSend,
    FinishSend,
    begin_sends,
    finish_sends,
)
from handoff_service.operations.delivery.limit_replies import HeldBack
from handoff_service.operations.delivery.record_prices import (
    ask_again,
    record_prices,
    wanted_prices,
)
from handoff_service.operations.delivery.sweep_gaps import (
    FinishSweep,
    begin_sweep,
    finish_sweep,
    recovered,
    stored,
)
from handoff_service.operations.identity.ask_for_proof import RanOut, proof_ran_out
from handoff_service.operations.identity.mail_code import (
    BeginMail,
    FinishMail,
    begin_mail,
    finish_mail,
)
from handoff_service.operations.messaging_actions.fire_timers import Fire, fire_timers
from handoff_service.operations.routing.answer_offer import Expire, expire_offer
from handoff_service.operations.routing.connection import Lost, connection_lost
from handoff_service.operations.routing.offer_work import behind_of, offer_work
from handoff_service.operations.shared.uploads import StoredUpload, forget_upload
from handoff_service.operations.virtual_agent.take_bot_turn import (
    BeginTurn,
    FinishTurn,
    begin_turn,
    finish_turn,
    keep_late_answer,
)
from handoff_service.ports import (
    SENDS_AT_ONCE,
    Bot,
    BotAnswer,
    BotFailed,
    Called,
    Later,
    LookedUp,
    Mailed,
    Mailer,
    NotFetched,
    NotMailed,
    NotOffered,
    Outgoing,
    OutgoingCall,
    ProviderMessage,
    Question,
    Refused,
    SendResult,
    SmsProvider,
    Unsure,
    Webhook,
    Withheld,
)
from handoff_service.rules.conversations.media import RefusedFile, judged
from handoff_service.rules.shared.vocabulary import CallState, Work
from handoff_service.store.conversations import media
from handoff_service.store.delivery import sends_under_way
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import due_work
from handoff_service.store.engine.claims import ClaimLost, HeldClaim, Operation, fenced, renew
from handoff_service.store.engine.due_work import Claimed
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.engine.store import Store

# The pools: which kinds of work share places, and how many places there are. Work that waits for
# another server has its own pool, so a hanging provider, bot, mail server or receiver delays
# neither the others nor the desk's own work (offers, timers, presence), which is the last pool.
# There are many bot turns because the gateway limits each bot server by itself: turns that wait for
# a hanging server must not keep the turns of others from being claimed.
_OWN_POOLS = {
    **{
        Work.DELIVER: SENDS_AT_ONCE,
        Work.BOT_TURN: 256,
        Work.FETCH_MEDIA: 4,
        Work.CALL_WEBHOOK: 8,
        Work.MAIL_CODE: 4,
    },
    **{Work.SWEEP_GAPS: 1, Work.PUSH_CONSENTS: 1, Work.ASK_PRICES: 1},
}
POOLS = (
    *((frozenset({kind}), most) for kind, most in _OWN_POOLS.items()),
    (frozenset(Work) - _OWN_POOLS.keys(), 64),
)
# how late a nudge that was lost between processes may be noticed
LONGEST_SLEEP = timedelta(seconds=30)
AFTER_TROUBLE = timedelta(seconds=5)
# texts of a gap sweep that are stored together; webhooks wait for no more than these
RECOVERED_AT_ONCE = 100
GIVES_BACK_FOR = 10  # seconds
RENEW_EVERY = 5.0  # seconds; well within a lease, see context.py
# after this time a claim is not renewed any more, because something hangs for good
LONGEST_WORK = timedelta(minutes=10)


class _Dropped(Exception):
    """The claim was lost, so this worker drops the work."""


class NoWebhook:
    """The twin for a desk without a webhook client: every call is put off."""

    async def call(self, _call: OutgoingCall) -> Called:
        return Called(why="This process makes no calls.")

    async def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDeps:
    """The dependencies of the worker. ``mailer`` None: e-mail cannot be sent."""

    store: Store
    provider: SmsProvider
    bot: Bot
    clock: Clock
    mailer: Mailer | None = None
    media: MediaFolder = field(default_factory=lambda: MediaFolder(Path(".patchboard/media")))
    metrics: Metrics = field(default_factory=Metrics)
    webhook: Webhook = field(default_factory=NoWebhook)
    connections: Steadiness = field(default_factory=AlwaysSteady)
    # called when the database was away, because hints may have been lost
    outage: Callable[[], None] = lambda: None


def build_workers(deps: WorkerDeps) -> list["Worker"]:
    """The workers of one process. Several processes share the work by their claims."""
    return [Worker(deps, kinds, at_once) for kinds, at_once in POOLS]


class Worker:
    """Does some kinds of work, with a limited number of places."""

    def __init__(
        self, deps: WorkerDeps, kinds: frozenset[Work] = frozenset(Work), at_once: int = 64
    ) -> None:
        self._deps = deps
        self._kinds = kinds
        self.name = (
            f"worker_{min(kinds)}"
            if len(kinds) == 1
            else f"worker_{min(kinds)}_and_{len(kinds) - 1}_more"
        )
        self._at_once = at_once
        self._nudged = asyncio.Event()
        # None: awake, and will look again before it sleeps
        self._sleeps_until: datetime | None = None
        self._busy: dict[asyncio.Task[None], Claimed] = {}
        self._claiming: asyncio.Task[Sequence[Claimed]] | None = None
        self._held: dict[int, Claimed] = {}  # claimed and not done yet
        self._by_kind: Mapping[Work, Callable[[Claimed], Awaitable[None]]] = {
            Work.DELIVER: self._deliver,
            Work.BOT_TURN: self._take_bot_turn,
            Work.OFFER_WORK: self._offer_work,
            Work.EXPIRE_OFFER: self._expire_offer,
            Work.TIMER: self._fire_timers,
            Work.LOST_CONNECTION: self._connection_lost,
            Work.FETCH_MEDIA: self._fetch_media,
            Work.FORGET_UPLOAD: self._forget_upload,
            Work.INDEX_TEXTS: self._index_texts,
            Work.CALL_WEBHOOK: self._call_webhook,
            Work.MAIL_CODE: self._mail_code,
            Work.PROOF_LIMIT: self._proof_ran_out,
            Work.SWEEP_GAPS: self._sweep_gaps,
            Work.PUSH_CONSENTS: self._push_consents,
            Work.ASK_PRICES: self._ask_prices,
        }

    def nudge(self, at: datetime) -> None:
        """There is work at this time: wake up for it, unless that is planned anyway."""
        if self._sleeps_until is None or at < self._sleeps_until:
            self._nudged.set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as together:
            together.create_task(self._renew_claims())
            await self._claim_and_start()

    async def _claim_and_start(self) -> None:
        while True:
            self._nudged.clear()
            self._sleeps_until = None
            try:
                await self._start_what_is_due()
                pause = await self._deps.store.read(
                    due_work.next_due, self._deps.clock(), self._kinds
                )
            except Exception as error:  # noqa: BLE001  # the work loop must outlive a database that is away
                log.warning("worker_cannot_claim", error=error)
                self._deps.outage()
                pause = timedelta(seconds=1)
            pause = LONGEST_SLEEP if pause is None else min(pause, LONGEST_SLEEP)
            self._sleeps_until = self._deps.clock() + pause
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), pause.total_seconds())

    async def _renew_claims(self) -> None:
        """Keep claims of running and queued work. Only a process that is frozen, cut off or dead
        loses its claims."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            now = self._deps.clock()
            held = [
                claimed for claimed in self._busy.values() if now < claimed.until + LONGEST_WORK
            ]
            if held:
                try:
                    await self._deps.store.write(renew, held)
                except Exception as error:  # noqa: BLE001  # the database is away: the next time comes soon
                    log.warning("claims_not_renewed", error=error)

    async def step(self) -> int:
        """Do all work that is due now, once, and wait for it. Returns how much there was."""
        claimed = await self._deps.store.write(
            due_work.claim, due_work.Claim(self._at_once, self._kinds)
        )
        await asyncio.gather(*(self._do(c) for c in claimed))
        return len(claimed)

    async def close(self, patience: float = 0.0) -> None:
        """Let running work finish within ``patience`` seconds and give the rest back, so the next
        process may claim it at once. Cancel ``run`` first."""
        if self._claiming is not None:
            await asyncio.wait([self._claiming])
        if self._busy:
            await asyncio.wait(self._busy, timeout=patience)
        for task in list(self._busy):
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        if self._held:
            log.info("work_given_back", count=len(self._held))
            with suppress(Exception):  # the database is away: the leases expire by themselves
                await self._deps.store.write(due_work.end_leases, list(self._held.values()))

    async def _start_what_is_due(self) -> None:
        while (room := self._at_once - len(self._busy)) > 0:
            self._claiming = asyncio.create_task(self._claim(room))
            # a claim is never cancelled halfway: see close
            claimed = await asyncio.shield(self._claiming)
            for one in claimed:
                task = asyncio.create_task(self._do(one))
                self._busy[task] = one
                task.add_done_callback(self._done)
            if len(claimed) < room:
                return
        await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
        self._nudged.set()

    async def _claim(self, room: int) -> Sequence[Claimed]:
        claimed = await self._deps.store.write(due_work.claim, due_work.Claim(room, self._kinds))
        self._held |= {one.id: one for one in claimed}
        return claimed

    def _done(self, task: asyncio.Task[None]) -> None:
        self._busy.pop(task, None)

    async def _do(self, claimed: Claimed) -> None:
        try:
            await self._by_kind[claimed.kind](claimed)
        except _Dropped:
            pass
        except Exception as error:  # noqa: BLE001  # logged, and tried again
            self._deps.metrics.trouble.labels(claimed.kind).inc()
            log.warning(
                "work_failed",
                error=error,
                kind=claimed.kind,
                key=claimed.key,
                attempts=claimed.attempts,
            )
            await self._give_back(claimed)
        self._held.pop(claimed.id, None)

    async def _give_back(self, claimed: Claimed) -> None:
        """Release failed work. In a short outage of the database this is retried, because otherwise
        the lease would delay the work for longer. In a long outage the lease expires by itself."""
        back = due_work.GiveBack(claimed.kind, claimed.key, AFTER_TROUBLE)
        for _ in range(GIVES_BACK_FOR):
            with suppress(Exception):
                with suppress(_Dropped):
                    await self._write(claimed, due_work.give_back, back)
                return
            await asyncio.sleep(1)

    async def _write[C, R](
        self,
        claimed: Claimed,
        operation: Operation[C, R],
        command: C,
        *,
        late: Callable[[Transaction, C], R | None] | None = None,
        near: object = None,
    ) -> R:
        """Carry out a command about claimed work if the claim is still valid. Otherwise the result
        is dropped and the work ends here, unless ``late`` makes use of it."""
        held = HeldClaim(claimed, command)
        answer: R | ClaimLost = await self._deps.store.write(
            fenced(operation, late), held, near=near
        )
        if isinstance(answer, ClaimLost):
            self._deps.metrics.claims_lost.labels(claimed.kind).inc()
            # a receipt that arrives first ends a send every day
            say = log.warning if answer.late else log.debug
            say("claim_lost", kind=claimed.kind, key=claimed.key, attempts=claimed.attempts)
            raise _Dropped
        return answer

    async def _deliver(self, claimed: Claimed) -> None:
        message_id = int(claimed.key)
        outgoing = await self._write(claimed, begin_sends, BeginSend(message_id, claimed.attempts))
        if isinstance(outgoing, HeldBack):
            self._deps.metrics.held_back.labels(outgoing.limit.name.lower()).inc()
            if outgoing.first:
                log.warning(
                    "replies_held_back",
                    limit=outgoing.limit.name.lower(),
                    begins_with=outgoing.begins_with,
                )
        if not isinstance(outgoing, Outgoing):
            return
        result = await self._look_up(outgoing) if outgoing.uncertain else await self._send(outgoing)
        waits = await self._write(
            claimed, finish_sends, FinishSend(message_id, claimed.attempts, result)
        )
        self._deps.metrics.sends.labels(type(result).__name__.lower()).inc()
        if waits and isinstance(result, Later | Refused):
            why = result.why if isinstance(result, Later) else None
            log.warning(
                "text_not_taken",
                message=message_id,
                attempts=claimed.attempts,
                code=result.code,
                why=why,
            )
        log.debug("text_sent", message=message_id, result=type(result).__name__.lower())

    async def _sweep_gaps(self, claimed: Claimed) -> None:
        sweep = await self._write(claimed, begin_sweep, None)
        try:
            found = [
                await self._deps.provider.received(number, sweep.since) for number in sweep.numbers
            ]
            listed = sorted(
                (one for of_number in found for one in of_number), key=lambda one: one.sent_at
            )
            known = (
                await self._deps.store.read(stored, [one.sid for one in listed])
                if listed
                else set()
            )
            missed = [one for one in listed if one.sid not in known]
            zone = ZoneInfo(await self._deps.store.read(desk_time_zone))
            for some in itertools.batched(missed, RECOVERED_AT_ONCE, strict=False):
                texts = await asyncio.gather(*(self._recovered(one, zone) for one in some))
                # A lane handles these in order, and all that are queued in one transaction.
                near = [(text.provider_number, text.requester_number) for text in texts]
                take = self._deps.store.write
                await asyncio.gather(
                    *(take(receive_sms, text, near=n) for text, n in zip(texts, near, strict=True))
                )
        except OSError as error:
            log.warning("sweep_failed", why=str(error))
            await self._write(claimed, finish_sweep, FinishSweep(None))
            return
        await self._write(claimed, finish_sweep, FinishSweep(sweep.began))
        self._deps.metrics.recovered.inc(len(missed))
        log.info(
            "gaps_swept", since=sweep.since.isoformat(), listed=len(listed), recovered=len(missed)
        )

    async def _recovered(self, listed: ProviderMessage, zone: ZoneInfo) -> Text:
        pictures = await self._deps.provider.pictures_of(listed.sid) if listed.pictures else ()
        return recovered(listed, pictures, zone)

    async def _push_consents(self, claimed: Claimed) -> None:
        batch = await self._write(claimed, begin_push, None)
        try:
            faults = await self._deps.provider.push_consents(batch.states) if batch.states else {}
        except (OSError, NotOffered) as error:
            log.warning("consents_not_pushed", entries=len(batch.entries), why=str(error))
            failed = PushFailed(batch, str(error), offered=not isinstance(error, NotOffered))
            await self._write(claimed, postpone_push, failed)
            return
        await self._write(claimed, finish_push, ConsentPush(batch, faults))
        if batch.entries:
            log.info(
                "consents_pushed",
                entries=len(batch.entries),
                pushed=len(batch.states),
                refused=len(faults),
            )

    async def _ask_prices(self, claimed: Claimed) -> None:
        for number, wanted in (
            await self._deps.store.read(wanted_prices, self._deps.clock())
        ).items():
            try:
                found = await self._deps.provider.reports(number, wanted.sids, wanted.since)
            except OSError as error:
                log.warning("prices_not_known", why=str(error))
                break
            await self._write(claimed, record_prices, found)
            log.debug("prices_recorded", count=len(found), of=len(wanted.sids))
        await self._write(claimed, ask_again, None)

    async def _send(self, outgoing: Outgoing) -> SendResult:
        """Check consent once more, as late as possible, because the requester may have opted out
        since the message was marked."""
        if await self._deps.store.read(sends_under_way.is_withheld, outgoing.message_id):
            return Withheld()
        return await self._deps.provider.send(outgoing)

    async def _look_up(self, outgoing: Outgoing) -> SendResult:
        """What the provider knows about a send with an unknown outcome."""
        try:
            return LookedUp(tuple(await self._deps.provider.find(outgoing)))
        except OSError as error:
            return Unsure(why=str(error))

    async def _take_bot_turn(self, claimed: Claimed) -> None:
        question = await self._write(claimed, begin_turn, BeginTurn(int(claimed.key)))
        if question is None:
            return
        answer, failure = await self._ask(question)
        finish = FinishTurn(
            turn_id=int(question.turn_id),
            replies=answer.replies,
            understood=answer.understood,
            how=answer.how,
            failure=failure,
        )
        outcome = await self._write(claimed, finish_turn, finish, late=keep_late_answer)
        self._deps.metrics.turns.labels(outcome).inc()
        log.info(
            "bot_turn", interaction=claimed.key, turn=question.turn_id, outcome=outcome, why=failure
        )

    async def _ask(self, question: Question) -> tuple[BotAnswer, str | None]:
        """The bot's answer. If the first try fails, asks again under the same turn id."""
        failure = ""
        for _ in range(2):
            try:
                with self._deps.metrics.turn_seconds.time():
                    return await self._deps.bot.ask(question), None
            except BotFailed as error:
                failure = str(error)
        return BotAnswer(), failure

    async def _offer_work(self, claimed: Claimed) -> None:
        await self._write(claimed, offer_work, behind_of(claimed.key))

    async def _expire_offer(self, claimed: Claimed) -> None:
        steady_for = self._deps.connections.steady_for()
        await self._write(claimed, expire_offer, Expire(int(claimed.key), steady_for))

    async def _connection_lost(self, claimed: Claimed) -> None:
        agent_id, connections = int(claimed.key), self._deps.connections
        verdict = Lost(agent_id, connections.holds(agent_id), connections.steady_for())
        await self._write(claimed, connection_lost, verdict)

    async def _fire_timers(self, claimed: Claimed) -> None:
        count = await self._write(claimed, fire_timers, Fire(int(claimed.key)), near=claimed.key)
        log.debug("timers_fired", interaction=claimed.key, count=count)

    async def _fetch_media(self, claimed: Claimed) -> None:
        wanted = await self._deps.store.read(media.wanted, int(claimed.key))
        if wanted is None:
            return await self._write(claimed, due_work.drop, claimed)
        result = await self._fetched(wanted)
        finish = FinishFetch(media_id=wanted.id, attempts=claimed.attempts, result=result)
        status = await self._write(claimed, finish_fetch, finish)
        why = (
            result.why
            if isinstance(result, RefusedFile)
            else result
            if isinstance(result, str)
            else None
        )
        log.info(
            "media_fetched", media=wanted.id, status=status, attempts=claimed.attempts, why=why
        )

    async def _fetched(self, wanted: media.WantedMedium) -> StoredUpload | RefusedFile | str:
        """Download one media file, check its type, and store it if it is accepted."""
        content = await self._deps.provider.fetch(wanted.url)
        if isinstance(content, NotFetched):
            return content.why if content.again else RefusedFile(content.why)
        picture = await asyncio.to_thread(picture_in, content)
        verdict = judged(content, wanted.content_type, picture)
        if isinstance(verdict, RefusedFile):
            return verdict
        file = await asyncio.to_thread(self._deps.media.keep, content, self._deps.clock())
        return StoredUpload(file=file, size=len(content), taken=verdict)

    async def _forget_upload(self, claimed: Claimed) -> None:
        file = await self._write(claimed, forget_upload, int(claimed.key))
        if file is not None:
            await asyncio.to_thread(self._deps.media.forget, file, self._deps.clock())
        log.debug("upload_forgotten", media=claimed.key)

    async def _index_texts(self, claimed: Claimed) -> None:
        await self._write(claimed, index_texts, None)

    async def _call_webhook(self, claimed: Claimed) -> None:
        call = await self._write(claimed, begin_call, BeginCall(call_id=int(claimed.key)))
        if call is None:
            return
        called = await self._deps.webhook.call(call)
        finish = FinishCall(call_id=int(claimed.key), called=called)
        state = await self._write(claimed, finish_call, finish)
        self._deps.metrics.calls.labels(state).inc()
        say = log.warning if state is CallState.GIVEN_UP else log.info
        say(
            "webhook_called", event=call.event_id, state=state, status=called.status, why=called.why
        )

    async def _mail_code(self, claimed: Claimed) -> None:
        """The code is generated here and exists nowhere afterwards; only its hash is stored."""
        send_id, code = int(claimed.key), f"{secrets.randbelow(1_000_000):06}"
        mail = await self._write(claimed, begin_mail, BeginMail(send_id=send_id, code=code))
        if mail is None:
            return
        mailer = self._deps.mailer
        result: Mailed | NotMailed = NotMailed(why="PATCHBOARD_SMTP_URL is not set", again=False)
        if mailer is not None:
            result = await mailer.send(mail)
        finish = FinishMail(send_id=send_id, attempts=claimed.attempts, result=result)
        await self._write(claimed, finish_mail, finish)
        why = result.why if isinstance(result, NotMailed) else None
        log.info("code_mailed", send=claimed.key, result=type(result).__name__.lower(), why=why)

    async def _proof_ran_out(self, claimed: Claimed) -> None:
        await self._write(claimed, proof_ran_out, RanOut(int(claimed.key)))

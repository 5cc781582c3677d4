"""Opens and closes the practice desk of one run: its database, lanes, workers and gateways."""

import asyncio
import functools
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.reply_index import PastReplies
from handoff_service.bot_control.train_and_compare import TrainAndCompare
from handoff_service.connections import Connections
from handoff_service.context import AppContext, PracticeMark, operation_settings
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.fanout.local_fanout import LocalFanout
from handoff_service.gateways.simulator.errors import ERRORS
from handoff_service.gateways.simulator.gateway import Simulator
from handoff_service.lib.background import Background
from handoff_service.lib.debounce import Debouncer
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.metrics import NoMetrics
from handoff_service.operations.conversations.index_texts import A_MOMENT, schedule_indexing
from handoff_service.operations.delivery.record_receipt import record_receipt
from handoff_service.operations.desk_file.desk_file import DeskFile
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.ports.identity_providers import NoIdentityProviders
from handoff_service.ports.push import NoPush
from handoff_service.ports.webhook import NoWebhook
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.settings import Settings
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint
from handoff_service.worker import Worker, build_workers, nudge_workers

DATABASE = "practice.db"
_PICTURE = Path(__file__).parent / "picture.png"  # replaces each picture of a requester


async def open_desk(
    real: AppContext, mark: PracticeMark, folder: Path, file: DeskFile, changed: Callable[[], None]
) -> AppContext:
    """Create the practice desk in this folder. The desk calls ``changed`` after each transaction
    that changed something that pages show, such as a conversation."""
    settings = _settings(real.settings, folder)
    await asyncio.to_thread(_create_database, folder)
    workers: list[Worker] = []
    fanout, background, metrics = LocalFanout(), Background(), NoMetrics()

    def publish(hints: Sequence[Hint], work_at: Mapping[Work, datetime]) -> None:
        fanout.publish(hints)
        if hints:
            indexing.trigger()
            changed()
        nudge_workers(workers, work_at)

    store = Store(
        settings.database_url,
        clock=real.clock,
        settings=operation_settings(settings, ERRORS),
        after_commit=publish,
    )
    indexing = Debouncer(lambda: store.write(schedule_indexing, None), A_MOMENT)
    await import_file(store, file)
    connections = Connections(store, real.clock, fanout.catch_up)
    provider = Simulator(
        lambda receipt: store.write(record_receipt, receipt),
        pictures=MediaFolder(folder / "simulator"),
    )
    media, bot, push = MediaFolder(folder / "media"), NoBot(), NoPush()
    deps = WorkerDeps(
        store=store,
        provider=provider,
        bot=bot,
        mailer=None,
        clock=real.clock,
        media=media,
        metrics=metrics,
        webhook=NoWebhook(),
        push=push,
        connections=connections,
        outage=connections.gap,
    )
    workers += build_workers(deps)
    made = AppContext(
        settings=settings,
        clock=real.clock,
        store=store.for_requests(),
        provider=provider,
        bot=bot,
        mailer=None,
        push=push,
        identity_providers=NoIdentityProviders(),
        media=media,
        fanout=fanout,
        workers=workers,
        metrics=metrics,
        connections=connections,
        background=background,
        password_checks=real.password_checks,
        outage=connections.gap,
        # A practice desk has no trainer. AppContext requires these objects, but nothing starts
        # them.
        training=TrainAndCompare(store, folder, settings.bot_data),
        rollout=real.rollout,
        replies=PastReplies(store, real.clock),
        bot_data=BotData(settings.bot_data),
        practice_runs=real.practice_runs,
        practice=mark,
    )
    for worker in workers:
        background.start(worker.name, worker.run)
    background.start("connections", connections.run)
    background.start("indexing", indexing.run)
    return made


async def close_desk(desk: AppContext) -> None:
    """Stop the work, end the event streams, and delete the folder."""
    desk.fanout.end_streams()
    await desk.background.stop()
    await asyncio.gather(*(worker.close() for worker in desk.workers))
    await desk.fanout.close()
    await desk.provider.close()
    desk.store.close()
    await asyncio.to_thread(shutil.rmtree, desk.settings.home, ignore_errors=True)


async def keep_picture(desk: AppContext) -> str:
    """Store the picture that replaces every requester's pictures. Returns its address at the
    simulator."""
    assert isinstance(desk.provider, Simulator)
    content = await asyncio.to_thread(_PICTURE.read_bytes)
    return await desk.provider.keep(content, desk.clock())


def _create_database(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / DATABASE).write_bytes(_empty_database())


@functools.cache
def _empty_database() -> bytes:
    """The bytes of an empty, migrated database file. The migrations take seconds, so each process
    runs them only once."""
    with tempfile.TemporaryDirectory(prefix="patchboard-practice-") as folder:
        file = Path(folder) / DATABASE
        migrate(f"sqlite:///{file}")
        return file.read_bytes()


def _settings(real: Settings, folder: Path) -> Settings:
    """The settings of a desk that can text no real person. It has its own secret key, so that the
    forms and links of one desk are invalid on the other."""
    secrets_of_real = {one.name: None for one in fields(real) if one.metadata.get("secret")}
    own: dict[str, Any] = secrets_of_real | {
        "secret_key": secrets.token_urlsafe(32),
        "bot_token": secrets.token_urlsafe(32),
    }
    return replace(
        real,
        **own,
        home=folder,
        database_url=f"sqlite:///{folder / DATABASE}",
        redis_url=None,
        workers=1,
        sms_provider="simulator",
        bot_url=None,
        smtp_url=None,
        webhook_hosts="",
        demo=False,
    )

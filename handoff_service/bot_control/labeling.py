"""Write a trainer's label to the database and its examples to the files, and undo both.

1. The database stores the label. This claims the text, so a second trainer gets a Conflict.
2. This module writes the examples to a file. If that fails, it undoes the label.
3. The database records the file of each label. If the service stops before that,
   ``finish_unwritten`` writes the missing examples when a trainer opens the page Teach or starts a
   training.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from handoff_service import log
from handoff_service.bot_control import nlu_file
from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.file_change import FileChange
from handoff_service.errors import Conflict, NotFound, Refusal
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.training.label_items import (
    Labeled,
    LabelItem,
    Written,
    label_item,
    mark_written,
)
from handoff_service.operations.training.settle_dispute import (
    Settled,
    SettleDispute,
    first_label,
    settle_dispute,
)
from handoff_service.operations.training.undo_labels import (
    UndoBatch,
    ValidLabel,
    to_undo,
    undo,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import LabelVerdict, TrainerLane
from handoff_service.store.engine.store import Store
from handoff_service.store.training import labels

UNWRITTEN_AFTER = timedelta(seconds=30)  # longer than it takes to write the examples of a label


async def label(store: Store, data: BotData, command: LabelItem) -> tuple[Labeled, FileChange]:
    """Store a label and write its examples. Returns the label and the change to the file.

    Raises NotFound for an intent without examples. Raises BadInput for an invalid example. Raises
    Conflict when another trainer was faster or the file cannot be written.
    """
    if command.verdict is LabelVerdict.INTENT and command.intent:
        await run_slow(data.file_of, command.intent)
    if command.example is not None:
        nlu_file.checked(command.example)
    made = await store.write(label_item, command)
    try:
        change = await _write(store, data, made, command.intent or "")
    except (Refusal, OSError) as error:
        await store.write(undo, UndoBatch(agent_id=command.agent_id, batch=made.batch))
        if isinstance(error, Refusal):
            raise
        raise Conflict(
            phrase("The file could not be written: {strerror}.", strerror=error.strerror)
        ) from error
    return made, change


async def undo_label(
    store: Store, data: BotData, agent_id: int, batch: int | None = None
) -> tuple[int, list[str]]:
    """Undo an action of this trainer, first in the files and then in the database. ``batch`` None:
    the last action.

    Returns the id of the first text that waits for a label again, and an error sentence for each
    example that is no longer in its file.
    """
    command = UndoBatch(agent_id=agent_id, batch=batch)
    errors: list[str] = []
    for row in await store.write(to_undo, command):
        try:
            await _remove(data, row)
        except (Conflict, NotFound) as error:
            errors.append(error.detail)
        command = UndoBatch(agent_id=agent_id, batch=row.batch)
    return await store.write(undo, command), errors


async def settle(store: Store, data: BotData, command: SettleDispute) -> Settled:
    """Settle a dispute, and write or remove its examples. Raises Conflict when it is already
    settled."""
    if command.for_second:
        first = await store.write(first_label, command)
        with suppress(Conflict, NotFound):  # somebody has already moved or changed the example
            await _remove(data, first)
    settled = await store.write(settle_dispute, command)
    if settled.labeled is not None:
        await _write(store, data, settled.labeled, settled.meant)
    return settled


async def finish_unwritten(store: Store, data: BotData, now: datetime) -> int:
    """Write the examples of labels whose files were not recorded, because the service stopped.
    Returns the number of these labels."""
    found = await store.read(labels.unwritten, now - UNWRITTEN_AFTER)
    for one in found:
        made = Labeled(batch=one.id, lane=one.lane, second=False, examples={one.id: one.example})
        try:
            await _write(store, data, made, one.intent)
        except (Refusal, OSError) as error:
            log.warning("example_not_written", label=one.id, error=error)
    return len(found)


async def _remove(data: BotData, label: ValidLabel) -> None:
    """Remove the example that was written for the label, if any. Raises Conflict or NotFound when
    the example no longer exists.
    """
    if label.example is None or label.file is None or label.intent is None:
        return
    remove = data.remove if label.lane is TrainerLane.TEACH else data.remove_test
    await run_slow(remove, label.intent, label.example)


async def _write(store: Store, data: BotData, made: Labeled, intent: str) -> FileChange:
    if not made.examples:
        return FileChange(file="", diff=())
    there = await run_slow(_there, data, made.lane, intent)
    new = {label: text for label, text in made.examples.items() if text not in there}
    change = await run_slow(_put, data, made.lane, intent, list(dict.fromkeys(new.values())))
    first = {text: label for label, text in reversed(new.items())}
    files = {
        label: change.file if first.get(text) == label else None
        for label, text in made.examples.items()
    }
    await store.write(mark_written, Written(files=files))
    return change


def _there(data: BotData, lane: TrainerLane, intent: str) -> set[str]:
    if lane is TrainerLane.AUDIT:
        return {one.marked for one in data.tests().get(intent, ())}
    found = data.intents().get(intent)
    return {one.marked for one in found.examples} if found else set()


def _put(data: BotData, lane: TrainerLane, intent: str, examples: Sequence[str]) -> FileChange:
    if lane is TrainerLane.TEACH:
        return data.add(intent, examples)
    changes = [data.add_test(intent, one) for one in examples]
    return changes[-1] if changes else FileChange(file="", diff=())

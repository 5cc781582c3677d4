"""Ctrl-C in the middle of a long command."""

import asyncio
import sys
import threading

import pytest

from handoff_service.bot_control.processes import Canceled, Processes, cancelable

HANGS = [sys.executable, "-c", "print('begun', flush=True); import time; time.sleep(600)"]


async def test_canceling_kills_the_process_and_waits_for_the_thread() -> None:
    begun, ended = threading.Event(), []

    def work(processes: Processes) -> None:
        try:
            processes.run(HANGS, {}, lambda _line: begun.set())
        except Canceled:
            ended.append("canceled")
            raise

    task = asyncio.create_task(cancelable(work))
    await asyncio.to_thread(begun.wait, 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["canceled"]


async def test_a_result_and_an_error_pass_through() -> None:
    assert await cancelable(lambda _processes: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await cancelable(lambda _processes: 1 / 0)

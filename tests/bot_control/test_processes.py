"""Ctrl-C ends a long command, and a killed service leaves no command running."""

import asyncio
import os
import select
import subprocess
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


async def test_the_caller_gets_the_commands_result_or_error() -> None:
    assert await cancelable(lambda _processes: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await cancelable(lambda _processes: 1 / 0)


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux ends the children of a killed process"
)
def test_a_killed_service_leaves_no_training_running() -> None:
    starts = (
        "import sys\n"
        "from handoff_service.bot_control.processes import Processes\n"
        "process = Processes().start([sys.executable, '-c', 'import time; time.sleep(600)'], {})\n"
        "print(process.pid, flush=True)\n"
        "process.wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        training = int(service.stdout.readline())
        ended = os.pidfd_open(training)
        service.kill()
    assert select.select([ended], [], [], 30)[0], "the training still runs"
    os.close(ended)

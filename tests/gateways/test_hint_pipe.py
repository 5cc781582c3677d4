"""Hints from commands to a service without Redis."""

import asyncio
import os
from pathlib import Path

from handoff_service.gateways.fanout import hint_pipe
from handoff_service.gateways.fanout.hint_pipe import NAME, HintPipe
from handoff_service.gateways.fanout.local_fanout import LocalFanout
from handoff_service.lib.background import Background
from handoff_service.store.engine.transaction import Hint
from tests.gateways.test_fanout import next_of


async def let_other_tasks_run() -> None:
    """Let other tasks run."""
    await asyncio.sleep(0)


async def start_service(home: Path, fanout: LocalFanout) -> Background:
    """Start a service that reads its pipe. Return its background tasks."""
    background = Background()
    background.start("pipe", HintPipe(home, fanout).run)
    await let_other_tasks_run()
    return background


async def test_hints_of_a_command_reach_the_service(tmp_path: Path) -> None:
    fanout = LocalFanout()
    background = await start_service(tmp_path, fanout)
    async with fanout.listen(["agent:1", "work"]) as batches:
        hint_pipe.send(tmp_path, [Hint("agent:1", 5, by=2), Hint("other"), Hint("work")])
        assert await next_of(batches) == [Hint("agent:1", 5, by=2), Hint("work")]
    await background.stop()
    assert not (tmp_path / NAME).exists()


async def test_the_service_ignores_data_of_other_programs(tmp_path: Path) -> None:
    fanout = LocalFanout()
    background = await start_service(tmp_path, fanout)
    async with fanout.listen(["work"]) as batches:
        with (tmp_path / NAME).open("wb", buffering=0) as pipe:
            pipe.write(b'\xff\n\n{}\n["work", "x"]\n[[[' + b"x" * 3000 + b"\n")
        hint_pipe.send(tmp_path, [Hint("work", 7)])
        assert await next_of(batches) == [Hint("work", 7)]
    await background.stop()


async def test_without_a_service_a_command_writes_nothing(tmp_path: Path) -> None:
    hint_pipe.send(tmp_path, [Hint("work")])
    os.mkfifo(tmp_path / NAME)  # a pipe of a service that was killed
    hint_pipe.send(tmp_path, [Hint("work")])
    await (await start_service(tmp_path, LocalFanout())).stop()
    (tmp_path / NAME).write_text("mine")
    hint_pipe.send(tmp_path, [Hint("work")])
    assert (tmp_path / NAME).read_text() == "mine"


async def test_a_home_without_pipes_is_no_error(tmp_path: Path) -> None:
    background = Background()
    background.start("pipe", HintPipe(tmp_path / "missing", LocalFanout()).run)
    await let_other_tasks_run()
    await let_other_tasks_run()
    assert background.failing() == {}
    await background.stop()

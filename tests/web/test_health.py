"""The readiness check names a background task that keeps failing. The service also counts and logs
its failures.
"""

import asyncio
from pathlib import Path

import aiohttp

from handoff_service.store.engine.transaction import Transaction
from tests.web.workspace_server import Running, running


async def test_a_background_task_that_keeps_failing_makes_the_service_unready(
    tmp_path: Path,
) -> None:
    async def broken() -> None:
        raise RuntimeError("broken")

    async with running(tmp_path) as desk, aiohttp.ClientSession() as client, asyncio.timeout(20):
        assert await ready(client, desk) == (200, {})
        desk.desk.background.start("broken", broken)
        while (answer := await ready(client, desk))[0] == 200:
            await asyncio.sleep(0.02)
        assert answer[0] == 503
        assert list(answer[1]) == ["broken"]
        assert "RuntimeError" in answer[1]["broken"]
        async with client.get(f"{desk.address}/metrics") as metrics:
            assert 'patchboard_background_failures_total{task="broken"}' in await metrics.text()


async def test_the_readiness_check_names_a_worker_that_cannot_claim_work(tmp_path: Path) -> None:
    def rename(tx: Transaction, names: str) -> None:
        tx.conn.exec_driver_sql(f"ALTER TABLE {names}")

    async with running(tmp_path) as desk, aiohttp.ClientSession() as client, asyncio.timeout(30):
        write = desk.desk.store.write
        await write(rename, "due_work RENAME TO away")
        for worker in desk.desk.workers:
            worker.nudge(desk.desk.clock())
        failing: dict[str, str] = {}
        while not any(name.startswith("worker") for name in failing):
            await asyncio.sleep(0.05)
            failing = (await ready(client, desk))[1]
        await write(rename, "away RENAME TO due_work")


async def ready(client: aiohttp.ClientSession, desk: Running) -> tuple[int, dict[str, str]]:
    async with client.get(f"{desk.address}/readyz") as answer:
        return answer.status, (await answer.json())["not_ready"]

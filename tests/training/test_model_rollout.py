"""The bot processes load the model that the database names, even after failures."""

from pathlib import Path

import pytest

from handoff_service.bot_control import model_folder
from handoff_service.bot_control.model_rollout import ModelRollout, canary_of
from handoff_service.operations.training.change_model import Promote, RollBack, promote, roll_back
from handoff_service.ports.bot_models import BotModelNotLoaded
from handoff_service.store.engine.store import Store
from tests.training.model_story import FIRST, SECOND, registered, states

ONE, TWO, THREE = (f"http://127.0.0.1:{port}/webhooks/sms/webhook" for port in (5005, 5006, 5007))
OLD, NEW = f"{FIRST}.tar.gz", f"{SECOND}.tar.gz"


class FakeBots:
    """Bot processes that load the requested file, unless they are down or refuse it."""

    def __init__(self, *urls: str) -> None:
        self.files: dict[str, str | None] = dict.fromkeys(urls, OLD)
        self.refused: set[str] = set()
        self.loaded: list[tuple[str, str]] = []

    async def running(self, url: str) -> str | None:
        return self.files[url]

    async def load(self, url: str, file: str) -> None:
        if file in self.refused:
            raise BotModelNotLoaded(f"{file} cannot be loaded.")
        self.files[url] = file
        self.loaded.append((url, file))

    async def close(self) -> None:
        pass


def rollout(store: Store, bots: FakeBots, home: Path) -> ModelRollout:
    for file in (OLD, NEW):
        (model_folder.folder(home) / file).touch()
    return ModelRollout(store, bots, list(bots.files), home)


@pytest.fixture
async def second(first: Store) -> Store:
    await registered(first, SECOND)
    return first


async def test_each_bot_loads_a_promoted_model_once(second: Store, tmp_path: Path) -> None:
    bots = FakeBots(ONE, TWO)
    rolling = rollout(second, bots, tmp_path)
    await rolling.step()
    assert bots.loaded == []
    await second.write(promote, Promote(hash=SECOND))
    for _ in range(2):
        await rolling.step()
    assert sorted(bots.loaded) == [(ONE, NEW), (TWO, NEW)]
    # A restarted bot process also loads it.
    assert model_folder.running_file(tmp_path) == tmp_path / "models" / NEW


async def test_only_the_canary_bot_loads_a_canary_model(second: Store, tmp_path: Path) -> None:
    bots = FakeBots(TWO, THREE, ONE)
    rolling = rollout(second, bots, tmp_path)
    assert rolling.has_canary
    await second.write(promote, Promote(hash=SECOND, canary=True))
    await rolling.step()
    assert bots.files == {ONE: NEW, TWO: OLD, THREE: OLD}
    assert model_folder.running_file(tmp_path) == tmp_path / "models" / OLD
    await second.write(roll_back, RollBack())
    await rolling.step()
    assert set(bots.files.values()) == {OLD}


async def test_a_bot_loads_the_model_after_its_outage(second: Store, tmp_path: Path) -> None:
    bots = FakeBots(ONE, TWO)
    bots.files[TWO] = None
    rolling = rollout(second, bots, tmp_path)
    await second.write(promote, Promote(hash=SECOND))
    found = {one.url: one.file for one in await rolling.step()}
    assert found == {ONE: NEW, TWO: None}
    bots.files[TWO] = OLD
    await rolling.step()
    assert bots.files[TWO] == NEW


async def test_a_bot_that_cannot_load_the_model_keeps_the_old_one_and_shows_the_reason(
    second: Store, tmp_path: Path
) -> None:
    bots = FakeBots(ONE)
    bots.refused.add(NEW)
    rolling = rollout(second, bots, tmp_path)
    await second.write(promote, Promote(hash=SECOND))
    [found] = await rolling.step()
    assert (found.file, found.wanted, found.error) == (OLD, NEW, f"{NEW} cannot be loaded.")
    bots.files[ONE] = NEW  # Another process of the service loads it.
    [found] = await rolling.step()
    assert (found.file, found.error) == (NEW, None)
    bots.files[ONE] = OLD
    bots.refused.clear()
    [found] = await rolling.step()
    assert (found.file, found.error) == (NEW, None)


async def test_models_with_missing_files_are_marked(second: Store, tmp_path: Path) -> None:
    rolling = rollout(second, FakeBots(ONE), tmp_path)
    (tmp_path / "models" / NEW).unlink()
    await rolling.note_missing_files()
    assert await states(second) == {FIRST: "running", SECOND: "gone"}


def test_a_single_bot_process_cannot_run_a_canary() -> None:
    assert canary_of([ONE]) is None
    assert canary_of([TWO, ONE]) == canary_of([ONE, TWO]) == ONE

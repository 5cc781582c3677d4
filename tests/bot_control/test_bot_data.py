"""The folder of training data survives several writers, editors and a killed process."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from handoff_service.bot_control import bot_data as module
from handoff_service.bot_control import nlu_content
from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.keep_parsed import keep_parsed
from handoff_service.errors import Conflict, NotFound

THANKS = "data/nlu/greetings.yml"


@pytest.fixture
def data(tmp_path: Path) -> BotData:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    for name in ("domain.yml", "config.yml"):
        shutil.copy(ROOT / name, tmp_path)
    return BotData(tmp_path)


def texts(data: BotData, intent: str) -> list[str]:
    return [one.text for one in data.intents()[intent].examples]


def test_an_added_example_is_last_in_the_file_and_in_the_diff(data: BotData) -> None:
    shown = data.preview_add("thanks", "cheers, that did it")
    change = data.add("thanks", ["cheers, that did it"])
    assert change == shown
    assert change.file == THANKS
    assert [line for line in change.diff if line[0] in "+-"] == ["+      - cheers, that did it"]
    assert texts(data, "thanks")[-1] == "cheers, that did it"
    assert data.add("thanks", ["cheers, that did it"]).diff == ()


@pytest.mark.parametrize("intent", ["no_code", "new_code", "report_problem", "deny", "thanks"])
def test_the_preview_equals_the_stored_change(data: BotData, intent: str) -> None:
    said = "[laptop](device) says \\users"
    shown = data.preview_add(intent, said)
    assert data.add(intent, [said]) == shown
    assert data.preview_add(intent, said).diff == ()


def test_the_diff_equals_that_of_git(data: BotData) -> None:
    before = (data.root / THANKS).read_text()
    change = data.add("thanks", ["cheers, that did it"])
    (data.root / "before.yml").write_text(before)
    shown = subprocess.run(
        ["git", "diff", "--no-index", "--no-color", "before.yml", THANKS],
        cwd=data.root, capture_output=True, text=True, check=False,
    ).stdout.splitlines()  # fmt: skip
    at = next(n for n, line in enumerate(shown) if line.startswith("@@"))
    assert [shown[at].split(" @@")[0], *shown[at + 1 :]] == [
        change.diff[0].split(" @@")[0],
        *change.diff[1:],
    ]


def test_a_trainer_moves_an_example_between_files_and_rewords_it(data: BotData) -> None:
    first = data.intents()["thanks"].examples[0].marked
    changes = data.move("thanks", "office_hours", first)
    assert [one.file for one in changes] == ["data/nlu/office_hours.yml", THANKS]
    assert first not in texts(data, "thanks")
    data.reword("office_hours", first, "when do you close today my friend")
    assert texts(data, "office_hours")[-1] == "when do you close today my friend"
    with pytest.raises(Conflict):
        data.remove("thanks", first)
    with pytest.raises(NotFound):
        data.add("no_such_intent", ["x"])


def test_texts_of_the_audit_are_not_written_to_the_training_data(data: BotData) -> None:
    data.add_test("thanks", "ta very much")
    data.add_test("bye", "off now")
    data.add_test("thanks", "nice one")
    found = {name: [one.text for one in listed] for name, listed in data.tests().items()}
    assert found == {"thanks": ["ta very much", "nice one"], "bye": ["off now"]}
    assert not any("ta very much" in p.read_text() for p in (data.root / "data").rglob("*.yml"))
    data.remove_test("thanks", "ta very much")
    assert [one.text for one in data.tests()["thanks"]] == ["nice one"]


def test_a_file_that_an_editor_saves_meanwhile_keeps_both_changes(
    data: BotData, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, replace = data.root / THANKS, module.replace_file

    def saved_meanwhile(path_: Path, before: bytes, after: bytes) -> bool:
        monkeypatch.setattr(module, "replace_file", replace)
        path.write_text(path.read_text().replace("      - thank you\n", "", 1))
        return replace(path_, before, after)

    assert "thank you" in texts(data, "thanks")
    monkeypatch.setattr(module, "replace_file", saved_meanwhile)
    data.add("thanks", ["cheers, that did it"])
    assert "thank you" not in texts(data, "thanks")
    assert texts(data, "thanks")[-1] == "cheers, that did it"


def test_a_file_that_keeps_changing_is_not_written(
    data: BotData, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (data.root / THANKS).read_text()
    monkeypatch.setattr(module, "replace_file", lambda *_: False)
    with pytest.raises(Conflict, match="keeps changing"):
        data.add("thanks", ["cheers, that did it"])
    assert (data.root / THANKS).read_text() == before


def test_two_simultaneous_trainers_lose_no_change(data: BotData) -> None:
    other = BotData(data.root)  # a second instance, as in another process
    said = [f"cheers number {n} of many" for n in range(20)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: (data, other)[n % 2].add("thanks", [said[n]]), range(20)))
    assert sorted(texts(data, "thanks")[-20:]) == sorted(said)
    assert not list(data.root.rglob("*.part"))


def test_a_process_that_dies_during_a_write_leaves_a_complete_file(
    data: BotData,
) -> None:
    writes = (
        "import sys; from pathlib import Path; "
        "from handoff_service.bot_control.bot_data import BotData\n"
        "data = BotData(Path(sys.argv[1]))\n"
        "for n in range(100000): data.add('thanks', [f'cheers {n} of many'])"
    )
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", writes, data.root], cwd=ROOT)
        before = (data.root / THANKS).stat().st_ino
        deadline = time.monotonic() + 30
        while (data.root / THANKS).stat().st_ino == before and time.monotonic() < deadline:
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        said = texts(BotData(data.root), "thanks")
        assert any(one.startswith("cheers 0 of") for one in said)
        data.add("thanks", ["after the kill"])
    assert "after the kill" in texts(data, "thanks")


async def test_files_are_parsed_in_advance_and_again_after_a_broken_file(
    data: BotData, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: asyncio.Queue[str] = asyncio.Queue()
    loop, parse = asyncio.get_running_loop(), nlu_content.parse

    def parse_and_report(stamp: nlu_content.Stamp, text: str) -> nlu_content.NluContent:
        loop.call_soon_threadsafe(read.put_nowait, text)
        return parse(stamp, text)

    async def until_read(text: str) -> None:
        while await read.get() != text:
            pass

    monkeypatch.setattr(nlu_content, "parse", parse_and_report)
    file = data.root / THANKS
    whole, broken = file.read_text(), "nlu: ["
    file.write_text(broken)
    task = asyncio.create_task(keep_parsed(data, every=0.01))
    async with asyncio.timeout(30):
        await until_read(broken)
        file.write_text(whole)
        await until_read(whole)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

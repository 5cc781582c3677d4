"""An answer that was written only in part, because the service stopped, can be completed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from handoff_service.bot_control.answers import NewAnswer, make_answer
from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.file_change import FileChange
from handoff_service.bot_control.fingerprint import ROOT

LOST = NewAnswer(
    name="lost_property",
    examples=[f"where are my lost {what}" for what in ["gloves", "keys", "hats", "bags", "books"]]
    + [f"i lost my {what} here" for what in ["scarf", "phone", "badge", "coat", "umbrella"]],
    reply="Lost property is at the front desk.",
)
FILES = ("domain.yml", "data/rules/lost_property.yml", "data/nlu/lost_property.yml")


class Stopped(Exception):
    """The service stopped."""


@pytest.mark.parametrize("written", [1, 2])
def test_a_second_call_completes_an_answer_that_was_written_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    for name in ("domain.yml", "config.yml"):
        shutil.copy(ROOT / name, tmp_path)
    change, left = BotData.change, [written]

    def change_until_stopped(data: BotData, file: str, how: Callable[[str], str]) -> FileChange:
        if not left[0]:
            raise Stopped
        left[0] -= 1
        return change(data, file, how)

    with monkeypatch.context() as patched:
        patched.setattr(BotData, "change", change_until_stopped)
        with pytest.raises(Stopped):
            make_answer(BotData(tmp_path), LOST)
    changes = make_answer(BotData(tmp_path), LOST)
    assert [one.file for one in changes] == list(FILES)
    assert [bool(one.diff) for one in changes] == [n >= written for n in range(3)]
    assert LOST.name in BotData(tmp_path).intents()

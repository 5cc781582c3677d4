"""The media folder: a name always refers to a whole file, or to none."""

from pathlib import Path

import pytest

from handoff_service.lib.media_folder import MediaFolder
from tests.conftest import MovedClock


def test_the_same_content_is_one_file_and_comes_back(tmp_path: Path, clock: MovedClock) -> None:
    folder = MediaFolder(tmp_path / "media")
    name = folder.keep(b"one", clock())
    assert folder.keep(b"one", clock()) == name
    assert folder.read(name) == b"one"
    assert [path.name for path in folder.path.rglob("*") if path.is_file()] == [name]
    assert folder.read("0" * 64) is None


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, f"{'0' * 64}\n"])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        MediaFolder(tmp_path).read(name)


def test_what_was_stored_again_just_now_is_not_deleted(tmp_path: Path, clock: MovedClock) -> None:
    folder = MediaFolder(tmp_path)
    name = folder.keep(b"one", clock())
    clock.move(24 * 3600)
    folder.keep(b"one", clock())
    folder.forget(name, clock())
    assert folder.read(name) == b"one"
    clock.move(3600)
    folder.forget(name, clock())
    folder.forget(name, clock())
    assert folder.read(name) is None

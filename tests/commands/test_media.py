"""``patchboard media`` moves files to an S3 store and back, and lists missing files."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from handoff_service import cli, clock
from handoff_service.gateways.s3.media_store import Bucket, S3Media
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.migrate import migrate, migrating
from tests.support.s3_server import S3Server


@pytest.fixture
def bucket(s3: S3Server) -> Bucket:
    return s3.bucket()


@pytest.fixture
def folder(
    tmp_path: Path, bucket: Bucket, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> MediaFolder:
    """The media folder of a desk whose files move to the bucket."""
    for name, value in (s3.settings(bucket) | {"PATCHBOARD_HOME": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    return MediaFolder(tmp_path / "media")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = cli.main(["media", *arguments])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_files_move_to_the_store_and_back(
    folder: MediaFolder, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    store = S3Media(bucket)
    names = sorted(folder.keep(content, clock.now()) for content in (b"one", b"two", b"three"))
    code, out = run(capsys, "move", "--keep")
    assert (code, out) == (
        0,
        f"Copied 3 files (0.0 MB) from {folder.where} to {store.where}. "
        "0 files had been copied before.\n",
    )
    assert sorted(folder.names()) == sorted(store.names()) == names
    later = folder.keep(b"four", clock.now())
    code, out = run(capsys, "move")
    assert "Moved 1 file " in out
    assert "3 files had been copied before." in out
    assert (list(folder.names()), store.read(later)) == ([], b"four")
    assert run(capsys, "move", "--back")[0] == 0
    assert (sorted(folder.names()), list(store.names())) == (sorted([*names, later]), [])


def test_a_damaged_file_stops_the_move_and_is_not_deleted(
    folder: MediaFolder, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    name = folder.keep(b"one", clock.now())
    (folder.path / name[:2] / name).write_bytes(b"on")
    code, out = run(capsys, "move")
    assert (code, f"The file {name} in {folder.where} is damaged" in out) == (1, True)
    assert (list(folder.names()), list(S3Media(bucket).names())) == ([name], [])


def test_a_move_without_a_store_names_the_setting(
    folder: MediaFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PATCHBOARD_MEDIA_STORE")
    code, out = run(capsys, "move")
    assert (code, "Set PATCHBOARD_MEDIA_STORE" in out) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "right"),
    [(("check", "--back"), "media move"), (("move", "--delete-unused"), "media check")],
)
def test_an_option_of_the_other_action_is_refused(
    folder: MediaFolder,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    right: str,
) -> None:
    name = folder.keep(b"one", clock.now())
    code, out = run(capsys, *arguments)
    assert (code, out.endswith(f"patchboard {right}\n"), list(folder.names())) == (1, True, [name])


def test_the_error_names_a_store_that_is_down(
    folder: MediaFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = folder.keep(b"one", clock.now())
    monkeypatch.setenv("PATCHBOARD_S3_URL", "http://127.0.0.1:1")
    code, out = run(capsys, "move")
    assert (code, out.startswith("patchboard: The S3 store at http://127.0.0.1:1 does not")) == (
        1,
        True,
    )
    assert list(folder.names()) == [name]


def test_a_check_lists_missing_files_and_deletes_unused_ones(
    folder: MediaFolder, bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, store = f"sqlite:///{tmp_path}/patchboard.db", S3Media(bucket)
    migrate(url, "head")
    used, unused, missing = (
        store.keep(b"used", clock.now()), store.keep(b"unused", clock.now()), "0" * 64
    )  # fmt: skip
    with migrating(url) as conn:
        for place, file in enumerate((used, missing)):
            row = {"file": file, "position": place, "content_type": "image/png"}
            row |= {"status": "stored", "created_at": clock.now()}
            conn.execute(sa.insert(t.media).values(row))
    code, out = run(capsys, "check", "--delete-unused")
    assert code == 1
    assert f"2 files in messages. Missing in {store.where}: 1. Unused there: 1." in out
    assert f"missing {missing}" in out
    assert store.read(unused) == b"unused", (
        "a new file stays, because its row may not be written yet"
    )

"""Only Patchboard's account can read the files that it stores. When the service starts, it corrects
the permissions of older files.
"""

import os
import stat
from pathlib import Path

from handoff_service import settings
from handoff_service.server.private_files import make_private
from tests.support.service import running_service


def open_to_others(folder: Path) -> list[str]:
    paths = [folder, *folder.rglob("*")]
    return [str(path) for path in paths if stat.S_IMODE(path.lstat().st_mode) & 0o077]


def test_no_file_of_a_running_desk_is_readable_by_others(tmp_path: Path) -> None:
    """The test starts with the home of an earlier version, and with a umask that makes new files
    readable by everybody.
    """
    before = os.umask(0o022)
    home = tmp_path / "home"
    (home / "media" / "ab").mkdir(parents=True)
    (home / "media" / "ab" / "medium").write_bytes(b"picture")
    (home / "logs").mkdir()
    (home / "logs" / "bot.log").write_text("log")
    assert open_to_others(home) != []
    with running_service(home, program=True):
        os.umask(before)
        assert {"patchboard.db", "patchboard.db-wal", "secret_key", "bot_token"} <= {
            p.name for p in home.iterdir()
        }
        assert open_to_others(home) == []


def test_a_database_outside_home_is_private_and_shared_folders_keep_their_permissions(
    tmp_path: Path,
) -> None:
    shared, home = tmp_path / "shared", tmp_path / "home"
    shared.mkdir()
    shared.chmod(0o1777)
    names = ("desk.db", "desk.db-wal", "notes.txt")
    for name in names:
        (shared / name).touch()
        (shared / name).chmod(0o644)
    home.mkdir()
    (home / "link").symlink_to(shared)
    config = settings.read(
        {"PATCHBOARD_HOME": str(home), "PATCHBOARD_DATABASE_URL": f"sqlite:///{shared}/desk.db"}
    )
    make_private(config)
    assert [stat.S_IMODE((shared / name).stat().st_mode) for name in names] == [0o600, 0o600, 0o644]
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert stat.S_IMODE(home.stat().st_mode) == 0o700

"""A backup contains the whole desk and can be restored on either kind of database. A restore
refuses an unusable backup.
"""

import asyncio
import io
import itertools
import json
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from handoff_service import cli, settings
from handoff_service.backup.create import back_up
from handoff_service.backup.restore import restore
from handoff_service.bot_control import model_folder
from handoff_service.errors import SetupError
from handoff_service.gateways.media_stores import media_store_of
from handoff_service.ports.media_store import MediaStore
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.migrate import migrate, migrating, revision_of
from tests.conftest import postgres_database
from tests.support.s3_server import S3Server
from tests.support.schema_rows import add_rows, reflect, shapes
from tests.support.story import Story
from tests.web.workspace_server import running

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
MODELS = {
    "running": b"a-b.tar.gz",
    "a-b.tar.gz": b"a model",
    "a-b.data.zip": b"its data",
    "training-7.tar.gz": b"half done",
}
KINDS = ["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True)
class Home:
    """A PATCHBOARD_HOME with its settings and its media."""

    config: settings.Settings
    media: MediaStore

    def rows(self) -> dict[str, list[Any]]:
        opened = engine(self.config.database_url, size=1, writes=False)
        with opened.connect() as conn:
            found = {
                table.name: [
                    tuple(row)
                    for row in conn.execute(sa.select(table).order_by(*table.primary_key))
                ]
                for table in t.metadata.sorted_tables
            }
        opened.dispose()
        return found


@contextmanager
def home(path: Path, kind: str, **environ: str) -> Iterator[Home]:
    made = (
        postgres_database()
        if kind == "postgresql"
        else nullcontext(f"sqlite:///{path}/patchboard.db")
    )
    with made as url:
        config = settings.read(
            {"PATCHBOARD_HOME": str(path), "PATCHBOARD_DATABASE_URL": url} | environ
        )
        yield Home(config, media_store_of(config))


def contents(media: MediaStore) -> dict[str, bytes | None]:
    return {name: media.read(name) for name in media.names()}


def fill(of: Home, revision: str = "head") -> None:
    """Add two rows to every table, and two media."""
    migrate(of.config.database_url, revision)
    numbers = itertools.count(1)
    with migrating(of.config.database_url) as conn:
        schema = reflect(conn, shapes(conn))
        for _ in range(2):
            add_rows(conn, schema, numbers)
    for content in (b"one", b"two" * 1_000_000):
        of.media.keep(content, NOW)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a SQLite desk with rows in every table."""
    folder = tmp_path_factory.mktemp("archive")
    with home(folder, "sqlite") as desk:
        fill(desk)
        back_up(desk.config, folder / "desk.tar.gz", print)
    return folder / "desk.tar.gz"


def test_a_backup_includes_media_of_an_s3_store_only_on_request(
    s3: S3Server, tmp_path: Path
) -> None:
    told: list[str] = []
    first, second = s3.settings(s3.bucket()), s3.settings(s3.bucket())
    alone, whole = tmp_path / "alone.tar", tmp_path / "whole.tar"
    with home(tmp_path / "old", "sqlite", **first) as old:
        fill(old)
        names = sorted(old.media.names())
        with migrating(old.config.database_url) as conn:
            conn.execute(sa.update(t.media).values(file=names[0]))
        back_up(old.config, alone, told.append)
        assert f"The media are in {old.media.where} and not in this backup." in " ".join(told)
        back_up(old.config, whole, told.append, with_media=True)
    with home(tmp_path / "same", "sqlite", **first) as same:
        told.clear()
        restore(same.config, alone, told.append)
        assert "Warning" not in " ".join(told)
    with home(tmp_path / "folder", "sqlite") as folder:
        restore(folder.config, alone, told.append)
        assert (
            f"Warning: 1 file of the restored desk is not in {folder.media.where}. The backup was "
            f"made without media, which were in {old.media.where}. Set PATCHBOARD_MEDIA_STORE to "
            "that, or copy the files."
        ) in told
    with home(tmp_path / "other", "sqlite", **second) as other:
        _stopped(other, whole)
        restore(other.config, whole, told.append)
        assert contents(other.media) == contents(old.media)
        assert sorted(contents(other.media)) == names


@pytest.mark.parametrize(("source", "target"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_restore_restores_every_row_medium_and_key(
    source: str, target: str, tmp_path: Path
) -> None:
    told: list[str] = []
    with home(tmp_path / "old", source) as old, home(tmp_path / "new", target) as new:
        fill(old)
        for name, content in MODELS.items():
            model_folder.write_whole(old.config.home / "models" / name, content)
        file = tmp_path / "desk.tar"
        back_up(old.config, file, told.append)
        assert file.stat().st_mode & 0o777 == 0o600
        restore(new.config, file, told.append)
        before, after = old.rows(), new.rows()
        assert not {row[1] for row in after.pop("installation")} & {
            row[1] for row in before.pop("installation")
        }
        # see the tests below
        for changed in ("sessions", "text_index", "restores", "secret_keys", "due_work"):
            assert (
                len(before.pop(changed)) == len(after.pop(changed)) - (changed == "restores")
                or changed == "sessions"
            )
        assert before == after
        there = {path.name: path.read_bytes() for path in model_folder.files(new.config.home)}
        assert there == {n: c for n, c in MODELS.items() if not n.startswith("training")}
        assert new.rows()["sessions"] == [], (
            "a restore ends sessions, because a password may have changed since the backup"
        )
        assert {row[1:] for row in new.rows()["text_index"]} == {(0, None, None)}, (
            "the index of texts is built again"
        )
        assert contents(new.media) == contents(old.media)
        assert len(contents(new.media)) == 2
        keys = ("secret_key", "bot_token")
        assert [(tmp_path / "new" / key).read_text() for key in keys] == [
            old.config.secret_key,
            old.config.bot_token,
        ]
        # Id counters continue after the restored rows.
        with migrating(new.config.database_url) as conn:
            add_rows(conn, reflect(conn, shapes(conn)), itertools.count(1000))
    assert "users: 2 rows" in told
    assert list(tmp_path.glob(".*")) == [], "no temporary file remains"


def test_a_restore_migrates_the_backup_of_an_older_schema(tmp_path: Path) -> None:
    with home(tmp_path / "old", "sqlite") as old, home(tmp_path / "new", "postgresql") as new:
        fill(old, "0001")
        back_up(old.config, tmp_path / "old.tar", print)
        _stopped(new, tmp_path / "old.tar")
        restore(new.config, tmp_path / "old.tar", print)
        rows = new.rows()
    assert len(rows["agent_roles"]) == len(rows["messages"]) == len(rows["media"]) == 2
    assert len(rows["messaging_actions"]) == 2, "rows that later migrations add to a desk"


async def test_the_backup_of_a_serving_desk_is_consistent(tmp_path: Path) -> None:
    async with running(tmp_path / "desk") as service:
        writing = asyncio.create_task(_texts(service.story))
        while await service.story.count(t.messages) < 20:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(back_up, service.desk.settings, tmp_path / "desk.tar", print)
        count = await service.story.count(t.messages)
        writing.cancel()
    with home(tmp_path / "new", "sqlite") as new:
        restore(new.config, tmp_path / "desk.tar", print)
        rows = new.rows()
    seqs = {row.id: row.last_seq for row in map(_named(t.interactions), rows["interactions"])}
    of_messages = [
        (row.interaction_id, row.seq) for row in map(_named(t.messages), rows["messages"])
    ]
    assert 20 <= len(of_messages) <= count
    assert seqs == {one: max(seq for at, seq in of_messages if at == one) for one in seqs}


async def _texts(story: Story) -> None:
    for number in itertools.count():
        await story.text(f"text {number}", number=f"+1202555{number % 50:04}")


def _named(table: sa.Table) -> Any:
    return lambda row: SimpleNamespace(**dict(zip(table.columns.keys(), row, strict=True)))


def refused(config: settings.Settings, file: Path, says: str) -> None:
    with pytest.raises(SetupError, match=says):
        restore(config, file, print)


def test_a_restore_does_not_overwrite_a_desk(
    sqlite_desk: Path, archive: Path, tmp_path: Path
) -> None:
    shutil.copy(sqlite_desk, tmp_path / "patchboard.db")
    with home(tmp_path, "sqlite") as used:
        before = used.rows()
        refused(
            used.config,
            archive,
            "already contains a desk: its table agents has rows. Restore into a new",
        )
        assert used.rows() == before


def test_a_restored_desk_does_not_share_the_bots_memory_with_another_desk(
    archive: Path, tmp_path: Path
) -> None:
    """Otherwise new conversations of the restored desk would get numbers that the bots already
    know.
    """
    with (
        postgres_database() as url,
        home(tmp_path, "sqlite", PATCHBOARD_BOT_TRACKER_URL=url) as new,
    ):
        with psycopg.connect(url) as bots:
            bots.execute("CREATE SCHEMA patchboard_bot")
            bots.execute("CREATE TABLE patchboard_bot.events AS SELECT 1 AS id")
        refused(new.config, archive, "DROP SCHEMA patchboard_bot CASCADE")
        with psycopg.connect(url) as bots:
            bots.execute("DROP SCHEMA patchboard_bot CASCADE")
        restore(new.config, archive, print)


@pytest.mark.parametrize("kind", KINDS)
def test_a_restore_into_a_serving_desk_is_refused(kind: str, archive: Path, tmp_path: Path) -> None:
    with home(tmp_path, kind) as used:
        migrate(used.config.database_url, "0001")
        # This stands for the open connection of an idle desk.
        opened = engine(used.config.database_url, size=1, writes=False)
        with opened.connect() as connection:
            connection.exec_driver_sql("SELECT * FROM desk")
        refused(used.config, archive, "A desk is using this database. Stop the service")
        opened.dispose()


def _changed(
    archive: Path, to: Path, name: str, content: bytes | None, *, kind: bytes = tarfile.REGTYPE
) -> Path:
    """Copy the archive with one member added, replaced or, for None, left out."""
    with tarfile.open(archive) as old, tarfile.open(to, "w") as new:
        for member in old:
            if member.name != name:
                new.addfile(member, old.extractfile(member))
        if content is not None:
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(content), kind, "/etc/passwd"
            new.addfile(member, io.BytesIO(content))
    return to


def _manifest(archive: Path, **changes: object) -> bytes:
    with tarfile.open(archive) as tar:
        content = tar.extractfile("manifest.json")
        assert content is not None
        return json.dumps(json.load(content) | changes).encode()


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "media/../../evil", "tables/../x.jsonl", "keys/other"]
)
def test_an_archive_with_an_unknown_member_is_refused(
    name: str, archive: Path, tmp_path: Path
) -> None:
    with home(tmp_path / "new", "sqlite") as new:
        refused(
            new.config,
            _changed(archive, tmp_path / "x.tar", name, b"x"),
            "is not a Patchboard backup",
        )
        link = _changed(archive, tmp_path / "y.tar", "keys/secret_key", b"", kind=tarfile.SYMTYPE)
        refused(new.config, link, "is not a Patchboard backup")
        assert not Path(new.config.database_url.removeprefix("sqlite:///")).exists()


def test_a_damaged_or_newer_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    with home(tmp_path / "new", "sqlite") as new:
        x = tmp_path / "x.tar"
        refused(
            new.config,
            _changed(archive, x, "keys/secret_key", b"other"),
            "is damaged: keys/secret_key",
        )
        refused(
            new.config,
            _changed(archive, x, "tables/users.jsonl", None),
            "is damaged: tables/users.jsonl",
        )
        refused(
            new.config,
            _changed(archive, x, "manifest.json", None),
            "is incomplete: its end is missing",
        )
        newer = _changed(archive, x, "manifest.json", _manifest(archive, schema="9999"))
        refused(new.config, newer, "has schema 9999, which is newer than this program")
        other = _changed(archive, x, "manifest.json", _manifest(archive, format=2))
        refused(new.config, other, "has format 2, and this program reads format 1")
        x.write_bytes(
            archive.read_bytes()[:100_000]
            if archive.stat().st_size > 100_000
            else archive.read_bytes()[:900]
        )
        refused(new.config, x, "cannot be read as a backup|is incomplete")
        x.write_bytes(b"no archive at all")
        refused(new.config, x, "cannot be read as a backup")
        refused(new.config, tmp_path / "missing.tar", "cannot be read as a backup")
        assert not Path(new.config.database_url.removeprefix("sqlite:///")).exists()


def _ctrl_c(sentence: str) -> None:
    """Interrupt at the report about media. At this point the rows and media are done, but the end
    of the archive is not.
    """
    if sentence.startswith("media"):
        raise KeyboardInterrupt


def _stopped(new: Home, archive: Path) -> None:
    """Stop a restore, and check that it leaves nothing behind."""
    key = new.config.secret_key
    with pytest.raises(KeyboardInterrupt):
        restore(new.config, archive, _ctrl_c)
    with migrating(new.config.database_url) as conn:
        assert revision_of(conn) is None
    assert list(new.media.names()) == []
    assert (new.config.home / "secret_key").read_text() == key


def test_a_stopped_restore_leaves_nothing_behind(archive: Path, tmp_path: Path) -> None:
    with home(tmp_path, "sqlite") as new:
        _stopped(new, archive)


def test_a_stopped_backup_leaves_nothing_behind(tmp_path: Path) -> None:
    with home(tmp_path, "sqlite") as desk:
        fill(desk, "0001")
        (tmp_path / "desk.tar").write_bytes(b"the one of yesterday")
        with pytest.raises(KeyboardInterrupt):
            back_up(desk.config, tmp_path / "desk.tar", _ctrl_c)
        assert (tmp_path / "desk.tar").read_bytes() == b"the one of yesterday"
        assert list(tmp_path.glob(".*part")) == []
        with pytest.raises(SetupError, match="could not be written"):
            back_up(desk.config, tmp_path / "no such folder" / "desk.tar", print)


def test_another_secret_key_is_reported(
    sqlite_desk: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    archive = tmp_path / "desk.tar"
    with home(tmp_path / "old", "sqlite") as old:
        shutil.copy(sqlite_desk, tmp_path / "old" / "patchboard.db")
        back_up(old.config, archive, print)
    monkeypatch.setenv("PATCHBOARD_HOME", str(tmp_path / "new"))
    monkeypatch.setenv("PATCHBOARD_BOT_URL", "")
    monkeypatch.setenv("PATCHBOARD_SECRET_KEY", "another")
    assert cli.main(["restore", str(archive)]) == 0
    assert "Warning: PATCHBOARD_SECRET_KEY is not the key" in capsys.readouterr().err
    assert cli.main(["doctor"]) == 1
    assert (
        "ERROR  PATCHBOARD_SECRET_KEY is not the key that this database was written with"
        in capsys.readouterr().out
    )
    assert cli.main(["backup", str(tmp_path / "again.tar")]) == 0
    assert (
        "PATCHBOARD_SECRET_KEY comes from the environment and is not in the backup"
        in capsys.readouterr().err
    )
    monkeypatch.delenv("PATCHBOARD_SECRET_KEY")
    cli.main(["doctor"])
    assert "is not the key" not in capsys.readouterr().out


def test_a_restored_desk_mails_no_password_links(tmp_path: Path) -> None:
    """The original desk has already sent those mails."""
    with home(tmp_path / "old", "sqlite") as old, home(tmp_path / "new", "sqlite") as new:
        migrate(old.config.database_url)
        row = {"kind": Work.MAIL_LINK, "key": "reset:1", "line": "password:reset:1"}
        with migrating(old.config.database_url) as conn:
            conn.execute(sa.insert(t.due_work).values(**row, due_at=NOW, attempts=0))
        assert len(old.rows()["due_work"]) == 1
        back_up(old.config, tmp_path / "desk.tar", print)
        restore(new.config, tmp_path / "desk.tar", print)
        assert new.rows()["due_work"] == []

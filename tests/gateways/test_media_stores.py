"""The folder and the S3 store pass one contract. An S3 store can also be down, break off a
download, or have a wrong bucket or wrong keys.
"""

import hashlib
import io
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handoff_service import clock
from handoff_service.errors import MediaAway
from handoff_service.gateways.s3.media_store import S3Media
from handoff_service.lib.circuit_breaker import FAILURES
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.metrics import Metrics
from handoff_service.ports.media_store import MediaStore
from tests.support.s3_server import S3Server

ABSENT = "0" * 64


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class MediaStoreContract:
    """The contract of every media store."""

    @pytest.fixture
    def store(self) -> MediaStore:
        raise NotImplementedError

    def test_equal_content_is_stored_once_and_is_readable(self, store: MediaStore) -> None:
        assert list(store.names()) == []
        name = store.keep(b"one", clock.now())
        assert store.keep(b"one", clock.now()) == name == hash_of(b"one")
        assert store.read(name) == b"one"
        assert list(store.names()) == [name]

    def test_a_missing_file_reads_as_none_and_can_be_removed(self, store: MediaStore) -> None:
        assert store.read(ABSENT) is None
        store.remove(ABSENT)
        store.forget(ABSENT, clock.now())

    @pytest.mark.parametrize("size", [0, 1, 5_242_881])
    def test_content_of_any_size_is_read_unchanged(self, store: MediaStore, size: int) -> None:
        content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        assert store.read(store.keep(content, clock.now())) == content

    @pytest.mark.parametrize(
        "name", ["", "../../etc/passwd", "A" * 64, "0" * 63, f"{ABSENT}\n", "a" * 100_000]
    )
    def test_a_name_never_refers_to_a_file_outside_the_store(
        self, store: MediaStore, name: str
    ) -> None:
        for use in (store.read, store.remove, lambda name: store.forget(name, clock.now())):
            with pytest.raises(ValueError, match="not a name"):
                use(name)

    def test_the_same_stream_is_stored_once(self, store: MediaStore) -> None:
        name = hash_of(b"stream")
        assert store.add(name, io.BytesIO(b"stream"))
        assert not store.add(name, io.BytesIO(b"stream"))
        assert store.read(name) == b"stream"

    def test_removed_files_no_longer_exist(self, store: MediaStore) -> None:
        names = [store.keep(content, clock.now()) for content in (b"one", b"two", b"three")]
        store.remove(names[1])
        assert (store.read(names[1]), store.read(names[0])) == (None, b"one")
        assert sorted(store.names()) == sorted({names[0], names[2]})

    def test_a_file_that_was_stored_within_the_hour_is_not_removed(self, store: MediaStore) -> None:
        name = store.keep(b"one", clock.now())
        store.forget(name, clock.now() + timedelta(minutes=59))
        assert store.read(name) == b"one"
        store.forget(name, clock.now() + timedelta(minutes=61))
        assert store.read(name) is None

    def test_many_threads_can_store_at_once(self, store: MediaStore) -> None:
        contents = [f"picture {n % 5}".encode() for n in range(40)]
        with ThreadPoolExecutor(8) as pool:
            names = list(pool.map(lambda content: store.keep(content, clock.now()), contents))
            assert list(pool.map(store.read, names)) == contents
        assert sorted(store.names()) == sorted(set(names))

    def test_a_check_removes_its_own_file(self, store: MediaStore) -> None:
        name = store.keep(b"one", clock.now())
        store.check()
        assert list(store.names()) == [name]


class TestFolder(MediaStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> MediaStore:
        return MediaFolder(tmp_path / "media")

    def test_a_read_only_folder_is_reported(self, tmp_path: Path) -> None:
        (tmp_path / "media").write_text("a file, where a folder should be")
        with pytest.raises(MediaAway, match=r"media cannot be written \(Not a directory\)"):
            MediaFolder(tmp_path / "media").check()


class TestS3(MediaStoreContract):
    @pytest.fixture
    def store(self, s3: S3Server) -> MediaStore:
        return s3.store()

    def test_more_files_than_one_page_are_listed(self, s3: S3Server) -> None:
        """A page has 1,000 files. Another desk and other objects share the bucket."""
        bucket = s3.bucket()
        store, other = S3Media(bucket), S3Media(replace(bucket, prefix="desk/media2"))
        names = {hash_of(str(n).encode()) for n in range(1005)}
        s3.fill(bucket, [*(f"{name[:2]}/{name}" for name in names), "readme.txt"])
        other.keep(b"theirs", clock.now())
        assert set(store.names()) == names
        assert len(list(store.names())) == 1005

    def test_a_bucket_works_without_a_prefix(self, s3: S3Server) -> None:
        store = S3Media(s3.bucket(prefix=""))
        name = store.keep(b"one", clock.now())
        assert (list(store.names()), store.where.count("/")) == ([name], 2)

    def test_metrics_count_requests_and_failures(self, s3: S3Server) -> None:
        metrics = Metrics()
        store = S3Media(s3.bucket(), metrics)
        store.read(store.keep(b"one", clock.now()))
        with pytest.raises(MediaAway):
            S3Media(replace(s3.bucket(), name="absent"), metrics).remove(ABSENT)
        shown = metrics.shown().decode()
        assert 'patchboard_media_store_seconds_count{operation="read"} 1.0' in shown
        assert 'patchboard_media_store_failures_total{operation="delete"} 1.0' in shown


USES = {
    "keep": lambda store: store.keep(b"one", clock.now()),
    "add": lambda store: store.add(ABSENT, io.BytesIO(b"x")),
    "read": lambda store: store.read(ABSENT),
    "names": lambda store: list(store.names()),
    "remove": lambda store: store.remove(ABSENT),
    "forget": lambda store: store.forget(ABSENT, clock.now()),
    "check": lambda store: store.check(),
}


@pytest.mark.parametrize("use", ["keep", "add", "read", "names", "remove", "check"])
def test_a_missing_bucket_is_an_error_and_not_a_missing_file(s3: S3Server, use: str) -> None:
    store = S3Media(replace(s3.bucket(), name="absent"))
    with pytest.raises(MediaAway, match=r"has no bucket absent. Create it, or correct PATCHBOARD_"):
        USES[use](store)


@pytest.fixture(scope="module")
def down_url() -> str:
    """Return the address of a server that is down."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize("use", USES)
def test_a_store_that_is_down_is_reported(s3: S3Server, down_url: str, use: str) -> None:
    store = S3Media(replace(s3.bucket(), url=down_url))
    with pytest.raises(MediaAway) as error:
        USES[use](store)
    assert str(error.value) == (
        f"The S3 store at {down_url} does not answer. Start it, or correct PATCHBOARD_S3_URL. The "
        "network of this host may also be down."
    )
    assert "PATCHBOARD" not in error.value.detail


def test_after_some_failures_requests_are_refused_at_once(s3: S3Server) -> None:
    with answering(b"") as (url, asked):
        store = S3Media(replace(s3.bucket(), url=url))
        for _ in range(FAILURES):
            with pytest.raises(MediaAway):
                store.read(ABSENT)
        before = len(asked)
        with pytest.raises(MediaAway, match="does not answer"):
            store.read(ABSENT)
    assert len(asked) == before


BROKEN = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: x\r\n"
    b"Last-Modified: Mon, 30 Nov 2026 10:00:00 GMT\r\n\r\nhalf of the file"
)
SLOW_DOWN = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Length: 36\r\n\r\n<Error><Code>SlowDown</Code></Error>"
)


def test_half_a_download_is_never_returned(s3: S3Server) -> None:
    with answering(BROKEN) as (url, _), pytest.raises(MediaAway):
        S3Media(replace(s3.bucket(), url=url)).read(ABSENT)


def test_a_busy_store_counts_as_unreachable_and_the_error_has_its_code(s3: S3Server) -> None:
    with answering(SLOW_DOWN) as (url, asked), pytest.raises(MediaAway, match="SlowDown"):
        S3Media(replace(s3.bucket(), url=url)).keep(b"one", clock.now())
    assert len(asked) == 3  # two retries follow the first request


ALL = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket")
WRONG = {
    "key": (ALL, {"access_key": "AKIANOBODY"}, "does not know the access key"),
    "secret": (ALL, {"secret_key": "wrong"}, "Correct PATCHBOARD_S3_SECRET_KEY"),
    "permission": (ALL[:1], {}, r"does not allow the access key to write files in bucket-\d+\."),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_error_for_wrong_credentials_names_the_fix(s3: S3Server, wrong: str) -> None:
    actions, given, sentence = WRONG[wrong]
    bucket = s3.bucket()
    with s3.with_accounts(*actions) as (key, secret):
        right = replace(bucket, access_key=key, secret_key=secret)
        if actions == ALL:
            S3Media(right).check()
        with pytest.raises(MediaAway, match=sentence) as error:
            S3Media(replace(right, **given)).check()
    assert secret not in str(error.value)
    assert secret not in repr(right)


def test_a_forbidden_delete_is_an_error(s3: S3Server) -> None:
    """S3 answers 200 to such a request. The body has an error for each object."""
    key = f"desk/media/00/{ABSENT}"
    error = f"<Error><Key>{key}</Key><Code>AccessDenied</Code><Message>No</Message></Error>"
    with (
        answering(ok(f"<DeleteResult>{error}</DeleteResult>")) as (url, _),
        pytest.raises(MediaAway, match="does not allow the access key to delete files"),
    ):
        S3Media(replace(s3.bucket(), url=url)).remove(ABSENT)


@pytest.mark.parametrize(
    ("use", "sentence"), [("read", "does not match its hash"), ("names", "cannot be understood")]
)
def test_the_answer_of_another_program_does_not_count_as_content(
    s3: S3Server, use: str, sentence: str
) -> None:
    page = ok("Welcome").replace(
        b"\r\n\r\n", b"\r\nETag: x\r\nLast-Modified: Mon, 30 Nov 2026 10:00:00 GMT\r\n\r\n"
    )
    with answering(page) as (url, _), pytest.raises(MediaAway, match=sentence):
        USES[use](S3Media(replace(s3.bucket(), url=url)))


def test_an_answer_that_makes_the_library_panic_is_a_failure(s3: S3Server) -> None:
    """The library panics if the error is about a key that it did not request. Python raises a panic
    as a BaseException, which would end a worker.
    """
    error = "<Error><Key>x</Key><Code>AccessDenied</Code><Message>No</Message></Error>"
    with (
        answering(ok(f"<DeleteResult>{error}</DeleteResult>")) as (url, _),
        pytest.raises(MediaAway, match="cannot be understood"),
    ):
        S3Media(replace(s3.bucket(), url=url)).remove(ABSENT)


def ok(body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that gives one answer to every request and then closes the connection."""
    asked: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=[listening])
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()

"""Pictures and files in a bucket of an S3-compatible store, under the same names as in the folder.

Each request has a time limit and few retries, because callers wait for it. While the store does not
answer, a circuit breaker refuses requests at once. Otherwise they would occupy all threads.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import IO, TYPE_CHECKING
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from handoff_service import log
from handoff_service.errors import MediaAway
from handoff_service.gateways.s3 import errors
from handoff_service.lib.circuit_breaker import BreakerState, CircuitBreaker
from handoff_service.lib.media_folder import JUST_NOW, is_name, relative_path
from handoff_service.metrics import Metrics
from handoff_service.rules.privacy.erasures import EARLIER_VERSIONS

if TYPE_CHECKING:
    from obstore.store import S3Config

CONNECTS_IN, ANSWERS_IN = timedelta(seconds=3), timedelta(seconds=15)
RETRIES, RETRIES_FOR = 2, timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket and its connection settings. ``url`` is None for AWS. ``access_key`` is None if the
    host has an AWS role."""

    name: str
    prefix: str
    region: str
    url: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)


class S3Media:
    """The media of one desk, below the prefix. Its methods block, and several threads may call
    them."""

    def __init__(self, bucket: Bucket, metrics: Metrics | None = None) -> None:
        self._bucket, self._metrics = bucket, metrics or Metrics()
        self._store = _open_store(bucket)
        self._breaker, self._lock = CircuitBreaker(_log_state), Lock()

    @property
    def where(self) -> str:
        return f"s3://{self._bucket.name}/{self._bucket.prefix}".rstrip("/")

    @property
    def leaves(self) -> str:
        """A warning about copies that remain after a deletion: a bucket can keep earlier versions,
        which only its owner sees."""
        return EARLIER_VERSIONS.format(where=self.where)

    def keep(self, content: bytes, now: datetime) -> str:  # the store sets the time itself
        """Store the content. This rewrites an existing file, which resets its age."""
        name = hashlib.sha256(content).hexdigest()
        self._put(relative_path(name), content)
        return name

    def add(self, name: str, content: IO[bytes]) -> bool:
        """Store a stream under this name, which is its hash, unless the store already has the name.
        Returns whether it stored the stream. This reads the whole stream into memory, which is safe
        because media are small."""
        path = relative_path(name)
        if self._stored_at(path) is not None:
            return False
        self._put(path, content.read())
        return True

    def read(self, name: str) -> bytes | None:
        """Return the content, after a check of its hash; None if the store lacks the file. The hash
        detects a response from another program or a proxy. Raises MediaAway."""
        content = self._read(relative_path(name))
        if content is not None and hashlib.sha256(content).hexdigest() != name:
            raise MediaAway(errors.DAMAGED.format(name=name, where=self.where))
        return content

    def names(self) -> Iterator[str]:
        """Yield the name of every file below the prefix. Each request lists a thousand."""
        parts = iter(obstore.list(self._store))
        while (part := self._do("list", lambda: next(parts, None))) is not None:
            for one in part:
                name = one["path"].rpartition("/")[2]
                if is_name(name) and one["path"] == relative_path(name):
                    yield name

    def remove(self, name: str) -> None:
        self._delete(relative_path(name))

    def forget(self, name: str, now: datetime) -> None:
        path = relative_path(name)
        stored_at = self._stored_at(path)
        if stored_at is not None and now - stored_at >= JUST_NOW:
            self._delete(path)

    def check(self) -> None:
        """Write, read, list and delete a probe file. Raises MediaAway with the problem and its
        fix."""
        path = f"probe-{uuid4().hex}"
        self._put(path, path.encode())
        found = self._read(path)
        next(self.names(), None)
        self._delete(path)
        if found != path.encode():
            raise MediaAway(
                f"The S3 store did not return a file that was just written to {self.where}. "
                "Patchboard needs a store that returns each file right after the write."
            )

    def _put(self, path: str, content: bytes) -> None:
        self._do("write", lambda: obstore.put(self._store, path, content, use_multipart=False))

    def _read(self, path: str) -> bytes | None:
        # read the body here, because a connection that breaks during the body must also count as a
        # failure
        return self._do("read", lambda: obstore.get(self._store, path).bytes().to_bytes())

    def _stored_at(self, path: str) -> datetime | None:
        head = self._do("read", lambda: obstore.head(self._store, path))
        return head["last_modified"] if head else None

    def _delete(self, path: str) -> None:
        self._do("delete", lambda: obstore.delete(self._store, path))

    def _do[R](self, operation: str, request: Callable[[], R]) -> R | None:
        """Run a request. Returns None if the file is missing."""
        with self._lock:
            if not self._breaker.allows():
                raise MediaAway(self._sentence("", operation))
        began = monotonic()
        try:
            answer = request()
        except (BaseError, OSError) as error:
            missing = isinstance(error, FileNotFoundError)
            if missing and errors.code_of(str(error)) != errors.NO_BUCKET:
                self._answered(began, operation)
                return None
            self._failed(operation, reached=_is_refusal(str(error)))
            raise MediaAway(self._sentence(str(error), operation)) from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            # for some responses, the library raises a BaseException, which would end a worker
            self._failed(operation, reached=False)
            raise MediaAway(errors.UNCLEAR.format(address=self._address)) from error
        self._answered(began, operation)
        return answer

    def _answered(self, began: float, operation: str) -> None:
        self._metrics.media_seconds.labels(operation).observe(monotonic() - began)
        with self._lock:
            self._breaker.succeeded()

    def _failed(self, operation: str, *, reached: bool) -> None:
        self._metrics.media_failures.labels(operation).inc()
        with self._lock:
            if reached:
                self._breaker.succeeded()
            else:
                self._breaker.failed()

    def _sentence(self, text: str, operation: str) -> str:
        return errors.sentence(
            text, operation=operation, bucket=self._bucket.name, address=self._address
        )

    @property
    def _address(self) -> str:
        return self._bucket.url or f"AWS in {self._bucket.region}"


def _is_refusal(text: str) -> bool:
    """Return whether the store refused the request with a known error, for example because of wrong
    keys. The store is then reachable.
    """
    code = errors.code_of(text)
    return code in errors.ADVICE


def _open_store(bucket: Bucket) -> S3Store:
    config: S3Config = {"region": bucket.region}
    if bucket.url is not None:
        config["endpoint"] = bucket.url
    if bucket.access_key is not None and bucket.secret_key is not None:
        config["access_key_id"] = bucket.access_key
        config["secret_access_key"] = bucket.secret_key
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        config=config,
        client_options={
            "allow_http": (bucket.url or "").startswith("http://"),
            "connect_timeout": CONNECTS_IN,
            "timeout": ANSWERS_IN,
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": RETRIES_FOR},
    )


def _log_state(state: BreakerState) -> None:
    write_log = log.info if state is BreakerState.CLOSED else log.warning
    write_log("media_store_breaker", state=state)

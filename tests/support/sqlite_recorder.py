"""Records SQLite's writes and fsyncs, so that a test can rebuild the files in the state after a
power failure. SQLite accesses files through a table of functions, its VFS
(https://www.sqlite.org/vfs.html). The recorder wraps the functions of every file that is opened
while it is installed.
"""

import _sqlite3
import ctypes
import random
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_P, _INT, _I64 = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_INT, _P, _P, _P, _INT, _P)
_WRITE = ctypes.CFUNCTYPE(_INT, _P, _P, _INT, _I64)
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _P, _I64)
_SYNC = ctypes.CFUNCTYPE(_INT, _P, _INT)
#: bytes of a disk page; a power failure can keep some pages of one write and lose others
DISK_PAGE = 4096


class _Vfs(ctypes.Structure):
    """``sqlite3_vfs`` to the last function used here: https://www.sqlite.org/c3ref/vfs.html."""

    _fields_ = (
        ("version", _INT), ("file_size", _INT), ("longest_path", _INT), ("next", _P),
        ("name", ctypes.c_char_p), ("data", _P), ("open", _P),
    )  # fmt: skip


class _Methods(ctypes.Structure):
    """``sqlite3_io_methods``: https://www.sqlite.org/c3ref/io_methods.html."""

    _fields_ = (
        ("version", _INT), ("close", _P), ("read", _P), ("write", _P), ("truncate", _P),
        ("sync", _P), ("others", _P * 13),
    )  # fmt: skip


class _File(ctypes.Structure):
    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


@dataclass(frozen=True, slots=True)
class Write:
    file: str
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    file: str
    length: int


@dataclass(frozen=True, slots=True)
class Sync:
    """A step after which all earlier writes to this file survive a power failure."""

    file: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A step at which the service acknowledged that it has stored this."""

    what: str


type Step = Write | Truncate | Sync | Acknowledged


@dataclass
class Recorder:
    """The steps, in order. ``list.append`` is atomic, so threads need no lock."""

    steps: list[Step] = field(default_factory=list)

    def acknowledge(self, what: str) -> None:
        self.steps.append(Acknowledged(what))


def is_possible() -> bool:
    """Return whether Python code can call the functions of this Python's SQLite. Some builds do not
    export their names.
    """
    return hasattr(_sqlite3, "__file__") and hasattr(
        ctypes.CDLL(_sqlite3.__file__), "sqlite3_vfs_find"
    )


@contextmanager
def recording(folder: Path) -> Iterator[Recorder]:
    """Record the files of this folder that SQLite opens in the block. The caller must close them
    before the block ends.
    """
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    vfs = library.sqlite3_vfs_find(None).contents
    recorder = Recorder()
    hooks = _Hooks(recorder, folder, _OPEN(vfs.open))
    opened = _OPEN(hooks.open)
    before, vfs.open = vfs.open, ctypes.cast(opened, _P).value
    try:
        yield recorder
    finally:
        vfs.open = before


class _Hooks:
    """Functions that record a call, then call SQLite's own function."""

    def __init__(self, recorder: Recorder, folder: Path, real_open: Any) -> None:
        self._steps, self._folder, self._open = recorder.steps, folder, real_open
        self._names: dict[int, str] = {}  # address of an open file -> its name
        self._real: dict[int, tuple[Any, Any, Any]] = {}
        self._kept: list[object] = []  # Keep objects alive that only C code refers to.

    def open(self, vfs: int, name: int, file: int, flags: int, out: int) -> int:
        code: int = self._open(vfs, name, file, flags, out)
        path = Path(ctypes.string_at(name).decode()) if name else None
        if code == 0 and path is not None and path.parent == self._folder:
            self._watch(file, path.name)
        return code

    def _watch(self, address: int, name: str) -> None:
        file = ctypes.cast(address, ctypes.POINTER(_File)).contents
        real = file.methods.contents
        copy = _Methods.from_buffer_copy(real)
        self._names[address] = name
        self._real[address] = (_WRITE(real.write), _TRUNCATE(real.truncate), _SYNC(real.sync))
        hooks = _WRITE(self._write), _TRUNCATE(self._truncate), _SYNC(self._sync)
        copy.write, copy.truncate, copy.sync = (ctypes.cast(one, _P).value for one in hooks)
        file.methods = ctypes.pointer(copy)
        self._kept += [copy, hooks]

    def _write(self, file: int, content: int, length: int, offset: int) -> int:
        self._steps.append(Write(self._names[file], offset, ctypes.string_at(content, length)))
        return int(self._real[file][0](file, content, length, offset))

    def _truncate(self, file: int, length: int) -> int:
        self._steps.append(Truncate(self._names[file], length))
        return int(self._real[file][1](file, length))

    def _sync(self, file: int, flags: int) -> int:
        code = int(self._real[file][2](file, flags))
        self._steps.append(Sync(self._names[file]))
        return code


def acknowledged(steps: Sequence[Step]) -> set[str]:
    return {one.what for one in steps if isinstance(one, Acknowledged)}


def after_power_loss(
    base: Mapping[str, bytes], steps: Sequence[Step], chance: random.Random | None = None
) -> dict[str, bytearray]:
    """Return the files' contents (name -> bytes) after a power failure that follows these steps.
    ``base``: the contents before the steps. If ``chance`` is None, only synced writes survive.
    Otherwise each disk page that was written after the last sync survives at random.
    """
    last = {one.file: n for n, one in enumerate(steps) if isinstance(one, Sync)}
    files = {name: bytearray(content) for name, content in base.items()}
    for n, one in enumerate(steps):
        if isinstance(one, Sync | Acknowledged):
            continue
        safe = n < last.get(one.file, -1)
        if isinstance(one, Truncate):
            if safe or (chance and chance.random() < 0.5):
                del files.setdefault(one.file, bytearray())[one.length :]
            continue
        for start, part in _disk_pages(one):
            if safe or (chance and chance.random() < 0.5):
                _put(files.setdefault(one.file, bytearray()), start, part)
    return files


def _disk_pages(write: Write) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start < len(write.content):
        room = DISK_PAGE - (write.offset + start) % DISK_PAGE
        yield write.offset + start, write.content[start : start + room]
        start += room


def _put(content: bytearray, offset: int, part: bytes) -> None:
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(part)] = part


def healthy(path: Path) -> bool:
    """Return whether SQLite finds no fault in a database."""
    with closing(sqlite3.connect(path)) as conn:
        return bool(conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok")

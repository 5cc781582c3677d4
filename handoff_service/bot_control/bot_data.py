"""The folder that the virtual agent learns from: ``config.yml``, ``domain.yml``, ``data/`` and, for
what is measured and never trained, ``test_texts/``.

A change is computed from what the file holds now, written to a temporary file and renamed, unless
somebody has changed the file meanwhile; then it is computed again. So a change is whole or not
there, and nobody's work is overwritten. Processes of one machine write one after another.

Calls block for some milliseconds (the first one reads everything, about half a second): call them
in a thread.
"""

import difflib
import fcntl
import functools
import heapq
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handoff_service.bot_control import nlu_file
from handoff_service.bot_control.nlu_file import Example
from handoff_service.errors import Conflict, NotFound
from handoff_service.rules.training import clusters

NLU, TESTS, DOMAIN = "data/nlu", "test_texts", "domain.yml"
AUDIT = f"{TESTS}/audit.yml"
TRIES = 5  # a file that somebody else changes each time is given up
#: Intents that no example can have: Rasa's own, the gate's, and those that only buttons and the
#: service send.
NOT_TAUGHT = frozenset({"nlu_fallback", "unsure_topic"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    name: str
    #: below the folder
    file: str
    examples: tuple[Example, ...]
    #: what domain.yml says of it
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """``diff`` is as ``git diff`` shows it, without the lines about the file."""

    file: str
    diff: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An example that is similar to a text. ``share``: of common letters, 0 to 1."""

    intent: str
    text: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Two examples, as the files have them, that say the same under two intents."""

    first: str
    one: str
    second: str
    other: str
    share: float


type _Triples = Mapping[str, Sequence[tuple[Example, frozenset[str]]]]


@dataclass(frozen=True)
class _Read:
    """A file as it was at ``stamp``."""

    stamp: tuple[int, int]
    intents: Mapping[str, tuple[Example, ...]]
    lines: tuple[str, ...] = ()
    ends: Mapping[str, int] = field(default_factory=dict)

    def triples(self) -> _Triples:
        return self._triples

    @functools.cached_property
    def _triples(self) -> _Triples:
        return {
            name: [(one, clusters.triples(one.text)) for one in listed]
            for name, listed in self.intents.items()
        }


@dataclass(slots=True)
class BotData:
    """``root``: the folder."""

    root: Path
    _files: dict[str, _Read] = field(default_factory=dict)
    _domain: tuple[tuple[int, int], Any] | None = None
    _suspects: tuple[tuple[tuple[int, int], ...], list[Suspect]] | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # Reading --------------------------------------------------------------------------------------

    def intents(self) -> dict[str, Intent]:
        """Intents with examples, by name in the domain's order."""
        found: dict[str, Intent] = {}
        comments = self.comments()
        for file, content in self._nlu().items():
            for name, listed in content.items():
                there = found.get(name)
                found[name] = Intent(
                    name=name,
                    file=there.file if there else file,
                    examples=(*there.examples, *listed) if there else listed,
                    comment=comments.get(name, ""),
                )
        order = {name: n for n, name in enumerate(comments)}
        return dict(sorted(found.items(), key=lambda one: order.get(one[0], len(order))))

    def tests(self) -> dict[str, tuple[Example, ...]]:
        """Intent -> the texts that the trainers' audit has put to it."""
        path = self.root / AUDIT
        return dict(self._read(AUDIT).intents) if path.exists() else {}

    def comments(self) -> dict[str, str]:
        """Intent of the domain -> the comment behind it."""
        listed = self.domain().get("intents") or []
        said = getattr(listed, "ca", None)
        found = {}
        for n, name in enumerate(listed):
            note = said.items.get(n) if said is not None else None
            text = note[0].value if note and note[0] is not None else ""
            first = text.split("\n")[0].lstrip("# ").strip()
            found[next(iter(name)) if isinstance(name, dict) else str(name)] = first
        return found

    def entities(self) -> list[str]:
        listed = self.domain().get("entities") or []
        return sorted(next(iter(e)) if isinstance(e, dict) else str(e) for e in listed)

    def domain(self) -> Any:
        with self._lock:
            stamp = _stamp(self.root / DOMAIN)
            if self._domain is None or self._domain[0] != stamp:
                self._domain = stamp, nlu_file.read(self._text(DOMAIN))
            return self._domain[1]

    def nearest(self, text: str, most: int = 3) -> list[Near]:
        """The examples with the most letters in common, and how many (0 to 1)."""
        mine = clusters.triples(text)
        with self._lock:
            of_files = [self._read(name) for name in self._nlu()]
            scored = [
                (clusters.alike(mine, triples), intent, one)
                for read in of_files
                for intent, listed in read.triples().items()
                for one, triples in listed
            ]
        best = heapq.nlargest(most, scored, key=lambda found: found[0])
        return [Near(intent=name, text=one.text, share=share) for share, name, one in best if share]

    def suspects(self, most: int = 100) -> list[Suspect]:
        """Equal or nearly equal examples under two intents, the most alike first."""
        with self._lock:
            of_files = [self._read(name) for name in self._nlu()]
        stamps = tuple(read.stamp for read in of_files)
        if self._suspects is None or self._suspects[0] != stamps:
            texts = [
                clusters.Sample(label=intent, text=one.marked, triples=triples)
                for read in of_files
                for intent, listed in read.triples().items()
                for one, triples in listed
            ]
            found = [
                Suspect(first=a.label, one=a.text, second=b.label, other=b.text, share=share)
                for share, a, b in clusters.pairs(texts)
            ]
            self._suspects = stamps, found
        return self._suspects[1][:most]

    def file_of(self, intent: str) -> str:
        """NotFound for an intent without examples."""
        for file, content in self._nlu().items():
            if intent in content:
                return file
        raise NotFound(f"There is no intent {intent} with examples.")

    def _nlu(self) -> dict[str, Mapping[str, tuple[Example, ...]]]:
        folder = self.root / NLU
        names = sorted(p.relative_to(self.root).as_posix() for p in folder.rglob("*.yml"))
        return {name: self._read(name).intents for name in names}

    def _read(self, file: str) -> _Read:
        with self._lock:
            stamp, known = _stamp(self.root / file), self._files.get(file)
            if known is None or known.stamp != stamp:
                text = self._text(file)
                content = nlu_file.read(text)
                listed = nlu_file.intents(content)
                known = _Read(
                    stamp,
                    {name: tuple(each) for name, each in listed.items()},
                    tuple(text.splitlines()),
                    nlu_file.ends(content),
                )
                self._files[file] = known
            return known

    def _text(self, file: str) -> str:
        return (self.root / file).read_bytes().decode()

    # Changing -------------------------------------------------------------------------------------

    def preview_add(self, intent: str, marked: str) -> FileChange:
        """What ``add`` would change, without the work of a round trip."""
        file = self.file_of(intent)
        read, said = self._read(file), nlu_file.checked(marked)
        if any(one.marked == said for one in read.intents[intent]):
            return FileChange(file=file, diff=())
        end, lines = read.ends[intent], list(read.lines)
        begins = lines[end - 1].partition("-")[0]
        after = [*lines[:end], f"{begins}- {said}", *lines[end:]]
        return _differs(file, lines, after)

    def add(self, intent: str, marked: Sequence[str]) -> FileChange:
        """Examples at the end of an intent; those that are there already are left out."""
        return self.change(self.file_of(intent), _added(intent, marked))

    def remove(self, intent: str, marked: str) -> FileChange:
        """Conflict when the intent does not have the example."""
        return self.change(
            self._file_with(intent, marked), lambda text: nlu_file.remove(text, intent, marked)
        )

    def reword(self, intent: str, before: str, after: str) -> FileChange:
        """Conflict when the intent does not have the example."""
        return self.change(
            self._file_with(intent, before),
            lambda text: nlu_file.reword(text, intent, before, after),
        )

    def move(self, before: str, after: str, marked: str) -> list[FileChange]:
        """First it is added, then removed: a killed process leaves it twice, not nowhere."""
        added = self.add(after, [marked])
        return [added, self.remove(before, marked)]

    def add_test(self, intent: str, text: str) -> FileChange:
        """A text of the audit: measured, never trained."""
        (self.root / TESTS).mkdir(exist_ok=True)
        example = nlu_file.example_of(text)

        def change(written: str) -> str:
            if not written:
                comment = "Texts of the trainers' audit. They are measured and never trained."
                return nlu_file.new_file(intent, [example], comment)
            if intent not in nlu_file.intents(nlu_file.read(written)):
                written = nlu_file.new_block(written, intent)
            return nlu_file.add(written, intent, [example])

        return self.change(AUDIT, change)

    def remove_test(self, intent: str, text: str) -> FileChange:
        return self.change(AUDIT, lambda written: nlu_file.remove(written, intent, text))

    def _file_with(self, intent: str, marked: str) -> str:
        for file, content in self._nlu().items():
            if any(one.marked == marked for one in content.get(intent, ())):
                return file
        raise Conflict(f"{intent} has this example no more: somebody has changed the file.")

    def change(self, file: str, change: Callable[[str], str]) -> FileChange:
        """Rewrite one file, which need not be there yet. Conflict when another program changes it
        each time."""
        path = self.root / file
        with self._alone():
            for _ in range(TRIES):
                before = path.read_bytes() if path.exists() else b""
                after = change(before.decode())
                if after.encode() == before:
                    return FileChange(file=file, diff=())
                if _put(path, before, after.encode()):
                    return _differs(file, before.decode().splitlines(), after.splitlines())
        raise Conflict(f"Another program keeps changing {file}. Nothing was written.")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, of all processes on this machine."""
        with self._lock:
            handle = os.open(self.root, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)


def _put(path: Path, before: bytes, after: bytes) -> bool:
    """Replace the file as a whole. False, and nothing is done, when it is not as it was read."""
    part = path.with_name(f".{path.name}.part")  # training reads *.yml only
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode), "wb") as out:
            out.write(after)
            out.flush()
            os.fsync(out.fileno())
        if (path.read_bytes() if path.exists() else b"") != before:
            return False
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def _added(intent: str, marked: Sequence[str]) -> Callable[[str], str]:
    return lambda text: nlu_file.add(text, intent, marked)


def _differs(file: str, before: Sequence[str], after: Sequence[str]) -> FileChange:
    lines = difflib.unified_diff(before, after, lineterm="")
    return FileChange(file=file, diff=tuple(lines)[2:])


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size

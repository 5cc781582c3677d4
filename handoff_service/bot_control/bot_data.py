"""The folder with the virtual agent's training data: ``config.yml``, ``domain.yml`` and ``data/``.
It also contains ``test_texts/``, which training never reads.

To change a file, this module computes the new content from the current content, writes it to a
temporary file and renames that file. If somebody else has changed the file in the meantime, it
computes the change again. A file therefore never contains half a change, and nobody's edit is
overwritten. A file lock ensures that only one process on a machine writes at a time.

Call these methods in a thread, because they block. The first call takes about half a second, so
``keep_parsed.py`` makes it in the background. Later calls take some milliseconds.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handoff_service.bot_control import nlu_content, nlu_file, similar_examples
from handoff_service.bot_control.file_change import FileChange, file_change, replace_file
from handoff_service.bot_control.folder_lock import locked
from handoff_service.bot_control.nlu_content import NluContent, Stamp, stamp_of
from handoff_service.bot_control.nlu_file import Example
from handoff_service.bot_control.similar_examples import ConflictFinder, ConflictingExamples, Near
from handoff_service.errors import Conflict, NotFound
from handoff_service.rules.shared.phrases import phrase

NLU, TESTS, DOMAIN = "data/nlu", "test_texts", "domain.yml"
AUDIT = f"{TESTS}/audit.yml"
NEAREST = 3  # a page shows at most this many similar examples beside a text
ATTEMPTS = 5  # a change fails if another program changes the file during this many attempts
#: The intents that have no examples: Rasa's fallback and the intent of the nearness gate.
NOT_TAUGHT = frozenset({"nlu_fallback", "unsure_topic"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    name: str
    file: str  #: the path below the folder
    examples: tuple[Example, ...]
    comment: str = ""  #: the comment after the intent in domain.yml


@dataclass(slots=True)
class BotData:
    """Reads and changes the training data. ``root``: the path of the folder."""

    root: Path
    _files: dict[str, NluContent] = field(default_factory=dict)
    _domain: tuple[Stamp, Any] | None = None
    _suspects: tuple[tuple[Stamp, ...], list[ConflictingExamples]] | None = None
    _nearest: tuple[tuple[str, tuple[Stamp, ...]], list[Near]] | None = None
    _pairs: ConflictFinder = field(default_factory=ConflictFinder)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    #: held while examples are compared; other methods use ``_lock``, so they need not wait
    _comparing: threading.RLock = field(default_factory=threading.RLock)

    # Reading --------------------------------------------------------------------------------------

    def intents(self) -> dict[str, Intent]:
        """Name -> intent, for the intents with examples, in the order of domain.yml."""
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
        """Intent -> the texts of the audit lane that trainers have labeled with it."""
        path = self.root / AUDIT
        return dict(self._read(AUDIT).intents) if path.exists() else {}

    def comments(self) -> dict[str, str]:
        """Intent -> the comment after it in domain.yml."""
        listed = self.domain().get("intents") or []
        written = getattr(listed, "ca", None)
        found = {}
        for n, name in enumerate(listed):
            note = written.items.get(n) if written is not None else None
            text = note[0].value if note and note[0] is not None else ""
            first = text.split("\n")[0].lstrip("# ").strip()
            found[next(iter(name)) if isinstance(name, dict) else str(name)] = first
        return found

    def entities(self) -> list[str]:
        listed = self.domain().get("entities") or []
        return sorted(next(iter(e)) if isinstance(e, dict) else str(e) for e in listed)

    def domain(self) -> Any:
        with self._lock:
            stamp = stamp_of(self.root / DOMAIN)
            if self._domain is None or self._domain[0] != stamp:
                self._domain = stamp, nlu_file.read(self._text(DOMAIN))
            return self._domain[1]

    def nearest(self, text: str, most: int = NEAREST) -> list[Near]:
        """The examples that share the most letter trigrams with the text, the most similar first,
        at most ``most`` and at most NEAREST of them. The last result is cached, because a page asks
        twice."""
        with self._lock:
            files = self._contents()
            key = (text, tuple(file.stamp for file in files))
            if self._nearest is None or self._nearest[0] != key:
                self._nearest = key, similar_examples.nearest(files, text, NEAREST)
            return self._nearest[1][:most]

    def suspects(self, most: int = 100) -> list[ConflictingExamples]:
        """Pairs of equal or nearly equal examples of different intents, the most similar first, at
        most ``most`` of them."""
        with self._comparing:
            with self._lock:
                files = self._contents()
            stamps = tuple(file.stamp for file in files)
            if self._suspects is None or self._suspects[0] != stamps:
                self._suspects = stamps, self._pairs.find(files)
            return self._suspects[1][:most]

    def quick_suspects(self) -> list[ConflictingExamples] | None:
        """The result of ``suspects``, or None if it would take half a second, because too many
        examples are new or another thread is comparing the examples."""
        if not self._comparing.acquire(blocking=False):
            return None
        try:
            return self.suspects() if self._pairs.is_quick(self._contents()) else None
        finally:
            self._comparing.release()

    def file_of(self, intent: str) -> str:
        """The first file with examples of the intent. Raises NotFound if there is none."""
        for file, content in self._nlu().items():
            if intent in content:
                return file
        raise NotFound(phrase("There is no intent {intent} with examples.", intent=intent))

    def _nlu(self) -> dict[str, Mapping[str, tuple[Example, ...]]]:
        folder = self.root / NLU
        names = sorted(p.relative_to(self.root).as_posix() for p in folder.rglob("*.yml"))
        return {name: self._read(name).intents for name in names}

    def _read(self, file: str) -> NluContent:
        with self._lock:
            stamp, known = stamp_of(self.root / file), self._files.get(file)
            if known is None or known.stamp != stamp:
                known = self._files[file] = nlu_content.parse(stamp, self._text(file))
            return known

    def _contents(self) -> list[NluContent]:
        return [self._read(name) for name in self._nlu()]

    def _text(self, file: str) -> str:
        return (self.root / file).read_bytes().decode()

    # Changing -------------------------------------------------------------------------------------

    def preview_add(self, intent: str, marked: str) -> FileChange:
        """The change that ``add`` would make, computed without the slow YAML round trip."""
        file = self.file_of(intent)
        read, example = self._read(file), nlu_file.checked(marked)
        if any(one.marked == example for one in read.intents[intent]):
            return FileChange(file=file, diff=())
        end, lines = read.ends[intent], list(read.lines)
        begins = lines[end - 1].partition("-")[0]
        after = [*lines[:end], f"{begins}- {example}", *lines[end:]]
        return file_change(file, lines, after)

    def add(self, intent: str, marked: Sequence[str]) -> FileChange:
        """Append examples to an intent, except those that it already has."""
        return self.change(self.file_of(intent), lambda text: nlu_file.add(text, intent, marked))

    def remove(self, intent: str, marked: str) -> FileChange:
        """Remove an example. Raises Conflict when the intent does not have it."""
        return self.change(
            self._file_with(intent, marked), lambda text: nlu_file.remove(text, intent, marked)
        )

    def reword(self, intent: str, before: str, after: str) -> FileChange:
        """Replace an example. Raises Conflict when the intent does not have ``before``."""
        return self.change(
            self._file_with(intent, before),
            lambda text: nlu_file.reword(text, intent, before, after),
        )

    def move(self, before: str, after: str, marked: str) -> list[FileChange]:
        """Move an example from the intent ``before`` to the intent ``after``. The example is added
        first and then removed, so it is not lost if the process is killed."""
        added = self.add(after, [marked])
        return [added, self.remove(before, marked)]

    def add_test(self, intent: str, text: str) -> FileChange:
        """Add a text of the audit lane to the test texts, which training never reads."""
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
        raise Conflict(
            phrase(
                "{intent} no longer has this example, because somebody has changed the file.",
                intent=intent,
            )
        )

    def change(self, file: str, change: Callable[[str], str]) -> FileChange:
        """Rewrite a file, or create it. ``change``: computes the new content from the current one.
        Raises Conflict when another program changes the file during each attempt."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            for _ in range(ATTEMPTS):
                before = path.read_bytes() if path.exists() else b""
                after = change(before.decode())
                if after.encode() == before:
                    return FileChange(file=file, diff=())
                if replace_file(path, before, after.encode()):
                    return file_change(file, before.decode().splitlines(), after.splitlines())
        raise Conflict(
            phrase("Another program keeps changing {file}. Nothing was written.", file=file)
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Lock the folder, so that only one thread on this machine writes at a time."""
        with self._lock, locked(self.root):
            yield

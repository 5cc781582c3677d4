"""The parsed content of a file with examples. ``BotData`` caches it until the file changes."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from handoff_service.bot_control import nlu_file
from handoff_service.bot_control.nlu_file import Example
from handoff_service.rules.training import clusters

type Stamp = tuple[int, int]
type Trigrams = Mapping[str, Sequence[tuple[Example, frozenset[str]]]]


@dataclass(frozen=True)
class NluContent:
    stamp: Stamp
    intents: Mapping[str, tuple[Example, ...]]
    lines: tuple[str, ...] = ()
    #: see ``nlu_file.ends``
    ends: Mapping[str, int] = field(default_factory=dict)

    @functools.cached_property
    def trigrams(self) -> Trigrams:
        """Intent -> its examples, each with its letter trigrams."""
        return {
            name: [(one, clusters.trigrams(one.text)) for one in listed]
            for name, listed in self.intents.items()
        }


def stamp_of(path: Path) -> Stamp:
    """The file's modification time and size. As long as they stay the same, the cached content is
    used."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def parse(stamp: Stamp, text: str) -> NluContent:
    content = nlu_file.read(text)
    return NluContent(
        stamp=stamp,
        intents={name: tuple(each) for name, each in nlu_file.intents(content).items()},
        lines=tuple(text.splitlines()),
        ends=nlu_file.ends(content),
    )

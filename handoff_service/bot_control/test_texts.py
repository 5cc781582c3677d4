"""Read labeled texts from files that training never reads: ``test_texts/*.yml`` in Rasa's format,
and the project's held-out texts in ``tests/bot/``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from handoff_service.errors import SetupError
from handoff_service.rules.training.comparison import TextSet
from handoff_service.store.training.test_sets import MeasuredBy

# This file is not read here. The database has its texts, together with the question before each.
AUDIT = "audit.yml"
STORIES = Path("tests/bot/test_stories.yml")


def read(root: Path) -> list[MeasuredBy]:
    """All test texts in files below ``root``, except those of the audit lane. Raises SetupError for
    a file that cannot be read."""
    files = [path for path in sorted((root / "test_texts").glob("*.yml")) if path.name != AUDIT]
    found = [one for path in files for one in _in_rasa_format(path)]
    held_out = sorted((root / "tests" / "bot").glob("held_out_*.yml"))
    return found + [one for path in held_out for one in _held_out(path)]


def stories(root: Path) -> Path | None:
    """The file with the test stories below ``root``. None if there is none."""
    return root / STORIES if (root / STORIES).is_file() else None


def _in_rasa_format(path: Path) -> Iterator[MeasuredBy]:
    for one in _load(path).get("nlu") or ():
        for line in str(one.get("examples") or "").splitlines():
            text = line.strip().removeprefix("-").strip()
            if text:
                yield _test_text(text, str(one["intent"]))


def _held_out(path: Path) -> Iterator[MeasuredBy]:
    for intent, texts in (_load(path).get("texts") or {}).items():
        for text in texts:
            yield _test_text(str(text), str(intent))


def _test_text(text: str, intent: str) -> MeasuredBy:
    return MeasuredBy(of_set=TextSet.TEST, text=text, meant=intent)


def _load(path: Path) -> dict[str, Any]:
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8-sig")) or {}
    except (OSError, YAMLError) as error:
        raise SetupError(f"The test texts in {path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise SetupError(
            f"{path} must have the key nlu (in test_texts/) or the key texts (held-out texts)."
        )
    return content

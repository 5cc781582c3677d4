"""The folder ``models`` in PATCHBOARD_HOME.

Each model has several files: ``<name>.tar.gz``, which Rasa loads, ``<name>.data.zip`` with its
training data, and ``.json`` files with its measurements. The file ``running`` names the model that
a bot process loads when it starts. The database records which model that is, and the service copies
its name to ``running``.
"""

import difflib
import glob
import hashlib
import json
import os
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from handoff_service.bot_control.folder_lock import locked
from handoff_service.errors import SetupError

RUNNING = "running"
HALF_DONE = "training-"  # the prefix of the file of a model that is still being trained
LONGEST_DIFF = 200_000  # the most characters of a diff
_FILE = re.compile(r"running|[\w-][\w.-]{0,200}\.(tar\.gz|data\.zip|(measured|misplaced)\.json)")


def folder(home: Path) -> Path:
    made = home / "models"
    made.mkdir(parents=True, exist_ok=True)
    return made


def running_file(home: Path) -> Path | None:
    """The model that a bot process loads when it starts. None if no model was promoted or the
    model's file is missing."""
    try:
        name = (home / "models" / RUNNING).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    path = home / "models" / name
    return path if name and Path(name).name == name and path.is_file() else None


def set_running(home: Path, file: str) -> None:
    write_whole(folder(home) / RUNNING, file.encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically: readers see either the old or the new content, even after a
    crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def remove(folder: Path, models: Iterable[str]) -> None:
    """Delete the files of these models, with their data and measurements."""
    for model in models:
        for path in folder.glob(f"{glob.escape(model.removesuffix('.tar.gz'))}.*"):
            path.unlink(missing_ok=True)


def is_name(name: str) -> bool:
    """Whether a complete file in the models folder may have this name."""
    return _FILE.fullmatch(name) is not None and not name.startswith(HALF_DONE)


def files(home: Path) -> list[Path]:
    """All complete files in the models folder."""
    found = sorted((home / "models").glob("*"))
    return [path for path in found if is_name(path.name) and path.is_file()]


def add(home: Path, name: str, content: bytes) -> bool:
    """Store a file in the models folder. The caller has checked its name with ``is_name``. If the
    file already exists, change nothing and return False."""
    path = folder(home) / name
    if path.exists():
        return False
    write_whole(path, content)
    return True


def model_id(path: Path) -> str:
    """Rasa's id of a model. Raises SetupError when the file is not a model."""
    try:
        with tarfile.open(path) as archive:
            found = archive.extractfile("metadata.json")
            if found is None:
                raise KeyError("metadata.json")
            return str(json.load(found)["model_id"])
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        raise SetupError(f"{path} is not a model that Rasa has trained: {error}") from error


def data_of(root: Path) -> dict[str, bytes]:
    """The training data: path below ``root`` -> content."""
    paths = [root / "config.yml", root / "domain.yml", *sorted((root / "data").rglob("*.yml"))]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def data_hash(data: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(data.items()):
        digest.update(f"{name}\0".encode() + content + b"\0")
    return digest.hexdigest()[:16]


def keep_data(model: Path, data: Mapping[str, bytes]) -> None:
    """Store a model's training data in the models folder."""
    path = snapshot(model)
    part = path.with_name(f".{path.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(data.items()):
            archive.writestr(name, content)
    part.replace(path)


def kept_data(model: Path) -> dict[str, bytes]:
    """A model's training data. Raises SetupError when it is not in the models folder."""
    try:
        with zipfile.ZipFile(snapshot(model)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise SetupError(
            f"The data of {model.name} is not in {model.parent}. Roll back without its data."
        ) from error


def snapshot(model: Path) -> Path:
    return model.with_name(model.name.removesuffix(".tar.gz") + ".data.zip")


def diff(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> str:
    """A unified diff of the data of two models, cut after LONGEST_DIFF characters."""
    text = "".join(_lines(old, new))
    return text if len(text) <= LONGEST_DIFF else f"{text[:LONGEST_DIFF]}\n(cut)\n"


def _lines(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name, b""), new.get(name, b"")
        if one != other:
            yield from difflib.unified_diff(
                one.decode("utf-8", "replace").splitlines(keepends=True),
                other.decode("utf-8", "replace").splitlines(keepends=True),
                f"a/{name}" if name in old else "/dev/null",
                f"b/{name}" if name in new else "/dev/null",
            )


def put_data_back(root: Path, data: Mapping[str, bytes]) -> list[str]:
    """Restore the data folder to this data. Returns the changed files.

    Files that are not in this data are deleted, because training reads all files in ``data/``.
    """
    present = data_of(root)
    changed = [name for name, content in data.items() if present.get(name) != content]
    for name in changed:
        write_whole(root / name, data[name])
    gone = sorted(present.keys() - data.keys())
    for name in gone:
        (root / name).unlink()
    return sorted([*changed, *gone])


def roll_back_data(model: Path, root: Path) -> list[str]:
    """Restore the data folder to a model's training data. Returns the changed files.

    The current data is first saved in the models folder as ``before-rollback-<hash of the
    data>.data.zip``. If a trainer's change is being written, this waits for it. Raises SetupError
    when the model's data is not in the models folder.
    """
    wanted = kept_data(model)
    with locked(root):
        present = data_of(root)
        keep_data(model.with_name(f"before-rollback-{data_hash(present)}.tar.gz"), present)
        return put_data_back(root, wanted)

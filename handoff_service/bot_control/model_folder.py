"""The folder of models in HOME. Training deletes none of them.

Each model has two files: ``<name>.tar.gz``, which Rasa loads, and ``<name>.data.zip``, the data
that it was trained on. ``running`` holds the name of the file that a bot process loads when it
starts. The database is the truth about it; the service writes ``running`` after it.
"""

import difflib
import hashlib
import json
import os
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from handoff_service.errors import SetupError

RUNNING = "running"
LONGEST_DIFF = 200_000  # characters


def folder(home: Path) -> Path:
    made = home / "models"
    made.mkdir(parents=True, exist_ok=True)
    return made


def running_file(home: Path) -> Path | None:
    """The model that a bot process loads when it starts. None: no model was promoted, or its file
    is gone."""
    try:
        name = (home / "models" / RUNNING).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    path = home / "models" / name
    return path if name and Path(name).name == name and path.is_file() else None


def set_running(home: Path, file: str) -> None:
    write_whole(folder(home) / RUNNING, file.encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def model_id(path: Path) -> str:
    """Rasa's id of a model. SetupError when the file is no model."""
    try:
        with tarfile.open(path) as archive:
            found = archive.extractfile("metadata.json")
            if found is None:
                raise KeyError("metadata.json")
            return str(json.load(found)["model_id"])
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        raise SetupError(f"{path} is not a model that Rasa has trained: {error}") from error


def data_of(root: Path) -> dict[str, bytes]:
    """Everything that a trainer can change: path below ``root`` -> content."""
    paths = [root / "config.yml", root / "domain.yml", *sorted((root / "data").rglob("*.yml"))]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def data_hash(data: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(data.items()):
        digest.update(f"{name}\0".encode() + content + b"\0")
    return digest.hexdigest()[:16]


def keep_data(model: Path, data: Mapping[str, bytes]) -> None:
    """Keep the data that a model was trained on, beside it."""
    path = snapshot(model)
    part = path.with_name(f".{path.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(data.items()):
            archive.writestr(name, content)
    part.replace(path)


def kept_data(model: Path) -> dict[str, bytes]:
    """The data that a model was trained on. SetupError when it was not kept."""
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
    """A unified diff of two models' data, cut when it is very long."""
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
    """Make the data folder what it was. Returns the files that changed.

    A file that this data does not have is deleted, because training reads all of ``data/``.
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
    """Make the data folder what it was when a model was trained. What is there now is kept beside
    the models, as ``before-rollback-<hash of the data>.data.zip``. Returns the files that
    changed."""
    wanted = kept_data(model)
    present = data_of(root)
    keep_data(model.with_name(f"before-rollback-{data_hash(present)}.tar.gz"), present)
    return put_data_back(root, wanted)

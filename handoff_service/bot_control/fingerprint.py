"""The fingerprint of a model: a hash of the data and the code with which it was trained."""

import ast
import hashlib
from collections.abc import Mapping
from pathlib import Path

from handoff_service.bot_control import model_folder

ROOT = Path(__file__).resolve().parents[2]
#: Our own components of the pipeline. A model works only with the code with which it was trained.
CODE = tuple(
    f"bot/{part}.py"
    for part in (
        *("sentence_encoder", "sentence_classifier", "text_features", "word_odds"),
        *("logistic_regression", "asked"),
        *("confidence_gate", "handoff_pattern", "nearness_gate"),
    )
)


def fingerprint(data: Mapping[str, bytes] | None = None) -> str:
    """A hash of the data and code of a model. If it has not changed, no new training is necessary.

    ``data``: the result of ``model_folder.data_of``; None: the project's own data. Comments and
    docstrings in the code do not change the hash.
    """
    digest = hashlib.sha256()
    sources = dict(data if data is not None else model_folder.data_of(ROOT))
    sources |= {name: without_prose((ROOT / name).read_bytes()) for name in CODE}
    for name, content in sorted(sources.items()):
        digest.update(f"{name}\0".encode() + content + b"\0")
    return digest.hexdigest()[:16]


def without_prose(code: bytes) -> bytes:
    """The syntax tree of Python code, without comments and docstrings."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return ast.dump(tree).encode()


def trained_model(home: Path, root: Path = ROOT) -> Path | None:
    """The newest model of the current data and code, or None."""
    made = fingerprint(model_folder.data_of(root))
    found = sorted(
        model_folder.folder(home).glob(f"{made}*.tar.gz"), key=lambda path: path.stat().st_mtime
    )
    return found[-1] if found else None

"""The installed package has every file that the service reads."""

import tomllib

from handoff_service.bot_control.fingerprint import ROOT

PACKAGE = ROOT / "handoff_service"


def test_every_file_is_packaged() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = pyproject["tool"]["setuptools"]["package-data"]["handoff_service"]
    packaged = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    files = {
        path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert sorted(str(path.relative_to(PACKAGE)) for path in files - packaged) == []

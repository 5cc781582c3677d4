"""The architecture page names every folder, only existing files, and the layers in their order."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
# The page lists this folder to the third level, and the other folders to the second.
DEEP = "handoff_service"


def in_repository() -> set[str]:
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True
    ).stdout
    found: set[str] = set()
    for file in files.splitlines():
        folders = file.split("/")[:-1]
        depth = 3 if folders[:1] == [DEEP] else 2
        found |= {"/".join(folders[:n]) for n in range(1, min(depth, len(folders)) + 1)}
    return {folder for folder in found if not folder.startswith(".")}


def on_the_page() -> dict[str, str]:
    """Return each folder in the listing -> its description on the page."""
    listing = PAGE.partition("```text\n")[2].partition("```")[0]
    path: list[str] = []
    found = {}
    for line in listing.splitlines():
        name, _, says = line.strip().partition("/")
        path[(len(line) - len(line.lstrip())) // 2 :] = [name]
        found["/".join(path)] = says.strip()
    return found


def test_the_tree_names_every_folder() -> None:
    assert set(on_the_page()) == in_repository()


def test_each_folder_is_described() -> None:
    assert not [folder for folder, says in on_the_page().items() if not says]


def test_each_file_on_the_page_exists() -> None:
    named = re.findall(r"`((?:handoff_service|operations|gateways|web)/[\w/]+\.py)`", PAGE)
    paths = [ROOT / name if name.startswith(DEEP) else ROOT / DEEP / name for name in named]
    assert len(paths) > 10
    assert not [path for path in paths if not path.is_file()]


def test_only_its_folder_its_wiring_and_its_settings_name_a_provider() -> None:
    naming = subprocess.run(
        ["git", "grep", "-il", "twilio", "--", DEEP, ":!*.po", ":!*.pot"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
    ).stdout.split()
    elsewhere = {one for one in naming if not one.startswith(f"{DEEP}/gateways/twilio/")}
    # A catalog repeats the sentences of the code.
    elsewhere = {one for one in elsewhere if "/locale/" not in one}
    assert elsewhere == {f"{DEEP}/gateways/providers.py", f"{DEEP}/settings.py"}


def contract(container: str) -> list[str]:
    contracts: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
        "importlinter"
    ]["contracts"]
    return next(one["layers"] for one in contracts if one.get("containers") == [container])


def shown(layer: str) -> str:
    return ", ".join(f"`{name.strip()}`" for name in layer.split("|"))


def test_the_page_has_the_layers_of_the_import_contracts() -> None:
    table = re.findall(
        r"^\| (`[a-z_`, ]+`) \|", PAGE.partition("## What each layer")[2], re.MULTILINE
    )
    assert table == [shown(layer) for layer in contract("handoff_service")]


def test_the_page_has_the_rooms_of_the_import_contracts() -> None:
    for room in ("rules", "store", "operations", "web"):
        listed = PAGE.partition(f"**`{room}/`**")[2].partition("**`")[0]
        rows = re.findall(r"^\d+\. (.+)$", listed, re.MULTILINE)
        assert rows == [shown(layer) for layer in contract(f"handoff_service.{room}")]

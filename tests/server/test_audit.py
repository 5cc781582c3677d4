"""``make audit`` fails for an advisory, and also if it could not check."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLEAN = {"name": "jinja2", "version": "3.1.6", "vulns": []}
WRONG = {**CLEAN, "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.7"]}]}
SKIPPED = {"name": "jinja2", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        (json.dumps({"dependencies": [CLEAN]}), 0, "1 packages checked, 0 advisories."),
        (json.dumps({"dependencies": [WRONG]}), 1, "jinja2 3.1.6 has PYSEC-1; fixed in 3.1.7."),
        (json.dumps({"dependencies": [SKIPPED]}), 2, "Could not check"),
        ("", 2, "Could not check"),
    ],
    ids=["clean", "advisory", "not found", "no network"],
)
def test_the_audit_fails_for_an_advisory_or_a_failed_check(
    answer: str, code: int, says: str, tmp_path: Path
) -> None:
    tool = tmp_path / "pip-audit"
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
    tool.chmod(0o755)
    asked = subprocess.run(
        [ROOT / ".ci/audit", tool, "requirements/x.txt"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (asked.returncode, says in asked.stdout) == (code, True), asked.stdout


@pytest.mark.parametrize(
    "file", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda file: file.name
)
def test_lock_files_contain_no_addresses(file: Path) -> None:
    assert re.findall(r"https?://|--(?:extra-)?index-url", file.read_text()) == []

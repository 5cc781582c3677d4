"""Checks the files of the Debian packages without building them. test_package_on_debian.py installs
a package.
"""

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from handoff_service import settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PACKAGES = {name: DEPLOY / "debian" / name for name in ("service", "bot")}
FILES = PACKAGES["service"] / "files"
UNITS = sorted(DEPLOY.glob("debian/*/files/usr/lib/systemd/system/*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
NOT_RUN = [
    *("container/Dockerfile", "container/patchboard"),
    *("compose/compose.yml", "compose/Caddyfile"),
    *("helm/patchboard/Chart.yaml", "helm/patchboard/values.yaml"),
]
MOST_EXPOSED = 2.0  # systemd's own scale goes from 0 to 10, and its best class ends at 2


def _needs_systemd() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with the units, and with a placeholder for each program that they start."""
    system = tmp_path / "usr/lib/systemd/system"
    system.mkdir(parents=True)
    for unit in UNITS:
        shutil.copy(unit, system)
    for program in ("usr/bin/patchboard", "usr/lib/patchboard/nightly-backup", "bin/kill"):
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    return tmp_path


def test_the_package_installs_its_files_in_the_right_folders() -> None:
    files = {str(path.relative_to(FILES)) for path in FILES.rglob("*") if path.is_file()}
    assert files == {
        "etc/patchboard/patchboard.env",
        "usr/bin/patchboard",
        "usr/lib/patchboard/nightly-backup",
        "usr/lib/systemd/system/patchboard-backup.service",
        "usr/lib/systemd/system/patchboard-backup.timer",
        "usr/lib/systemd/system/patchboard.service",
        "usr/lib/sysusers.d/patchboard.conf",
        "usr/lib/tmpfiles.d/patchboard.conf",
        "usr/share/doc/patchboard/copyright",
    }


def test_each_setting_of_the_settings_files_exists() -> None:
    known = {f"PATCHBOARD_{name.upper()}" for name in settings.Settings.__dataclass_fields__}
    for file in (FILES / "etc/patchboard/patchboard.env", DEPLOY / "compose" / "patchboard.env"):
        named = set(re.findall(r"^#?(PATCHBOARD_\w+)=", file.read_text(), re.MULTILINE))
        assert named
        assert named <= known


def test_the_package_lists_all_settings_files_that_dpkg_must_keep() -> None:
    listed = (PACKAGES["service"] / "conffiles").read_text().split()
    assert [f"/{path.relative_to(FILES)}" for path in FILES.glob("etc/**/*.env")] == listed


def test_each_package_names_its_license() -> None:
    for folder in PACKAGES.values():
        package = (folder / "control").read_text().partition("\n")[0].removeprefix("Package: ")
        documents = folder / "files/usr/share/doc" / package
        assert "Apache-2.0" in (documents / "copyright").read_text()


@pytest.mark.parametrize(
    "script",
    [
        *(path for package in PACKAGES.values() for path in sorted(package.glob("p*"))),
        *(FILES / "usr/bin/patchboard", FILES / "usr/lib/patchboard/nightly-backup"),
        DEPLOY / "container" / "patchboard",
    ],
    ids=lambda path: str(path.relative_to(DEPLOY)),
)
def test_scripts_are_valid_and_executable(script: Path) -> None:
    assert script.stat().st_mode & stat.S_IXUSR
    subprocess.run(["sh", "-n", str(script)], check=True)


def test_units_are_valid(machine: Path) -> None:
    _needs_systemd()
    names = [unit.name.replace("@.", "@1.") for unit in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={machine}", "--recursive-errors=no",
         *names],
        text=True,
        stderr=subprocess.PIPE,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: str(unit.name))
def test_units_are_hardened(machine: Path, unit: Path) -> None:
    _needs_systemd()
    name = unit.name.replace("@.", "@1.")
    subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--root={machine}", "--no-pager",
         f"--threshold={MOST_EXPOSED * 10:.0f}", name],
        stdout=subprocess.DEVNULL,
        check=True,
    )  # fmt: skip


def test_all_versions_equal_the_projects_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((DEPLOY / "helm/patchboard/Chart.yaml").read_text())
    values = yaml.safe_load((DEPLOY / "helm/patchboard/values.yaml").read_text())
    services = yaml.safe_load((DEPLOY / "compose/compose.yml").read_text())["services"]
    assert (chart["version"], chart["appVersion"]) == (version, version)
    images = [services["service"]["image"], services["bot"]["image"]]
    assert images == [values["image"]["service"], values["image"]["bot"]]
    assert images == [f"patchboard:{version}", f"patchboard-bot:{version}"]


@pytest.mark.parametrize("file", NOT_RUN)
def test_untested_files_have_a_warning(file: str) -> None:
    assert "NOT RUN HERE" in (DEPLOY / file).read_text()[:200]


def test_the_command_reads_the_settings_as_systemd_does(tmp_path: Path) -> None:
    """The command ``patchboard`` reads its settings as systemd does, and runs as the service's
    account.
    """
    script = (FILES / "usr/bin/patchboard").read_text()
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nenv\necho "$@"\n')
    program.chmod(0o755)
    (tmp_path / "setpriv").write_text('#!/bin/sh\necho "as $1"\nshift 4\nexec "$@"\n')
    (tmp_path / "id").write_text("#!/bin/sh\necho 0\n")
    for stand_in in ("setpriv", "id"):
        (tmp_path / stand_in).chmod(0o755)
    given = tmp_path / "patchboard.env"
    given.write_text(
        '# PATCHBOARD_HOST=no\nPATCHBOARD_LOG="debug"\nPATCHBOARD_DEMO=1\nPATCHBOARD_PORT=81\n'
        "PATCHBOARD_SMTP_URL=smtp://a:b=c@mail?from=d $(touch x)\nLD_PRELOAD=/bad\n"
    )
    moved = script.replace("/etc/patchboard/patchboard.env", str(given))
    (tmp_path / "run").write_text(moved.replace("/usr/lib/patchboard", str(tmp_path)))
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PATCHBOARD_PORT": "82"}
    printed = subprocess.run(
        ["sh", str(tmp_path / "run"), "doctor"],
        env=environment, cwd=tmp_path, text=True, capture_output=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert printed[0] == "as --reuid=patchboard"
    assert printed[-1] == "-m handoff_service.cli doctor"
    assert {line for line in printed if line.startswith(("PATCHBOARD_", "LD_"))} == {
        "PATCHBOARD_LOG=debug",
        "PATCHBOARD_DEMO=1",
        "PATCHBOARD_PORT=82",
        "PATCHBOARD_SMTP_URL=smtp://a:b=c@mail?from=d $(touch x)",
        "PATCHBOARD_HOME=/var/lib/patchboard/home",
        "PATCHBOARD_BOT_DATA=/var/lib/patchboard/training-data",
        "PATCHBOARD_BOT_URL=",
    }
    assert not (tmp_path / "x").exists()


def test_the_build_offers_help() -> None:
    build = DEPLOY / "debian" / "build_package.py"
    printed = subprocess.run(
        [sys.executable, str(build), "--help"], text=True, capture_output=True, check=True
    )
    assert "--bot" in printed.stdout

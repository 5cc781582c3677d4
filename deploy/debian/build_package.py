"""``make dist``: build the Debian package ``patchboard``, or with ``--bot`` ``patchboard-bot``.

The package ``patchboard`` contains the service, the virtual agent's code and training data, and the
service's Python packages in ``/usr/lib/patchboard/.venv``. This environment uses Debian's own
Python 3.13, so Debian's security updates reach it. The package ``patchboard-bot`` contains Rasa
with its Python packages. It also contains Python 3.10, which Rasa needs and Debian no longer has.
"""

import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSTALLED = Path("/usr/lib/patchboard")
DEBIAN_PYTHON = Path("/usr/bin/python3.13")
#: the files that the service reads at run time, besides its environment
PROGRAM = ("handoff_service", "actions", "bot", "data", "config.yml", "domain.yml", "sms_check.yml")
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
#: parts of Python 3.10 that the package leaves out, because the bot does not need them
LEFT_OUT = (
    *("test", "_test*", "_ctypes_test*", "_xxtestfuzz*", "xxlimited*"),
    *("idlelib", "turtledemo", "tkinter", "_tkinter*", "__pycache__", "site-packages", "*.a"),
)


def main() -> None:
    asked = _parser().parse_args()
    source = asked.source.resolve()
    version = asked.version or project_version(source)
    asked.out.mkdir(parents=True, exist_ok=True)
    name = "bot" if asked.bot else "service"
    with tempfile.TemporaryDirectory(prefix="patchboard-dist-") as folder:
        root = Path(folder) / "root"
        fields = _lay_out(name, root, source, asked.uv, asked.bot_python)
        made = _pack(name, root, asked.out, {**fields, "version": version}, asked.compression)
    print(f"-> {made} ({made.stat().st_size / 1e6:.0f} MB)")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    project = HERE.parents[1]
    parser.add_argument("--source", type=Path, default=project, help="the release's files")
    parser.add_argument("--out", type=Path, default=project / "dist", help="folder for packages")
    parser.add_argument("--version", help="instead of the version in pyproject.toml")
    parser.add_argument("--bot", action="store_true", help="build patchboard-bot")
    python = project / ".venv-bot" / "bin" / "python"
    parser.add_argument("--bot-python", type=Path, default=python, help="Python 3.10 to include")
    parser.add_argument("--uv", default="uv", help="the program uv")
    parser.add_argument("--compression", default="xz", choices=["xz", "gzip", "none"])
    return parser


def project_version(source: Path) -> str:
    """The version of a release, from its pyproject.toml."""
    project: dict[str, str] = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    return project["version"]


def _lay_out(name: str, root: Path, source: Path, uv: str, bot_python: Path) -> dict[str, str]:
    """Put a package's files at their installed paths below ``root``. Returns fields for the control
    file."""
    shutil.copytree(HERE / name / "files", root)
    _add_changelog(root, source)
    target = root / INSTALLED.relative_to("/")
    target.mkdir(parents=True, exist_ok=True)
    if name == "service":
        _add_program(target, source)
        environment, python = target / ".venv", Path(sys.executable)
        _add_environment(uv, environment, python, source / "requirements" / "service.txt")
        _use_python(environment, DEBIAN_PYTHON)
        (environment / "lib/python3.13/site-packages/patchboard.pth").write_text(f"{INSTALLED}\n")
        return {}
    environment, python = target / ".venv-bot", bot_python.resolve()
    _add_environment(uv, environment, python, source / "requirements" / "bot.txt")
    carried = target / "python3.10"
    _copy_python(python.parents[1], carried)
    _use_python(environment, INSTALLED / "python3.10/bin/python3.10")
    return {"libraries": _libraries(carried)}


def _add_changelog(root: Path, source: Path) -> None:
    """Put the changelog into the package's folder of documents, as Debian's policy requires."""
    (folder,) = (root / "usr/share/doc").iterdir()
    content = (source / "CHANGELOG.md").read_bytes()
    (folder / "changelog.gz").write_bytes(gzip.compress(content, mtime=0))


def _add_program(target: Path, source: Path) -> None:
    for part in PROGRAM:
        if (source / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source / part, target / part, ignore=ignored)
        else:
            shutil.copy2(source / part, target / part)
    compiled = [str(target / "handoff_service"), str(target / "actions")]
    installed = ["-s", str(target), "-p", str(INSTALLED)]  # tracebacks then show installed paths
    _run([sys.executable, "-m", "compileall", "-q", *installed, *compiled])


def _add_environment(uv: str, environment: Path, python: Path, requirements: Path) -> None:
    _run([uv, "venv", "--quiet", "--relocatable", "--python", str(python), str(environment)])
    into = ["--python", str(environment), "--link-mode", "copy", "--compile-bytecode"]
    _run([uv, "pip", "sync", "--quiet", "--require-hashes", *into, str(requirements)])


def _use_python(environment: Path, python: Path) -> None:
    """Let an environment use a different Python of the same version."""
    program = environment / "bin" / "python"
    program.unlink()
    program.symlink_to(python)
    settings = environment / "pyvenv.cfg"
    home = re.sub(r"(?m)^home = .*", f"home = {python.parent}", settings.read_text())
    settings.write_text(home)


def _copy_python(prefix: Path, carried: Path) -> None:
    ignored = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(prefix / "lib", carried / "lib", symlinks=True, ignore=ignored)
    (carried / "bin").mkdir()
    shutil.copy2(prefix / "bin" / "python3.10", carried / "bin" / "python3.10")
    (carried / "lib/python3.10/site-packages").mkdir()
    # a program with a shared library must find this library in the folder to which it is copied
    if any((carried / "lib").glob("libpython3.10.so*")):
        if shutil.which("patchelf") is None:
            sys.exit("This Python 3.10 needs the program patchelf: apt-get install patchelf")
        program = str(carried / "bin" / "python3.10")
        _run(["patchelf", "--set-rpath", "$ORIGIN/../lib", program])


def _libraries(carried: Path) -> str:
    """The Debian packages with the libraries that the copied Python 3.10 links to."""
    programs = [carried / "bin" / "python3.10", *carried.glob("lib/python3.10/lib-dynload/*.so")]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "debian").mkdir()  # dpkg-shlibdeps reads a control file there
        (Path(folder) / "debian" / "control").write_text(
            "Source: patchboard\n\nPackage: bot\nArchitecture: any\n"
        )
        options = ["-O", "--ignore-missing-info", f"-l{carried / 'lib'}"]
        found = _run(["dpkg-shlibdeps", *options, *map(str, programs)], folder=Path(folder))
    return found.removeprefix("shlibs:Depends=")


def _pack(name: str, root: Path, out: Path, fields: dict[str, str], compression: str) -> Path:
    architecture = _run(["dpkg", "--print-architecture"])
    size = sum(path.lstat().st_size for path in root.rglob("*")) // 1024
    control = (HERE / name / "control").read_text()
    described = control.format(**fields, architecture=architecture, size=size)
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(described)
    for script in SCRIPTS:
        if (HERE / name / script).exists():
            shutil.copy2(HERE / name / script, root / "DEBIAN" / script)
            (root / "DEBIAN" / script).chmod(0o755)
    if (HERE / name / "conffiles").exists():
        shutil.copy2(HERE / name / "conffiles", root / "DEBIAN" / "conffiles")
    _set_modes(root)
    package = described.partition("\n")[0].removeprefix("Package: ")
    made = out / f"{package}_{fields['version']}_{architecture}.deb"
    how = ["--root-owner-group", f"-Z{compression}"]
    _run(["dpkg-deb", *how, "--build", str(root), str(made)])
    return made


def _set_modes(root: Path) -> None:
    """Let everybody read the program, but only root read the settings."""
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
    for settings in root.glob("etc/patchboard/*.env"):
        settings.chmod(0o640)


def _run(command: Sequence[str], *, folder: Path | None = None) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(  # noqa: S603  # our own commands
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()

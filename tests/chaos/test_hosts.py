"""The proxy configuration that ships in the docs. ``make chaos-hosts`` runs its drills with it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.chaos.hosts_cluster import proxy_configuration

SERVERS = {"a": "127.0.0.1:8001", "b": "127.0.0.1:8002"}


def test_haproxy_accepts_the_shipped_configuration(tmp_path: Path) -> None:
    text = proxy_configuration("127.0.0.1:8080", str(tmp_path / "admin.sock"), SERVERS)
    assert all(f"server {name} {address}" in text for name, address in SERVERS.items())
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        pytest.skip("HAProxy is not installed")
    file = tmp_path / "haproxy.cfg"
    file.write_text(text)
    checked = subprocess.run(
        [program, "-c", "-f", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr

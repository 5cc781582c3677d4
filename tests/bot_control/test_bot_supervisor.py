"""The supervisor restarts a bot that ends unexpectedly. The bots are small real processes."""

import os
import queue
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from handoff_service.bot_control.bot_supervisor import BotCommand, RunningBots
from handoff_service.errors import SetupError

# Answers every GET with its own process id.
SERVER = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def process_id(address: str) -> int:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return int(answer.read())


def test_a_killed_bot_is_restarted_and_ends_with_the_service(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    command = BotCommand([sys.executable, "-c", SERVER, str(port)], os.environ, address)
    said: queue.Queue[str] = queue.Queue()
    bots = RunningBots([command], tmp_path / "logs" / "bot.log", report=said.put, pause=0.1)
    bots.start()
    assert said.get(timeout=30) == "the virtual agent is starting, which takes half a minute"
    assert said.get(timeout=30) == "the virtual agent is up"
    first = process_id(address)
    os.kill(first, signal.SIGKILL)
    assert said.get(timeout=30).startswith("the virtual agent stopped (exit code -9). Patchboard")
    assert said.get(timeout=30) == "the virtual agent is up"
    again = process_id(address)
    assert again != first
    bots.end()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert said.empty()


def test_a_bot_without_a_model_starts_as_soon_as_there_is_one(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    models = iter([SetupError("There is no model yet."), SetupError("There is no model yet."), ()])

    def at_start() -> Sequence[str]:
        if isinstance(one := next(models), SetupError):
            raise one
        return one

    command = BotCommand(
        [sys.executable, "-c", SERVER, str(port)], os.environ, f"http://127.0.0.1:{port}/", at_start
    )
    said: queue.Queue[str] = queue.Queue()
    bots = RunningBots([command], tmp_path / "bot.log", report=said.put, pause=0.01)
    bots.start()
    assert said.get(timeout=30) == "the virtual agent is starting, which takes half a minute"
    assert said.get(timeout=10) == "the virtual agent cannot start. There is no model yet."
    assert said.get(timeout=30) == "the virtual agent is up", (
        "the supervisor logs the same sentence only once"
    )
    bots.end()


SUPERVISOR = """
import os, sys, time
from pathlib import Path
from handoff_service.bot_control.bot_supervisor import BotCommand, RunningBots
server, port, log = sys.argv[1:]
address = f"http://127.0.0.1:{port}/"
command = BotCommand([sys.executable, "-c", server, port], os.environ, address)
RunningBots([command], Path(log), report=lambda text: print(text, flush=True)).start()
time.sleep(60)
"""


def test_a_bot_ends_with_a_killed_supervisor(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [sys.executable, "-c", SUPERVISOR, SERVER, str(port), str(tmp_path / "bot.log")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        while "is up" not in supervisor.stdout.readline():
            assert supervisor.poll() is None
        bot = process_id(f"http://127.0.0.1:{port}/")
        ended = os.pidfd_open(bot)
        supervisor.kill()
        assert select.select([ended], [], [], 30)[0], "the bot still runs"
        os.close(ended)

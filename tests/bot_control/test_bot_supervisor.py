"""A bot that ends unexpectedly is restarted. Real processes answer as a bot's address does."""

import os
import queue
import signal
import socket
import sys
import urllib.request
from pathlib import Path

from handoff_service.bot_control.bot_supervisor import BotCommand, RunningBots

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


def test_a_bot_that_was_killed_is_started_again_and_ends_with_the_service(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    command = BotCommand([sys.executable, "-c", SERVER, str(port)], os.environ, address)
    said: queue.Queue[str] = queue.Queue()
    bots = RunningBots([command], tmp_path / "logs" / "bot.log", say=said.put, pause=0.1)
    bots.start()
    assert "is loading" in said.get(timeout=30)
    assert said.get(timeout=30) == "the virtual agent is up"
    first = process_id(address)
    os.kill(first, signal.SIGKILL)
    assert said.get(timeout=30).startswith("the virtual agent has ended (-9), and is started again")
    assert said.get(timeout=30) == "the virtual agent is up"
    again = process_id(address)
    assert again != first
    bots.end()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert said.empty()

"""Fixtures for tests of the real virtual agent: a Rasa server with a model trained from the
repository's files, and a fake server for custom actions."""

from __future__ import annotations

import itertools
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.rasa_cli import train
from tests.bot.action_endpoint import ActionEndpoint, serve_actions
from tests.support.bot_programs import BOT_PYTHON
from tests.support.rasa_server import RasaServer, need_bot_environment, start_rasa

TOKEN = "test-token$with:odd characters"
_numbers = itertools.count(1)


@dataclass(slots=True)
class Conversation:
    """A requester who texts the bot."""

    server: RasaServer
    sender: str = field(default_factory=lambda: f"interaction-{next(_numbers)}")

    def post(
        self, body: object, *, authorization: str | None = None, path: str = "webhook"
    ) -> tuple[int, Any]:
        """Post a body: bytes unchanged, any other value as JSON. The default is the right token.
        Return the status and the parsed JSON.
        """
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        address = self.server.url.removesuffix("webhook") + path
        request = urllib.request.Request(address, raw)
        header = f"Bearer {self.server.token}" if authorization is None else authorization
        if header:
            request.add_header("Authorization", header)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)

    def turn(self, text: str, **metadata: object) -> tuple[int, Any]:
        return self.post({"sender": self.sender, "message": text, "metadata": metadata})

    def says(self, text: str) -> list[str]:
        """Send a text. Return the virtual agent's replies, in which each button follows its text as
        [title].
        """
        status, replies = self.turn(text)
        assert status == 200, replies
        return [
            " ".join(
                [reply["text"], *(f"[{button['title']}]" for button in reply.get("buttons", []))]
            )
            for reply in replies
        ]


@pytest.fixture(scope="session")
def home() -> Path:
    """The folder that keeps trained models between test runs."""
    need_bot_environment()
    return ROOT / ".cache" / "rasa"


@pytest.fixture(scope="session")
def model(home: Path) -> Path:
    """Return the real model. A new process trains it without the fork server, as in the service."""
    with patch("handoff_service.bot_control.rasa_environment.python", lambda: str(BOT_PYTHON)):
        return train(home)


@pytest.fixture(scope="session")
def _actions() -> Iterator[ActionEndpoint]:
    with serve_actions(TOKEN) as endpoint:
        yield endpoint


@pytest.fixture
def actions(_actions: ActionEndpoint) -> Iterator[ActionEndpoint]:
    yield _actions
    _actions.delay, _actions.broken, _actions.outage = 0.0, None, "-"


@pytest.fixture(scope="session")
def rasa(home: Path, model: Path, _actions: ActionEndpoint) -> Iterator[RasaServer]:
    given = {
        "actions_url": _actions.url,
        "token": TOKEN,
        "credentials": "tests/bot/credentials.yml",
    }
    with start_rasa(home, model=model, **given) as server:
        yield server


@pytest.fixture
def requester(rasa: RasaServer) -> Conversation:
    """A requester who has not texted before."""
    return Conversation(rasa)


@pytest.fixture
def another(rasa: RasaServer) -> Callable[[], Conversation]:
    return lambda: Conversation(rasa)

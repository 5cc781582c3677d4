"""The virtual agent of each host in ``make chaos-hosts``: a small program, or the real Rasa with
the trained model (``PATCHBOARD_CHAOS_BOT=rasa``).
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from handoff_service import settings
from handoff_service.bot_control import model_folder, rasa_cli
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.rules.delivery.sms_text import split
from handoff_service.rules.shared.vocabulary import Author, TurnOutcome
from handoff_service.rules.virtual_agent.bot_text import Choice, with_choices
from handoff_service.store.engine import tables as t
from tests.support.fake_twilio_shapes import Message
from tests.support.hosts_network import Host

PORT = 5005
SMALL_BOT = "tests.support.small_bot"
#: real conversations that no author of the training data has seen
CONVERSATIONS = ROOT / "tests" / "bot" / "conversations_held_out.yml"
UP_WITHIN = 300.0  # seconds until Rasa has loaded its model; a busy machine needs minutes
PROBE = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)"
LEASE = 15.0  # seconds that a lease lasts beyond two answers of the bot


class HostBot(ABC):
    """A kind of virtual agent. ``timeout``: the seconds that the service waits for an answer.
    ``texts_every``: the range of the pause between two texts, in seconds.
    """

    timeout: float
    texts_every: tuple[float, float]

    def settings(self, database_url: str) -> dict[str, str]:
        return {
            "BOT_URL": f"http://127.0.0.1:{PORT}/webhooks/sms/webhook",
            "BOT_TIMEOUT": f"{self.timeout:g}",
        }

    @property
    def longer_than_a_lease(self) -> float:
        return 2 * self.timeout + LEASE + 1

    @abstractmethod
    def command(self, given: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        """Return the command of a host's bot and its environment. ``given``: the service's."""

    def wait_until_up(self, host: Host, process: "subprocess.Popen[bytes]", log: Path) -> None:
        """Wait until the bot can answer."""
        until = time.monotonic() + UP_WITHIN
        probe = host.command(sys.executable, "-c", PROBE, f"http://127.0.0.1:{PORT}/webhooks/sms/")
        while subprocess.run(probe, check=False, stderr=subprocess.DEVNULL).returncode != 0:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the bot is not up:\n{log.read_text()[-3000:]}")
            time.sleep(0.5)

    @abstractmethod
    def text(self, number: str, count: int) -> str:
        """Return the next text of a requester. ``count``: the number of texts of all requesters."""

    @abstractmethod
    def answers(self, connection: sa.Connection, sent: Sequence[Message]) -> tuple[int, int]:
        """Return how many of the bot's texts are missing, and how many were sent twice."""


class SmallBot(HostBot):
    """A program that repeats each text."""

    timeout = 1.0
    texts_every = (0.05, 0.2)

    def command(self, given: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        environment = os.environ | given | {"PYTHONPATH": str(ROOT)}
        return [sys.executable, "-m", SMALL_BOT, str(PORT)], environment

    def wait_until_up(self, host: Host, process: "subprocess.Popen[bytes]", log: Path) -> None:
        """It starts faster than the service."""

    def text(self, number: str, count: int) -> str:
        return f"text {count}"

    def answers(self, connection: sa.Connection, sent: Sequence[Message]) -> tuple[int, int]:
        found = Counter(one.body for one in sent if one.body.startswith("You wrote:"))
        return 0, sum(count - 1 for count in found.values())


class RealRasa(HostBot):
    """Rasa with the trained model, started with the product's command. The bots of both hosts share
    their conversations, as ``run-on-two-hosts.md`` describes, so the drills can compare each text
    with the answer that a bot has stored. Requesters send the texts of held-out conversations.
    """

    timeout = 10.0  # seconds, the default
    texts_every = (0.3, 0.9)  # two models and all other servers share this machine's cores

    def __init__(self) -> None:
        self._model = rasa_cli.train(ROOT / ".cache" / "rasa")
        self._talks = [one["texts"] for one in yaml.safe_load(CONVERSATIONS.read_text())]
        self._said: dict[str, list[str]] = {}  # number -> the texts that it still sends

    def settings(self, database_url: str) -> dict[str, str]:
        return {**super().settings(database_url), "BOT_TRACKER_URL": database_url}

    def command(self, given: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        config = settings.read(given)
        folder = model_folder.folder(config.home)
        for file in (self._model, model_folder.snapshot(self._model)):
            shutil.copy(file, folder)
        arguments, environment = rasa_cli.command(config, 1)
        return [*arguments, "--model", str(rasa_cli.served_model(config.home))], environment

    def text(self, number: str, count: int) -> str:
        texts = self._said.setdefault(number, [])
        if not texts:
            texts += random.choice(self._talks)
        return texts.pop(0)

    def answers(self, connection: sa.Connection, sent: Sequence[Message]) -> tuple[int, int]:
        return answers(connection)


type Answers = Mapping[int, tuple[int, list[str]]]  # turn -> interaction, texts


def answers(connection: sa.Connection) -> tuple[int, int]:
    """Compare the virtual agent's texts in each conversation with the answers that the bots have
    stored, one for each turn. Return how many texts are missing, and how many came too often.
    """
    answered = _answers(connection)
    m, b = t.messages, t.bot_turns
    query = sa.select(m.c.interaction_id, m.c.body).where(
        m.c.direction == "outbound", m.c.author == Author.VIRTUAL_AGENT
    )
    stored = Counter((row.interaction_id, row.body) for row in connection.execute(query))
    done = sa.select(b.c.id).where(b.c.outcome == TurnOutcome.ANSWERED)
    must_be_sent = _texts(answered, set(connection.execute(done).scalars()))
    may_be_sent = _texts(answered, answered.keys())
    lost = (must_be_sent - stored).total()
    twice = sum(max(0, stored[text] - count) for text, count in may_be_sent.items())
    return lost, twice + _turns_of_same_text(connection)


def _answers(connection: sa.Connection) -> dict[int, tuple[int, list[str]]]:
    query = sa.text("SELECT sender_id, turn_id, answer FROM patchboard_bot.turns")
    return {
        int(row.turn_id): (int(row.sender_id), _parts(json.loads(row.answer)["replies"]))
        for row in connection.execute(query)
    }


def _parts(replies: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the SMS texts of an answer."""
    found = []
    for reply in replies:
        choices = [Choice(one["title"], one["payload"]) for one in reply.get("buttons") or ()]
        if reply.get("text", "").strip() or choices:
            found += split(with_choices(reply.get("text", ""), choices))
    return found


def _texts(answered: Answers, turns: Set[int]) -> Counter[tuple[int, str]]:
    """Return (interaction, text) -> how often the answers to these turns contain it."""
    return Counter(
        (interaction, text)
        for turn, (interaction, texts) in answered.items()
        if turn in turns
        for text in texts
    )


def _turns_of_same_text(connection: sa.Connection) -> int:
    """Return how many turns answer texts that another turn has answered."""
    b = t.bot_turns
    query = (
        sa.select(sa.func.count())
        .where(b.c.opening.is_(None), b.c.answered_at.is_not(None))
        .group_by(b.c.interaction_id, b.c.epoch, b.c.up_to_seq)
        .having(sa.func.count() > 1)
    )
    return sum(count - 1 for count in connection.execute(query).scalars())


KINDS: Mapping[str, type[HostBot]] = {"small": SmallBot, "rasa": RealRasa}


def chosen() -> HostBot:
    """Return the virtual agent that ``PATCHBOARD_CHAOS_BOT`` names."""
    name = os.environ.get("PATCHBOARD_CHAOS_BOT", "small")
    if name not in KINDS:
        sys.exit(f"PATCHBOARD_CHAOS_BOT must be one of {', '.join(KINDS)}, not {name!r}.")
    return KINDS[name]()

"""The proxy configuration that ships in the docs, with which ``make chaos-hosts`` runs its drills,
and how the drills count the virtual agent's texts.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from handoff_service import clock
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.chaos.hosts_bots import answers
from tests.chaos.hosts_cluster import proxy_configuration
from tests.support.story import Story

STORE_TURN = "INSERT INTO patchboard_bot.turns VALUES (:sender, :turn, :answer)"
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


async def test_lost_and_repeated_answers_of_rasa_are_counted(postgres_url: str) -> None:
    store = Store(
        postgres_url,
        clock=clock.now,
        settings=OperationSettings(bot_answers=True),
        after_commit=lambda _hints, _at: None,
    )
    story = Story(store)

    async def turn(*sent: str, stored: tuple[str, ...]) -> None:
        """A turn in which the service sends some texts, and the bot has stored others."""
        interaction = (await story.text()).interaction_id
        assert interaction is not None
        question = await story.begin(interaction)
        assert question is not None
        await story.finish(question, *sent)
        answer = json.dumps({"replies": [{"text": text} for text in stored]})
        row = {"sender": question.sender, "turn": question.turn_id, "answer": answer}
        with database.begin() as connection:
            connection.execute(sa.text(STORE_TURN), row)

    database = engine(postgres_url, size=1, writes=True)
    try:
        with database.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA patchboard_bot"))
            columns = "sender_id text, turn_id text, answer text"
            connection.execute(sa.text(f"CREATE TABLE patchboard_bot.turns ({columns})"))
        for sent, stored, counted in (
            (("Hello", "What is wrong?"), ("Hello", "What is wrong?"), (0, 0)),
            (("Hello",), ("Hello", "How bad is it?"), (1, 0)),
            (("Bye", "Bye"), ("Bye",), (1, 1)),
        ):
            await turn(*sent, stored=stored)
            with database.begin() as connection:
                assert answers(connection) == counted
    finally:
        with database.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA patchboard_bot CASCADE"))
        database.dispose()
        store.close()

"""``patchboard serve`` and ``run``: the service in the foreground, without and with the bot."""

import argparse
import asyncio
from pathlib import Path

from handoff_service import clock, log
from handoff_service.app.http_app import create_app
from handoff_service.bot_control import bot_supervisor
from handoff_service.bot_control.bot_supervisor import RunningBots
from handoff_service.commands import model_at_start
from handoff_service.commands.database import bring_up_to_date, opened_store, run_on_store
from handoff_service.commands.parser import Commands, add_command
from handoff_service.operations.desk.set_up import setup_link
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.server import serving
from handoff_service.server.process_supervisor import Supervisor
from handoff_service.settings import Settings
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.engine.one_process import only_process
from handoff_service.store.routing import queues

DEMO = Path(__file__).parents[1] / "demo.toml"


def add_commands(commands: Commands) -> None:
    add_command(commands, "run", "Run the service and the virtual agent; Ctrl-C stops both", _run)
    add_command(commands, "serve", "Run the service alone, in the foreground", _serve)


def _serve(config: Settings, _arguments: argparse.Namespace) -> int:
    with only_process(config.database_url, config.public_url, clock.now()):
        return _serve_until_stopped(config)


def _serve_until_stopped(config: Settings) -> int:
    log.start(config.log)
    listening = serving.listen(config.host, config.port)
    bring_up_to_date(config)
    if link := asyncio.run(_prepare(config)):
        print(f"\nThis desk has no admin yet. Set it up in a browser:\n\n  {link}\n", flush=True)
    if config.workers == 1:
        serving.run(lambda: create_app(config), listening)
    else:
        asyncio.run(Supervisor(listening, config.workers).run())
    return 0


async def _prepare(config: Settings) -> str | None:
    """Import the demo if the settings ask for it and the desk has no queue. Returns the link of the
    setup, if the desk has no admin yet."""
    async with opened_store(config) as store:
        if config.demo and not await store.read(queues.list_):
            await import_file(store, read_desk_file.read(DEMO, await store.read(desk_country)))
        return await store.read(setup_link, config.public_url, config.secret_key)


def _run(config: Settings, _arguments: argparse.Namespace) -> int:
    """Run the service and one bot process per address of PATCHBOARD_BOT_URL. The bots end when this
    command ends."""
    with only_process(config.database_url, config.public_url, clock.now()):
        return _serve_with_bots(config)


def _serve_with_bots(config: Settings) -> int:
    bring_up_to_date(config)  # check the database before the training, which takes a minute
    if config.bot_urls:
        run_on_store(config, lambda store: model_at_start.ensure_model(store, config))
    bots = RunningBots(bot_supervisor.commands(config), config.home / "logs" / "bot.log")
    bots.start()
    _greet(config)
    try:
        return _serve_until_stopped(config)
    finally:
        bots.end()


def _greet(config: Settings) -> None:
    """Print the addresses of the pages and how to sign in."""
    lines = [f"Workspace        {config.public_url}/workspace"]
    if config.has_simulator:
        lines.append(f"Phone simulator  {config.public_url}/phone")
    if config.has_mailbox:
        lines.append(f"Mailbox          {config.public_url}/mailbox")
    lines.append(f"API              {config.public_url}/api/docs")
    if config.bot_urls:
        lines.append("Virtual agent    starting. Patchboard prints a line when it is ready.")
        lines.append("                 Until then, live agents get the texts.")
    if config.demo:
        agents = read_desk_file.read(DEMO).agents
        lines += [
            "",
            "Demo sign-ins:",
            *(f"  {a.email:<20} {a.password:<12} {', '.join(a.roles)}" for a in agents),
        ]
    print("\n".join(["", *lines, "", "Ctrl-C stops everything.", ""]), flush=True)

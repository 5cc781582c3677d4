"""``patchboard``: the program that the make targets run."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from handoff_service import clock, doctor, log, settings
from handoff_service.app import create_app
from handoff_service.backup.create import back_up
from handoff_service.backup.restore import restore
from handoff_service.bot_control import bot_supervisor, nlu_page, nlu_report, rasa_cli
from handoff_service.bot_control.bot_supervisor import RunningBots
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.commands import agents, import_preview, models
from handoff_service.context import operation_settings
from handoff_service.errors import Refusal, SetupError
from handoff_service.gateways.providers import send_errors_of
from handoff_service.operations.delivery.restored_sends import DecideHeld, decide_held
from handoff_service.operations.desk.set_up import setup_link
from handoff_service.operations.desk_file import desk_file
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.server import serving
from handoff_service.server.private_files import make_private, set_umask
from handoff_service.server.process_supervisor import Supervisor
from handoff_service.settings import Settings
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk_file.export_desk import export_desk
from handoff_service.store.engine import secret_keys
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.one_process import only_process
from handoff_service.store.engine.store import Store
from handoff_service.store.routing import queues

DEMO = Path(__file__).parent / "demo.toml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 on success, 1 after printing the error."""
    asked = parser().parse_args(arguments)
    try:
        run: Callable[[Settings, argparse.Namespace], int] = asked.run
        set_umask()
        config = settings.read()
        make_private(config)
        return run(config, asked)
    except (SetupError, Refusal) as error:
        fields = [f"{name} {what}" for name, what in getattr(error, "errors", {}).items()]
        for sentence in fields or [str(error)]:
            print(f"patchboard: {sentence}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands with their help."""
    made = argparse.ArgumentParser(
        prog="patchboard", description="A text-message help desk. Settings: patchboard doctor"
    )
    add = partial(_add, made.add_subparsers(required=True, metavar="COMMAND"))
    add("run", "Run the service and the bot; Ctrl-C stops both", _run)
    add("serve", "Run the service alone, in the foreground", _serve)
    add("migrate", "Bring the database to the newest schema", _migrate)
    _add_import(
        add("import", "Import a desk file (TOML); a repeated import adds nothing twice", _import)
    )
    add("export", "Write the desk to a desk file, for import", _export).add_argument(
        "file", type=Path
    )
    add(
        "backup", "Write database, media and keys to one file, also while the desk runs", _backup
    ).add_argument("file", type=Path, help="its name may end in .tar or .tar.gz")
    add(
        "restore", "Put a desk back from a backup, into an empty database and HOME", _restore
    ).add_argument("file", type=Path)
    add("held", "Show, send or cancel the texts that a restore holds", _held).add_argument(
        "act", choices=["show", "release", "cancel"], nargs="?", default="show"
    )
    _add_agent(add("agent", "Add and list agents, and set their passwords", _agent))
    add("doctor", "List the settings, and each problem with its fix", _doctor)
    _add_bot(add("bot", "The virtual agent's models: train, measure, compare, promote", _bot_check))
    return made


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    does: str,
    run: Callable[[Settings, argparse.Namespace], int],
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=does, description=does)
    made.set_defaults(run=run)
    return made


def _add_import(made: argparse.ArgumentParser) -> None:
    made.add_argument("file", type=Path)
    made.add_argument(
        "--dry-run", action="store_true", help="print what would change, and change nothing"
    )


def _add_bot(bot: argparse.ArgumentParser) -> None:
    """The commands below ``patchboard bot``."""
    add = partial(_add, bot.add_subparsers(required=True, metavar="ACT"))
    add("check", "Check the training data and every text that the bot may send", _bot_check)
    train = add("train", "Train a model while the running one answers", _bot_train)
    train.add_argument(
        "--if-needed", action="store_true", help="train only when the data has changed"
    )
    add("nlu", "Measure by cross-validation how well texts are understood", _bot_nlu).add_argument(
        "--config", default="config.yml", help="measure the pipeline of this file instead"
    )
    add("run", "Serve the promoted model, in the foreground", _bot_run).add_argument(
        "--number", type=int, default=1, help="position of its address in PATCHBOARD_BOT_URL"
    )
    add("models", "List the models, the newest first", _bot_models)
    compare = add("compare", "Compare model B with model A, and list what blocks B", _bot_compare)
    compare.add_argument("a", metavar="A", help="the beginning of a hash, or: running")
    compare.add_argument("b", metavar="B", help="the beginning of another hash, or: candidate")
    replay = add("replay", "Ask a model what real texts of the last days mean", _bot_replay)
    replay.add_argument("hash", metavar="HASH", nargs="?", default="candidate")
    replay.add_argument("--days", type=int, default=7, choices=range(1, 91), metavar="1..90")
    promote = add("promote", "Answer from this model, if its measures allow it", _bot_promote)
    promote.add_argument("hash", metavar="HASH", help="the beginning of a hash, or: candidate")
    back = add("rollback", "Return to the model that ran before", _bot_rollback)
    back.add_argument("--with-data", action="store_true", help="also restore its training data")


def _add_agent(command: argparse.ArgumentParser) -> None:
    acts = command.add_subparsers(required=True, metavar="ACT", dest="act")
    asks = "The password is asked for, or read from standard input."
    add = acts.add_parser("add", help="Add an agent", description=f"Add an agent. {asks}")
    add.add_argument("email")
    add.add_argument("--name", default="", help="default: the address before the @")
    add.add_argument(
        "--role", action="append", default=[], choices=list(Role), help="may be repeated"
    )
    add.add_argument("--group", action="append", default=[], help="may be repeated")
    acts.add_parser("list", help="List the agents", description="List the agents.")
    password = acts.add_parser(
        "password",
        help="Set a password",
        description=f"Set a password; the agent is signed out everywhere. {asks}",
    )
    password.add_argument("email")


def _migrate(config: Settings, _asked: argparse.Namespace) -> int:
    migrate(config.database_url, report=_progress)
    return 0


def _progress(sentence: str) -> None:
    """Print a command's progress, separate from its output."""
    print(sentence, file=sys.stderr, flush=True)


def _import(config: Settings, asked: argparse.Namespace) -> int:
    migrate(config.database_url, report=_progress)
    if asked.dry_run:
        print("\n".join(asyncio.run(import_preview.lines(_opened(config), asked.file))))
        return 0
    counts = asyncio.run(_import_file(config, asked.file))
    print(
        "imported "
        + ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items())
    )
    return 0


def _export(config: Settings, asked: argparse.Namespace) -> int:
    migrate(config.database_url, report=_progress)
    text = asyncio.run(_exported(config))
    try:
        asked.file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{asked.file} cannot be written: {error.strerror}") from error
    return 0


async def _exported(config: Settings) -> str:
    async with _opened(config) as store:
        return await store.read(export_desk)


async def _import_file(
    config: Settings, path: Path, *, only_if_empty: bool = False
) -> dict[str, int]:
    async with _opened(config) as store:
        there = await store.read(queues.list_)
        if only_if_empty and there:
            return {}
        return await import_file(store, desk_file.read(path, await store.read(desk_country)))


@asynccontextmanager
async def _opened(config: Settings) -> AsyncIterator[Store]:
    """The store for one command, without listeners for changes."""
    known = operation_settings(config, send_errors_of(config))
    store = Store(
        config.database_url,
        clock=clock.now,
        settings=known,
        after_commit=lambda _hints, _work_at: None,
    )
    try:
        yield store
    finally:
        store.close()


def _backup(config: Settings, asked: argparse.Namespace) -> int:
    back_up(config, asked.file.absolute(), _progress)
    return 0


def _restore(config: Settings, asked: argparse.Namespace) -> int:
    restore(config, asked.file, _progress)
    if asyncio.run(_key_differs(settings.read())):
        _progress(f"Warning: {secret_keys.DIFFERS}")
    return 0


async def _key_differs(config: Settings) -> bool:
    async with _opened(config) as store:
        return await store.read(secret_keys.differs, config.key_fingerprint)


def _held(config: Settings, asked: argparse.Namespace) -> int:
    migrate(config.database_url, report=_progress)
    print(asyncio.run(_decide(config, asked.act)))
    return 0


async def _decide(config: Settings, act: str) -> str:
    async with _opened(config) as store:
        if act == "show":
            return "\n".join(await store.read(doctor.held)) or "Nothing is held."
        texts = await store.write(decide_held, DecideHeld(send=act == "release"))
        return f"{'Released' if act == 'release' else 'Canceled'} {texts} text{'s' * (texts != 1)}."


def _agent(config: Settings, asked: argparse.Namespace) -> int:
    migrate(config.database_url, report=_progress)
    print(asyncio.run(_change_agents(config, asked)))
    return 0


async def _change_agents(config: Settings, asked: argparse.Namespace) -> str:
    async with _opened(config) as store:
        match asked.act:
            case "add":
                return await agents.add(
                    store, email=asked.email, name=asked.name, roles=asked.role, groups=asked.group
                )
            case "password":
                return await agents.change_password(store, asked.email)
            case _:
                return await agents.listed(store)


def _doctor(config: Settings, _asked: argparse.Namespace) -> int:
    return asyncio.run(doctor.examine(config, sys.stdout))


def _serve(config: Settings, _asked: argparse.Namespace) -> int:
    with only_process(config.database_url, config.public_url, clock.now()):
        return _serve_it(config)


def _serve_it(config: Settings) -> int:
    log.start(config.log)
    listening = serving.listen(config.host, config.port)
    migrate(config.database_url, report=_progress)
    if config.demo:
        asyncio.run(_import_file(config, DEMO, only_if_empty=True))
    if link := asyncio.run(_setup_link(config)):
        print(f"\nNobody can sign in yet. Set up the desk in a browser:\n\n  {link}\n", flush=True)
    if config.workers == 1:
        serving.run(lambda: create_app(config), listening)
    else:
        asyncio.run(Supervisor(listening, config.workers).run())
    return 0


async def _setup_link(config: Settings) -> str | None:
    async with _opened(config) as store:
        return await store.read(setup_link, config.public_url, config.secret_key)


def _measure(config: Settings, pipeline: str) -> None:
    """Print how well the virtual agent understands, and write the page with the charts."""
    seconds, texts = rasa_cli.measure(config.home, pipeline)
    print("\n".join(nlu_report.lines(texts, seconds)))
    page = config.home / "nlu-report.html"
    page.write_text(nlu_page.page(texts, seconds))
    print(f"charts: {page}")


def _bot_check(config: Settings, _asked: argparse.Namespace) -> int:
    print(f"the data is valid, and {rasa_cli.check(config.home, config.bot_data)} texts fit SMS")
    return 0


def _bot_nlu(config: Settings, asked: argparse.Namespace) -> int:
    _measure(config, asked.config)
    return 0


def _bot_train(config: Settings, asked: argparse.Namespace) -> int:
    force = not asked.if_needed
    return _with_store(config, lambda store: models.train(store, config, force=force))


def _bot_run(config: Settings, asked: argparse.Namespace) -> int:
    _with_store(config, lambda store: models.be_ready(store, config))
    command, environment = rasa_cli.command(config, asked.number)
    command += ["--model", str(rasa_cli.served_model(config.home, config.bot_data))]
    os.chdir(ROOT)
    os.execve(command[0], command, environment)  # noqa: S606  # our own command


def _bot_models(config: Settings, _asked: argparse.Namespace) -> int:
    return _with_store(config, models.list_models)


def _bot_compare(config: Settings, asked: argparse.Namespace) -> int:
    return _with_store(config, lambda store: models.compare(store, config, asked.a, asked.b))


def _bot_replay(config: Settings, asked: argparse.Namespace) -> int:
    return _with_store(config, lambda store: models.replay(store, config, asked.hash, asked.days))


def _bot_promote(config: Settings, asked: argparse.Namespace) -> int:
    return _with_store(config, lambda store: models.promote(store, config, asked.hash))


def _bot_rollback(config: Settings, asked: argparse.Namespace) -> int:
    return _with_store(
        config, lambda store: models.roll_back(store, config, with_data=asked.with_data)
    )


def _with_store(config: Settings, act: Callable[[Store], Awaitable[str]]) -> int:
    """Carry out a command on the database, and print its answer."""

    async def carry_out() -> str:
        async with _opened(config) as store:
            return await act(store)

    migrate(config.database_url, report=_progress)
    if answer := asyncio.run(carry_out()):
        print(answer)
    return 0


def _run(config: Settings, _asked: argparse.Namespace) -> int:
    """Runs the service in this process, and one bot process per address, which end with it."""
    with only_process(config.database_url, config.public_url, clock.now()):
        return _run_both(config)


def _run_both(config: Settings) -> int:
    migrate(config.database_url, report=_progress)  # before the training, which takes a minute
    if config.bot_urls:
        _with_store(config, lambda store: models.be_ready(store, config))
    bots = RunningBots(bot_supervisor.commands(config), config.home / "logs" / "bot.log")
    bots.start()
    _greet(config)
    try:
        return _serve_it(config)
    finally:
        bots.end()


def _greet(config: Settings) -> None:
    """Print the address and how to sign in."""
    lines = [f"Workspace        {config.public_url}/workspace"]
    if config.has_simulator:
        lines.append(f"Phone simulator  {config.public_url}/phone")
    if config.has_mailbox:
        lines.append(f"Mailbox          {config.public_url}/mailbox")
    lines.append(f"API              {config.public_url}/api/docs")
    if config.bot_urls:
        lines.append("Virtual agent    starting; a line here says when it is up. Until then, live")
        lines.append("                 agents get the texts")
    if config.demo:
        agents = desk_file.read(DEMO).agents
        lines += [
            "",
            "Demo sign-ins:",
            *(f"  {a.email:<20} {a.password:<12} {', '.join(a.roles)}" for a in agents),
        ]
    print("\n".join(["", *lines, "", "Ctrl-C stops everything.", ""]), flush=True)


if __name__ == "__main__":
    sys.exit(main())

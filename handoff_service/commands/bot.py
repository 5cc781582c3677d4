"""``patchboard bot``: check and measure the training data, train and serve models, and manage
them."""

import argparse
import os
from functools import partial

from handoff_service.bot_control import nlu_page, nlu_report, rasa_cli
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.commands import model_at_start, models
from handoff_service.commands.database import run_on_store
from handoff_service.commands.parser import Commands, add_command
from handoff_service.settings import Settings


def add_commands(commands: Commands) -> None:
    does = "The virtual agent's models: train, measure, compare, promote"
    bot = add_command(commands, "bot", does, _check)
    add = partial(add_command, bot.add_subparsers(required=True, metavar="ACT"))
    add("check", "Check the training data and every text that the bot may send", _check)
    train = add("train", "Train a model while the running one answers", _train)
    train.add_argument(
        "--if-needed", action="store_true", help="train only when the data has changed"
    )
    add("nlu", "Cross-validate how well the model understands texts", _nlu).add_argument(
        "--config", default="config.yml", help="measure the pipeline of this file instead"
    )
    add("run", "Serve the promoted model, in the foreground", _run).add_argument(
        "--number", type=int, default=1, help="position of its address in PATCHBOARD_BOT_URL"
    )
    add("models", "List the models, the newest first", _models)
    compare = add("compare", "Compare model B with model A, and list what blocks B", _compare)
    compare.add_argument("a", metavar="A", help="the beginning of a hash, or: running")
    compare.add_argument("b", metavar="B", help="the beginning of another hash, or: candidate")
    replay = add("replay", "Replay real texts of the last days on a model", _replay)
    replay.add_argument("hash", metavar="HASH", nargs="?", default="candidate")
    replay.add_argument("--days", type=int, default=7, choices=range(1, 91), metavar="1..90")
    promote = add("promote", "Run this model, if nothing blocks its promotion", _promote)
    promote.add_argument("hash", metavar="HASH", help="the beginning of a hash, or: candidate")
    back = add("rollback", "Return to the model that ran before", _roll_back)
    back.add_argument("--with-data", action="store_true", help="also restore its training data")


def _check(config: Settings, _arguments: argparse.Namespace) -> int:
    print(f"the data is valid, and {rasa_cli.check(config.home, config.bot_data)} texts fit SMS")
    return 0


def _nlu(config: Settings, arguments: argparse.Namespace) -> int:
    """Measure how well the virtual agent understands texts, print the figures, and write a page
    with charts to PATCHBOARD_HOME."""
    seconds, texts = rasa_cli.measure(config.home, arguments.config)
    print("\n".join(nlu_report.lines(texts, seconds)))
    page = config.home / "nlu-report.html"
    page.write_text(nlu_page.page(texts, seconds))
    print(f"charts: {page}")
    return 0


def _train(config: Settings, arguments: argparse.Namespace) -> int:
    force = not arguments.if_needed
    return run_on_store(config, lambda store: models.train(store, config, force=force))


def _run(config: Settings, arguments: argparse.Namespace) -> int:
    run_on_store(config, lambda store: model_at_start.ensure_model(store, config))
    command, environment = rasa_cli.command(config, arguments.number)
    command += ["--model", str(rasa_cli.served_model(config.home, config.bot_data))]
    os.chdir(ROOT)
    os.execve(command[0], command, environment)  # noqa: S606  # our own command


def _models(config: Settings, _arguments: argparse.Namespace) -> int:
    return run_on_store(config, models.list_models)


def _compare(config: Settings, arguments: argparse.Namespace) -> int:
    return run_on_store(
        config, lambda store: models.compare(store, config, arguments.a, arguments.b)
    )


def _replay(config: Settings, arguments: argparse.Namespace) -> int:
    return run_on_store(
        config, lambda store: models.replay(store, config, arguments.hash, arguments.days)
    )


def _promote(config: Settings, arguments: argparse.Namespace) -> int:
    return run_on_store(config, lambda store: models.promote(store, config, arguments.hash))


def _roll_back(config: Settings, arguments: argparse.Namespace) -> int:
    with_data: bool = arguments.with_data
    return run_on_store(config, lambda store: models.roll_back(store, config, with_data=with_data))

"""``patchboard``: the program that the make targets run."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from handoff_service import settings
from handoff_service.commands import (
    agents,
    audit,
    backups,
    bot,
    database,
    desk_files,
    keys,
    media,
    numbers,
    privacy,
    serve,
    tokens,
)
from handoff_service.commands.parser import Commands, Run, add_command
from handoff_service.doctor.examine import examine
from handoff_service.errors import Refusal, SetupError
from handoff_service.server.private_files import make_private, set_umask
from handoff_service.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code. A refused command prints the error and returns 1.
    A command that Ctrl-C interrupts returns 130."""
    parsed = parser().parse_args(arguments)
    try:
        run: Run = parsed.run
        set_umask()
        config = settings.read()
        make_private(config)
        return run(config, parsed)
    except (SetupError, Refusal) as error:
        fields = [f"{name} {what}" for name, what in getattr(error, "errors", {}).items()]
        for sentence in fields or [str(error)]:
            print(f"patchboard: {sentence}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("patchboard: stopped", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands with their help."""
    made = argparse.ArgumentParser(
        prog="patchboard",
        description="A text-message help desk. To list the settings: patchboard doctor",
    )
    commands: Commands = made.add_subparsers(required=True, metavar="COMMAND")
    serve.add_commands(commands)
    database.add_commands(commands)
    desk_files.add_commands(commands)
    backups.add_commands(commands)
    media.add_commands(commands)
    agents.add_commands(commands)
    privacy.add_commands(commands)
    tokens.add_commands(commands)
    keys.add_commands(commands)
    numbers.add_commands(commands)
    audit.add_commands(commands)
    add_command(commands, "doctor", "List the settings, and each problem with its fix", _doctor)
    bot.add_commands(commands)
    return made


def _doctor(config: Settings, _arguments: argparse.Namespace) -> int:
    return asyncio.run(examine(config, sys.stdout))


if __name__ == "__main__":
    sys.exit(main())

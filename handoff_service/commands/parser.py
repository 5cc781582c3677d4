"""Declares a command: its name, its help and the function that runs it."""

import argparse
from collections.abc import Callable

from handoff_service.settings import Settings

type Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"
type Run = Callable[[Settings, argparse.Namespace], int]


def add_command(commands: Commands, name: str, does: str, run: Run) -> argparse.ArgumentParser:
    """Add a command. ``run`` returns the exit code. Returns the command's parser, to which the
    caller adds the arguments."""
    made = commands.add_parser(name, help=does, description=does)
    made.set_defaults(run=run)
    return made

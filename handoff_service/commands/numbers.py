"""``patchboard number``: let the provider send a company number's texts to this service."""

import argparse
import asyncio
from collections.abc import Awaitable

from handoff_service.commands.parser import Commands, add_command
from handoff_service.errors import SetupError
from handoff_service.gateways.providers import provider_of
from handoff_service.settings import Settings


def add_commands(commands: Commands) -> None:
    actions = add_command(
        commands, "number", "Set where the provider sends a number's texts", _number
    ).add_subparsers(required=True, metavar="ACTION", dest="action")
    help_text = "Let the provider send this number's texts to PATCHBOARD_PUBLIC_URL"
    point = actions.add_parser("point-here", help=help_text, description=f"{help_text}.")
    point.add_argument("number", metavar="NUMBER", help="a number such as +12025550101")


def _number(config: Settings, arguments: argparse.Namespace) -> int:
    """Set where the provider sends the number's texts. Raises SetupError, which gives the
    provider's reason."""
    kind = provider_of(config)
    if kind.point_here is None:
        raise SetupError(f"With {kind.title}, a number needs no setup.")
    why = asyncio.run(_point(kind.point_here(config, arguments.number)))
    if why is not None:
        raise SetupError(why)
    print(f"Texts to {arguments.number} now arrive at {config.public_url}.")
    return 0


async def _point(pointing: Awaitable[str | None]) -> str | None:
    return await pointing

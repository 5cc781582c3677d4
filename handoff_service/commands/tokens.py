"""``patchboard token``: add, list and revoke service tokens without a browser."""

import argparse

from handoff_service.commands.database import run_on_store
from handoff_service.commands.parser import Commands, add_command
from handoff_service.errors import NotFound
from handoff_service.operations.desk.service_tokens import (
    MakeToken,
    TokenFields,
    make_token,
    new_secret,
    revoke_token,
)
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.service_tokens import USUAL_DAYS, USUAL_RATE, Scope, TokenState
from handoff_service.settings import Settings
from handoff_service.store.desk import service_tokens
from handoff_service.store.engine.store import Store


def add_commands(commands: Commands) -> None:
    does = "Add, list and revoke service tokens for programs that use the API"
    actions = add_command(commands, "token", does, _token).add_subparsers(
        required=True, metavar="ACTION", dest="action"
    )
    help_text = "Add a token, and print its secret once"
    add = actions.add_parser("add", help=help_text, description=f"{help_text}.")
    add.add_argument("name", help="the program that uses it")
    add.add_argument(
        "--scope", action="append", default=[], choices=list(Scope), help="may be repeated"
    )
    add.add_argument("--days", type=int, default=USUAL_DAYS, help="days until it expires")
    add.add_argument("--rate", type=int, default=USUAL_RATE, help="requests a minute")
    actions.add_parser("list", help="List the tokens", description="List the tokens.")
    help_text = "Revoke a token, and end its event streams"
    revoke = actions.add_parser("revoke", help=help_text, description=f"{help_text}.")
    revoke.add_argument("name")


def _token(config: Settings, arguments: argparse.Namespace) -> int:
    return run_on_store(config, lambda store: _run_action(store, arguments))


async def _run_action(store: Store, arguments: argparse.Namespace) -> str:
    match arguments.action:
        case "add":
            return await _add(store, arguments)
        case "revoke":
            return await _revoke(store, arguments.name)
        case _:
            return await _list(store)


async def _add(store: Store, arguments: argparse.Namespace) -> str:
    """Create a service token, and return its secret. Raises BadInput, which names the wrong field.
    Raises Conflict for a name in use."""
    given = {
        "name": arguments.name,
        "scopes": arguments.scope,
        "days": arguments.days,
        "rate": arguments.rate,
    }
    command = MakeToken(**read_as(TokenFields, given).model_dump(), secret=new_secret())
    return (await store.write(make_token, command)).secret


async def _revoke(store: Store, name: str) -> str:
    found = [
        one
        for one in await store.read(service_tokens.list_)
        if one.name == name and one.state is not TokenState.REVOKED
    ]
    if not found:
        raise NotFound(f"There is no service token “{name}” to revoke.")
    await store.write(revoke_token, found[0].id)
    return f"Revoked {name}."


async def _list(store: Store) -> str:
    """One line for each token."""
    found = await store.read(service_tokens.list_)
    width = max((len(one.name) for one in found), default=0)
    return (
        "\n".join(
            f"{one.name:<{width}}  {one.state:<7}  until {one.expires_at:%Y-%m-%d}  "
            f"{', '.join(one.scopes)}"
            for one in found
        )
        or "There are no service tokens yet. Add one: patchboard token add NAME --scope read"
    )

"""``patchboard agent``: add and list agents, set their passwords and reset their two-factor sign-in
without a browser."""

import argparse
import getpass
import sys
from collections.abc import Sequence

from handoff_service.commands.database import run_on_store
from handoff_service.commands.parser import Commands, add_command
from handoff_service.errors import BadInput, NotFound
from handoff_service.operations.desk import passwords, sign_in
from handoff_service.operations.desk.agents import ChangeAgent, MakeAgent, change_agent, make_agent
from handoff_service.operations.desk.second_factors import reset_second_factor
from handoff_service.operations.desk_file.desk_file import AgentEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.settings import Settings
from handoff_service.store.desk import agents
from handoff_service.store.engine.store import Store

EVERYONE = 100_000


def add_commands(commands: Commands) -> None:
    does = "Add and list agents, set their passwords, and reset their two-factor sign-in"
    actions = add_command(commands, "agent", does, _agent).add_subparsers(
        required=True, metavar="ACTION", dest="action"
    )
    asks = "Patchboard asks for the password, or reads it from standard input."
    add = actions.add_parser("add", help="Add an agent", description=f"Add an agent. {asks}")
    add.add_argument("email")
    add.add_argument("--name", default="", help="default: the address before the @")
    add.add_argument(
        "--role", action="append", default=[], choices=list(Role), help="may be repeated"
    )
    add.add_argument("--group", action="append", default=[], help="may be repeated")
    actions.add_parser("list", help="List the agents", description="List the agents.")
    password = actions.add_parser(
        "password",
        help="Set a password",
        description=f"Set a password; the agent is signed out everywhere. {asks}",
    )
    password.add_argument("email")
    reset = actions.add_parser(
        "reset-second-factor",
        help="Reset the two-factor sign-in of an agent who has lost the phone",
        description="Remove an agent's authenticator app, backup codes and passkeys. The agent is "
        "signed out everywhere.",
    )
    reset.add_argument("email")


def _agent(config: Settings, arguments: argparse.Namespace) -> int:
    return run_on_store(config, lambda store: _run_action(store, arguments))


async def _run_action(store: Store, arguments: argparse.Namespace) -> str:
    match arguments.action:
        case "add":
            return await _add(
                store,
                email=arguments.email,
                name=arguments.name,
                roles=arguments.role,
                groups=arguments.group,
            )
        case "password":
            return await _change_password(store, arguments.email)
        case "reset-second-factor":
            return await _reset(store, arguments.email)
        case _:
            return await _list(store)


async def _add(
    store: Store, *, email: str, name: str, roles: Sequence[str], groups: Sequence[str]
) -> str:
    """Ask for a password, and add an agent. Raises BadInput, which names the wrong field. Raises
    Conflict for an e-mail address in use."""
    given = {
        "email": email,
        "name": name or email.partition("@")[0],
        "roles": list(roles) or [Role.AGENT],
        "groups": list(groups),
        "capacity": 4 if Role.AGENT in roles or not roles else 0,
    }
    read_as(AgentEntry, given)  # refuse an invalid address before the person types the password
    entry = read_as(AgentEntry, given | {"password": _ask_password(email)})
    await store.write(
        make_agent,
        MakeAgent(
            email=entry.email,
            name=entry.name,
            password_hash=passwords.hash_password(entry.password or ""),
            capacity=entry.capacity,
            roles=entry.roles,
            groups=entry.groups,
        ),
    )
    return f"Added {entry.email}. Roles: {', '.join(entry.roles)}."


async def _change_password(store: Store, email: str) -> str:
    """Set a new password, which ends the agent's sessions. Raises NotFound for an unknown or
    deactivated agent."""
    found = await store.read(sign_in.find, email)
    if found is None:
        raise NotFound(f"No active agent has the e-mail address {email}.")
    one = await store.read(agents.get, found[0])
    entry = read_as(
        AgentEntry, {"email": one.email, "name": one.name, "password": _ask_password(one.email)}
    )
    password_hash = passwords.hash_password(entry.password or "")
    values = {"password_hash": password_hash}
    await store.write(change_agent, ChangeAgent(id=one.id, by=None, values=values))
    return f"{one.email} has a new password and is signed out everywhere."


async def _reset(store: Store, email: str) -> str:
    """Remove the agent's second factors. Raises NotFound for an unknown or deactivated agent."""
    found = await store.read(sign_in.find, email)
    if found is None:
        raise NotFound(f"No active agent has the e-mail address {email}.")
    await store.write(reset_second_factor, found[0])
    return f"{email} has no second factor now and is signed out everywhere."


async def _list(store: Store) -> str:
    """One line for each agent."""
    found = await store.read(agents.list_, words=None, after=0, limit=EVERYONE)
    width = max((len(one.email) for one in found), default=0)
    return (
        "\n".join(
            f"{one.email:<{width}}  {', '.join(one.roles) or 'no role'}  {one.name}"
            + ("" if one.active else "  (deactivated)")
            for one in found
        )
        or "There is no agent yet. Add one: patchboard agent add EMAIL --role admin"
    )


def _ask_password(email: str) -> str:
    """Ask twice in a terminal. From another program, read one line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password for {email}: ")
    if getpass.getpass("Repeat the password: ") != password:
        raise BadInput(errors={"password": "must be the same both times"})
    return password

"""``patchboard keys``: show and rotate the secret key."""

import argparse
import os
import secrets

from handoff_service.commands.database import run_on_store
from handoff_service.commands.parser import Commands, add_command
from handoff_service.environment.key_files import replace_key
from handoff_service.errors import SetupError
from handoff_service.lib.sealing import key_id
from handoff_service.operations.desk.key_checks import key_notes, key_problems
from handoff_service.operations.desk.use_secret_keys import (
    give_up_old_key,
    rotate_keys,
    use_secret_keys,
)
from handoff_service.rules.shared.counted import counted
from handoff_service.settings import Settings
from handoff_service.store.desk.key_uses import KeyUse, key_uses
from handoff_service.store.engine.store import Store


def add_commands(commands: Commands) -> None:
    does = "Show and rotate the secret key"
    actions = add_command(commands, "keys", does, _keys).add_subparsers(
        required=True, metavar="ACTION", dest="action"
    )
    for name, help_text in (
        ("show", "Show what each secret key is needed for"),
        ("new", "Generate a new secret key in PATCHBOARD_HOME; the earlier one stays accepted"),
        ("rotate", "Seal stored secrets again with the current secret key"),
    ):
        made = actions.add_parser(name, help=help_text, description=f"{help_text}.")
        if name == "rotate":
            lost = "the earlier key is lost: give up what only that key opens"
            made.add_argument("--old-key-is-lost", action="store_true", help=lost)


def _keys(config: Settings, arguments: argparse.Namespace) -> int:
    if arguments.action == "new":
        return _new(config)
    if arguments.action == "show":
        return run_on_store(config, _show)
    return run_on_store(config, lambda store: _rotate(store, arguments.old_key_is_lost))


def _new(config: Settings) -> int:
    """Write a new key to HOME, and keep the earlier key in a second file. Raises SetupError when
    the key comes from the environment, or when the last rotation is not over.
    """
    if os.environ.get("PATCHBOARD_SECRET_KEY", "").strip():
        raise SetupError(
            "PATCHBOARD_SECRET_KEY comes from the environment. Set PATCHBOARD_SECRET_KEY_OLD to "
            "its value, and PATCHBOARD_SECRET_KEY to a new random one of 32 characters or more."
        )
    if config.old_keys:
        raise SetupError(
            "The last rotation is not over, because an old key is still accepted. To see what "
            "still needs it, run: patchboard keys show"
        )
    replace_key(config.home, "secret_key_old", config.secret_key)
    replace_key(config.home, "secret_key", secrets.token_urlsafe(32))
    print(
        "PATCHBOARD_HOME has a new key, and the earlier one is still accepted. Restart the "
        "service, then run: patchboard keys rotate"
    )
    return 0


async def _rotate(store: Store, is_lost: bool) -> str:
    if is_lost:
        await store.write(give_up_old_key, None)
    await store.write(use_secret_keys, None)
    count = await store.write(rotate_keys, None)
    keys = store.settings.keys
    left = [*await store.read(key_problems, keys), *await store.read(key_notes, keys)]
    return "\n".join([f"Sealed {counted(count, 'secret')} with the current key.", *left])


async def _show(store: Store) -> str:
    current, *old = (key_id(key) for key in store.settings.keys)
    uses = await store.read(key_uses)
    names = {current: "current", **dict.fromkeys(old, "old")}
    nothing = KeyUse(secrets=0, facts=0)
    return "\n".join(
        f"{one}  {names.get(one, 'not set'):<7}  {counted(use.secrets, 'secret')}, "
        f"{counted(use.facts, 'identity fact')}"
        for one in dict.fromkeys([*names, *uses])
        for use in [uses.get(one, nothing)]
    )

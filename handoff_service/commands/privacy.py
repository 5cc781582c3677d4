"""``patchboard erase``, ``hand-out`` and ``retention``: manage personal data in a terminal."""

import argparse
from contextlib import suppress
from pathlib import Path

from handoff_service.clock import now
from handoff_service.commands.database import run_on_store
from handoff_service.commands.parser import Commands, add_command
from handoff_service.errors import NotFound, SetupError
from handoff_service.gateways.media_stores import media_store_of
from handoff_service.lib import phone_numbers
from handoff_service.operations.privacy.hand_out import collect, write_archive
from handoff_service.operations.privacy.request_erasure import (
    RequestedPerson,
    RequestErasure,
    preview,
    request_erasure,
)
from handoff_service.operations.shared.audit import audit, exported
from handoff_service.rules.desk.audit import Subject
from handoff_service.settings import Settings
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.engine.store import Store
from handoff_service.store.privacy import erasures, people, retention_status
from handoff_service.store.privacy.counts import TITLES
from handoff_service.store.privacy.erasures import Erasure

WHOM = "a phone number, an employee number, an e-mail address, or “user ID”"
REPEAT = "Nothing was erased. To erase this, repeat the command with --yes."
STARTED = (
    "{number} has started. The service erases the person while it runs. To see the "
    "receipt, run: patchboard erase --receipt {id}"
)


def add_commands(commands: Commands) -> None:
    does = "List what is stored about a person, and with --yes erase it"
    made = add_command(commands, "erase", does, _erase)
    made.add_argument("person", nargs="?", help=WHOM)
    made.add_argument("--yes", action="store_true", help="erase the person; this cannot be undone")
    made.add_argument("--receipt", type=int, metavar="ID", help="print the receipt of an erasure")
    does = "Write everything about a person to a zip file that they can read"
    made = add_command(commands, "hand-out", does, _hand_out)
    made.add_argument("person", help=WHOM)
    made.add_argument("file", type=Path)
    add_command(commands, "retention", "Count what retention would remove now", _retention)


def _erase(config: Settings, arguments: argparse.Namespace) -> int:
    if arguments.receipt is None and arguments.person is None:
        raise SetupError("Name a person: patchboard erase +12025550101, or an employee number.")
    return run_on_store(config, lambda store: _erase_person(store, arguments))


async def _erase_person(store: Store, arguments: argparse.Namespace) -> str:
    if arguments.receipt is not None:
        return _receipt(await store.read(erasures.get, arguments.receipt))
    whom = await _find_person(store, arguments.person)
    found = await store.read(preview, whom)
    lines = [f"{TITLES[name]}: {count}" for name, count in found.counts.items()]
    if not arguments.yes:
        return "\n".join([*lines, *found.shared, REPEAT])
    command = RequestErasure(whom=whom, agent_id=None, planned=found.counts)
    made = await store.write(request_erasure, command)
    return "\n".join([*lines, *found.shared, STARTED.format(number=f"ERA{made:07}", id=made)])


async def _find_person(store: Store, person: str) -> RequestedPerson:
    """Find a person (see WHOM). Raises SetupError when the text names no user and is not a phone
    number."""
    with suppress(NotFound):
        return RequestedPerson(user_id=await store.read(people.find_user, person))
    try:
        return RequestedPerson(number=phone_numbers.read(person, await store.read(desk_country)))
    except phone_numbers.NotANumber as error:
        raise SetupError(
            f"{person} is not the employee number or e-mail address of a user, and {error}."
        ) from error


def _receipt(erasure: Erasure) -> str:
    when = f"{erasure.requested_at:%Y-%m-%d %H:%M} UTC"
    ended = f"{erasure.ended_at:%Y-%m-%d %H:%M} UTC" if erasure.ended_at else "not yet"
    lines = [f"{erasure.number}: requested {when}, ended {ended}"]
    if erasure.doing:
        lines.append(f"{erasure.doing}.")
    lines += [f"Removed: {_title(name)}: {n}" for name, n in erasure.removed.items()]
    return "\n".join([*lines, *(f"Not removed: {one}" for one in erasure.left)])


def _title(name: str) -> str:
    """The name of a count in the receipt."""
    return TITLES.get(name) or name.replace("_", " ").capitalize()


def _hand_out(config: Settings, arguments: argparse.Namespace) -> int:
    return run_on_store(config, lambda store: _write_hand_out(store, config, arguments))


async def _write_hand_out(store: Store, config: Settings, arguments: argparse.Namespace) -> str:
    archive = await store.read(collect, await _find_person(store, arguments.person))
    try:
        write_archive(archive, media_store_of(config), arguments.file)
    except OSError as error:
        raise SetupError(f"{arguments.file} cannot be written: {error.strerror}.") from error
    await store.write(audit, exported(Subject.PERSONAL_DATA, arguments.file.name))
    conversations = len(archive.sections["conversations"])
    return f"Wrote {arguments.file}. Conversations: {conversations}. Files: {len(archive.media)}."


def _retention(config: Settings, _arguments: argparse.Namespace) -> int:
    return run_on_store(config, _retention_status)


async def _retention_status(store: Store) -> str:
    found = await store.read(retention_status.status, now(), counted=True)
    return "\n".join(
        f"{one.title}: kept forever"
        if one.days is None
        else f"{one.title}: kept {one.days} days; a run would remove {one.would_remove} now"
        for one in found.kinds
    )

"""``patchboard audit``: verify the audit log, and remove old entries."""

import argparse
from datetime import UTC, date, datetime, time

from handoff_service.commands.database import run_on_store
from handoff_service.commands.parser import Commands, add_command
from handoff_service.errors import BadInput, SetupError
from handoff_service.operations.desk.audit_chain import (
    RemoveEntries,
    check_chain,
    remove_entries,
)
from handoff_service.rules.shared.counted import counted
from handoff_service.settings import Settings
from handoff_service.store.desk.audit_chain import ChainReport, place_hash
from handoff_service.store.engine.store import Store


def add_commands(commands: Commands) -> None:
    does = "Verify the audit log, and remove old entries from it"
    actions = add_command(commands, "audit", does, _audit).add_subparsers(
        required=True, metavar="ACTION", dest="action"
    )
    help_text = "Check that no entry was changed or deleted"
    verify = actions.add_parser("verify", help=help_text, description=f"{help_text}.")
    verify.add_argument(
        "--head",
        metavar="PLACE:HASH",
        help="a head that an earlier check printed; the chain must contain it",
    )
    help_text = "Remove the entries before a day (UTC); the chain can still be verified"
    remove = actions.add_parser("remove", help=help_text, description=f"{help_text}.")
    remove.add_argument("--before", required=True, metavar="YYYY-MM-DD", type=_day)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("must be a day such as 2026-01-31") from error


def _audit(config: Settings, arguments: argparse.Namespace) -> int:
    if arguments.action == "remove":
        return run_on_store(config, lambda store: _remove(store, arguments.before))
    return run_on_store(config, lambda store: _verify(store, arguments.head))


async def _verify(store: Store, head: str | None) -> str:
    """Verify the audit log, and describe the result. Raises SetupError if the log was tampered
    with, and BadInput for a head that is not PLACE:HASH."""
    report = await check_chain(store)
    faults = [*report.faults, *await _missing_head(store, head)]
    if faults:
        raise SetupError("The audit log was tampered with. " + " ".join(faults))
    return _in_words(report)


async def _missing_head(store: Store, head: str | None) -> list[str]:
    if head is None:
        return []
    place, colon, hash_ = head.partition(":")
    if not colon or not place.isdecimal():
        raise BadInput(errors={"--head": "must be PLACE:HASH, as an earlier check printed it"})
    if await store.read(place_hash, int(place)) == hash_:
        return []
    return [f"The chain does not contain the head {place}:{hash_[:12]}…."]


def _in_words(report: ChainReport) -> str:
    removed = f", {report.removed} removed" if report.removed else ""
    return (
        "The audit log is complete and unchanged: "
        f"{counted(report.entries, 'entry', 'entries')}{removed}.\n"
        f"Head: {report.head.place}:{report.head.hash}\n"
        "Keep the head outside this machine, and pass it to the next check with --head."
    )


async def _remove(store: Store, before: date) -> str:
    report = await check_chain(store)
    if report.faults:
        raise SetupError("The audit log was tampered with. " + " ".join(report.faults))
    moment = datetime.combine(before, time(), UTC)
    count = await store.write(remove_entries, RemoveEntries(before=moment))
    return f"Removed {counted(count, 'entry', 'entries')} before {before}."

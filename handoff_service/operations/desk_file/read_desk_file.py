"""Read and check a desk file."""

import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from phonenumbers import SUPPORTED_REGIONS

from handoff_service.errors import SetupError
from handoff_service.lib import opening_hours, text_files
from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.operations.desk.identity_provider_fields import IdentityProviderEntry
from handoff_service.operations.desk_file import desk_file_errors, toml_limits
from handoff_service.operations.desk_file.desk_file import (
    MACRO_USES,
    DeskFile,
    MacroEntry,
    WebhookEntry,
)
from handoff_service.operations.shared.field_checks import COUNTRY
from handoff_service.rules.cases import outages
from handoff_service.rules.desk import identity_providers, macros, system_message_texts, templates
from handoff_service.rules.messaging_actions import messaging_actions
from handoff_service.rules.routing import queues
from handoff_service.rules.webhooks import signature, webhooks


def read(path: Path, country: str | None = None) -> DeskFile:
    """Read and check a desk file. Raises SetupError, which lists the errors as ``file:line: key:
    error``.

    ``country``: the desk's country, for national numbers in a file that names no country.
    """
    try:
        with path.open("rb") as file:
            content = file.read(toml_limits.MOST_BYTES + 1)
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from error
    return read_bytes(content, str(path), country)


def read_bytes(content: bytes, name: str, country: str | None = None) -> DeskFile:
    """Like ``read``, for a file's content and name.

    A file of 1 MB takes a second, so a server must call this in a thread.
    """
    try:
        toml_limits.check_size(len(content))
        text = text_files.text_of(content).replace("\r\n", "\n")
        toml_limits.check(text)
        content_read = tomllib.loads(text)
    except toml_limits.TooMuch as error:
        raise SetupError(f"{name}:{error.line}: {error.what}") from error
    except text_files.NotUtf8 as error:
        raise SetupError(f"{name} {error}") from error
    # the parser raises this for invalid TOML, and for a number with more digits than Python reads
    except ValueError as error:
        raise SetupError(f"{name}: {error}") from error
    context = {COUNTRY: _country_of(content_read) or country}
    if wrong := [
        desk_file_errors.line_of(name, text, error)
        for error in islice(
            desk_file_errors.malformed(DeskFile, content_read, context),
            desk_file_errors.MOST_LISTED,
        )
    ]:
        raise SetupError(desk_file_errors.error_lines(wrong))
    file = DeskFile.model_validate(content_read, context=context)
    if wrong := [
        desk_file_errors.written(name, text, where, what)
        for where, what in islice(_errors(file), desk_file_errors.MOST_LISTED)
    ]:
        raise SetupError(desk_file_errors.error_lines(wrong))
    return file


def _country_of(content: dict[str, Any]) -> str | None:
    """The country of the desk in the file, or the default country if the desk has none. None if the
    file has no desk, or if the country is invalid."""
    desk = content.get("desk")
    named = (
        desk.get("country", DeskEntry.model_fields["country"].default)
        if isinstance(desk, dict)
        else None
    )
    return named if named in SUPPORTED_REGIONS else None


def _errors(file: DeskFile) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """The errors that the rules find in well-formed entries, as (place in the file, error)."""
    for n, action in enumerate(file.messaging_actions):
        for key, what in messaging_actions.errors(action.to_action()).items():
            yield ("messaging_actions", n, key), what
    for n, queue in enumerate(file.queues):
        for key, what in queues.errors(queue.to_fields()).items():
            yield ("queues", n, key), what
        country = queue.country or (file.desk.country if file.desk else None)
        if queue.schedule is not None and (wrong := opening_hours.error(queue.schedule, country)):
            yield ("queues", n, "schedule"), wrong
    for n, template in enumerate(file.templates):
        if wrong := templates.error(template.body):
            yield ("templates", n, "body"), wrong
    yield from _macro_errors(file.macros)
    for n, outage in enumerate(file.outages):
        for key, what in outages.errors(outage.to_fields()).items():
            yield ("outages", n, key), what
    yield from _provider_errors(file.identity_providers)
    yield from _webhooks_errors(file)
    for message, body in file.texts.items():
        if wrong := system_message_texts.error(message, body):
            yield ("texts", str(message)), wrong


def _provider_errors(
    entries: list[IdentityProviderEntry],
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    for n, entry in enumerate(entries):
        for key, what in identity_providers.errors(entry.to_fields()).items():
            yield ("identity_providers", n, key), what


def _macro_errors(entries: list[MacroEntry]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    for n, macro in enumerate(entries):
        named = {key: 0 for key in MACRO_USES if getattr(macro, key) is not None}
        for key, what in macros.errors(macro.to_fields(named)).items():
            yield ("macros", n, key.removesuffix("_id")), what


def _webhooks_errors(file: DeskFile) -> Iterator[tuple[tuple[int | str, ...], str]]:
    for n, webhook in enumerate(file.webhooks):
        for key, what in _webhook_errors(webhook):
            yield ("webhooks", n, key), what
    if file.case_webhook is not None:
        for key, what in _webhook_errors(file.case_webhook.to_webhook()):
            if file.case_webhook.url or key != "url":
                yield ("case_webhook", key), what


def _webhook_errors(entry: WebhookEntry) -> Iterator[tuple[str, str]]:
    yield from webhooks.errors(entry.to_fields()).items()
    if entry.secret is not None and (wrong := signature.secret_error(entry.secret)):
        yield "secret", wrong

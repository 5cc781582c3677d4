"""Change the texts of one of the virtual agent's replies for a trainer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handoff_service.bot_control import nlu_file
from handoff_service.bot_control.bot_data import DOMAIN, BotData
from handoff_service.bot_control.file_change import FileChange
from handoff_service.bot_control.reply_sms_check import why_unfit
from handoff_service.bot_control.reply_variants import (
    add_variant,
    language_of,
    remove_variant,
    reword,
)
from handoff_service.errors import BadInput, Conflict
from handoff_service.rules.shared.language import LANGUAGE_NAMES, Language
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.shared.versions import OTHER_LANGUAGES
from handoff_service.rules.training.examples import one_line

NO_REPLY = phrase("Write the reply.")
CHANGED = phrase("Somebody has changed this reply. Reload the page.")
REMOVED = phrase("Somebody has removed this reply from the file. Reload the page.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """A new text for a variant, or a new translation. ``variant``: its position in the reply; None:
    a new translation. ``language``: see ``ReplyText``. ``before``: the text that the trainer saw.
    ``after``: the new text; empty: remove the translation."""

    variant: int | None
    language: Language | None
    before: str
    after: str


def put_reply(data: BotData, name: str, changes: Sequence[TextChange]) -> FileChange:
    """Change texts of a reply. Raises BadInput when a new text cannot be sent as an SMS, or when
    the English text of a variant would become empty. Raises Conflict when a current text is not the
    one that the trainer saw."""
    changes = [one for one in changes if one.after.strip() != one.before.strip()]
    _check(data.root, changes)

    def change(content: Any) -> None:
        variants = (content.get("responses") or {}).get(name)
        if not variants:
            raise Conflict(REMOVED)
        for one in changes:
            _compare(variants, one)
        removed = [variants[one.variant] for one in changes if _removes(one)]
        for one in changes:
            if one.variant is None:
                add_variant(variants, one.after, one.language or Language.ENGLISH)
            elif not _removes(one):
                reword(variants[one.variant], one_line(one.after))
        for variant in removed:
            remove_variant(variants, variant)

    return data.change(DOMAIN, lambda text: nlu_file.changed(text, change))


def _removes(one: TextChange) -> bool:
    return one.variant is not None and not one.after.strip()


def _check(root: Path, changes: Sequence[TextChange]) -> None:
    wrong = [
        why
        if one.language in (None, Language.ENGLISH)
        else phrase("In {language}: {problem}", language=LANGUAGE_NAMES[one.language], problem=why)
        for one in changes
        if (why := _why_wrong(root, one))
    ]
    if wrong:
        raise BadInput(joined(" ", wrong), errors={"text": joined(" ", wrong)})


def _why_wrong(root: Path, one: TextChange) -> str | None:
    if one.after.strip():
        return why_unfit(root, one.after)
    return None if one.language in OTHER_LANGUAGES else NO_REPLY


def _compare(variants: Sequence[Any], one: TextChange) -> None:
    """Raise Conflict when the current variants are not those that the trainer saw."""
    if one.variant is None:
        if any(language_of(variant) is one.language for variant in variants):
            raise Conflict(CHANGED)
        return
    if one.variant >= len(variants):
        raise Conflict(CHANGED)
    there = variants[one.variant]
    if str(there.get("text")) != one.before or language_of(there) is not one.language:
        raise Conflict(CHANGED)

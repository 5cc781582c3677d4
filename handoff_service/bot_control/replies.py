"""The virtual agent's replies: the responses of domain.yml, in each language of requesters.

A response is a list of variants. A variant for a language has a condition on the slot ``language``.
A variant without a condition is in English. Rasa also sends it to requesters of other languages
when their language has no variant.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.tokens import CommentToken

from handoff_service.bot_control import bot_text_lint, nlu_file
from handoff_service.bot_control.bot_data import DOMAIN, BotData
from handoff_service.bot_control.file_change import FileChange
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.errors import BadInput, Conflict
from handoff_service.rules.delivery.sms_text import Segments, segments
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.language import LANGUAGE_NAMES, Language
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.shared.versions import OTHER_LANGUAGES, Translations
from handoff_service.rules.training.examples import one_line
from handoff_service.rules.virtual_agent.sms_check import (
    BotText,
    SmsCheckSettings,
    TextAt,
    problems,
)

NO_REPLY = phrase("Write the reply.")
CHANGED = phrase("Somebody has changed this reply. Reload the page.")
REMOVED = phrase("Somebody has removed this reply from the file. Reload the page.")
SLOT = "language"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyText:
    """A text of a reply.

    - ``variant``: the position among the response's variants, from 0; None: there is no text in
      this language yet.
    - ``language``: None for a variant with a condition on something else.
    """

    variant: int | None
    language: Language | None
    text: str
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response of domain.yml. ``texts``: its texts, and an empty one for each language that it
    does not have yet."""

    name: str
    texts: Sequence[ReplyText]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """A new text for a variant, or a new translation. ``variant`` and ``language`` are those of the
    ``ReplyText``. ``before``: the text that the trainer saw. An empty ``after`` removes a
    translation."""

    variant: int | None
    language: Language | None
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsCheck:
    """The result of the SMS check of a text with its placeholders at their longest."""

    segments: Segments
    problems: list[str]


def replies(data: BotData) -> list[Reply]:
    """Every response with texts, in the order of the file."""
    longest = _settings(data.root).longest
    return [
        Reply(name=str(name), texts=texts)
        for name, variants in (data.domain().get("responses") or {}).items()
        if (texts := _texts(variants or (), longest))
    ]


def _texts(variants: Sequence[Any], longest: Mapping[str, str]) -> list[ReplyText]:
    found = [
        ReplyText(
            variant=n,
            language=_language(variant),
            text=str(variant["text"]),
            segments=segments(placeholders.fill(str(variant["text"]), longest)).count,
        )
        for n, variant in enumerate(variants)
        if variant.get("text")
    ]
    there = {one.language for one in found}
    missing = [one for one in OTHER_LANGUAGES if one not in there] if found else []
    new = [ReplyText(variant=None, language=one, text="", segments=0) for one in missing]
    order = [*Language, None]
    return sorted([*found, *new], key=lambda one: order.index(one.language))


def _language(variant: Any) -> Language | None:
    """The language of a variant; English without a condition."""
    conditions = variant.get("condition") or ()
    codes = [one.get("value") for one in conditions if one.get("name") == SLOT]
    if not codes:
        return None if conditions else Language.ENGLISH
    return Language(codes[0]) if codes[0] in set(Language) else None


def check_sms(root: Path, text: str) -> SmsCheck:
    settings = _settings(root)
    line = BotText(file=DOMAIN, name="reply", text=TextAt(line=1, words=text))
    return SmsCheck(
        segments=segments(placeholders.fill(text, settings.longest)),
        problems=[joined(" ", [one.what, one.suggestion]) for one in problems(line, settings)],
    )


def why_unfit(root: Path, text: str) -> str | None:
    """Why a text cannot be sent as an SMS; None when it can be."""
    found = check_sms(root, one_line(text)).problems
    return joined(" ", found) if found else None


def variants_of(reply: str, translations: Translations) -> list[CommentedMap]:
    """The variants of a new response."""
    return [
        _variant(reply, Language.ENGLISH),
        *(_variant(text, language) for language, text in translations.items()),
    ]


def _variant(text: str, language: Language) -> CommentedMap:
    made = CommentedMap(text=DoubleQuotedScalarString(one_line(text)))
    if language is not Language.ENGLISH:
        condition = CommentedMap(type="slot", name=SLOT, value=str(language))
        made["condition"] = CommentedSeq([condition])
    return made


def put_reply(data: BotData, name: str, changes: Sequence[TextChange]) -> FileChange:
    """Change texts of a reply. BadInput when a new text is unfit for SMS; Conflict when a present
    text is not what the trainer saw."""
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
                _add(variants, one)
            elif not _removes(one):
                _reword(variants[one.variant], one_line(one.after))
        for variant in removed:
            _remove(variants, variant)

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
    """Conflict when the trainer saw other variants."""
    if one.variant is None:
        if any(_language(variant) is one.language for variant in variants):
            raise Conflict(CHANGED)
        return
    if one.variant >= len(variants):
        raise Conflict(REMOVED)
    there = variants[one.variant]
    if str(there.get("text")) != one.before or _language(there) is not one.language:
        raise Conflict(CHANGED)


def _reword(variant: Any, text: str) -> None:
    """Change the text and keep its quotes."""
    present = variant["text"]
    variant["text"] = text if type(present) is str else type(present)(text)


def _add(variants: Any, one: TextChange) -> None:
    """Append a translation. It gets what else the first variant has, such as its buttons."""
    made = _variant(one.after, one.language or Language.ENGLISH)
    following = _take_comments(variants[-1])
    for key, value in variants[0].items():
        if key not in made:
            made[key] = value if _has_name(value) else deepcopy(value)
    variants.append(made)
    _put_comments(made, following)


def _has_name(value: Any) -> bool:
    """Whether the file names this value (``&yes_no``), so that others can refer to it."""
    return getattr(value, "anchor", None) is not None and value.anchor.value is not None


def _remove(variants: Any, variant: Any) -> None:
    at = next(n for n, one in enumerate(variants) if one is variant)
    if at and at == len(variants) - 1:
        _put_comments(variants[at - 1], _take_comments(variant))
    del variants[at]


def _take_comments(variant: CommentedMap) -> str:
    """Remove and return the blank lines and comments that follow a variant. ruamel keeps them with
    the last value. A comment on the value's own line stays."""
    holder, key, slot = _last_value(variant)
    tokens = holder.ca.items.get(key)
    token = tokens[slot] if tokens else None
    if token is None:
        return ""
    of_line, _, following = token.value.partition("\n")
    if not following:
        return ""
    if of_line:
        token.value = f"{of_line}\n"
    else:
        del holder.ca.items[key]
    return str(following)


def _put_comments(variant: CommentedMap, following: str) -> None:
    if not following:
        return
    holder, key, slot = _last_value(variant)
    tokens = holder.ca.items.setdefault(key, [None] * (slot + 2))
    token = tokens[slot] = tokens[slot] or CommentToken("\n", CommentMark(0), None)
    token.value = f"{token.value.rstrip('\n')}\n{following}"


def _last_value(variant: CommentedMap) -> tuple[Any, Any, int]:
    """The innermost map or list that holds the last value of a variant, the value's place in it,
    and the place of its comment."""
    holder: Any = variant
    while True:
        is_map = isinstance(holder, CommentedMap)
        key = list(holder)[-1] if is_map else len(holder) - 1
        inner = holder[key]
        if not (isinstance(inner, CommentedMap | CommentedSeq) and inner):
            return holder, key, 2 if is_map else 0
        holder = inner


def _settings(root: Path) -> SmsCheckSettings:
    """The settings in the folder's sms_check.yml, or in the project's own."""
    return bot_text_lint.read_settings(
        root if (root / bot_text_lint.SETTINGS_FILE).exists() else ROOT
    )

"""Read and change the variants of a response in the YAML of domain.yml. Comments are kept."""

from copy import deepcopy
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.tokens import CommentToken

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.versions import Translations
from handoff_service.rules.training.examples import one_line

SLOT = "language"


def language_of(variant: Any) -> Language | None:
    """The language of a variant. English for a variant without a condition. None for a variant with
    another condition or an unknown language."""
    conditions = variant.get("condition") or ()
    codes = [one.get("value") for one in conditions if one.get("name") == SLOT]
    if not codes:
        return None if conditions else Language.ENGLISH
    return Language(codes[0]) if codes[0] in set(Language) else None


def variants_of(reply: str, translations: Translations) -> list[CommentedMap]:
    """The variants of a new response."""
    return [
        new_variant(reply, Language.ENGLISH),
        *(new_variant(text, language) for language, text in translations.items()),
    ]


def new_variant(text: str, language: Language) -> CommentedMap:
    made = CommentedMap(text=DoubleQuotedScalarString(one_line(text)))
    if language is not Language.ENGLISH:
        condition = CommentedMap(type="slot", name=SLOT, value=str(language))
        made["condition"] = CommentedSeq([condition])
    return made


def reword(variant: Any, text: str) -> None:
    """Change the text of a variant, and keep the style of its quotes."""
    present = variant["text"]
    variant["text"] = text if type(present) is str else type(present)(text)


def add_variant(variants: Any, text: str, language: Language) -> None:
    """Append a translation. It gets the other keys of the first variant too, such as buttons."""
    made = new_variant(text, language)
    following = _take_comments(variants[-1])
    for key, value in variants[0].items():
        if key not in made:
            made[key] = value if _has_name(value) else deepcopy(value)
    variants.append(made)
    _put_comments(made, following)


def _has_name(value: Any) -> bool:
    """Whether the value has a YAML anchor (``&yes_no``), so that other values can refer to it."""
    return getattr(value, "anchor", None) is not None and value.anchor.value is not None


def remove_variant(variants: Any, variant: Any) -> None:
    at = next(n for n, one in enumerate(variants) if one is variant)
    if at and at == len(variants) - 1:
        _put_comments(variants[at - 1], _take_comments(variant))
    del variants[at]


def _take_comments(variant: CommentedMap) -> str:
    """Remove and return the blank lines and comments that follow a variant. ruamel.yaml stores them
    with the variant's last value. A comment on the line of that value stays."""
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
    """The innermost map or list that contains the last value of a variant, the value's key in it,
    and the index of its comment."""
    holder: Any = variant
    while True:
        is_map = isinstance(holder, CommentedMap)
        key = list(holder)[-1] if is_map else len(holder) - 1
        inner = holder[key]
        if not (isinstance(inner, CommentedMap | CommentedSeq) and inner):
            return holder, key, 2 if is_map else 0
        holder = inner

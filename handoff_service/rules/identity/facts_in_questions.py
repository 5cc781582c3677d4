"""Translates the names of identity facts, which admins choose, in questions to the requester."""

from collections.abc import Mapping

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import in_language, translatable

OR = translatable("{one} or {other}")
# common names -> the name in the catalogs
_USUAL: Mapping[str, str] = {
    "birth year": translatable("birth year"),
    "year of birth": "birth year",
    "birth date": translatable("birth date"),
    "date of birth": "birth date",
    "birthday": "birth date",
    "badge number": translatable("badge number"),
    "badge": "badge number",
    "desk number": translatable("desk number"),
    "start date": translatable("start date"),
    "hire date": "start date",
    "start year": translatable("start year"),
    "manager": translatable("manager"),
    "department": translatable("department"),
    "office": translatable("office"),
    "city": translatable("city"),
    "last name": translatable("last name"),
    "mother's maiden name": translatable("mother's maiden name"),
}


def facts_in_language(asked: str, language: str | None) -> str:
    """The facts in a question, such as ``birth year or badge number``, in the language. A fact
    without a translation keeps the admin's name."""
    if (language or Language.ENGLISH) == Language.ENGLISH:
        return asked
    first, *others = (_named(name, language) for name in asked.split(" or "))
    for name in others:
        first = in_language(OR, language).format(one=first, other=name)
    return first


def _named(name: str, language: str | None) -> str:
    usual = _USUAL.get(name.casefold())
    return name if usual is None else in_language(usual, language)

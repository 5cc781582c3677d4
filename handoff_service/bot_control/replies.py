"""The virtual agent's replies: the responses in domain.yml, in each language.

A response is a list of variants. A variant for a language has a condition on the slot ``language``.
A variant without a condition is in English. Rasa also sends it to requesters whose language has no
variant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.reply_sms_check import sms_settings
from handoff_service.bot_control.reply_variants import language_of
from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.versions import OTHER_LANGUAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyText:
    """A text of a reply.

    - ``variant``: the position in the response's list of variants, from 0; None: there is no text
      in this language yet.
    - ``language`` None: the variant has another condition.
    """

    variant: int | None
    language: Language | None
    text: str
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response in domain.yml. ``texts``: its texts, and an empty text for each language in which
    it has none yet."""

    name: str
    texts: Sequence[ReplyText]


def replies(data: BotData) -> list[Reply]:
    """Every response with texts, in the order of the file."""
    longest = sms_settings(data.root).longest
    return [
        Reply(name=str(name), texts=texts)
        for name, variants in (data.domain().get("responses") or {}).items()
        if (texts := _texts(variants or (), longest))
    ]


def _texts(variants: Sequence[Any], longest: Mapping[str, str]) -> list[ReplyText]:
    found = [
        ReplyText(
            variant=n,
            language=language_of(variant),
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

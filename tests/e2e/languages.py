"""Finds English sentences on a page in another language."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Self

from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from handoff_service.rules.shared.language import OWN_NAMES, Language
from handoff_service.rules.shared.translations import LOCALE, PAGES, SCRIPTS

#: what people read or hear on the page: its texts, and some attributes
_SHOWN = """(within) => {
  const found = [document.title], root = document.querySelector(within);
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node; (node = texts.nextNode());) {
    const parent = node.parentElement;
    if (parent.closest('script, style, template, code, pre')) continue;
    if (parent.checkVisibility() || parent.closest('.visually-hidden, option, title, dialog'))
      found.push(node.data);
  }
  for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-label'])
    for (const one of root.querySelectorAll(`[${name}]`)) found.push(one.getAttribute(name));
  return found.map((one) => one.replace(/\\s+/g, ' ').trim()).filter(Boolean);
}"""
_HOLES = re.compile(r"%\(\w+\)s|\{\w*(?::[^}]*)?\}|</?[^>]+>|%%")
LEAST = 3  # words of a part of a sentence that prove that it is English


@dataclass(frozen=True, slots=True)
class English:
    """The English sentences that have another translation in a language."""

    whole: frozenset[str]  #: whole texts
    parts: frozenset[str]  #: parts of sentences between their placeholders

    @classmethod
    @cache
    def without(cls, language: Language) -> Self:
        whole: set[str] = set()
        parts: set[str] = set()
        same: set[str] = set(OWN_NAMES.values())
        for one in _messages(language):
            english = [one.id] if isinstance(one.id, str) else list(one.id)
            theirs = [one.string] if isinstance(one.string, str) else list(one.string)
            same.update(theirs)
            whole.update(english)
            for text in english:
                parts |= {
                    part
                    for part in map(_clean, _HOLES.split(text))
                    if len(re.findall(r"[^\W\d_]{2,}", part)) >= LEAST
                }
        return cls(frozenset(whole - same), frozenset(parts - same))

    def on(self, page: Page, within: str = "body") -> list[str]:
        """Return the texts of the page that are English sentences of Patchboard. ``within``: the
        element to look at."""
        shown: list[str] = page.evaluate(_SHOWN, within)
        whole_page = "\n".join(shown)  # most parts are in no text, so they are sought only once
        parts = [part for part in self.parts if part in whole_page]
        return [
            one
            for one in dict.fromkeys(shown)
            if one in self.whole or any(part in one for part in parts)
        ]


def _messages(language: Language) -> Iterator[Message]:
    for domain in (PAGES, SCRIPTS):
        with (LOCALE / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
            yield from (one for one in read_po(file) if one.id and one.string)


def _clean(part: str) -> str:
    return " ".join(part.split())

"""The language of the page that is being rendered, and the functions that templates translate with.

Each request sets the language: the agent's own, before sign-in the browser's. It is a context
variable, so requests that run at the same time do not see each other's.
"""

import gettext as catalogs
from collections.abc import Iterable
from contextvars import ContextVar

from jinja2 import Environment, pass_eval_context
from jinja2.filters import do_join, do_lower
from jinja2.nodes import EvalContext
from markupsafe import Markup

from handoff_service.rules.shared import phrases
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import PAGES, catalog

page_language: ContextVar[Language] = ContextVar("page_language", default=Language.ENGLISH)


def shown[Value](value: Value) -> Value:
    """Return a phrase in the language of the page, and any other value as it is. Templates call it
    for everything they print; filters call it for the text that they change."""
    return phrases.translated(value, _catalog())


def install(environment: Environment) -> None:
    """Let templates mark sentences with ``{% trans %}``, ``_()`` and ``ngettext()``, and show each
    phrase in the language of the page."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True  # type: ignore[attr-defined] # of the extension
    environment.globals.update(_=_gettext, gettext=_gettext, ngettext=_ngettext)
    environment.finalize = shown
    environment.filters.update(join=_join, lower=_lower)


def _catalog() -> catalogs.NullTranslations:
    return catalog(PAGES, page_language.get())


@pass_eval_context
def _gettext(at: EvalContext, english: str, /, **values: object) -> str:
    return _filled(at, _catalog().gettext(english), values)


@pass_eval_context
def _ngettext(at: EvalContext, one: str, many: str, count: int, /, **values: object) -> str:
    return _filled(at, _catalog().ngettext(one, many, count), {"num": count, **values})


@pass_eval_context
def _join(
    at: EvalContext, parts: Iterable[object], separator: str = "", attribute: str | None = None
) -> str:
    if attribute is None:
        parts = map(shown, parts)
    return do_join(at, parts, shown(separator), attribute)


def _lower(words: str) -> str:
    return do_lower(shown(words))


def _filled(at: EvalContext, text: str, values: dict[str, object]) -> str:
    """Fill a sentence's %(placeholders)s. In a page, values are escaped and the sentence is not."""
    text = Markup(text) if at.autoescape else text  # noqa: S704 - a sentence of ours
    return text % {name: shown(value) for name, value in values.items()}

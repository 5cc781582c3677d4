"""The language of the current page, and the translation functions of templates.

Each request sets the language: the one that the agent has chosen, else the browser's. The language
is in a context variable, so concurrent requests do not see each other's. An event stream keeps the
language of its request.
"""

import gettext as catalogs
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from functools import cache

from babel import negotiate_locale
from babel.messages.mofile import read_mo
from jinja2 import Environment, pass_eval_context
from jinja2.filters import do_join, do_lower
from jinja2.nodes import EvalContext
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape
from sanic import Request
from sanic.response import BaseHTTPResponse
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from handoff_service.rules.shared import phrases
from handoff_service.rules.shared.language import OWN_NAMES, Language
from handoff_service.rules.shared.phrases import Phrase, phrase, phrase_in
from handoff_service.rules.shared.translations import LOCALE, PAGES, SCRIPTS, catalog
from handoff_service.web.shared.right_to_left import isolate

page_language: ContextVar[Language] = ContextVar("page_language", default=Language.ENGLISH)
#: the languages that an agent can choose; empty: the browser's language
PAGE_LANGUAGES: Mapping[str, str] = {
    "": phrase("Same as the browser"),
    **{str(language): name for language, name in OWN_NAMES.items()},
}
_LANGUAGES = [str(one) for one in Language]
#: the colon between a name and its value; French puts a space before it
COLON = phrase_in("after a name", ":")


async def choose(request: Request) -> None:
    """Middleware: set the language that the browser requests. ``choose_for`` later replaces it with
    the language that the signed-in agent has chosen.
    """
    asked = parse_accept_header(request.headers.get("accept-language"), LanguageAccept)
    wanted = [name.lower() for name, quality in asked if quality]  # the most wanted first
    page_language.set(Language(negotiate_locale(wanted, _LANGUAGES, "-") or Language.ENGLISH))
    request.ctx.language_of_browser = True


def choose_for(request: Request, language: Language | None) -> None:
    """Set the language that the signed-in agent has chosen. None: the browser's language stays."""
    if language is not None:
        page_language.set(language)
        request.ctx.language_of_browser = False


async def add_vary(request: Request, response: BaseHTTPResponse) -> None:
    """Middleware: add ``Vary: Accept-Language`` to a page in the browser's language."""
    is_page = (response.content_type or "").startswith("text/html")
    if is_page and getattr(request.ctx, "language_of_browser", False):
        response.headers.add("Vary", "Accept-Language")


def shown[Value](value: Value) -> Value:
    """Return a phrase in the language of the page, and any other value as it is. Templates call it
    for every printed value. Filters call it for the text that they change. Names with
    right-to-left letters are isolated in the phrase.
    """
    if not isinstance(value, Phrase):  # most of the thousands of values on a page
        return value
    return phrases.translated(value, _isolating(page_catalog()))


def install(environment: Environment) -> None:
    """Add ``{% trans %}``, ``_()``, ``ngettext()`` and ``pgettext()`` to the templates, and make
    them translate every phrase that they print."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True  # type: ignore[attr-defined] # of the extension
    environment.globals.update(_=_gettext, gettext=_gettext, ngettext=_ngettext, pgettext=_pgettext)
    environment.globals.update(page_language=page_language.get, colon=COLON)
    environment.globals.update(script_sentences=lambda: _script_sentences(page_language.get()))
    environment.finalize = shown
    environment.filters.update(join=_join, lower=_lower)


@cache
def _isolating(language: catalogs.NullTranslations) -> phrases.IsolatingCatalog:
    return phrases.IsolatingCatalog(language, isolate)


@cache
def _script_sentences(language: Language) -> Markup:
    """Return the translated sentences of the JavaScript files as JSON, for ``static/words.js``."""
    with (LOCALE / language / "LC_MESSAGES" / f"{SCRIPTS}.mo").open("rb") as file:
        found = read_mo(file)
    # the scripts use the singular as the key of a sentence that also has a plural
    sentences = {
        one.id if isinstance(one.id, str) else one.id[0]: one.string for one in found if one.id
    }
    return htmlsafe_json_dumps(sentences)


def page_catalog() -> catalogs.NullTranslations:
    """Return the translations of the language of the page."""
    return catalog(PAGES, page_language.get())


@pass_eval_context
def _gettext(at: EvalContext, english: str, /, **values: object) -> str:
    if values:
        return _filled(at, page_catalog().gettext(english), values)
    return _plain(english, page_catalog(), at.autoescape)


@cache
def _plain(english: str, language: catalogs.NullTranslations, autoescape: bool) -> str:
    """Translate a sentence without placeholders. The results are cached, because a long list shows
    the same sentences on each row."""
    text = language.gettext(english) % {}
    return Markup(text) if autoescape else text  # noqa: S704 - a sentence of ours


@pass_eval_context
def _pgettext(at: EvalContext, context: str, english: str, /) -> str:
    text = page_catalog().pgettext(context, english)
    return Markup(text) if at.autoescape else text  # noqa: S704 - a sentence of ours


@pass_eval_context
def _ngettext(at: EvalContext, one: str, many: str, count: int, /, **values: object) -> str:
    return _filled(at, page_catalog().ngettext(one, many, count), {"num": count, **values})


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
    """Fill in a sentence's %(placeholders)s. With autoescape, escape the values but not the
    sentence."""
    if not at.autoescape:
        return text % {name: shown(value) for name, value in values.items()}
    escaped = {name: escape(shown(value)) for name, value in values.items()}
    return Markup(text % escaped)  # noqa: S704 - a sentence of ours

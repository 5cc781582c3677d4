"""Security headers of every answer, and the formats of error answers."""

import re
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from sanic import Request
from sanic.exceptions import SanicException
from sanic.response import BaseHTTPResponse, HTTPResponse, json, redirect, text

from handoff_service import log
from handoff_service.errors import NotSignedIn, Refusal
from handoff_service.rules.shared.field_errors import field_sentences
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.shared.error_pages import error_page, words_of
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.rendering import wants_page

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    ]
)
_CONVERSATION = re.compile(r"^/workspace/conversations/[0-9]{1,9}(?=/|$)")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PAGES = ("/workspace", "/sign-", "/setup", "/phone")  # pages for people
PROGRAMS = (
    "/api/",
    "/webhooks/",
    "/bot/",
    "/media/",
    "/static/",
    "/healthz",
    "/readyz",
    "/metrics",
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # the browser looks up the host of a link in a text only when somebody follows the link
    "X-DNS-Prefetch-Control": "off",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
WEBHOOK_HEADERS = {  # these matter only if somebody opens a webhook's address in a browser
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
# one year, as https://hstspreload.org requires
TLS = {"Strict-Transport-Security": "max-age=31536000"}


def add_headers(
    public_url: str,
) -> Callable[[Request, BaseHTTPResponse], Coroutine[Any, Any, None]]:
    """Return the middleware that adds the headers. It keeps headers that the answer already has,
    except in answers to webhooks."""
    tls = TLS if public_url.startswith("https:") else {}
    pages, webhooks = HEADERS | tls, WEBHOOK_HEADERS | tls

    async def add(request: Request, response: BaseHTTPResponse) -> None:
        if request.path.startswith("/webhooks/"):
            response.headers.update(webhooks)
            return
        for name, value in pages.items():
            response.headers.setdefault(name, value)

    return add


def problem(
    status: int,
    title: str,
    detail: str,
    errors: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> HTTPResponse:
    """Return an answer with a problem document (RFC 9457)."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return json(body, status=status, content_type="application/problem+json", headers=headers)


async def refuse(request: Request, error: Exception) -> HTTPResponse:
    """Answer a failed request. Programs get a problem document, browsers get a page or one line of
    text, and webhooks get one line of text. The answer has a Retry-After header if the time is
    known."""
    if isinstance(error, Refusal):
        status, title, detail, errors = error.status, error.title, error.detail, error.errors
        if error.loggable:
            log.warning("refused", path=request.path, why=error.why)
    elif isinstance(error, SanicException):
        status, title, detail, errors = error.status_code, type(error).__name__, str(error), {}
        if _is_for_people(request):
            detail = words_of(error)
    else:
        log.warning("request_failed", error=error, method=request.method, path=request.path)
        status, title, detail, errors = (
            500,
            phrase("Something went wrong."),
            phrase(
                "Something went wrong, and nothing was changed. Try again. If it happens again, "
                "tell an admin."
            ),
            {},
        )
    if _is_for_people(request):
        answer = await _for_page(request, error, status, detail, errors)
    elif request.path.startswith("/webhooks"):
        answer = text(detail, status=status)
    else:
        answer = problem(
            status, title, detail, errors, {"Allow": _allowed(request)} if status == 405 else None
        )
    answer.headers.update(retry_after(error))
    return answer


def retry_after(error: Exception) -> dict[str, str]:
    """Return the Retry-After header, or no header if the time is unknown."""
    seconds = error.retry_after if isinstance(error, Refusal) else None
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _allowed(request: Request) -> str:
    """Return the methods of the path, for the Allow header. Sanic omits this header for paths that
    contain a number."""
    return ", ".join(method for method in METHODS if _is_known(request, method))


def _is_known(request: Request, method: str) -> bool:
    try:
        request.app.router.get(request.path, method, request.headers.get("host"))
    except SanicException:
        return False
    return True


def sign_in_address(request: Request) -> str:
    """Return the address of the sign-in page, with the page to show after the sign-in: the
    requested page or, for an action, the conversation that it belongs to."""
    path = (
        request.path
        if request.method == "GET"
        else "".join(_CONVERSATION.findall(request.path)[:1])
    )
    if not path or path == "/workspace":
        return "/sign-in"
    query = f"?{request.query_string}" if request.query_string and request.method == "GET" else ""
    return f"/sign-in?{urlencode({'next': path + query})}"


def _is_for_people(request: Request) -> bool:
    """Return whether a browser made this request: from one of our pages, or by opening an unknown
    address."""
    if request.path.startswith(PAGES):
        return True
    return wants_page(request) and not request.path.startswith(PROGRAMS)


async def _for_page(
    request: Request, error: Exception, status: int, detail: str, errors: dict[str, str]
) -> HTTPResponse:
    """Answer with an error page, or with one line of text if a script made the request."""
    sentence = field_sentences(errors) or detail
    if not wants_page(request):
        return text(shown(sentence), status=status)
    if isinstance(error, NotSignedIn):
        return redirect(sign_in_address(request), status=303)
    return await error_page(request, status, sentence)

"""Static files. The service reads all files once, and serves them under a path that contains a
hash of their content.

Pages refer to ``/static/<hash>/workspace.css``, which browsers may cache for a year. Relative
references inside a file (a module's imports, a stylesheet's images) resolve under the same hash.
Only two files come from the installed ``django-htmx`` distribution: htmx and its SSE extension.
"""

import functools
import hashlib
import json
import mimetypes
from collections.abc import Callable, Coroutine
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, raw

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.shared.page_language import page_language, shown

FOLDER = Path(__file__).parents[1] / "static"
HTMX = {"htmx.js": "htmx-2.min.js", "htmx-sse.js": "ext/hx-sse-2.min.js"}
A_YEAR = "public, max-age=31536000, immutable"


@functools.cache
def files() -> dict[str, bytes]:
    """Return the content of every static file by name."""
    found = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.is_file()}
    carrier = distribution("django-htmx")
    for name, inside in HTMX.items():
        found[name] = Path(
            str(carrier.locate_file(f"django_htmx/static/django_htmx/{inside}"))
        ).read_bytes()
    return found


@functools.cache
def version() -> str:
    """Return a hash of the content of all files."""
    whole = hashlib.sha256()
    for name, content in files().items():
        whole.update(name.encode() + b"\0" + content + b"\0")
    return whole.hexdigest()[:12]


def address(name: str) -> str:
    """Return the path of a static file. Raises KeyError for an unknown file."""
    if name not in files():
        raise KeyError(name)
    return f"/static/{version()}/{name}"


#: Files with fixed addresses. Browsers remember these addresses when an agent installs the
#: workspace or turns notifications on. A service worker controls only pages below its own address.
AT_ROOT = ("service-worker.js", "manifest.webmanifest", "app-icon-192.png", "app-icon-512.png")
MANIFEST = "manifest.webmanifest"
DESCRIPTION = phrase("The text-message help desk's workspace")
KINDS = {".webmanifest": "application/manifest+json"}


def blueprint() -> Blueprint:
    """Serve the files without sign-in."""
    made = Blueprint("assets", url_prefix="/static")

    @made.get("/<of_version:str>/<name:str>")
    async def asset(_request: Request, of_version: str, name: str) -> HTTPResponse:
        content = files().get(name)
        if content is None:
            raise NotFound
        kept = A_YEAR if of_version == version() else "no-cache"
        return _answer(name, content, kept)

    return made


def root_blueprint() -> Blueprint:
    """Serve the files that need a fixed address, without sign-in."""
    made = Blueprint("root_files")
    for name in AT_ROOT:
        made.add_route(_at_root(name), f"/{name}", methods=["GET"], name=name.partition(".")[0])
    return made


def _at_root(name: str) -> Callable[[Request], Coroutine[Any, Any, HTTPResponse]]:
    async def answer(_request: Request) -> HTTPResponse:
        return _answer(name, files()[name], "no-cache")

    return _manifest if name == MANIFEST else answer


async def _manifest(_request: Request) -> HTTPResponse:
    """Return the web app manifest in the browser's language. Browsers need it to install the
    workspace."""
    texts = {"lang": page_language.get(), "description": shown(DESCRIPTION)}
    made = _answer(MANIFEST, json.dumps(json.loads(files()[MANIFEST]) | texts).encode(), "no-cache")
    made.headers["Vary"] = "Accept-Language"
    return made


def _answer(name: str, content: bytes, kept: str) -> HTTPResponse:
    kind = KINDS.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    return raw(
        content,
        content_type=kind or "application/octet-stream",
        headers={"Cache-Control": kept},
    )

"""Static files. They are read once and served under a path that contains a hash of all of them.

Pages refer to ``/static/<hash>/workspace.css``, which browsers may cache for a year. Relative
references inside a file (a module's imports, a stylesheet's images) resolve under the same hash.
Only two files come from the installed ``django-htmx`` distribution: htmx and its SSE extension.
"""

import functools
import hashlib
import mimetypes
from importlib.metadata import distribution
from pathlib import Path

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, raw

from handoff_service.errors import NotFound

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
    """Return a hash of all files, which changes with any of them."""
    whole = hashlib.sha256()
    for name, content in files().items():
        whole.update(name.encode() + b"\0" + content + b"\0")
    return whole.hexdigest()[:12]


def address(name: str) -> str:
    """Return the path of a static file. Raises KeyError for an unknown file."""
    if name not in files():
        raise KeyError(name)
    return f"/static/{version()}/{name}"


def blueprint() -> Blueprint:
    """Serve the files without sign-in."""
    made = Blueprint("assets", url_prefix="/static")

    @made.get("/<of_version:str>/<name:str>")
    async def asset(_request: Request, of_version: str, name: str) -> HTTPResponse:
        content = files().get(name)
        if content is None:
            raise NotFound
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        kept = A_YEAR if of_version == version() else "no-cache"
        return raw(content, content_type=kind, headers={"Cache-Control": kept})

    return made

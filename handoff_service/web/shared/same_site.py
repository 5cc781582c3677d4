"""Rejects forms that pages of other sites send."""

import re
from urllib.parse import urlsplit

from sanic import Request

from handoff_service.errors import NotAllowed
from handoff_service.rules.shared.phrases import phrase

_ADDRESS = re.compile(r"(localhost|[0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def from_this_site(request: Request) -> None:
    """Raise NotAllowed for a request from another site's page. This protects the forms that people
    use before sign-in, which have no form token because there is no session yet."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none") or (origin and not _is_ours(request, origin)):
        raise NotAllowed(
            phrase(
                "This request came from another site. If it did not, set {setting} to the address "
                "of this page.",
                setting="PATCHBOARD_PUBLIC_URL",
            )
        )


def _is_ours(request: Request, origin: str) -> bool:
    """Return whether the origin is that of the public address. If the host is an IP address or
    localhost, the origin need only match the host, because DNS rebinding requires a host name."""
    ours = urlsplit(request.app.ctx.desk.settings.public_url)
    if origin.lower() == f"{ours.scheme}://{ours.netloc}".lower():
        return True
    scheme, _, netloc = origin.partition("://")
    return (
        scheme in ("http", "https")
        and netloc == request.host
        and _ADDRESS.fullmatch(netloc) is not None
    )

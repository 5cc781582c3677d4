"""Turns addresses in texts into links. The library linkify-it finds the addresses.

Anybody can text the company, so a link may be deceptive. The page shows the host in bold. If the
address looks like another host's, the page also names the host that the browser will open. An
address stays plain text if browsers could disagree about its host.
"""

import functools
import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import idna
from linkify_it.main import LinkifyIt, Match
from markupsafe import Markup, escape

from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.web.shared.directions import whole_numbers
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.right_to_left import has_rtl

# People write these domains without http://. Other endings are usually file names (setup.py,
# notes.md) or missing spaces.
BARE = ("com", "org", "net", "edu", "gov")
# Browsers can read these characters after an address as part of its host or its user name:
# https://url.spec.whatwg.org/#host-parsing
_MORE_OF_HOST = re.compile(r"[^\s/?#]*[%\\@]|:[^\s/?#]|[\u3002\uff0e\uff61]\w")
_PATH = re.compile(r"(?<![:/])[/?#](?!/)")
_BEFORE_BARE = frozenset("%\\@/-_.=&?#")
_ADDRESS = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(
    r"(?:(?P<user>[^\s\\%<>\"'`|^]*)@)?(?P<host>[^\s\\%<>\"'`|^@:\[\]]+)(?P<port>:\d{1,5})?"
)
_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9]"
    r"(?:[a-z0-9-]{0,61}[a-z0-9])?"
)
# Unicode categories of characters that are invisible, or that reorder their neighbors
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs", "Co", "Cn"})
_ENDS = frozenset({"Po", "Pe", "Pf"})


COPY, OPENS = phrase("Copy"), phrase("Opens {host}")
#: shown beside an address that looks like another host's
OPENS_HERE = phrase("opens {host}")
_COPY = Markup('<button class="copy" type="button" data-copy="%s" title="%s">%s</button>')
# Employee numbers, case numbers, codes and phone numbers, with at least four digits. The digits
# of a masked number (•••• 1234) are left out.
_COPIED = re.compile(
    r"(?<![\w+•*.,:/-])(?:[A-Z]{1,5}-?\d{4,12}|\+?\d(?:[ ().-]{0,2}\d){3,15})(?![\w•*])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address in a text, and the host that it opens."""

    #: the part before the host as written: https:// and perhaps a user name that imitates a host
    before: str
    host: str  #: the host as written
    after: str  #: port, path and the rest, as written
    goes_to: str  #: the host that the browser opens, in ASCII (Punycode)
    href: str

    @property
    def misleads(self) -> bool:
        """Return whether people could mistake the address for another host's."""
        return "@" in self.before or self.host.rstrip(".").lower() != self.goes_to


def linked(text: object, *, copies: bool = False) -> str:
    """Return a text as escaped markup, with addresses as links. ``copies``: add a Copy button
    to each number and code."""
    words = str(text)
    plain = whole_numbers if has_rtl(words) else escape
    return Markup("").join(
        _anchor(part)
        if isinstance(part, Link)
        else _with_copies(part, plain)
        if copies
        else plain(part)
        for part in parts(words)
    )


def _with_copies(words: str, plain: Callable[[str], str]) -> Markup:
    found = Markup("")
    at = 0
    for number in _COPIED.finditer(words):
        copied = _COPY % (number[0], shown(COPY), plain(number[0]))
        found += plain(words[at : number.start()]) + copied
        at = number.end()
    return found + plain(words[at:])


def parts(text: str) -> Iterator[str | Link]:
    """Split the text into words and links, in order."""
    at = 0
    for found in _finder().match(text) or ():
        written = _without_end(found.raw)
        start, end = found.index, found.index + len(written)
        link = _link(written) if _stands_free(found, text, start, end) else None
        if link is not None and start >= at:
            yield text[at:start]
            yield link
            at = end
    yield text[at:]


@functools.cache
def _finder() -> LinkifyIt:
    finder = LinkifyIt(options={"fuzzy_email": False})
    for scheme in ("ftp:", "mailto:", "//"):
        finder.add(scheme, None)
    return finder


def _stands_free(found: Match, text: str, start: int, end: int) -> bool:
    """Return whether no character next to the match could belong to its host. A domain without
    http:// must also start with www. or have one of the endings in BARE."""
    if _MORE_OF_HOST.match(text, end) and not _PATH.search(text, start, end):
        return False
    if found.schema:
        return True
    host = re.split(r"[/?#:]", found.raw, maxsplit=1)[0].lower()
    known = host.startswith("www.") or host.rpartition(".")[2] in BARE
    return known and (start == 0 or text[start - 1] not in _BEFORE_BARE)


def _without_end(raw: str) -> str:
    """Remove punctuation of other scripts from the end. linkify-it removes only ASCII
    punctuation."""
    while raw and not raw[-1].isascii() and unicodedata.category(raw[-1]) in _ENDS:
        raw = raw[:-1]
    return raw


def _link(written: str) -> Link | None:
    """Return the link, or None if a browser could open a host that differs from the written one."""
    scheme = "" if _ADDRESS.match(written) else "http://"
    address = _ADDRESS.fullmatch(scheme + written)
    authority = _AUTHORITY.fullmatch(address[2]) if address else None
    if address is None or authority is None:
        return None
    host, port = authority["host"], authority["port"] or ""
    goes_to = _ascii(host)
    if goes_to is None or int(port[1:] or 0) > 65_535:
        return None
    start = (scheme + written).index(host, address.start(2) + len(authority["user"] or ""))
    return Link(
        before=(scheme + written)[len(scheme) : start],
        host=host,
        after=port + address[3],
        goes_to=goes_to,
        href=f"{address[1].lower()}://{goes_to}{port}{_seen(address[3])}",
    )


def _ascii(host: str) -> str | None:
    """Return the host as a browser requests it, in Punycode, or None if browsers could disagree
    about it."""
    try:
        found = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None
    found = found.rstrip(".")
    if not _HOST.fullmatch(found):
        return None
    last = found.rpartition(".")[2]
    # browsers read 0x7f.1 and 2130706433 as 127.0.0.1
    if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        try:
            return str(ipaddress.IPv4Address(found))
        except ValueError:
            return None
    return found


def _seen(text: str) -> str:
    """Percent-encode quotes, angle brackets, backticks and invisible characters, such as U+202E as
    %E2%80%AE."""
    return "".join(
        quote(c) if unicodedata.category(c) in _INVISIBLE or c in "\"'<>`" else c for c in text
    )


def _anchor(link: Link) -> Markup:
    opens = shown(filled(OPENS_HERE, host=link.goes_to))
    goes_to = Markup(' <span class="goes-to">%s</span>') % opens if link.misleads else ""
    title = shown(filled(OPENS, host=link.goes_to))
    return Markup(
        '<a class="text-link" dir="ltr" href="%s" target="_blank" rel="noreferrer noopener" '
        'title="%s">'
        "%s<b>%s</b>%s%s</a>"
    ) % (link.href, title, _seen(link.before), _seen(link.host), _seen(link.after), goes_to)

"""Links in texts: the addresses that become links, their targets, and the warnings on the page."""

import re
from contextvars import copy_context
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.rules.shared.language import Language
from handoff_service.web.shared.links import Link, linked, parts
from handoff_service.web.shared.page_language import page_language
from handoff_service.web.shared.security import HEADERS

# The text -> the part that becomes a link, and its target.
LEADS = {
    "see https://example.com/a": ("https://example.com/a", "https://example.com/a"),
    "HTTP://Example.COM/Path": ("HTTP://Example.COM/Path", "http://example.com/Path"),
    "www.example.org is it": ("www.example.org", "http://www.example.org"),
    "go to example.com/help": ("example.com/help", "http://example.com/help"),
    "http://wiki/start": ("http://wiki/start", "http://wiki/start"),
    "http://10.0.0.7:8080/x": ("http://10.0.0.7:8080/x", "http://10.0.0.7:8080/x"),
    "https://medium.com/@ann/post": (
        "https://medium.com/@ann/post",
        "https://medium.com/@ann/post",
    ),
    "שלום https://example.com/a, תודה": ("https://example.com/a", "https://example.com/a"),
}
# Sentences whose final punctuation is not part of the link.
ENDS = {
    "Is it https://example.com/a?": "https://example.com/a",
    "(see https://example.com/a)": "https://example.com/a",
    "https://en.wikipedia.org/wiki/Fax_(disambiguation).": "https://en.wikipedia.org/wiki/Fax_(disambiguation)",
    "“https://example.com/a”": "https://example.com/a",
    "<https://example.com/a>": "https://example.com/a",
    "https://example.com/a،": "https://example.com/a",
    "https://example.com/a。": "https://example.com/a",
    "https://example.com/a…": "https://example.com/a",
}
# Never links: other schemes, file names, and hosts that browsers and people read differently.
PLAIN = (
    "javascript:alert(1)",
    "javascript://www.example.com/%0aalert(1)",
    "data:text/html,hi",
    "ftp://example.com/a",
    "file:///etc/passwd",
    "//example.com/a",
    "mailto:ann@example.com",
    "ann@example.com",
    "setup.py and notes.md, version 3.30",
    "https://good.com\\@evil.example/",
    "http://evil.com%2egood.com/",
    "http://a:b@c:d@evil.example/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "https://example.com:99999/",
    "https://-example-.com/",
)
# Look-alike hosts and misleading addresses -> the real host that the page shows.
NAMED = {
    "https://bank.com@evil.example/login": "evil.example",
    "https://bank.com:443@evil.example": "evil.example",
    "https://раураl.com/": "xn--l-7sba6dbr.com",
    "https://münchen.example/": "xn--mnchen-3ya.example",
    "https://exa\u200bmple.com/": "example.com",
    "https://ＥＸＡＭＰＬＥ.com/": "example.com",
}


def links(text: str) -> list[Link]:
    return [part for part in parts(text) if isinstance(part, Link)]


def link_text(link: Link) -> str:
    return link.before + link.host + link.after


@pytest.mark.parametrize(("text", "leads"), LEADS.items())
def test_an_address_in_a_text_is_a_link_to_itself(text: str, leads: tuple[str, str]) -> None:
    (link,) = links(text)
    assert (link_text(link), link.href, link.misleads) == (*leads, False)


@pytest.mark.parametrize(("text", "address"), ENDS.items())
def test_final_punctuation_is_not_part_of_the_link(text: str, address: str) -> None:
    (link,) = links(text)
    assert link_text(link) == address


@pytest.mark.parametrize("text", PLAIN)
def test_ambiguous_addresses_stay_text(text: str) -> None:
    assert links(text) == []
    assert unescape(linked(text)) == text


@pytest.mark.parametrize(("text", "host"), NAMED.items())
def test_a_misleading_link_shows_its_real_host(text: str, host: str) -> None:
    (link,) = links(text)
    assert (link.goes_to, link.misleads) == (host, True)
    assert f">opens {host}<" in linked(text)
    assert "@" not in link.href


def test_a_link_and_a_number_to_copy_are_described_in_the_language_of_the_page() -> None:
    def render() -> str:
        page_language.set(Language.GERMAN)
        return linked("https://bank.com@evil.example or 555123", copies=True)

    made = copy_context().run(render)
    assert 'title="Öffnet evil.example"' in made
    assert ">öffnet evil.example<" in made
    assert 'data-copy="555123" title="Kopieren"' in made


def test_a_link_sends_no_referrer_and_cannot_control_this_page() -> None:
    made = linked("https://example.com/a")
    assert 'target="_blank" rel="noreferrer noopener"' in made
    assert "<b>example.com</b>" in made
    assert HEADERS["X-DNS-Prefetch-Control"] == "off"


def test_dangerous_characters_in_links_are_shown_encoded() -> None:
    assert "/a%E2%80%AEgpj.exe" in linked("https://example.com/a\u202egpj.exe")
    assert "\u202e" not in linked("https://example.com/a\u202egpj.exe")
    assert "onclick" not in re.sub(r'"[^"]*"', "", linked("https://example.com/\"onclick='x'"))[:60]


def test_markup_in_a_text_is_escaped() -> None:
    assert linked("<b>1 & 2</b> https://example.com/?a=1&b=2") == (
        "&lt;b&gt;1 &amp; 2&lt;/b&gt; "
        '<a class="text-link" dir="ltr" href="https://example.com/?a=1&amp;b=2" target="_blank" '
        'rel="noreferrer noopener" title="Opens '
        'example.com">https://<b>example.com</b>/?a=1&amp;b=2</a>'
    )


PIECES = st.sampled_from(
    [
        "http://",
        "https://",
        "www.",
        "a.com",
        "@",
        "\\",
        "%2e",
        ":",
        "/",
        "?",
        "<",
        '"',
        "'",
        " ",
        "é",
    ]
)


@given(st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join))
def test_every_character_is_kept_and_only_web_addresses_become_links(text: str) -> None:
    cut = list(parts(text))
    assert "".join(part if isinstance(part, str) else link_text(part) for part in cut) == text
    for link in links(text):
        assert re.fullmatch(r"https?://[a-z0-9._-]+(:\d+)?([/?#][^\s\"'<>]*)?", link.href)
    assert (
        re.sub(
            r'<a class="text-link" [^<>]*>|</a>|</?b>|</?span[^<>]*>|</?bdi[^<>]*>',
            "",
            linked(text),
        ).count("<")
        == 0
    )


def test_a_click_copies_a_number_or_code() -> None:
    def copies(text: str) -> list[str]:
        return re.findall(r'data-copy="([^"]*)"', linked(text, copies=True))

    assert copies("case CS0000012, call +1 202 555 0101 or 482913.") == [
        *("CS0000012", "+1 202 555 0101", "482913"),
    ]
    assert copies("at 09:30, room 12, v1.2.3, 50%") == []
    assert copies("code ••••••, number ••••0101") == [], "a masked code cannot be copied"
    assert copies("https://example.com/123456") == []
    assert "data-copy" not in linked("482913")
    assert '"><img' not in linked('"><img 123456', copies=True)

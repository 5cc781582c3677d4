"""Checks that a page is accessible and does not scroll sideways."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

#: Window widths -> heights, in px. No rule of the stylesheet starts between these widths.
WIDTHS = {1440: 900, 1280: 800, 1024: 768, 390: 844}
_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
# "preload" would load the style sheets again, for a rule that is off.
_ASK = """(colors) => axe.run(document, {resultTypes: ["violations"], preload: false,
  rules: {"color-contrast": {enabled: colors}}}).then((all) => all.violations.map(
    (one) => `${one.id}: ${one.nodes[0].html.slice(0, 120)}`))"""

_SMALL = """() => [...document.querySelectorAll(
  'main :is(a, button, summary, input:not([type=hidden]))')]
  .filter((e) => e.checkVisibility() && !e.closest('p, label')
    && e.getBoundingClientRect().height < 43.5)
  .map((e) => e.outerHTML)"""


def violations(page: Page, *, colors: bool = True) -> list[str]:
    """Return the rules that the page violates, each with the first element. The page's context must
    bypass the content security policy, because axe needs that. ``colors``: also check contrast.
    That check takes longest, and its result does not depend on the width.
    """
    if page.evaluate("() => typeof axe === 'undefined'"):
        page.evaluate(_AXE.read_text())
    return list(page.evaluate(_ASK, colors))


def problems(page: Page, url: str) -> list[str]:
    """Return the problems of a page at each width, in both themes."""
    page.emulate_media(color_scheme="light")
    page.goto(url)
    found = []
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        room = page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        found += [f"{width}: {room} px wider than the window"] if room > 0 else []
        if width in (max(WIDTHS), min(WIDTHS)):
            of_width = violations(page, colors=width == max(WIDTHS))
            found += [f"{width}: {violation}" for violation in of_width]
    page.emulate_media(color_scheme="dark")
    return found + [f"dark: {violation}" for violation in violations(page)]


def checked(page: Page, where: str) -> None:
    """Check that nothing scrolls sideways, that the page violates no accessibility rule, and that
    controls on narrow screens are large enough.
    """
    width = (page.viewport_size or {})["width"]
    if width in (max(WIDTHS), min(WIDTHS)):
        assert violations(page, colors=width == max(WIDTHS)) == [], where
    for box in ("document.documentElement", "document.querySelector('.page')"):
        assert page.evaluate(f"() => {box}.scrollWidth - {box}.clientWidth") <= 0, where
    if width < 760:
        assert page.evaluate(_SMALL) == [], where

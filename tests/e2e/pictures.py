"""Saves the documentation's pictures during the tests. ``make screenshot`` runs them."""

import os
from pathlib import Path

from playwright.sync_api import Page

FOLDER = os.environ.get("PATCHBOARD_PICTURES")


def take(page: Page, name: str) -> None:
    """Save a picture of the page as ``<name>.png`` if a setting names a folder."""
    if FOLDER:
        page.mouse.move(0, 0)
        # To hide the caret, Playwright needs an inline style, which the page's content security
        # policy forbids.
        page.screenshot(path=Path(FOLDER) / f"{name}.png", caret="initial")

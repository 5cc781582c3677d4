"""Agents and requesters in Chromium: helpers for their actions on the pages."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import requests
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support.service import Service

ANN, BOB, LONG = "+12025550101", "+12025550102", "+12025550144"
MAIN, DIRECT = "+18885550100", "+18885550200"


class Watcher(Protocol):
    """The part of ``Troubles`` that a story needs."""

    def watch(self, page: Page) -> Page: ...


@dataclass(frozen=True, slots=True)
class Story:
    """Agents and requesters, each in their own browser."""

    desk: Service
    browser: Browser
    troubles: Watcher

    def context(self, **options: object) -> BrowserContext:
        context = self.browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        return context

    def page(self, context: BrowserContext, path: str) -> Page:
        page = self.troubles.watch(context.new_page())
        page.goto(self.desk.url + path)
        return page

    def agent(self, name: str = "Mia Chen", **options: object) -> Page:
        """Return the page of an agent who has signed in with one click, as the demo allows."""
        page = self.page(self.context(**options), "/sign-in")
        page.get_by_role("button", name=name).click()
        expect(page).to_have_url(f"{self.desk.url}/workspace")
        page.wait_for_load_state()  # Key bindings work only after the scripts are loaded.
        return page

    def phone(self, number: str = ANN, to: str = MAIN) -> "Phone":
        query = f"/phone?from=%2B{number[1:]}&to=%2B{to[1:]}"
        return Phone(self.page(self.context(), query))

    def text_many(self, bodies: Iterable[str], number: str = ANN, to: str = MAIN) -> None:
        """Send texts as the phone page would, without loading the page."""
        for body in bodies:
            form = {"from": number, "to": to, "body": body}
            requests.post(f"{self.desk.url}/phone/texts", data=form, timeout=20).raise_for_status()

    def talking(self, number: str = ANN, to: str = MAIN) -> tuple["Phone", Page]:
        """Return Mia's page and the phone of a requester whose conversation Mia has accepted and
        opened.
        """
        mia, phone = self.agent(), self.phone(number, to)
        phone.text("hi, my laptop won't start")
        mia.get_by_role("button", name="Accept").click()
        opened(mia, re.compile("."))
        return phone, mia


def opened(page: Page, who: str | re.Pattern[str]) -> None:
    """Wait until the conversation with this person is open. Also wait for the page's scripts, so
    that key bindings work.
    """
    expect(page.locator("#head h1")).to_have_text(who)
    page.wait_for_load_state()


@dataclass(frozen=True, slots=True)
class Phone:
    page: Page

    def text(self, body: str) -> None:
        field = self.page.get_by_label("Text", exact=True)
        field.fill(body)
        field.press("Enter")
        expect(self.texts.filter(has_text=body).last).to_be_visible()
        expect(field).to_have_value("")

    @property
    def texts(self) -> Locator:
        return self.page.locator(".talk .bubble")

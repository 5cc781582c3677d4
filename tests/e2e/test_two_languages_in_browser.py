"""Two agents with different languages share a conversation. Live updates on each page are in that
agent's language.
"""

import re

from playwright.sync_api import Page, expect

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import PAGES, catalog
from tests.e2e.languages import English
from tests.e2e.people import ANN, Story, opened
from tests.e2e.pictures import take

GERMAN, SPANISH = Language.GERMAN, Language.SPANISH


def words(language: Language, english: str) -> str:
    return catalog(PAGES, language).gettext(english)


def button(page: Page, language: Language, english: str) -> None:
    page.get_by_role("button", name=words(language, english), exact=True).first.click()


def check(page: Page, language: Language) -> None:
    assert page.locator("html").get_attribute("lang") == language
    for updated in ("#thread", "#ongoing", "#prompts"):
        assert English.without(language).on(page, updated) == []


def test_each_agent_gets_live_updates_in_their_language(story: Story) -> None:
    mia = story.agent("Mia Chen", locale="de-DE")
    phone = story.phone(ANN)
    phone.text("hi, my laptop won't start")
    mia.locator("[data-accept] button").first.click()
    opened(mia, re.compile("Ann Lee"))

    omar = story.agent("Omar Haddad", locale="es-ES")
    omar.goto(mia.url)
    opened(omar, re.compile("Ann Lee"))
    button(omar, SPANISH, "Join")
    expect(mia.locator("#thread")).to_contain_text("Omar Haddad ist beigetreten")

    omar.locator("#draft").fill("vale")
    omar.locator("#draft").press("End")
    expect(mia.locator("#writing")).to_have_text("Omar schreibt eine SMS …")
    mia.locator("#draft").press_sequentially("gut")
    expect(omar.locator("#writing")).to_contain_text("Mia")
    assert "typing" not in omar.locator("#writing").inner_text()

    phone.text("it blinks orange")
    for page in (mia, omar):
        expect(page.locator("#thread")).to_contain_text("it blinks orange")
        expect(page.locator("#ongoing .item").first).to_contain_text("it blinks orange")
    expect(mia.locator("#ongoing .item").first).to_contain_text("jetzt")
    expect(omar.locator("#ongoing .item").first).to_contain_text("ahora")

    omar.keyboard.press("Escape")
    omar.locator("body").press("h")
    dialog = omar.get_by_role("dialog")
    dialog.locator("button[type=submit]").click()
    expect(mia.locator("#thread")).to_contain_text("zurückgestellt")
    expect(omar.locator("#thread")).to_contain_text("en espera")
    expect(mia.locator("#prompts")).to_contain_text("Es ist Ihre Unterhaltung")
    check(mia, GERMAN)
    check(omar, SPANISH)


#: the distance of each line of text in the rail from the middle of its link, in px
OFF_CENTER = """() => [...document.querySelectorAll('.rail li > a')]
  .filter((a) => a.checkVisibility())
  .flatMap((a) => {
    const box = a.getBoundingClientRect();
    return [...a.childNodes].filter((node) => node.nodeType === 3 && node.data.trim())
      .flatMap((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return [...range.getClientRects()].filter((line) => line.width > 1)
          .map((line) => Math.abs((line.left + line.right - box.left - box.right) / 2));
      });
  })"""


def test_long_labels_of_the_rail_are_centered(story: Story) -> None:
    mia = story.agent("Mia Chen", locale="fr-FR", viewport={"width": 390, "height": 844})
    take(mia, "rail-fr")
    offsets = mia.evaluate(OFF_CENTER)
    assert len(offsets) > len(mia.locator(".rail li > a:visible").all()), "a label has two lines"
    assert max(offsets) < 3

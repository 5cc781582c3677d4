"""Very long names and right-to-left names: nothing leaves its place on the pages, at both widths
and in each language."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from handoff_service import clock, settings
from handoff_service.context import operation_settings
from handoff_service.gateways.providers import send_errors_of
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.store.engine.store import Store
from tests.e2e.conftest import Troubles
from tests.e2e.people import ANN, BOB, DIRECT, Story
from tests.support.demo_home import demo_home
from tests.support.service import Service, running_service

WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
NOURA, LONG = "+12025550110", "+12025550112"
ARABIC = "نورة بنت عبدالعزيز القحطاني"
DESK = f"""
[[users]]
external_id = "E2001"
name = "{ARABIC}"
numbers = ["{NOURA}"]

[[users]]
external_id = "E2002"
name = "{WORD * 2}"
numbers = ["{LONG}"]
attributes = {{ department = "{WORD}" }}

[[users]]
external_id = "E1002"
name = "Bob Ruiz"
numbers = ["{BOB}"]
attributes = {{ language = "de" }}

[[queues]]
name = "{WORD}"
groups = ["{WORD}"]

[[labels]]
name = "{WORD[:60]}"
topic = true

[[outages]]
title = "شبكة VPN"
text = "VPN is down."
since = 2026-11-23T09:00:00Z

[[outages]]
title = "VPN"
text = "VPN is down."
since = 2026-11-23T09:00:00Z
"""
#: what leaves the window or its container sideways
OUTSIDE = """() => {
  const wide = document.documentElement.clientWidth, found = [];
  for (const one of document.querySelectorAll('body *')) {
    if (one.matches('.avatar, .visually-hidden, .visually-hidden *, thead *, svg *')) continue;
    if (!one.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true})) continue;
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    if (!box.width || !box.height) continue;
    const scrolls = style.overflowX != 'visible' && style.overflowX != 'hidden';
    if (scrolls && one.scrollWidth > one.clientWidth + 1 && style.overflowX != 'clip')
      found.push('scrolls: ' + one.outerHTML.slice(0, 90));
    if (box.right > wide + 1 || box.left < -1) found.push('outside: ' + one.outerHTML.slice(0, 90));
    if (one.matches('.badge, time, .num, .btn') && style.overflowX == 'visible'
        && one.scrollWidth > one.clientWidth + 1 && style.display != 'inline')
      found.push('cut: ' + one.outerHTML.slice(0, 90));
  }
  return found;
}"""
#: single words of the rail, and times, that have two lines
BROKEN = """() => [...document.querySelectorAll('.rail li > a, td time')].flatMap((one) =>
  [...one.childNodes].filter((node) => {
    if (node.nodeType != 3 || !/^\\s*\\S+\\s*$/.test(node.data)) return false;
    const range = document.createRange();
    range.selectNodeContents(node);
    return new Set([...range.getClientRects()].map((line) => line.top)).size > 1;
  }).map((node) => node.data.trim()))"""
PAGES = {
    "omar": (
        "/workspace/conversations/{long}",
        "/workspace/supervisor",
        "/workspace/supervisor/reports/conversations",
        "/workspace/admin/outages",
        "/workspace/admin/outages/{outage}/end",
    ),
    "grace": (
        "/workspace/admin/users",
        "/workspace/admin/profiles",
        "/workspace/admin/labels",
        "/workspace/admin/queues",
        "/workspace/admin/provider-numbers",
    ),
}
NAMES = {"omar": "Omar Haddad", "grace": "Grace Okafor"}


@pytest.fixture(scope="module")
def long_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = demo_home(tmp_path_factory.mktemp("names"))
    config = settings.read({"PATCHBOARD_HOME": str(home), "PATCHBOARD_BOT_URL": ""})

    async def add() -> None:
        store = Store(
            config.database_url,
            clock=clock.now,
            settings=operation_settings(config, send_errors_of(config)),
            after_commit=lambda _hints, _work_at: None,
        )
        await import_file(store, read_desk_file.read_bytes(DESK.encode(), "names.toml"))
        store.close()

    with ThreadPoolExecutor(1) as apart:  # Playwright keeps an event loop running in this thread
        apart.submit(asyncio.run, add()).result()
    with running_service(home, DEMO="1") as service:
        yield service


@pytest.fixture
def names(long_desk: Service, browser: Browser, troubles: Troubles) -> Story:
    return Story(long_desk, browser, troubles)


@pytest.fixture(scope="module")
def ids(long_desk: Service) -> dict[str, int]:
    """Text the desk, and return the ids of Noura's and the long name's conversations and of the
    outage that German and English texts report."""
    for number, body in (
        (NOURA, "شبكة VPN لا تعمل (طابق 3)"),
        (LONG, WORD * 3),
        (BOB, "das VPN geht nicht, ich kann nicht arbeiten"),
        (ANN, "the VPN does not connect"),
    ):
        form = {"from": number, "to": DIRECT, "body": body}
        requests.post(f"{long_desk.url}/phone/texts", data=form, timeout=20).raise_for_status()
    me = _token(long_desk)
    api = f"{long_desk.url}/api/v1"
    active = requests.get(f"{api}/interactions?state=active", headers=me, timeout=20).json()
    of = {one["requester_number"]: one["id"] for one in active["items"]}
    outages = requests.get(f"{api}/outages", headers=me, timeout=20).json()["items"]
    by_title = {one["title"]: one["id"] for one in outages if one["since"].startswith("2026-11-23")}
    found = {"long": of[LONG], "noura": of[NOURA]}
    for one in found.values():
        body = {"agent_id": 2}
        url = f"{api}/interactions/{one}/assign"
        requests.post(url, json=body, headers=me, timeout=20).raise_for_status()
    case = {"interaction_id": of[NOURA], "description": "طابعة HP 4250 (رقم 12345-ABC)"}
    requests.post(f"{api}/cases", json=case, headers=me, timeout=20).raise_for_status()
    return found | {"outage": by_title["VPN"], "rtl_outage": by_title["شبكة VPN"]}


def _token(desk: Service) -> dict[str, str]:
    login = {"email": "omar@example.com", "password": "omar-demo"}
    found = requests.post(f"{desk.url}/api/v1/login", json=login, timeout=20).json()
    return {"Authorization": f"Bearer {found['token']}"}


@pytest.mark.parametrize("locale", ["en-US", "de-DE", "es-ES", "fr-FR"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("agent", PAGES)
def test_long_names_stay_in_their_place(
    names: Story, ids: dict[str, int], agent: str, width: int, locale: str
) -> None:
    page = names.agent(NAMES[agent], locale=locale, viewport={"width": width, "height": 900})
    for path in PAGES[agent]:
        page.goto(names.desk.url + path.format(**ids))
        page.wait_for_load_state()
        assert (path, page.evaluate(OUTSIDE), page.evaluate(BROKEN)) == (path, [], [])


def test_a_saved_view_with_a_long_name_stays_in_its_menu(names: Story, ids: dict[str, int]) -> None:
    me = _token(names.desk)
    view = {"name": WORD[:60], "sort": "due"}
    requests.post(f"{names.desk.url}/api/v1/list-views", json=view, headers=me, timeout=20)
    for width in (1440, 390):
        page = names.agent("Omar Haddad", viewport={"width": width, "height": 900})
        page.locator("#to-views").click()
        expect(page.locator("#view-name")).to_be_visible()
        assert page.evaluate(OUTSIDE) == []


def _order(page: Page, within: str, first: str, second: str) -> str:
    """Return which of the two words stands further left."""
    left = """([within, words]) => words.map((word) => {
      const texts = document.createTreeWalker(document.querySelector(within), NodeFilter.SHOW_TEXT);
      for (let node; (node = texts.nextNode());) {
        const at = node.data.indexOf(word);
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        return range.getBoundingClientRect().left;
      }
    })"""
    lefts = page.evaluate(left, [within, [first, second]])
    return first if lefts[0] < lefts[1] else second


def test_a_quoted_arabic_text_reads_from_right_to_left(names: Story, ids: dict[str, int]) -> None:
    omar = names.agent("Omar Haddad")
    omar.goto(f"{names.desk.url}/workspace/admin/outages/{ids['rtl_outage']}/end")
    assert _order(omar, "h1", "شبكة", "VPN") == "VPN"
    omar.goto(f"{names.desk.url}/workspace/conversations/{ids['noura']}")
    case = "#thread .system:has(b)"
    expect(omar.locator(case).last).to_contain_text("HP 4250")
    assert _order(omar, case, "طابعة", "4250") == "4250"
    assert _order(omar, case, "رقم", "ABC") == "ABC"

"""Passkeys in Chromium with its virtual authenticator: as a second factor, and in place of the
password. The pages of two-factor sign-in have no accessibility violations.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pyotp
import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Troubles
from tests.e2e.people import Story
from tests.support.demo_home import demo_home
from tests.support.service import Service, free_port, running_service

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
MIA = {"E-mail": "mia@example.com", "Password": "mia-demo"}
TWO_FACTOR = "/workspace/account/two-factor"
#: Chromium's settings for an authenticator such as a phone or a laptop with a fingerprint reader.
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A desk at the host name localhost, because browsers allow no passkeys at an IP address."""
    port = free_port()
    home, url = demo_home(tmp_path_factory.mktemp("passkeys")), f"http://localhost:{port}"
    with running_service(home, port=port, DEMO="1", PUBLIC_URL=url) as service:
        service.url = url
        yield service


@pytest.fixture
def story(desk: Service, browser: Browser, troubles: Troubles) -> Story:
    return Story(desk, browser, troubles)


def check_page(page: Page) -> None:
    """Check that axe finds no violation and that nothing scrolls sideways."""
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(
        "() => axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes[0].html]))"
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def sign_in(page: Page) -> None:
    for label, value in MIA.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    """Sign out from a page outside the workspace, because a workspace page would go to the sign-in
    page by itself.
    """
    page.wait_for_load_state()
    page.goto("about:blank")
    page.context.clear_cookies(name="patchboard")


def test_an_agent_adds_a_passkey_and_signs_in_with_it_in_both_ways(story: Story) -> None:
    # axe needs the bypass
    context = story.context(bypass_csp=True, viewport={"width": 390, "height": 844})
    mia = story.page(context, f"/sign-in?next={TWO_FACTOR}")
    expect(mia.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
    devtools = context.new_cdp_session(mia)
    devtools.send("WebAuthn.enable")
    device = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    sign_in(mia)
    mia.get_by_role("button", name="Add a passkey").click()
    expect(mia.get_by_text("Passkey added")).to_be_visible()
    mia.get_by_role("button", name="Create new backup codes").click()
    expect(mia.locator(".backup-codes li")).to_have_count(10)
    check_page(mia)

    sign_out(mia)
    mia.goto(f"{story.desk.url}/sign-in")
    sign_in(mia)  # The agent signs in with the password, then the passkey.
    expect(mia).to_have_url(f"{story.desk.url}/sign-in/code")
    check_page(mia)
    mia.get_by_role("button", name="Use your passkey").click()
    expect(mia).to_have_url(f"{story.desk.url}/workspace")

    sign_out(mia)
    mia.goto(f"{story.desk.url}/sign-in?next={TWO_FACTOR}")
    check_page(mia)
    # The agent signs in with only the passkey.
    mia.get_by_role("button", name="Sign in with a passkey").click()
    expect(mia).to_have_url(f"{story.desk.url}{TWO_FACTOR}")

    sign_out(mia)
    device_id = device["authenticatorId"]
    unverified = {"authenticatorId": device_id, "isUserVerified": False}
    devtools.send("WebAuthn.setUserVerified", unverified)
    mia.goto(f"{story.desk.url}/sign-in")
    mia.get_by_role("button", name="Sign in with a passkey").click()
    expect(mia.get_by_text("No passkey was used. Try again.")).to_be_visible()
    context.close()


def test_an_agent_sets_up_an_authenticator_app_by_keyboard(story: Story) -> None:
    context = story.context(bypass_csp=True)
    omar = story.page(context, "/sign-in")
    omar.get_by_role("button", name="Omar").click()
    omar.goto(story.desk.url + TWO_FACTOR)
    omar.get_by_role("button", name="Set up an app").press("Enter")
    key = omar.locator("code.app-key")
    expect(key).to_be_visible()
    check_page(omar)
    secret = re.sub(r"\s", "", key.inner_text())
    code = pyotp.TOTP(secret).generate_otp(int(time.time()) // 30)
    omar.get_by_label("Six-digit code").press_sequentially(code)
    omar.keyboard.press("Enter")
    expect(omar.locator(".backup-codes li")).to_have_count(10)
    context.close()


def test_an_agent_whose_role_requires_a_second_factor_sets_up_a_passkey(story: Story) -> None:
    context = story.context(bypass_csp=True, viewport={"width": 390, "height": 844})
    grace = story.page(context, "/sign-in")
    devtools = context.new_cdp_session(grace)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    require(story, ["trainer"])
    try:
        grace.get_by_role("button", name="Grace").click()
        expect(grace).to_have_url(f"{story.desk.url}/sign-in/set-up")
        check_page(grace)
        grace.get_by_role("button", name="Use a passkey instead of the app").click()
        expect(grace.get_by_text("Passkey added")).to_be_visible()
        expect(grace).to_have_url(re.compile(TWO_FACTOR))
        grace.get_by_role("button", name="Create new backup codes").click()
        expect(grace.locator(".backup-codes li")).to_have_count(10)
    finally:
        context.close()


def require(story: Story, roles: list[str]) -> None:
    """Require a second factor for these roles."""
    api = f"{story.desk.url}/api/v1"
    who = {"email": "grace@example.com", "password": "grace-demo"}
    token = requests.post(f"{api}/login", json=who, timeout=10).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    done = requests.patch(
        f"{api}/desk", json={"second_factor_roles": roles}, headers=headers, timeout=10
    )
    assert done.status_code == 200

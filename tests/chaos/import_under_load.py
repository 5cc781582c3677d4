"""Measures the webhook while an admin imports 500 people with facts: ``python -m
tests.chaos.import_under_load``. Prints one line: p50 and p99 of the webhook before and during the
import, in milliseconds. The exit code is 1 if p99 is over 250 ms.
"""

import asyncio
import re
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.conftest import DESK
from tests.support.fake_twilio import FakeTwilio
from tests.support.service import running_service

# Plain http, so that a session's cookie works at the service's own address.
PUBLIC = "http://sms.example.com"
PEOPLE, RATE = 500, 50  # users in the file, texts a second
OWN = ("PATCHBOARD_HOME", "PATCHBOARD_PUBLIC_URL")
LIMIT = 0.25  # seconds; p99 of the webhook, from the issue
ADMIN = (
    '\n[[agents]]\nemail = "ada@example.com"\nname = "Ada"\npassword = "demo-ada"\nroles = '
    '["admin"]\n'
)


@dataclass
class Texts:
    """Sends signed texts at a steady rate, without waiting for earlier answers."""

    twilio: FakeTwilio
    took: list[float] = field(default_factory=list)
    running: bool = True

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while self.running:
                group.create_task(self._one())
                await asyncio.sleep(1 / RATE)

    async def _one(self) -> None:
        sender, began = f"+1415555{secrets.randbelow(10_000):04d}", time.perf_counter()
        answer = await self.twilio.send_inbound(
            f"{PUBLIC}/webhooks/twilio/sms", sender, "+18885550100", "hello"
        )
        assert answer.status == 200, answer
        self.took.append(time.perf_counter() - began)

    def taken(self) -> list[float]:
        """Return the answer times since the last call, shortest first."""
        taken, self.took = sorted(self.took), []
        return taken


def people(count: int, *, year: int = 1900) -> str:
    """Return a desk file with users who each have two facts."""
    return "".join(
        f'[[users]]\nexternal_id = "P{n}"\nname = "Person {n}"\nnumbers = ["+1303{n:07d}"]\n'
        f'facts = {{ birth_year = "{year + n % 100}", badge = "{n}" }}\n'
        for n in range(2_000_000, 2_000_000 + count)
    )


async def sign_in(client: aiohttp.ClientSession, url: str) -> str:
    """Sign in the admin. Return the form token."""
    await client.post(f"{url}/sign-in", data={"email": "ada@example.com", "password": "demo-ada"})
    async with client.get(f"{url}/workspace/admin/desk-file") as page:
        found = re.search(r'<meta name="csrf" content="(\w+)">', await page.text())
        assert found is not None
        return found[1]


async def import_file(client: aiohttp.ClientSession, url: str, csrf: str, text: str) -> float:
    """Preview and import a file on the admin's page. Return the seconds that this took."""
    form, began = aiohttp.FormData(), time.perf_counter()
    form.add_field("csrf", csrf)
    form.add_field("file", text.encode(), filename="people.toml")
    page = f"{url}/workspace/admin/desk-file"
    async with client.post(page, data=form) as answer:
        preview = await answer.text()
        assert answer.status == 200, preview
    shown = re.search(r'name="apply"\s+value="(\w+)"', preview)
    if shown is None:
        assert "Import now" not in preview, preview
        return time.perf_counter() - began
    fields = {"csrf": csrf, "text": text, "name": "people.toml", "apply": shown[1]}
    async with client.post(page, data=fields) as answer:
        assert answer.status == 200, await answer.text()
        assert str(PEOPLE) in await answer.text()
    return time.perf_counter() - began


def _figures(took: list[float]) -> str:
    return (
        f"p50 {took[len(took) // 2] * 1000:.0f} p99 {took[int(len(took) * 0.99)] * 1000:.0f} "
        f"max {took[-1] * 1000:.0f}"
    )


async def measure(home: Path, **settings: str) -> bool:
    """Run the drill. Return whether the webhook stayed within its limit."""
    async with FakeTwilio() as twilio:
        given = {"PUBLIC_URL": PUBLIC} | {
            n.removeprefix("PATCHBOARD_"): v
            for n, v in twilio.environ(home).items()
            if n not in OWN
        }
        with running_service(home, **given | settings) as service:
            return await _measured(twilio, service.url)


async def _measured(twilio: FakeTwilio, url: str) -> bool:
    twilio.reroute = {PUBLIC: url}
    texts = Texts(twilio)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        csrf = await sign_in(client, url)
        sending = asyncio.create_task(texts.run())
        await asyncio.sleep(5)
        usual = texts.taken()
        first = await import_file(client, url, csrf, people(PEOPLE))
        during = texts.taken()
        again = await import_file(client, url, csrf, people(PEOPLE))
        changed = texts.taken()
        other = await import_file(client, url, csrf, people(PEOPLE, year=1901))
        texts.running = False
        await sending
    last = texts.taken()
    for what, seconds, took in (
        ("usual", 5, usual), ("new", first, during), ("unchanged", again, changed),
        ("changed", other, last),
    ):  # fmt: skip
        print(f"{what}: {seconds:.1f} s, {len(took)} texts, webhook ms {_figures(took)}")
    return all(took[int(len(took) * 0.99)] < LIMIT for took in (during, last))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        asyncio.run(_lay_out(home))
        return 0 if asyncio.run(measure(home)) else 1


async def _lay_out(home: Path) -> None:
    home.mkdir(parents=True)
    path = home / "desk.toml"
    path.write_text(DESK.read_text() + ADMIN)
    command = [sys.executable, "-m", "handoff_service.cli", "import", str(path)]
    subprocess.run(command, env={"PATCHBOARD_HOME": str(home), "PATH": ""}, check=True)


if __name__ == "__main__":
    sys.exit(main())

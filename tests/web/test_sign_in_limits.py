"""Limits on password checks and failed sign-ins. A stranger cannot lock an agent out."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa
from yarl import URL

from handoff_service.errors import Busy
from handoff_service.lib.password_checks import AT_ONCE, MOST_WAITING, PasswordChecks
from handoff_service.operations.desk import passwords, sign_in_attempts
from handoff_service.store.engine import tables as t
from tests.web.workspace_server import Running, running

MIA = "mia@example.com"


@pytest.fixture
async def checks() -> AsyncIterator[PasswordChecks]:
    made = PasswordChecks()
    yield made
    made.close()


async def test_two_password_checks_run_some_wait_and_the_rest_are_refused(
    checks: PasswordChecks,
) -> None:
    all_run, goes_on = threading.Event(), threading.Event()
    running_now, most = 0, 0
    lock = threading.Lock()

    def check() -> bool:
        nonlocal running_now, most
        with lock:
            running_now += 1
            most = max(most, running_now)
            if running_now == AT_ONCE:
                all_run.set()
        goes_on.wait(60)
        with lock:
            running_now -= 1
        return True

    tries = [asyncio.create_task(checks.run(check)) for _ in range(100)]
    assert await asyncio.to_thread(all_run.wait, 60)
    goes_on.set()
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert ended.count(True) == AT_ONCE + MOST_WAITING
    assert sum(isinstance(end, Busy) for end in ended) == 100 - AT_ONCE - MOST_WAITING
    assert most == AT_ONCE
    assert await checks.run(lambda: "free again") == "free again"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path / "home") as made:
        yield made


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make password hashing cheap, because these tests only count sign-ins."""
    monkeypatch.setattr(
        passwords, "password_matches", lambda _stored, password: password == "right"
    )


class Client:
    """A browser behind a proxy, with its own IP address. ``jar``: its cookies."""

    def __init__(self, desk: Running, address: str, jar: aiohttp.CookieJar | None = None) -> None:
        self._url, self._address = desk.address, address
        self.session = aiohttp.ClientSession(cookie_jar=jar or aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def signs_in(
        self, email: str = MIA, password: str = "wrong", forwarded: str = ""
    ) -> tuple[int, str | None]:
        """Try to sign in. Return the status and the Retry-After header."""
        headers = {"X-Forwarded-For": f"{forwarded}{self._address}"}
        form = {"email": email, "password": password}
        async with self.session.post(
            f"{self._url}/sign-in", data=form, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers.get("Retry-After")


async def test_random_accounts_from_one_address_are_limited(desk: Running) -> None:
    async with Client(desk, "203.0.113.7") as guesser, Client(desk, "203.0.113.8") as other:
        statuses = [
            await guesser.signs_in(f"nobody{n}@example.com")
            for n in range(sign_in_attempts.ATTEMPTS_OF_ADDRESS + 1)
        ]
        assert statuses[-2:] == [(401, None), (429, "60")]
        # The service ignores addresses that the client itself writes into the header.
        invented = [
            await guesser.signs_in(f"more{n}@example.com", forwarded=f"10.0.0.{n}, ")
            for n in range(3)
        ]
        assert {status for status, _ in invented} == {429}, (
            "the service ignores addresses that the client wrote into the header"
        )
        assert await other.signs_in(password="right") == (303, None)


async def test_guesses_from_many_addresses_are_limited_and_the_agent_still_signs_in(
    desk: Running,
) -> None:
    async with Client(desk, "198.51.100.1") as mia:
        assert await mia.signs_in(password="right") == (303, None)
        for n in range(sign_in_attempts.ATTEMPTS_OF_ACCOUNT):
            async with Client(desk, f"203.0.113.{n}") as stranger:
                assert (await stranger.signs_in())[0] == 401
        async with Client(desk, "203.0.113.99") as stranger:
            assert (await stranger.signs_in(password="right"))[0] == 429
            assert (await stranger.signs_in("tom@example.com"))[0] == 401
        mia.session.cookie_jar.clear(lambda cookie: cookie.key == "patchboard")  # signed out
        assert await mia.signs_in(password="right") == (303, None)


async def test_one_address_cannot_try_sixty_accounts(desk: Running) -> None:
    """The attacker tries each account once and waits as long as Retry-After says."""
    f = t.sign_in_failures
    async with Client(desk, "203.0.113.7") as guesser:
        statuses = []
        for n in range(sign_in_attempts.ATTEMPTS_OF_ADDRESS_HOURLY + 1):
            if n == sign_in_attempts.ATTEMPTS_OF_ADDRESS:  # a minute later
                earlier = desk.desk.clock() - timedelta(seconds=61)
                put = sa.update(f).values(failed_at=earlier)
                await desk.desk.store.write(lambda tx, one: tx.conn.execute(one), put)
            statuses.append(await guesser.signs_in(f"nobody{n}@example.com"))
        assert statuses[-2:] == [(401, None), (429, "3600")]


async def test_a_stranger_in_the_same_office_cannot_lock_an_agent_out(desk: Running) -> None:
    """The stranger and the agent share an address, so only the browser distinguishes them."""
    async with Client(desk, "203.0.113.7") as mia, Client(desk, "203.0.113.7") as stranger:
        assert await mia.signs_in(password="right") == (303, None)
        for n in range(sign_in_attempts.ATTEMPTS_OF_ADDRESS):
            await stranger.signs_in(
                MIA if n < sign_in_attempts.ATTEMPTS else f"nobody{n}@example.com"
            )
        assert (await stranger.signs_in())[0] == 429
        mia.session.cookie_jar.clear(lambda cookie: cookie.key == "patchboard")  # signed out
        assert await mia.signs_in(password="right") == (303, None)


async def test_a_program_at_a_known_address_signs_in_while_strangers_guess(desk: Running) -> None:
    """A program keeps no cookies, so the service recognizes it by its address."""
    login, program = {"email": MIA, "password": "right"}, "198.51.100.1"
    async with aiohttp.ClientSession() as session:

        async def signs_in(at: str) -> int:
            headers = {"X-Forwarded-For": at}
            url = f"{desk.address}/api/v1/login"
            async with session.post(url, json=login, headers=headers) as answer:
                return answer.status

        assert await signs_in(program) == 200
        for n in range(sign_in_attempts.ATTEMPTS_OF_ACCOUNT):
            async with Client(desk, f"203.0.113.{n}") as stranger:
                await stranger.signs_in()
        assert await signs_in("203.0.113.99") == 429
        assert await signs_in(program) == 200


async def test_a_stolen_cookie_of_a_known_browser_allows_no_extra_guesses(desk: Running) -> None:
    async with Client(desk, "198.51.100.1") as mia:
        assert await mia.signs_in(password="right") == (303, None)
        mark = next(one for one in mia.session.cookie_jar if one.key == "patchboard-known")
    statuses = []
    for n in range(sign_in_attempts.ATTEMPTS_OF_ACCOUNT + 1):
        async with Client(desk, f"203.0.113.{n}") as thief:
            cookies = {"patchboard-known": mark.value}
            thief.session.cookie_jar.update_cookies(cookies, URL(desk.address))
            statuses.append((await thief.signs_in())[0])
    assert statuses == [401] * sign_in_attempts.ATTEMPTS_OF_ACCOUNT + [429]


async def test_a_correct_password_does_not_count_as_a_wrong_attempt(desk: Running) -> None:
    """In an office behind one address, more agents sign in within a minute than wrong attempts are
    allowed.
    """
    async with Client(desk, "203.0.113.7") as office:
        for _ in range(sign_in_attempts.ATTEMPTS_OF_ADDRESS + 5):
            office.session.cookie_jar.clear()
            assert await office.signs_in(password="right") == (303, None)


async def test_the_api_has_the_same_limits(desk: Running) -> None:
    async with aiohttp.ClientSession() as session:
        for n in range(sign_in_attempts.ATTEMPTS_OF_ADDRESS + 1):
            login = {"email": f"nobody{n}@example.com", "password": "wrong"}
            async with session.post(f"{desk.address}/api/v1/login", json=login) as answer:
                status, again = answer.status, answer.headers.get("Retry-After")
    assert (status, again) == (429, "60")

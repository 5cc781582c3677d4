"""Two-factor sign-in: one-time codes, backup codes, the setup that a role requires, and resets."""

import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import pytest_asyncio
import sqlalchemy as sa

from handoff_service.gateways.mail.mailbox import Mailbox
from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.operations.desk.sign_in_attempts import ATTEMPTS
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.engine import tables as t
from tests.web.workspace_server import Answer, Running, Visitor, running, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "a good password"
HERE = "/workspace/account/two-factor"


@dataclass
class Phone:
    """An authenticator app. Each call returns a later code, because each code works only once."""

    secret: str
    last: int = 0

    def code(self) -> str:
        """Return the code of the current half minute, or of a later one if that code was used."""
        step = max(int(time.time()) // 30, self.last + 1)
        self.last = step
        return pyotp.TOTP(self.secret).generate_otp(step)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("factors")) as here:
        await add(here, "grace@example.com", Role.ADMIN)
        yield here


@pytest_asyncio.fixture(loop_scope="module")
async def required(desk: Running) -> AsyncIterator[None]:
    """Require a second factor from trainers until the test ends."""
    await desk.desk.store.write(change_desk, {"second_factor_roles": [Role.TRAINER]})
    yield
    await desk.desk.store.write(change_desk, {"second_factor_roles": []})


async def add(desk: Running, email: str, role: Role = Role.TRAINER) -> int:
    who = MakeAgent(
        email=email, name="Ann", password_hash=hash_password(PASSWORD), capacity=0, roles=[role]
    )
    return await desk.desk.store.write(make_agent, who)


def status_and_location(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.headers.get("Location", "")


def secret_in(answer: Answer) -> str:
    found = re.search(r'class="app-key" dir="ltr">\s*([A-Z2-7 ]+)<', answer.text)
    assert found is not None, shown(answer.text)
    return found[1].replace(" ", "")


def codes_in(answer: Answer) -> list[str]:
    return re.findall(r"<code>([a-z0-9-]{19})</code>", answer.text)


async def set_up(visitor: Visitor, email: str) -> tuple[Phone, list[str]]:
    """Sign in for the first time with a role that needs a second factor."""
    assert status_and_location(await visitor.sign_in(email, PASSWORD)) == (303, "/sign-in/set-up")
    phone = Phone(secret_in(await visitor.get("/sign-in/set-up")))
    done = await visitor.post("/sign-in/set-up", code=phone.code())
    assert done.status == 200, shown(done.text)
    return phone, codes_in(done)


async def act(visitor: Visitor, path: str, **fields: str) -> Answer:
    page = await visitor.get(HERE)
    found = re.search(r'<meta name="csrf" content="(\w+)">', page.text)
    assert found is not None, shown(page.text)
    return await visitor.post(HERE + path, csrf=found[1], **fields)


async def login(visitor: Visitor, email: str, **more: str) -> tuple[int, dict[str, Any]]:
    given = {"email": email, "password": PASSWORD} | more
    async with visitor.client.post(f"{visitor.address}/api/v1/login", json=given) as answer:
        return answer.status, await answer.json()


async def test_a_role_that_requires_a_second_factor_sets_it_up_first(
    desk: Running, required: None
) -> None:
    await add(desk, "first@example.com")
    async with desk.visitor() as ann:
        assert status_and_location(await ann.sign_in("first@example.com", PASSWORD)) == (
            303,
            "/sign-in/set-up",
        )
        assert (await ann.get("/workspace/account")).status == 303, "no session yet"
        page = await ann.get("/sign-in/set-up")
        assert "data:image/svg+xml" in page.text
        phone = Phone(secret_in(page))
        assert secret_in(await ann.get("/sign-in/set-up")) == phone.secret, (
            "the secret is the same after a reload"
        )
        wrong = await ann.post("/sign-in/set-up", code="000000")
        assert (wrong.status, "This code is wrong" in wrong.text) == (400, True)
        done = await ann.post("/sign-in/set-up", code=phone.code())
        codes = codes_in(done)
        assert (done.status, len(set(codes))) == (200, 10)
        assert (await ann.get("/workspace/account")).status == 200
        assert status_and_location(await ann.get("/sign-in/set-up")) == (303, "/sign-in"), (
            "the setup step is over"
        )
    async with desk.visitor() as ann:
        assert status_and_location(await ann.sign_in("first@example.com", PASSWORD)) == (
            303,
            "/sign-in/code",
        )
        assert (await ann.get("/workspace/account")).status == 303
        assert status_and_location(await ann.get("/sign-in/set-up")) == (303, "/sign-in")
        in_ = await ann.post("/sign-in/code", code=phone.code())
        assert status_and_location(in_) == (303, "/workspace")
        assert (await ann.get("/workspace/account")).status == 200


async def test_each_code_works_only_once(desk: Running, required: None) -> None:
    await add(desk, "once@example.com")
    async with desk.visitor() as ann, desk.visitor() as thief:
        phone, codes = await set_up(ann, "once@example.com")
        seen = phone.code()
        for visitor, status in ((ann, 303), (thief, 401)):
            visitor.client.cookie_jar.clear()
            await visitor.sign_in("once@example.com", PASSWORD)
            assert (await visitor.post("/sign-in/code", code=seen)).status == status
        for visitor, status in ((ann, 303), (thief, 401)):
            visitor.client.cookie_jar.clear()
            await visitor.sign_in("once@example.com", PASSWORD)
            typed = codes[0].upper().replace("-", " ")
            assert (await visitor.post("/sign-in/code", code=typed)).status == status


async def test_guesses_of_codes_are_limited(desk: Running, required: None) -> None:
    await add(desk, "guess@example.com")
    async with desk.visitor() as ann:
        phone, codes = await set_up(ann, "guess@example.com")
    async with desk.visitor() as thief:
        await thief.sign_in("guess@example.com", PASSWORD)
        statuses = [
            (await thief.post("/sign-in/code", code=f"{n:06}")).status for n in range(ATTEMPTS + 1)
        ]
        assert statuses == [401] * ATTEMPTS + [429]
        right = await thief.post("/sign-in/code", code=phone.code())
        assert (right.status, "Too many attempts." in right.text) == (429, True)
        # A new sign-in with the password does not reset the limit of guesses.
        thief.client.cookie_jar.clear()
        await thief.sign_in("guess@example.com", PASSWORD)
        assert (await thief.post("/sign-in/code", code=codes[0])).status == 429


@pytest.mark.parametrize(
    ("passed", "rounds", "mails"),
    [(timedelta(minutes=11), 2, 1), (timedelta(minutes=61), 6, 0)],
    ids=["10 an hour", "30 a day"],
)
async def test_slow_guesses_of_codes_are_blocked_and_the_agent_gets_a_mail(
    desk: Running, required: None, passed: timedelta, rounds: int, mails: int
) -> None:
    email, mailer, f = f"slow{rounds}@example.com", desk.desk.mailer, t.sign_in_failures
    assert isinstance(mailer, Mailbox)
    await add(desk, email)
    async with desk.visitor() as ann:
        await set_up(ann, email)
    rows = await desk.story.rows(f)
    before = (len(mailer.mails()), max([row.id for row in rows], default=0))
    async with desk.visitor() as thief:
        await thief.sign_in(email, PASSWORD)
        for _ in range(rounds):
            for n in range(ATTEMPTS):
                assert (await thief.post("/sign-in/code", code=f"{n:06}")).status == 401
            for row in await desk.story.rows(f, f.c.id > before[1]):
                earlier = (
                    sa.update(f).where(f.c.id == row.id).values(failed_at=row.failed_at - passed)
                )
                await desk.desk.store.write(lambda tx, one: tx.conn.execute(one), earlier)
        assert (await thief.post("/sign-in/code", code="000000")).status == 429
    assert len(mailer.mails()) - before[0] == mails
    if mails:
        mail = mailer.mails()[0].mail
        assert (mail.to, "wrong codes" in mail.subject) == (email, True)
    async with desk.visitor() as ann:  # Another agent at the same address is not refused.
        assert status_and_location(await ann.sign_in("grace@example.com", PASSWORD))[0] == 303


async def test_the_api_requires_the_code_and_names_its_field(desk: Running) -> None:
    await add(desk, "api@example.com")
    async with desk.visitor() as ann:
        status, before = await login(ann, "api@example.com")
        assert status == 200
        token = {"Authorization": f"Bearer {before['token']}"}
        await ann.sign_in("api@example.com", PASSWORD)
        store = desk.desk.store
        await store.write(change_desk, {"second_factor_roles": [Role.TRAINER]})
        try:
            async with ann.client.get(f"{ann.address}/api/v1/groups", headers=token) as answer:
                refused = await answer.json()
                assert answer.status == 403, "a token without the second factor is refused"
            assert "needs a second factor" in refused["detail"]
            assert (await ann.get("/workspace/account")).status == 200, (
                "the token stays refused until the next sign-in"
            )
            status, said = await login(ann, "api@example.com")
            assert (status, list(said["errors"])) == (403, ["code"])
            phone, _ = await set_up_again(ann, "api@example.com")
            status, said = await login(ann, "api@example.com")
            assert (status, said["errors"]["code"].startswith("is required")) == (401, True)
            status, said = await login(ann, "api@example.com", code="123456")
            assert (status, list(said["errors"])) == (401, ["code"])
            status, said = await login(ann, "api@example.com", code=phone.code())
            assert status == 200
            token = {"Authorization": f"Bearer {said['token']}"}
            async with ann.client.get(f"{ann.address}/api/v1/groups", headers=token) as answer:
                assert answer.status == 200
        finally:
            await store.write(change_desk, {"second_factor_roles": []})


async def set_up_again(visitor: Visitor, email: str) -> tuple[Phone, list[str]]:
    visitor.client.cookie_jar.clear()
    return await set_up(visitor, email)


async def test_an_agent_turns_two_factor_on_and_off_on_the_account_page(desk: Running) -> None:
    await add(desk, "own@example.com")
    async with desk.visitor() as ann:
        await ann.sign_in("own@example.com", PASSWORD)
        assert "Set up two-factor sign-in" in shown((await ann.get("/workspace/account")).text)
        phone = Phone(secret_in(await act(ann, "/app")))
        assert (await act(ann, "/app/confirm", code="12")).status == 400
        codes = codes_in(await act(ann, "/app/confirm", code=phone.code()))
        assert len(codes) == 10
        assert "10 codes are left" in shown((await ann.get(HERE)).text)
        newer = codes_in(await act(ann, "/codes"))
        assert not {*newer} & {*codes}
        async with desk.visitor() as other:
            await other.sign_in("own@example.com", PASSWORD)
            assert (await other.post("/sign-in/code", code=codes[0])).status == 401
            assert (await other.post("/sign-in/code", code=newer[0])).status == 303
        assert status_and_location(await act(ann, "/app/remove"))[0] == 303
        ann.client.cookie_jar.clear()
        assert status_and_location(await ann.sign_in("own@example.com", PASSWORD)) == (
            303,
            "/workspace",
        )


async def test_a_required_second_factor_cannot_be_removed(desk: Running, required: None) -> None:
    await add(desk, "needed@example.com")
    async with desk.visitor() as ann:
        await set_up(ann, "needed@example.com")
        answer = await act(ann, "/app/remove")
        assert (answer.status, "Your role needs a second factor." in answer.text) == (409, True)
        assert "on" in shown((await ann.get(HERE)).text)


async def test_an_old_session_cannot_change_second_factors(desk: Running) -> None:
    await add(desk, "stale@example.com")
    async with desk.visitor() as ann:
        await ann.sign_in("stale@example.com", PASSWORD)
        early = desk.desk.clock() - timedelta(minutes=16)
        mine = sa.select(t.agents.c.id).where(t.agents.c.email == "stale@example.com")
        age = sa.update(t.sessions).where(t.sessions.c.agent_id == mine.scalar_subquery())
        await desk.desk.store.write(
            lambda tx, _: tx.conn.execute(age.values(created_at=early)), None
        )
        page = await ann.get(HERE)
        assert "To change anything here, sign in again" in shown(page.text)
        assert "disabled" in page.text
        for path in ("/app", "/app/confirm", "/app/remove", "/codes", "/passkeys/options"):
            assert (await act(ann, path)).status == 403
        again = await act(ann, "/sign-in-again")
        assert status_and_location(again) == (303, f"/sign-in?again=1&next={HERE}")
        assert (await ann.get(HERE)).status == 303


async def test_an_admin_resets_an_agent_who_lost_the_phone(desk: Running, required: None) -> None:
    ann_id = await add(desk, "lost@example.com")
    async with desk.visitor() as ann, desk.visitor() as grace:
        await set_up(ann, "lost@example.com")
        await grace.sign_in("grace@example.com", PASSWORD)
        page = f"/workspace/admin/agents/{ann_id}"
        assert "On: an authenticator app." in shown((await grace.get(page)).text)
        token = await grace.csrf()
        done = await grace.post(f"{page}/second-factor/reset", csrf=token)
        assert status_and_location(done) == (303, f"{page}?done=reset")
        assert (await ann.get("/workspace/account")).status == 303, "the session has ended"
        assert status_and_location(await ann.sign_in("lost@example.com", PASSWORD)) == (
            303,
            "/sign-in/set-up",
        )
        _, admin = await login(grace, "grace@example.com")
        head = {"Authorization": f"Bearer {admin['token']}"}
        url = f"{grace.address}/api/v1/agents/{ann_id}/second-factor"
        async with grace.client.get(url, headers=head) as answer:
            expected = {"required": True, "authenticator": False, "backup_codes": 0, "passkeys": []}
            assert await answer.json() == expected
        async with grace.client.delete(url, headers=head) as answer:
            assert answer.status == 204


async def test_a_password_link_does_not_replace_the_second_factor(
    desk: Running, required: None
) -> None:
    ann_id = await add(desk, "linked@example.com")
    async with desk.visitor() as ann, desk.visitor() as grace:
        await set_up(ann, "linked@example.com")
        await grace.sign_in("grace@example.com", PASSWORD)
        made = await grace.post(f"/workspace/admin/agents/{ann_id}/link", csrf=await grace.csrf())
        found = re.search(r"/sign-in/link\?token=([0-9a-f.]+)", made.text)
        assert found is not None
        async with desk.visitor() as thief:
            chosen = await thief.post("/sign-in/link", token=found[1], password="another good one")
            assert status_and_location(chosen) == (303, "/sign-in/code")
            assert (await thief.get("/workspace/account")).status == 303


async def test_authenticator_secrets_are_encrypted(desk: Running, required: None) -> None:
    await add(desk, "sealed@example.com")
    async with desk.visitor() as ann:
        phone, codes = await set_up(ann, "sealed@example.com")

    def stored(conn: sa.Connection) -> str:
        rows = [
            *conn.execute(sa.select(t.authenticators)),
            *conn.execute(sa.select(t.backup_codes)),
        ]
        return " ".join(map(str, rows))

    text = await desk.desk.store.read(stored)
    assert "sealed:1:" in text
    assert phone.secret not in text
    assert not [one for one in codes if one in text or one.replace("-", "") in text]

"""Second factors on both databases, with a clock that the tests move."""

import pyotp
import pytest

from handoff_service.errors import Conflict, NotFound
from handoff_service.lib import one_time_codes
from handoff_service.lib.passkey_checks import NewPasskey, site_of
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.second_factors import (
    AddPasskey,
    AgentCode,
    BeginAuthenticator,
    RemovePasskey,
    ReplaceBackupCodes,
    add_passkey,
    begin_authenticator,
    confirm_authenticator,
    remove_authenticator,
    remove_passkey,
    replace_backup_codes,
    reset_second_factor,
    use_code,
)
from handoff_service.operations.desk.sign_in_steps import (
    KeepStep,
    StepKind,
    StepToken,
    find_step,
    keep_step,
    take_step,
)
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.second_factors import passkeys_of, second_factor_of
from handoff_service.store.engine import tables as t
from tests.conftest import MovedClock
from tests.support.story import MIA, OMAR, Story

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
KEY = NewPasskey(credential_id="aWQ", public_key=b"key", sign_count=0)


def code(clock: MovedClock, steps: int = 0) -> str:
    return pyotp.TOTP(SECRET).generate_otp(int(clock.now.timestamp()) // 30 + steps)


async def with_app(story: Story, clock: MovedClock) -> None:
    await story.store.write(begin_authenticator, BeginAuthenticator(MIA, SECRET))
    assert await story.store.write(confirm_authenticator, AgentCode(MIA, code(clock)))


async def test_a_code_works_once_and_for_a_minute(story: Story, clock: MovedClock) -> None:
    write = story.store.write
    await with_app(story, clock)
    assert not await write(use_code, AgentCode(MIA, code(clock))), (
        "this code has already confirmed the app"
    )
    assert await write(use_code, AgentCode(MIA, code(clock, 1))), "the phone's clock may be ahead"
    assert not await write(use_code, AgentCode(MIA, code(clock, 1)))
    assert not await write(use_code, AgentCode(MIA, code(clock))), (
        "an earlier code is no longer valid"
    )
    clock.move(90)
    late = code(clock, -1)
    assert not await write(use_code, AgentCode(MIA, code(clock, 2)))
    assert not await write(use_code, AgentCode(MIA, code(clock, -2)))
    assert await write(use_code, AgentCode(MIA, f" {late[:3]} {late[3:]} "))
    assert not await write(use_code, AgentCode(OMAR, code(clock))), "another agent has no app"


async def test_an_app_is_active_after_a_code_has_confirmed_it(
    story: Story, clock: MovedClock
) -> None:
    write = story.store.write
    assert await write(begin_authenticator, BeginAuthenticator(MIA, SECRET)) == SECRET
    assert await write(begin_authenticator, BeginAuthenticator(MIA, "OTHER")) == SECRET
    assert not (await story.store.read(second_factor_of, MIA)).authenticator
    assert not await write(use_code, AgentCode(MIA, code(clock)))
    assert not await write(confirm_authenticator, AgentCode(MIA, "000000"))
    assert await write(confirm_authenticator, AgentCode(MIA, code(clock)))
    assert (await story.store.read(second_factor_of, MIA)).authenticator
    with pytest.raises(Conflict, match="Remove it before"):
        await write(begin_authenticator, BeginAuthenticator(MIA, SECRET))


async def test_each_backup_code_works_once_and_new_codes_replace_old_ones(
    story: Story, clock: MovedClock
) -> None:
    write, codes = story.store.write, one_time_codes.backup_codes()
    with pytest.raises(NotFound, match="first"):
        await write(replace_backup_codes, ReplaceBackupCodes(MIA, codes))
    await with_app(story, clock)
    await write(replace_backup_codes, ReplaceBackupCodes(MIA, codes))
    assert await write(use_code, AgentCode(MIA, codes[0].upper()))
    assert not await write(use_code, AgentCode(MIA, codes[0]))
    assert not await write(use_code, AgentCode(OMAR, codes[1]))
    assert (await story.store.read(second_factor_of, MIA)).backup_codes == 9
    await write(replace_backup_codes, ReplaceBackupCodes(MIA, one_time_codes.backup_codes()))
    assert not await write(use_code, AgentCode(MIA, codes[1]))
    await write(remove_authenticator, MIA)
    assert (await story.store.read(second_factor_of, MIA)).backup_codes == 0


async def test_the_last_required_factor_cannot_be_removed(story: Story, clock: MovedClock) -> None:
    write = story.store.write
    await with_app(story, clock)
    await write(change_desk, {"second_factor_roles": [Role.AGENT]})
    with pytest.raises(Conflict, match="Add another before"):
        await write(remove_authenticator, MIA)
    await write(add_passkey, AddPasskey(agent_id=MIA, name="Laptop", passkey=KEY))
    await write(remove_authenticator, MIA)
    (passkey,) = await story.store.read(passkeys_of, MIA)
    with pytest.raises(NotFound):
        await write(remove_passkey, RemovePasskey(OMAR, passkey.id))
    with pytest.raises(Conflict, match="Add another before"):
        await write(remove_passkey, RemovePasskey(MIA, passkey.id))
    await story.store.acting(OMAR).write(reset_second_factor, MIA)
    assert await story.store.read(passkeys_of, MIA) == []
    log = [one for one in await story.rows(t.audit_log) if one.name == "Mia Chen"]
    assert [(one.agent_id, one.details) for one in log[-4:]] == [
        (MIA, {"authenticator": ["off", "on"]}),
        (MIA, {"passkey": ["", "Laptop"]}),
        (MIA, {"authenticator": ["on", "off"]}),
        (OMAR, {"second_factor": ["", "reset"]}),
    ]


async def test_a_passkey_belongs_to_one_agent(story: Story) -> None:
    await story.store.write(add_passkey, AddPasskey(agent_id=MIA, name="Laptop", passkey=KEY))
    with pytest.raises(Conflict, match="was already added"):
        await story.store.write(add_passkey, AddPasskey(agent_id=OMAR, name="Mine", passkey=KEY))


async def test_a_sign_in_step_ends_with_its_use_or_after_ten_minutes(
    story: Story, clock: MovedClock
) -> None:
    write, read = story.store.write, story.store.read
    which = StepToken("token", StepKind.CODE)
    for taken in (True, False):
        await write(keep_step, KeepStep(token="token", kind=StepKind.CODE, agent_id=MIA))
        assert await read(find_step, StepToken("token", StepKind.SET_UP), clock.now) is None
        if not taken:
            clock.move(601)
        found = await write(take_step, which)
        assert (found is not None and found.agent_id == MIA) == taken
        assert await write(take_step, which) is None
        assert await read(find_step, which, clock.now) is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://desk.example.com", "desk.example.com"),
        ("https://desk.example.com:8443", "desk.example.com"),
        ("http://localhost:8000", "localhost"),
        ("http://desk.example.com", None),
        ("http://127.0.0.1:8000", None),
        ("https://[::1]:8000", None),
    ],
)
def test_passkeys_require_a_host_name_and_https(url: str, host: str | None) -> None:
    site = site_of(url)
    assert (site and site.host) == host
    assert site is None or site.origin == url


def test_backup_codes_are_read_as_people_type_them() -> None:
    code = one_time_codes.backup_codes()[0]
    assert one_time_codes.backup_hash(f" {code.upper().replace('-', ' ')} ") == (
        one_time_codes.backup_hash(code)
    )
    assert one_time_codes.backup_hash("short") is None
    assert one_time_codes.backup_hash("ﬁ" * 16) is None

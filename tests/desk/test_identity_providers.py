"""Identity providers on both databases: settings, accounts, and the rule that an admin can always
sign in.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from handoff_service.errors import BadInput, Conflict, NotAllowed, SetupError
from handoff_service.operations.desk.agents import ChangeAgent, MakeAgent, change_agent, make_agent
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.identity_providers import (
    PutIdentityProvider,
    delete_identity_provider,
    save_identity_provider,
    unlink_agent,
)
from handoff_service.operations.desk.single_sign_on import AdmitPerson, admit_person
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_file
from handoff_service.rules.desk.identity_providers import (
    ACCOUNTS_FOR_ANYBODY,
    IdentityProviderFields,
    NotAdmitted,
    Person,
    errors,
    groups_after,
    person_of,
)
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import agents, identity_providers
from handoff_service.store.desk_file.export_desk import export_desk
from handoff_service.store.desk_file.record_changes import history
from tests.support.story import MIA, Story

CONTOSO = {"name": "Contoso", "issuer": "https://login.example.com", "client_id": "patchboard"}


def fields(**more: Any) -> IdentityProviderFields:
    return IdentityProviderFields(**CONTOSO | more)


def person(**more: Any) -> Person:
    given = {"subject": "s1", "email": "mia@example.com", "name": "Mia", "roles": None}
    return Person(**given | {"groups": frozenset()} | more)


async def make_provider(story: Story, secret: str | None = "s3cret", **more: Any) -> int:
    command = PutIdentityProvider(fields=fields(**more), client_secret=secret)
    return await story.store.write(save_identity_provider, command)


async def an_admin(story: Story, *, always: bool, password: str = "a hash") -> int:
    who = MakeAgent(
        email="grace@example.com",
        name="Grace",
        password_hash=password,
        capacity=0,
        roles=[Role.ADMIN],
        always_password=always,
    )
    return await story.store.write(make_agent, who)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"issuer": "login.example.com"}, "issuer"),
        ({"issuer": "ftp://login.example.com"}, "issuer"),
        ({"issuer": "https://login.example.com?x=1"}, "issuer"),
        ({"issuer": "https://login.example.com:99999"}, "issuer"),
        ({"domains": ["Example.com"]}, "domains"),
        ({"domains": ["@example.com"]}, "domains"),
        ({"creates_accounts": True}, "creates_accounts"),
    ],
)
def test_invalid_settings_are_refused(wrong: Mapping[str, Any], field: str) -> None:
    assert list(errors(fields(**wrong))) == [field]
    assert errors(fields()) == {}


CLAIMS = {"sub": "s1", "email": "ann@example.com", "email_verified": True, "name": "Ann\nLee "}


def test_claims_are_read_into_a_person() -> None:
    mapped = fields(roles={"a": [Role.AGENT]}, groups={"a": ["Net"], "b": ["Mail"]})
    found = person_of(CLAIMS | {"groups": ["a", 7, "x"]}, mapped)
    assert (found.name, found.roles, found.groups) == (
        "AnnLee",
        frozenset({Role.AGENT}),
        frozenset({"Net"}),
    )
    assert person_of(CLAIMS, fields()).roles is None
    assert person_of(CLAIMS | {"email_verified": "true"}, fields()).email == "ann@example.com"
    unverified = CLAIMS | {"email_verified": None, "name": ["Ann"]}
    assert person_of(unverified, fields()).email is None
    assert person_of(unverified, fields(trusts_addresses=True)).name == "ann"
    assert person_of(CLAIMS | {"email": "a\0b@example.com"}, fields()).email is None
    with pytest.raises(NotAdmitted, match="no usable ID"):
        person_of(CLAIMS | {"sub": "s\0"}, fields())
    with pytest.raises(NotAdmitted, match="verified address at"):
        person_of(CLAIMS, fields(domains=["example.org"]))
    assert groups_after(["Mail", "Night"], found, mapped) == ["Night", "Net"]


async def test_the_secret_is_encrypted_and_never_shown(story: Story) -> None:
    one = await make_provider(story)
    sealed = await story.store.read(identity_providers.sealed_secret, one)
    assert sealed is not None
    assert "s3cret" not in sealed
    keep = PutIdentityProvider(id=one, fields=fields(scopes="email"))
    again = PutIdentityProvider(id=one, fields=fields(scopes="email"), client_secret="s3cret")
    for command in (keep, again):
        await story.store.write(save_identity_provider, command)
        assert await story.store.read(identity_providers.sealed_secret, one) == sealed
    new = PutIdentityProvider(id=one, fields=fields(scopes="email"), client_secret="new")
    await story.store.write(save_identity_provider, new)
    newest, *_ = await story.store.read(history, Noun.IDENTITY_PROVIDER, str(one))
    assert newest.changes == {"client_secret": [None, None]}
    none = PutIdentityProvider(id=one, fields=fields(), client_secret="")
    await story.store.write(save_identity_provider, none)
    assert not (await story.store.read(identity_providers.get, one)).has_secret


async def test_a_person_is_linked_once_by_address_and_later_found_by_subject(story: Story) -> None:
    one = await make_provider(story)
    admit = story.store.write
    assert await admit(admit_person, AdmitPerson(one, person())) == MIA
    moved = person(email="other@example.com")
    assert await admit(admit_person, AdmitPerson(one, moved)) == MIA
    with pytest.raises(NotAllowed, match="another person at Contoso"):
        await admit(admit_person, AdmitPerson(one, person(subject="s2")))
    await admit(unlink_agent, MIA)
    assert await admit(admit_person, AdmitPerson(one, person(subject="s2"))) == MIA
    with pytest.raises(NotAllowed, match="Nobody here has the address"):
        await admit(admit_person, AdmitPerson(one, person(subject="s3", email="x@example.com")))
    with pytest.raises(NotAllowed, match="has not verified"):
        await admit(admit_person, AdmitPerson(one, person(subject="s3", email=None)))
    off = PutIdentityProvider(id=one, fields=fields(active=False))
    await admit(save_identity_provider, off)
    with pytest.raises(NotAllowed, match="switched off"):
        await admit(admit_person, AdmitPerson(one, person()))


async def test_the_admin_who_keeps_the_password_stays_admin(story: Story) -> None:
    one = await make_provider(story, roles={"x": [Role.AGENT]})
    first = await an_admin(story, always=True)
    second = MakeAgent(email="iris@example.com", name="Iris", capacity=0, roles=[Role.ADMIN])
    iris = await story.store.write(make_agent, second)
    for who, email in ((first, "grace@example.com"), (iris, "iris@example.com")):
        roles = frozenset({Role.AGENT})
        they = person(subject=email, email=email, roles=roles)
        assert await story.store.write(admit_person, AdmitPerson(one, they)) == who
    assert Role.ADMIN in (await story.store.read(agents.get, first)).roles
    assert (await story.store.read(agents.get, iris)).roles == [Role.AGENT]


async def test_passwords_can_be_turned_off_only_if_an_admin_can_still_sign_in(story: Story) -> None:
    write, off = story.store.write, {"password_off_roles": [Role.ADMIN, Role.AGENT]}
    grace = await an_admin(story, always=False)
    with pytest.raises(Conflict, match="No admin could sign in"):
        await write(change_desk, off)
    await write(change_agent, ChangeAgent(id=grace, by=None, values={"always_password": True}))
    with pytest.raises(Conflict, match="Set up an identity provider"):
        await write(change_desk, off)
    one = await make_provider(story)
    await write(change_desk, off)
    for values in ({"always_password": False}, {"password_hash": ""}):
        with pytest.raises(Conflict, match="No admin could sign in"):
            await write(change_agent, ChangeAgent(id=grace, by=None, values=values))
    with pytest.raises(Conflict, match="one identity provider must stay"):
        await write(delete_identity_provider, one)
    with pytest.raises(Conflict, match="one identity provider must stay"):
        await write(
            save_identity_provider, PutIdentityProvider(id=one, fields=fields(active=False))
        )
    await write(change_desk, {"password_off_roles": []})
    await write(delete_identity_provider, one)


FILE = """
[desk]
name = "Desk"
password_off_roles = ["agent"]
second_factor_roles = ["supervisor"]

[[identity_providers]]
name = "Contoso"
issuer = "https://login.example.com"
client_id = "patchboard"
client_secret = "s3cret"
domains = ["example.com"]
creates_accounts = true
roles = { "desk" = ["agent"], "leads" = ["agent", "supervisor"] }
groups = { "net" = ["Network"] }

[[agents]]
email = "grace@example.com"
name = "Grace"
password = "a good password"
roles = ["admin"]
always_password = true

[[agents]]
email = "new@example.com"
name = "New"
"""


async def test_the_desk_file_contains_everything_except_the_secret(
    story: Story, tmp_path: Path
) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(FILE)
    read = read_desk_file.read(path)
    for _twice in range(2):
        await import_file(story.store, read)
    exported = await story.store.read(export_desk)
    assert "s3cret" not in exported
    path.write_text(exported)
    again = read_desk_file.read(path)
    assert again.desk is not None
    assert again.desk.password_off_roles == [Role.AGENT]
    assert again.identity_providers == [
        one.model_copy(update={"client_secret": None}) for one in read.identity_providers
    ]
    grace = next(one for one in again.agents if one.email == "grace@example.com")
    assert grace.always_password


async def test_a_desk_file_that_locks_out_every_admin_is_refused(
    story: Story, tmp_path: Path
) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(
        FILE.replace('"agent"]\nsecond', '"agent", "admin"]\nsecond').replace("always", "#")
    )
    with pytest.raises(Conflict, match="No admin could sign in"):
        await import_file(story.store, read_desk_file.read(path))
    without = FILE.partition("[[identity_providers]]")
    path.write_text(without[0] + "[[agents]]" + without[2].partition("[[agents]]")[2])
    with pytest.raises(Conflict, match="Set up an identity provider"):
        await import_file(story.store, read_desk_file.read(path))
    path.write_text(FILE.replace('domains = ["example.com"]\n', "").replace("roles = {", "#"))
    with pytest.raises(
        SetupError, match="creates_accounts: would give an account here to everybody"
    ):
        read_desk_file.read(path)
    open_door = PutIdentityProvider(fields=fields(creates_accounts=True))
    with pytest.raises(BadInput) as refused:
        await story.store.write(save_identity_provider, open_door)
    assert refused.value.errors == {"creates_accounts": ACCOUNTS_FOR_ANYBODY}

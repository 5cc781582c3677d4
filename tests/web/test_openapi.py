"""The API matches its OpenAPI document, and each call allows the right roles. Schemathesis calls
the running service.
"""

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests

from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.api.calls import Call
from handoff_service.web.api.routes import CALLS
from tests.support.demo_home import demo_home
from tests.support.service import Service, running_service
from tests.web.workspace_server import Running, running

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
EXAMPLES = 2  # random requests per call, in addition to those for the schema's edge cases
LONGEST = 600  # seconds, for a busy machine; an idle one needs well under a minute


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(demo_home(tmp_path_factory.mktemp("openapi")), DEMO="1") as started:
        yield started


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    login = {"email": "grace@example.com", "password": "grace-demo"}
    answer = requests.post(f"{service.url}/api/v1/login", json=login, timeout=10)
    return str(answer.json()["token"])


def test_a_refusal_of_bad_characters_or_numbers_names_the_field(
    service: Service, token: str
) -> None:
    def sent(
        method: str, path: str, body: str | None = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        answer = requests.request(
            method, service.url + path, data=body, headers=headers, timeout=10
        )
        return answer.status_code, answer.json().get("errors", {})

    users, huge = "/api/v1/users", 2**63
    for body in (
        '{"external_id": "E9", "name": "a\\u0000b"}',
        '{"external_id": "E9", "name": "N", "attributes": {"a\\u0000": "b"}}',
        '{"external_id": "E9", "name": "\\ud800"}',
        '{"external_id": "E9", "name": " N"}',
        '{"external_id": "E9", "name": "N", "numbers": ["2025550101 x5"]}',
        '{"external_id": "E9", "name": "N", "facts": {"pin": ""}}',
        '{"external_id": "E9", "name": "N", "shoe_size": 9}',
    ):
        status, errors = sent("POST", users, body)
        assert (status, bool(errors)) == (400, True), body
    for body in ("[" * 100_000, "{", '"text"', "[]", "null", "9" * 5000, '{"name": NaN}', ""):
        assert sent("POST", users, body)[0] == 400, body[:20]
    assert sent("POST", users, "name=N", "application/x-www-form-urlencoded")[0] == 400
    assert sent("GET", f"{users}?cursor=x")[1] == {
        "cursor": "must be the next cursor of an earlier page"
    }
    assert set(sent("GET", f"{users}?limit=201")[1]) == {"limit"}
    assert set(sent("GET", f"{users}?q=%00")[1]) == {"q"}
    assert sent("GET", f"/api/v1/profiles?user_id={huge}")[1] == {
        "user_id": "must be a whole number of 64 bits"
    }
    assert sent("GET", f"{users}/{huge}")[0] == 404
    assert sent("PATCH", f"/api/v1/profiles/{huge}", '{"user_id": null}')[0] == 404


def test_no_refusal_shows_a_regular_expression() -> None:
    """To fix a failure, use ``TextPattern`` of ``field_checks`` with a sentence in place of
    ``Field(pattern=...)``.
    """
    models = [(call.path, model) for call in CALLS for model in (call.body, call.query) if model]
    bare = [path for path, model in models if has_pattern(model.__pydantic_core_schema__)]
    assert bare == []


def has_pattern(schema: object) -> bool:
    """Return whether pydantic checks a text of this core schema with a regular expression."""
    if isinstance(schema, dict):
        is_text = schema.get("type") == "str"
        return (is_text and "pattern" in schema) or any(map(has_pattern, schema.values()))
    return isinstance(schema, list | tuple) and any(map(has_pattern, schema))


def test_an_unsupported_method_gets_a_list_of_supported_ones(service: Service) -> None:
    answer = requests.put(f"{service.url}/api/v1/users/1", timeout=10)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, PATCH, DELETE")


def test_schemathesis_finds_no_errors(service: Service, token: str) -> None:
    """Runs all checks of schemathesis except those that ``schemathesis.toml`` turns off. That file
    gives the reasons.
    """
    config = Path(__file__).with_name("schemathesis.toml")
    how = [
        "--phases",
        "examples,coverage,fuzzing",
        "-n",
        str(EXAMPLES),
        "--continue-on-failure",
        "--no-color",
    ]
    asked = subprocess.run(
        [
            *(
                str(SCHEMATHESIS),
                "--config-file",
                str(config),
                "run",
                f"{service.url}/api/v1/openapi.json",
            ),
            *("-H", f"Authorization: Bearer {token}", *how),
        ],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert "request_failed" not in service.log.read_text()


# Roles --------------------------------------------------------------------------------------------

STAFF = "".join(
    f'[[agents]]\nemail = "{role}@example.com"\nname = "{role}"\npassword = '
    f'"demo-{role}"\nroles = ["{role}"]\n'
    for role in Role
)


@pytest.fixture
async def staffed(tmp_path: Path) -> AsyncIterator[Running]:
    """A desk with one agent for each role."""
    path = tmp_path / "staff.toml"
    path.write_text(STAFF)
    async with running(tmp_path) as desk:
        await desk.desk.store.write(import_desk, read_desk_file.read(path))
        yield desk


async def test_each_call_is_for_its_roles_and_no_others(staffed: Running) -> None:
    async with aiohttp.ClientSession() as session:
        tokens = {role: await token_of(session, staffed, role) for role in Role}
        wrong = []
        calls = [call for call in CALLS if call.roles]
        # called last, because this call revokes the tokens
        for call in sorted(calls, key=lambda call: call.path == "/v1/logout"):
            if (status := await status_of_call(session, staffed, call, "")) != 401:
                wrong.append(f"{call.method} {call.path} without a token: {status}")
            for role, theirs in tokens.items():
                status = await status_of_call(session, staffed, call, theirs)
                may = role in call.roles or role is Role.ADMIN
                if (status == 403) == may or status in (401, 405, 500):
                    wrong.append(f"{call.method} {call.path} as {role}: {status}")
        assert wrong == []


async def token_of(session: aiohttp.ClientSession, desk: Running, role: Role) -> str:
    login = {"email": f"{role}@example.com", "password": f"demo-{role}"}
    async with session.post(f"{desk.address}/api/v1/login", json=login) as answer:
        return str((await answer.json())["token"])


async def status_of_call(
    session: aiohttp.ClientSession, desk: Running, call: Call, token: str
) -> int:
    """Make the call with an empty body for a missing record, and return the status."""
    path = re.sub(r"<\w+:\w+>", "999999", call.path)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = None if call.method in ("GET", "DELETE") else {}
    async with session.request(
        call.method, f"{desk.address}/api{path}", json=body, headers=headers
    ) as answer:
        return answer.status

"""``patchboard doctor`` with Twilio: each problem of the account, the numbers and the public
address has its fix.
"""

import asyncio
import io
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from handoff_service import settings
from handoff_service.doctor.examine import examine
from handoff_service.gateways.s3.media_store import S3Media
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.gateways.twilio.signature import is_signed
from handoff_service.ports.sms_provider import Refused
from handoff_service.rules.shared.provider_answers import NO_CONSENT_API
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import Heard, MovedClock
from tests.support.fake_twilio import AUTH_TOKEN, FakeTwilio
from tests.support.s3_server import S3Server
from tests.support.sending_story import begin, claim, finish, quiet_conversation
from tests.support.story import ANN, DIRECT, MAIN, Story
from tests.web.workspace_server import running

ALWAYS = (
    "note   Nobody can administer this desk yet.",
    "note   No agent gets offers right now",
    "note   There is no mail server",
)


class Service:
    """A fake service at the public address, with this test's webhook address and token."""

    def __init__(self) -> None:
        self.token, self.status = AUTH_TOKEN, 0

    async def receipt(self, request: web.Request) -> web.Response:
        form = [(name, str(value)) for name, value in (await request.post()).items()]
        signed = is_signed(
            str(request.url), form, request.headers["X-Twilio-Signature"], [self.token]
        )
        return web.Response(status=self.status or (400 if signed else 403))


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as fake:
        yield fake


@pytest.fixture
async def service() -> Service:
    return Service()


@pytest.fixture
async def public_url(service: Service) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/webhooks/twilio/status", service.receipt)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
def environ(
    twilio: FakeTwilio, public_url: str, sqlite_desk: Path, tmp_path: Path
) -> dict[str, str]:
    """Return the settings of a service without problems."""
    webhook = f"{public_url}/webhooks/twilio/sms"
    for number in (MAIN, DIRECT):
        twilio.numbers[number] = {
            "sms_url": webhook,
            "sms_method": "POST",
            "sms_fallback_url": webhook,
        }
    return twilio.environ(tmp_path) | {
        "PATCHBOARD_DATABASE_URL": f"sqlite:///{shutil.copy(sqlite_desk, tmp_path / 'desk.db')}",
        "PATCHBOARD_BOT_URL": "",
        "PATCHBOARD_PUBLIC_URL": public_url,
    }


async def doctor_problems(environ: dict[str, str]) -> tuple[int, list[str]]:
    """Return the exit code and the problems, without those that this desk has in every test."""
    code, findings = await doctor_output(environ)
    wrong = [line for line in findings if not line.startswith(ALWAYS)]
    return code, [line.removeprefix("ERROR  ") for line in wrong]


async def doctor_output(environ: dict[str, str]) -> tuple[int, list[str]]:
    """Return the exit code, and the lines after the settings."""
    out = io.StringIO()
    code = await examine(settings.read(environ), out)
    return code, out.getvalue().split("\n\n", 1)[1].splitlines()


async def test_notes_of_the_checklist_do_not_count_as_problems(environ: dict[str, str]) -> None:
    code, lines = await doctor_output(environ)
    assert code == 0
    assert [next(one for one in ALWAYS if line.startswith(one)) for line in lines[:-1]] == [*ALWAYS]
    link = f"{environ['PATCHBOARD_PUBLIC_URL']}/setup?token="
    assert link in lines[0]


async def test_a_good_setup_has_no_problems(environ: dict[str, str]) -> None:
    code, findings = await doctor_problems(environ)
    assert (code, findings) == (
        0,
        ["ok     database, bot, Twilio's account, its webhooks, the clock"],
    )


async def test_the_doctor_checks_the_media_store(environ: dict[str, str], s3: S3Server) -> None:
    bucket = s3.bucket()
    environ |= s3.settings(bucket)
    code, findings = await doctor_problems(environ)
    assert (code, findings[0]) == (
        0,
        "ok     database, bot, media store, Twilio's account, its webhooks, the clock",
    )
    environ["PATCHBOARD_MEDIA_STORE"] = "s3://absent"
    assert await doctor_problems(environ) == (
        1,
        [
            "Pictures and files cannot be stored in s3://absent: The S3 store has no bucket absent."
            " Create it, or correct PATCHBOARD_MEDIA_STORE."
        ],
    )
    assert list(S3Media(bucket).names()) == []


async def test_the_doctor_checks_the_database_that_bots_share(
    environ: dict[str, str], postgres_url: str
) -> None:
    environ["PATCHBOARD_BOT_TRACKER_URL"] = postgres_url
    code, findings = await doctor_problems(environ)
    assert code == 0
    assert findings[0].startswith("ok     database, bot, the virtual agent's database, ")
    environ["PATCHBOARD_BOT_TRACKER_URL"] = "postgresql://bot:hunter2@127.0.0.1:1/desk"
    code, findings = await doctor_problems(environ)
    assert code == 1
    assert findings[0].startswith("The database of PATCHBOARD_BOT_TRACKER_URL cannot be used: ")


async def test_each_problem_is_shown_with_its_fix(
    environ: dict[str, str], twilio: FakeTwilio, public_url: str
) -> None:
    twilio.numbers[MAIN]["sms_url"] = "https://demo.twilio.com/welcome/sms/reply"
    del twilio.numbers[DIRECT]
    twilio.account_status = "suspended"
    code, findings = await doctor_problems(environ)
    assert code == 1
    assert findings == [
        "Twilio's account is suspended, so nothing is sent. Settle this with Twilio.",
        f"{MAIN} sends its texts to https://demo.twilio.com/welcome/sms/reply. Set in Twilio's "
        "console, under the number, “A message comes in”: "
        f"{public_url}/webhooks/twilio/sms (POST).",
        f"{DIRECT} is not a number of this Twilio account. Buy it, or delete it under Admin, "
        "Company numbers.",
    ]


async def test_the_doctor_reports_a_missing_fallback_and_webhooks_by_get(
    environ: dict[str, str], twilio: FakeTwilio, public_url: str
) -> None:
    twilio.numbers[MAIN] |= {"sms_method": "GET", "sms_fallback_url": ""}
    _, findings = await doctor_problems(environ)
    webhook = f"{public_url}/webhooks/twilio/sms (POST)."
    assert findings == [
        f"{MAIN} sends its texts by GET, which this service does not answer. "
        f"Set in Twilio's console, under the number, “A message comes in”: {webhook}",
        f"{MAIN} has no fallback. Set in Twilio's console, under the number, “Primary "
        f"handler fails”: {webhook}",
    ]


async def test_the_doctor_reports_a_fallback_by_get(
    environ: dict[str, str], twilio: FakeTwilio, public_url: str
) -> None:
    twilio.numbers[MAIN]["sms_fallback_method"] = "GET"
    twilio.numbers[DIRECT] |= {
        "sms_fallback_method": "GET",
        "sms_fallback_url": "https://elsewhere.example/sorry",
    }
    assert (await doctor_problems(environ))[1] == [
        f"{MAIN} calls its fallback by GET, which this service does not answer. Set in "
        f"Twilio's console, under the number, “Primary handler fails”: "
        f"{public_url}/webhooks/twilio/sms (POST).",
    ], "the doctor does not judge the address of another server"


async def test_the_doctor_reports_a_number_that_an_application_handles(
    environ: dict[str, str], twilio: FakeTwilio
) -> None:
    twilio.numbers[MAIN]["sms_application_sid"] = "AP" + "0123456789abcdef" * 2
    twilio.numbers[DIRECT]["sms_application_sid"] = ""
    assert (await doctor_problems(environ))[1] == [
        f"{MAIN} uses the TwiML app AP0123456789abcdef0123456789abcdef, so "
        "Twilio ignores the number's own webhooks. Choose Webhook in place of TwiML App in "
        "Twilio's console, under the number, Configure with.",
    ]


def execute(environ: dict[str, str], statement: str) -> None:
    with sqlite3.connect(environ["PATCHBOARD_DATABASE_URL"].removeprefix("sqlite:///")) as database:
        database.execute(statement)


async def test_the_doctor_checks_a_number_in_a_messaging_service(
    environ: dict[str, str], twilio: FakeTwilio, public_url: str
) -> None:
    """The messaging service's addresses apply, unless it uses the number's own webhook."""
    service, webhook = "MG" + "0123456789abcdef" * 2, f"{public_url}/webhooks/twilio/sms"
    execute(
        environ,
        f"UPDATE provider_numbers SET messaging_service = '{service}' WHERE number = '{MAIN}'",
    )
    named = f"The messaging service {service} of {MAIN}"
    assert [one.partition(". ")[0] for one in (await doctor_problems(environ))[1]] == [
        f"{named} is not in this Twilio account"
    ]
    twilio.services[service] = {"pool": [], "inbound_request_url": None, "fallback_url": None}
    assert [one.partition(". ")[0] for one in (await doctor_problems(environ))[1]] == [
        f"{named} does not have this number in its sender pool, so nothing can be sent",
        f"{named} sends its texts nowhere",
        f"{named} has no fallback",
    ]
    # The doctor does not check these, because the number's addresses do not apply.
    del twilio.numbers[MAIN]["sms_fallback_url"]
    twilio.services[service] = {
        "pool": [MAIN],
        "inbound_request_url": webhook,
        "fallback_url": webhook,
    }
    assert (await doctor_problems(environ))[0] == 0
    by_get = {"inbound_method": "GET", "fallback_method": "GET"}
    twilio.services[service] = {
        "pool": [MAIN],
        "inbound_request_url": webhook,
        "fallback_url": webhook,
    } | by_get
    assert [one.partition(". ")[0] for one in (await doctor_problems(environ))[1]] == [
        f"{named} sends its texts by GET, which this service does not answer",
        f"{named} calls its fallback by GET, which this service does not answer",
    ]
    twilio.services[service] = {"pool": [MAIN], "use_inbound_webhook_on_number": True}
    assert [one.partition(". ")[0] for one in (await doctor_problems(environ))[1]] == [
        f"{MAIN} has no fallback"
    ]


async def test_the_doctor_checks_that_the_bots_actions_can_reach_the_service(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """The check sends a request like those of the bot's actions. The service must answer it and
    accept the token.
    """
    async with running(tmp_path / "service", PATCHBOARD_BOT_TOKEN="shared") as service:
        address = urlsplit(service.address)
        asked = environ | {
            "PATCHBOARD_BOT_URL": f"{service.address}/healthz",
            "PATCHBOARD_BOT_TOKEN": "shared",
        }
        asked |= {"PATCHBOARD_HOST": str(address.hostname), "PATCHBOARD_PORT": str(address.port)}
        assert (await doctor_problems(asked))[0] == 0
        assert (
            "runs with a different PATCHBOARD_BOT_TOKEN"
            in (await doctor_problems(asked | {"PATCHBOARD_BOT_TOKEN": "other"}))[1][0]
        )
    assert "Start the service with: patchboard serve" in (await doctor_problems(asked))[1][1]


@pytest.mark.parametrize(
    ("why", "says"),
    [
        ("NULL", ". Start the service with: patchboard serve"),
        ("'The provider could not be asked'", ": The provider could not be asked."),
    ],
)
async def test_the_doctor_reports_consents_that_did_not_reach_the_provider(
    environ: dict[str, str], why: str, says: str
) -> None:
    row = "INSERT INTO consents (number, opted_out, source, at, told_why) VALUES"
    execute(environ, f"{row} ('{ANN}', 1, 'agent', '2026-11-23 14:00:00.000000', {why})")
    assert await doctor_problems(environ) == (
        1,
        [f"1 consent change has not reached the provider{says}"],
    )


async def test_the_doctor_reports_texts_that_the_provider_does_not_accept(
    environ: dict[str, str],
) -> None:
    store = Store(
        environ["PATCHBOARD_DATABASE_URL"],
        clock=MovedClock(),
        settings=OperationSettings(send_errors=ERRORS),
        after_commit=Heard(),
    )
    story = Story(store)
    interaction = await quiet_conversation(story)
    message, _ = [await story.write(interaction, body) for body in ("one", "two")]
    await claim(story)
    await begin(story, message)
    await finish(story, message, Refused(code=21611))
    store.close()
    assert await doctor_problems(environ) == (
        1,
        [
            "2 texts wait, the oldest since 2026-11-23 14:00 UTC: The provider's queue is full. "
            "(21611) Wait a while before sending more."
        ],
    )


async def test_an_account_without_the_consent_api_is_not_a_problem(environ: dict[str, str]) -> None:
    row = "INSERT INTO consents (number, opted_out, source, at, told_why) VALUES"
    execute(
        environ,
        f"{row} ('{ANN}', 1, 'agent', '2026-11-23 14:00:00.000000', "
        f"'{NO_CONSENT_API.replace("'", "''")}')",
    )
    code, findings = await doctor_problems(environ)
    assert (code, findings[0]) == (
        0,
        f"note   1 consent change has not reached the provider: {NO_CONSENT_API}.",
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"PATCHBOARD_TWILIO_AUTH_TOKEN": "another"},
            "Twilio refuses PATCHBOARD_TWILIO_ACCOUNT_SID",
        ),
        (
            {"PATCHBOARD_TWILIO_API_URL": "http://127.0.0.1:9"},
            "Twilio does not answer at http://127.0.0.1:9",
        ),
        (
            {"PATCHBOARD_PUBLIC_URL": "http://127.0.0.1:9"},
            "Nothing answers at http://127.0.0.1:9/webhooks",
        ),
    ],
)
async def test_the_doctor_reports_requesters_who_cannot_get_the_satisfaction_question(
    environ: dict[str, str], change: dict[str, str], says: str
) -> None:
    code, findings = await doctor_problems(environ | change)
    assert code == 1
    assert any(one.startswith(says) for one in findings), findings


async def test_the_doctor_checks_the_public_address(
    environ: dict[str, str], service: Service
) -> None:
    service.token = "of another account"
    _, (finding,) = await doctor_problems(environ)
    assert "rejects our signature" in finding
    service.status = 404
    _, (finding,) = await doctor_problems(environ)
    assert "answers 404, so it is not this service" in finding
    await asyncio.sleep(0)

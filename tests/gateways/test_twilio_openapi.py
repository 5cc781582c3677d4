"""Our requests to Twilio and the fake's answers follow Twilio's own OpenAPI document.

``tests/twilio_openapi.json`` is an excerpt of https://github.com/twilio/twilio-oai, without
descriptions.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs

from handoff_service import settings
from handoff_service.gateways.twilio import account
from handoff_service.gateways.twilio.errors import STATUSES
from handoff_service.gateways.twilio.gateway import TwilioProvider
from handoff_service.rules.shared.vocabulary import FirstResponder
from handoff_service.store.views import Named, ProviderNumber
from tests.conftest import MovedClock
from tests.gateways.sms_provider_contract import ANN, LINE, outgoing
from tests.support.fake_twilio import ACCOUNT_SID, Exchange, FakeTwilio

DOCUMENT: dict[str, Any] = json.loads(Path("tests/twilio_openapi.json").read_text())
INBOUND_STATUSES = {"receiving", "received"}  # statuses that texts from us do not have
ELSEWHERE = "/v1/"  # addresses that other documents of Twilio describe


def as_json_schema(part: Any) -> Any:
    """Convert a schema of OpenAPI 3.0, which marks nullable values differently from JSON Schema."""
    if isinstance(part, dict):
        made = {key: as_json_schema(value) for key, value in part.items() if key != "nullable"}
        return {"anyOf": [made, {"type": "null"}]} if part.get("nullable") is True else made
    return [as_json_schema(one) for one in part] if isinstance(part, list) else part


COMPONENTS = as_json_schema(DOCUMENT["components"])


def schema_errors(schema: Mapping[str, Any], value: object) -> list[str]:
    checker = jsonschema_rs.validator_for({**as_json_schema(schema), "components": COMPONENTS})
    return [
        f"{error.message} at {list(error.instance_path)}" for error in checker.iter_errors(value)
    ]


def typed_value(schema: Mapping[str, Any], written: list[str]) -> object:
    """Return the typed value of a parameter, which a form or an address contains as text."""
    match schema.get("type"):
        case "array":
            return written
        case "integer":
            return int(written[-1])
        case "boolean":
            return {"true": True, "false": False}.get(written[-1], written[-1])
    return written[-1]


def described_call(exchange: Exchange) -> Mapping[str, Any]:
    for path, methods in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), exchange.path):
            call: Mapping[str, Any] = methods[exchange.method.lower()]
            return call
    raise AssertionError(f"Twilio's document does not describe {exchange.path}")


def differences(exchange: Exchange) -> Iterator[str]:
    """Yield the differences from Twilio's description."""
    call = described_call(exchange)
    known = {p["name"]: p["schema"] for p in call.get("parameters", ()) if p["in"] == "query"}
    given = dict(exchange.query)
    if "requestBody" in call:
        body = call["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        known |= body["properties"]
        given |= exchange.form
        yield from (f"{name} is missing" for name in body.get("required", ()) if name not in given)
    for name, written in given.items():
        if name not in known:
            yield f"there is no parameter {name}"
        else:
            yield from schema_errors(known[name], typed_value(known[name], written))
    if answer := call["responses"].get(str(exchange.status)):
        schema = answer["content"]["application/json"]["schema"]
        yield from schema_errors(schema, exchange.answer)
        yield from undocumented_properties(schema, exchange.answer)


def undocumented_properties(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """Yield the properties of an answer that are not in the document."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for name, held in value.items() if isinstance(value, dict) and "properties" in schema else ():
        if name not in schema["properties"]:
            yield f"the fake made up {name}"
        else:
            yield from undocumented_properties(schema["properties"][name], held)
    for one in value if isinstance(value, list) else ():
        yield from undocumented_properties(schema["items"], one)


async def test_requests_and_fake_answers_follow_twilios_description(
    twilio: FakeTwilio, at_twilio: TwilioProvider, clock: MovedClock, tmp_path: Path
) -> None:
    service = "MG" + "0123456789abcdef" * 2
    twilio.segment_price = "-0.00830"
    picture = twilio.keep_media(b"a picture")
    received = await twilio.send_inbound("http://127.0.0.1:9/", ANN, LINE, "look", media=[picture])
    assert received.status == 0
    pictured = replace(
        outgoing(2), media_urls=("https://sms.example.com/media/1",), messaging_service=service
    )
    for message in (outgoing(), pictured, outgoing(3, to="+15005550004")):
        await at_twilio.send(message)
    for message in twilio.messages.values():
        message.date_sent, message.error_code = clock(), 30003
    since = clock() - timedelta(days=1)
    await at_twilio.find(outgoing())
    await at_twilio.reports(LINE, {"SM" + "f" * 32}, since)
    for listed in await at_twilio.received(LINE, since):
        await at_twilio.pictures_of(listed.sid)
        twilio.numbers[LINE] = {
            **{
                "sms_url": "",
                "sms_method": "POST",
                "sms_fallback_url": "",
                "sms_fallback_method": "POST",
            },
            "sms_application_sid": "AP" + "0" * 32,
        }
    number = ProviderNumber(
        id=1, number=LINE, label=LINE, first_responder=FirstResponder.LIVE_AGENT,
        queue=Named(id=1, name="Desk"),
        segments_per_second=1, messaging_service=None,
    )  # fmt: skip
    await asyncio.to_thread(
        account._account_problems, settings.read(twilio.environ(tmp_path)), [number]
    )
    asked = {
        (one.method, re.sub(r"/[A-Z]{2}[0-9a-f]{32}", "/x", one.path)) for one in twilio.exchanges
    }
    assert {path.rpartition("/")[2] for _, path in asked} == {
        "Messages.json", "Media.json", "x.json", "IncomingPhoneNumbers.json",
    }  # fmt: skip
    found = [f"{e.method} {e.path}: {fault}" for e in twilio.exchanges for fault in differences(e)]
    assert found == []


def test_patchboard_knows_every_status_of_twilio() -> None:
    assert set(COMPONENTS["schemas"]["message_enum_status"]["enum"]) - INBOUND_STATUSES == set(
        STATUSES
    )


def test_differences_from_the_description_are_found() -> None:
    path = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    form = {"Form": ["+1"], "ValidityPeriod": ["1"], "MessagingServiceSid": ["MG1"]}
    found = list(differences(Exchange("POST", path, {}, form, 201, {"sid": 7, "colour": "red"})))
    for fault in ("To is missing", "no parameter Form", '"MG1"', "7 is not", "made up colour"):
        assert any(fault in one for one in found), (fault, found)

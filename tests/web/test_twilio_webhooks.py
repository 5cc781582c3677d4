"""Signed requests to Twilio's webhooks on a running server. The tests check each answer and each
stored command.
"""

import base64
import hmac
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from handoff_service import log
from handoff_service.errors import DatabaseAway, Overloaded
from handoff_service.operations.conversations.receive_sms import (
    Attachment,
    Received,
    ReceiveOutcome,
    Text,
    receive_sms,
)
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.rules.shared.vocabulary import Status
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, Answer, FakeTwilio, sid
from tests.web.webhook_server import PUBLIC, RecordingStore, post_raw, running

SMS, STATUS = f"{PUBLIC}/webhooks/twilio/sms", f"{PUBLIC}/webhooks/twilio/status"
ANN, LINE = "+12025550101", "+18885550100"
SID = "SM" + "a" * 32
TWIML = Answer(200, "<Response/>")


@pytest.fixture
def recorder() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
async def base(recorder: RecordingStore, tmp_path: Path) -> AsyncIterator[str]:
    async with running(recorder, tmp_path) as address:
        yield address


@pytest.fixture
async def twilio(base: str) -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as fake:
        fake.reroute = {PUBLIC: base}
        yield fake


async def text_in(twilio: FakeTwilio, *, without: str = "", **changes: str) -> Answer:
    """Post Ann's text with these changes and without one parameter. Return the answer."""
    form = {
        "MessageSid": SID, "SmsSid": SID, "AccountSid": ACCOUNT_SID, "From": ANN, "To": LINE,
        "Body": "Hello",
        "NumMedia": "0", "FromCity": "", "FromState": "DC", "ApiVersion": "2010-04-01",
    } | changes  # fmt: skip
    form.pop(without, None)
    return await twilio.post(SMS, form)


def text(**changes: Any) -> Text:
    return Text(
        **{"sid": SID, "requester_number": ANN, "provider_number": LINE, "body": "Hello"} | changes
    )


def pictures(n: int) -> tuple[Attachment, ...]:
    return tuple(Attachment(f"https://api.twilio.com/{i}", "image/png") for i in range(n))


def picture_form(n: int, count: str | None = None) -> dict[str, str]:
    form = {"NumMedia": count or str(n)}
    for i, picture in enumerate(pictures(n)):
        form |= {f"MediaUrl{i}": picture.url, f"MediaContentType{i}": picture.content_type}
    return form


TEXTS: list[tuple[str, dict[str, str], int, Text | str]] = [
    ("a text", {}, 200, text()),
    ("a blank Body", {"Body": ""}, 200, text(body="")),
    ("Body left out", {"without": "Body"}, 200, text(body="")),
    ("plus, percent, ampersand", {"Body": "1+1=2 & 50%25"}, 200, text(body="1+1=2 & 50%25")),
    (
        "emoji and new lines",
        {"Body": "\U0001f44d\r\n\u00e9"},
        200,
        text(body="\U0001f44d\r\n\u00e9"),
    ),
    ("a leading slash", {"Body": "/restart"}, 200, text(body="/restart")),
    ("NUL", {"Body": "a\0b"}, 200, text(body="a\ufffdb")),
    ("1,600 emoji", {"Body": "\U0001f44d" * 1600}, 200, text(body="\U0001f44d" * 1600)),
    ("an unknown parameter", {"Sparkle": "1"}, 200, text()),
    ("from a short code", {"From": "72975"}, 200, text(requester_number="72975")),
    ("from a name", {"From": "Booking.com"}, 200, text(requester_number="Booking.com")),
    (
        "from a number without a plus",
        {"From": "12025550101"},
        200,
        text(requester_number="12025550101"),
    ),
    ("one picture", picture_form(1), 200, text(media=pictures(1))),
    ("ten pictures", picture_form(10), 200, text(media=pictures(10))),
    ("more pictures than are allowed", picture_form(12), 200, text(media=pictures(10))),
    (
        "NumMedia is higher than the number of pictures",
        picture_form(1, "3"),
        200,
        text(media=pictures(1)),
    ),
    ("NumMedia left out", {"without": "NumMedia"}, 200, text()),
    ("NumMedia blank", {"NumMedia": ""}, 200, text()),
    ("NumMedia is not a number", {"NumMedia": "two"}, 400, "NumMedia"),
    ("NumMedia is a number and more", {"NumMedia": "1x"}, 400, "NumMedia"),
    ("NumMedia negative", {"NumMedia": "-1"}, 400, "NumMedia"),
    ("NumMedia in other digits", {"NumMedia": "\u0662"}, 400, "NumMedia"),
    ("MessageSid left out", {"without": "MessageSid"}, 400, "MessageSid"),
    ("MessageSid blank", {"MessageSid": ""}, 400, "MessageSid"),
    ("MessageSid too long", {"MessageSid": "S" * 3000}, 400, "MessageSid"),
    ("MessageSid too short", {"MessageSid": "SM1"}, 400, "MessageSid"),
    ("MessageSid in capitals", {"MessageSid": SID.upper()}, 400, "MessageSid"),
    ("another account", {"AccountSid": "AC" + "f" * 32}, 400, "AccountSid"),
    ("From left out", {"without": "From"}, 400, "From"),
    ("From blank", {"From": ""}, 400, "From"),
    ("From another channel", {"From": f"whatsapp:{ANN}"}, 400, "From"),
    ("From a client of another channel", {"From": "client:bob"}, 400, "From"),
    ("From a name that is too long", {"From": "TwelveLetter"}, 400, "From"),
    ("From with a line break", {"From": f"{ANN}\n"}, 400, "From"),
    ("To left out", {"without": "To"}, 400, "To"),
    ("To is not a number", {"To": "desk"}, 400, "To"),
]


@pytest.mark.parametrize(
    ("changes", "status", "expected"), [t[1:] for t in TEXTS], ids=[t[0] for t in TEXTS]
)
async def test_a_text_is_stored_or_refused(
    twilio: FakeTwilio,
    recorder: RecordingStore,
    changes: dict[str, str],
    status: int,
    expected: Text | str,
) -> None:
    """A valid text causes one write and gets empty TwiML. A refusal names the field."""
    answer = await text_in(twilio, **changes)
    assert answer.status == status
    if isinstance(expected, Text):
        assert answer == TWIML
        assert recorder.written == [(receive_sms, expected)]
    else:
        assert answer.text.startswith(f"{expected} ")
        assert recorder.written == []


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (ReceiveOutcome.STORED, 200),
        (ReceiveOutcome.REPEAT, 200),
        (ReceiveOutcome.UNKNOWN_NUMBER, 404),
    ],
)
async def test_the_outcome_of_a_text_decides_the_answer(
    twilio: FakeTwilio, recorder: RecordingStore, outcome: ReceiveOutcome, status: int
) -> None:
    """A repeated text gets the same answer as the first. A text to an unknown company number gets
    an error.
    """
    recorder.answers[id(receive_sms)] = Received(outcome, None)
    answer = await text_in(twilio)
    assert answer.status == status
    assert (answer == TWIML) is (status == 200)


async def test_a_request_with_all_of_twilios_parameters_is_stored(
    twilio: FakeTwilio, recorder: RecordingStore
) -> None:
    """The request has all of Twilio's parameters, including blank ones, and a picture."""
    answer = await twilio.send_inbound(
        SMS, ANN, LINE, "Look", [("https://api.twilio.com/0", "image/png")], sid=SID
    )
    assert answer == TWIML
    assert recorder.written == [(receive_sms, text(body="Look", media=pictures(1)))]
    assert sum(not value for value in twilio.callbacks[0].form.values()) >= 4


async def test_texts_between_the_same_numbers_share_a_lane(
    twilio: FakeTwilio, recorder: RecordingStore
) -> None:
    """A text from another number uses another lane."""
    for one, sender in [(sid(1), ANN), (sid(2), ANN), (sid(3), "+12025550102")]:
        await text_in(twilio, MessageSid=one, From=sender)
    assert recorder.nears[0] == recorder.nears[1] != recorder.nears[2]


RECEIPTS: list[tuple[str, dict[str, str], str, int, Receipt | str]] = [
    (
        "sent",
        {"MessageStatus": "sent"},
        "?message=7",
        200,
        Receipt(sid=SID, status=Status.SENT, message_id=7),
    ),
    (
        "queued becomes sending",
        {"MessageStatus": "queued"},
        "",
        200,
        Receipt(sid=SID, status=Status.SENDING),
    ),
    (
        "read becomes delivered",
        {"MessageStatus": "read"},
        "",
        200,
        Receipt(sid=SID, status=Status.DELIVERED),
    ),
    (
        "undelivered, with the reason",
        {"MessageStatus": "undelivered", "ErrorCode": "30003"},
        "?message=7",
        200,
        Receipt(sid=SID, status=Status.UNDELIVERED, error_code=30003, message_id=7),
    ),
    (
        "an invalid error code",
        {"MessageStatus": "failed", "ErrorCode": "E1"},
        "",
        200,
        Receipt(sid=SID, status=Status.FAILED),
    ),
    (
        "a blank error code",
        {"MessageStatus": "delivered", "ErrorCode": ""},
        "",
        200,
        Receipt(sid=SID, status=Status.DELIVERED),
    ),
    (
        "our id is not a number",
        {"MessageStatus": "sent"},
        "?message=x",
        200,
        Receipt(sid=SID, status=Status.SENT),
    ),
    (
        "our id too long",
        {"MessageStatus": "sent"},
        f"?message={'9' * 30}",
        200,
        Receipt(sid=SID, status=Status.SENT),
    ),
    (
        "our id is blank",
        {"MessageStatus": "sent"},
        "?message=",
        200,
        Receipt(sid=SID, status=Status.SENT),
    ),
    (
        "a query with another encoding",
        {"MessageStatus": "sent"},
        "?a=%2B%20+&message=7&b",
        200,
        Receipt(sid=SID, status=Status.SENT, message_id=7),
    ),
    ("a status of inbound texts", {"MessageStatus": "received"}, "", 400, "MessageStatus"),
    ("another status of inbound texts", {"MessageStatus": "receiving"}, "", 400, "MessageStatus"),
    ("an unknown status", {"MessageStatus": "teleported"}, "", 400, "MessageStatus"),
    ("without a status", {}, "", 400, "MessageStatus"),
    ("without a SID", {"MessageStatus": "sent", "MessageSid": ""}, "", 400, "MessageSid"),
]


@pytest.mark.parametrize(
    ("changes", "query", "status", "expected"),
    [r[1:] for r in RECEIPTS],
    ids=[r[0] for r in RECEIPTS],
)
async def test_a_receipt_is_stored_or_refused(
    twilio: FakeTwilio,
    recorder: RecordingStore,
    changes: dict[str, str],
    query: str,
    status: int,
    expected: Receipt | str,
) -> None:
    """A valid receipt causes one write. A refusal names the field."""
    answer = await twilio.post(
        STATUS + query, {"MessageSid": SID, "SmsSid": SID, "To": ANN, "From": LINE} | changes
    )
    assert answer.status == status
    if isinstance(expected, Receipt):
        assert recorder.written == [(record_receipt, expected)]
    else:
        assert answer.text.startswith(f"{expected} ")
        assert recorder.written == []


async def test_a_receipt_for_an_unknown_message_gets_200(
    twilio: FakeTwilio, recorder: RecordingStore
) -> None:
    """The service stores the receipt, so Twilio gets a 200."""
    recorder.answers[id(record_receipt)] = False
    assert await twilio.post(STATUS, {"MessageSid": SID, "MessageStatus": "sent"}) == TWIML


async def test_a_request_fails_while_the_database_is_unavailable(
    twilio: FakeTwilio, recorder: RecordingStore
) -> None:
    """Twilio must not assume that the service stored the text."""
    recorder.failure = DatabaseAway("OperationalError")
    for answer in [
        await text_in(twilio),
        await twilio.post(STATUS, {"MessageSid": SID, "MessageStatus": "sent"}),
    ]:
        assert answer.status == 503
        assert "database" in answer.text
        assert "OperationalError" not in answer.text


@pytest.mark.parametrize("failure", [DatabaseAway("OperationalError"), Overloaded()])
async def test_the_answer_tells_twilio_when_to_retry(
    base: str, twilio: FakeTwilio, recorder: RecordingStore, failure: Exception
) -> None:
    recorder.failure = failure
    form = {"MessageSid": SID, "From": ANN, "To": LINE, "Body": "Hello"}
    headers = {"X-Twilio-Signature": RequestValidator(AUTH_TOKEN).compute_signature(SMS, form)}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{base}/webhooks/twilio/sms", data=form, headers=headers) as answer,
    ):
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0


async def test_an_unsigned_request_is_neither_logged_nor_echoed(base: str) -> None:
    """A sender can write anything into an unsigned request, and a proxy can change a signed one."""
    said = io.StringIO()
    log.start("debug", said)
    answer = await post_raw(
        f"{base}/webhooks/twilio/status?number=%2B12025559876&name=Rosalind",
        b"From=%2B12025559876&Body=pin+4711",
        {"Content-Type": FORM_TYPE, "X-Twilio-Signature": "x"},
    )
    log.start()
    assert answer.status == 403
    assert f"{PUBLIC}/webhooks/twilio/status" in answer.text, (
        "the log shows the address that the signature should cover"
    )
    assert "webhook_refused" in said.getvalue()
    for secret in ("2025559876", "Rosalind", "4711"):
        assert secret not in said.getvalue() + answer.text


FORM = {"MessageSid": SID, "From": ANN, "To": LINE, "Body": "Hello"}
FORM_TYPE = "application/x-www-form-urlencoded"
RAW: list[tuple[str, bytes, str, int]] = [
    ("JSON", b'{"MessageSid": "SM1"}', "application/json", 400),
    ("a multipart form", b"--x--", "multipart/form-data; boundary=x", 400),
    ("without a type", b"", "", 400),
    ("a form with a charset", urlencode(FORM).encode(), f"{FORM_TYPE}; charset=UTF-8", 200),
    ("a form whose type is in capitals", urlencode(FORM).encode(), FORM_TYPE.upper(), 200),
    ("a field twice", urlencode(FORM).encode() + b"&Body=Other", FORM_TYPE, 400),
    ("broken UTF-8", urlencode(FORM).encode() + b"&FromCity=%ff%fe&FromCountry=US", FORM_TYPE, 200),
    ("too many fields", b"a=1&" * 401 + urlencode(FORM).encode(), FORM_TYPE, 400),
    ("above 64 KB", b"a=" + b"1" * 65_600, FORM_TYPE, 413),
    ("below 64 KB", urlencode(FORM).encode() + b"&a=" + b"1" * 60_000, FORM_TYPE, 200),
]


@pytest.mark.parametrize(
    ("body", "content_type", "status"), [r[1:] for r in RAW], ids=[r[0] for r in RAW]
)
async def test_only_a_form_below_the_limits_is_accepted(
    twilio: FakeTwilio,
    recorder: RecordingStore,
    base: str,
    body: bytes,
    content_type: str,
    status: int,
) -> None:
    """The service refuses an oversized body, or one that is not a form, before parsing it."""
    pairs = parse_qsl(body.decode(), keep_blank_values=True)
    signature = RequestValidator(AUTH_TOKEN).compute_signature(SMS, MultiDict(pairs))
    answer = await post_raw(
        f"{base}/webhooks/twilio/sms",
        body,
        {"Content-Type": content_type, "X-Twilio-Signature": signature},
    )
    assert answer.status == status
    assert [command.body for _, command in recorder.written] == (["Hello"] if status == 200 else [])


async def test_a_text_with_broken_utf_8_is_accepted(
    twilio: FakeTwilio, recorder: RecordingStore, base: str
) -> None:
    """Broken bytes become U+FFFD, as in Twilio's own validator."""
    signature = twilio.signature(SMS, FORM | {"Body": "a\ufffdb"})
    body = urlencode(FORM | {"Body": "a"}).encode() + b"%FFb"
    answer = await post_raw(
        f"{base}/webhooks/twilio/sms",
        body,
        {"Content-Type": FORM_TYPE, "X-Twilio-Signature": signature},
    )
    assert answer == TWIML
    assert recorder.written == [(receive_sms, text(body="a\ufffdb"))]


@pytest.mark.parametrize("path", ["sms", "status"])
async def test_only_a_full_signature_is_accepted(
    twilio: FakeTwilio, recorder: RecordingStore, base: str, path: str
) -> None:
    """A valid signature covers the public address and every field."""
    url = f"{PUBLIC}/webhooks/twilio/{path}"
    form = FORM | {"MessageStatus": "sent"}
    stranger = FakeTwilio(auth_token="guess")
    forged = {
        "none": "",
        "another account's": stranger.signature(url, form),
        "of the address that the server sees": twilio.signature(url.replace(PUBLIC, base), form),
        "of other words": twilio.signature(url, form | {"Body": "Hello!"}),
        "of another address": twilio.signature(f"{url}?message=8", form),
        "not ASCII": "\u00e9",
    }
    answers = {
        name: (await twilio.post(url, form, signature=s)).status for name, s in forged.items()
    }
    assert answers == dict.fromkeys(forged, 403)
    assert recorder.written == []
    assert await twilio.post(url, form) == TWIML


async def test_the_secondary_token_is_accepted_during_a_change(
    recorder: RecordingStore, tmp_path: Path
) -> None:
    """During a change of tokens, Twilio signs with either token."""
    async with (
        running(recorder, tmp_path, PATCHBOARD_TWILIO_AUTH_TOKEN_SECONDARY="next") as base,
        FakeTwilio(auth_token="next") as twilio,
    ):
        twilio.reroute = {PUBLIC: base}
        assert await text_in(twilio) == TWIML
        twilio.auth_token = AUTH_TOKEN
        assert await text_in(twilio) == TWIML


SHARED = {"PATCHBOARD_TWILIO_SIGNATURE": "sha256", "PATCHBOARD_TWILIO_SHARED_KEY": "shared"}
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"


def hashed(key: str, url: str, form: dict[str, str], algorithm: str) -> str:
    """Compute the signature as Twilio's documentation describes, without our module or Twilio's
    package.
    """
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(key.encode(), signed.encode(), algorithm).digest()).decode()


async def test_the_settings_choose_the_hash_and_the_keys_of_signatures(
    recorder: RecordingStore, tmp_path: Path
) -> None:
    """With shared keys, the service accepts both keys, but neither SHA-1 nor the auth token. A
    header cannot change this.
    """
    url = f"{PUBLIC}/webhooks/twilio/sms"
    form = {
        "AccountSid": ACCOUNT_SID,
        "Body": "Hi",
        "From": "+12025550101",
        "MessageSid": sid(1),
        "To": LINE,
    }
    keys = SHARED | {"PATCHBOARD_TWILIO_SHARED_KEY_SECONDARY": "next"}
    async with running(recorder, tmp_path, **keys) as base, FakeTwilio() as twilio:
        twilio.reroute = {PUBLIC: base}
        for key, algorithm, status in (
            ("shared", "sha256", 200), ("next", "sha256", 200), ("shared", "sha1", 403),
            (AUTH_TOKEN, "sha256", 403), (AUTH_TOKEN, "sha1", 403), ("", "sha256", 403),
        ):  # fmt: skip
            answer = await twilio.post(url, form, signature=hashed(key, url, form, algorithm))
            assert (key, algorithm, answer.status) == (key, algorithm, status)
    async with running(recorder, tmp_path) as base, aiohttp.ClientSession() as session:
        for header in ("", "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"):
            signature = hashed(AUTH_TOKEN, url, form, "sha256")
            headers = {"X-Twilio-Signature": signature, SETTINGS_HEADER: header}
            async with session.post(
                f"{base}/webhooks/twilio/sms", data=form, headers=headers
            ) as refused:
                assert refused.status == 403


async def test_without_twilio_the_webhooks_do_not_exist(
    recorder: RecordingStore, tmp_path: Path
) -> None:
    """The simulator has no token to check signatures with, so the app serves no webhooks."""
    async with (
        running(recorder, tmp_path, PATCHBOARD_SMS_PROVIDER="simulator") as base,
        FakeTwilio() as twilio,
    ):
        twilio.reroute = {PUBLIC: base}
        answer = await text_in(twilio)
        assert answer.status == 404
        assert "not twilio" in answer.text
        assert recorder.written == []


async def test_the_log_contains_no_text_and_no_whole_number(
    twilio: FakeTwilio, caplog: pytest.LogCaptureFixture, recorder: RecordingStore
) -> None:
    """For every outcome, the log contains neither the text nor the whole number."""
    caplog.set_level("DEBUG", "patchboard")
    await text_in(twilio, Body="secret words")
    recorder.answers[id(receive_sms)] = Received(ReceiveOutcome.UNKNOWN_NUMBER)
    await text_in(twilio, Body="secret words")
    await text_in(twilio, Body="secret words", NumMedia="x")
    assert "action=text_stored" in caplog.text
    assert "action=text_to_unknown_number" in caplog.text
    assert "action=webhook_refused" in caplog.text
    for hidden in ("secret", ANN, LINE):
        assert hidden not in caplog.text

"""The service refuses a signed form that an attacker has split into other names and values with the
same signature.
"""

import os
import random

import pytest

from handoff_service.gateways.twilio.form import error
from handoff_service.gateways.twilio.signature import is_signed, sign
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, sid
from tests.support.recuts import Pairs, joined, mutated, receipt_form, recuts, text_form

COUNT = int(os.environ.get("PATCHBOARD_TEST_RECUTS", "4000"))  # 100,000 in `make chaos`
URL = "https://sms.example.com/webhooks/twilio/sms"
TEXT: Pairs = [
    ("AccountSid", ACCOUNT_SID), ("Body", "Hi"), ("From", "+12025550101"),
    ("FromCity", "WASHINGTON"),
    ("FromCountry", "US"), ("MessageSid", sid(1)), ("NumMedia", "0"), ("SmsStatus", "received"),
    ("To", "+18885550100"), ("ToZip", ""),
]  # fmt: skip
ROME = [("FromCity", "ROME") if name == "FromCity" else (name, value) for name, value in TEXT]


def test_no_recut_and_no_mutation_is_accepted() -> None:
    """The signature of every recut form is valid, so only the check of the form can refuse it."""
    chance, accepted, tried = random.Random(11), [], 0
    while tried < COUNT:
        receipt = chance.random() < 0.3
        form, query = (
            (receipt_form(chance), f"message={chance.randint(1, 99)}")
            if receipt
            else (text_form(chance), "")
        )
        assert error(form, query, ACCOUNT_SID) is None or left_to_the_sweep(dict(form)), form
        signed = f"{URL}?{query}" if query else URL
        signature = sign(signed, form, AUTH_TOKEN)
        for other, its_query in recuts(form, query, chance, 30):
            if query and not its_query:
                continue
            address = f"{URL}?{its_query}" if its_query else URL
            assert is_signed(address, other, signature, [AUTH_TOKEN])
            if error(other, its_query, ACCOUNT_SID) is None:
                accepted.append((form, other, its_query))
            tried += 1
        for _ in range(10):
            other = mutated(form, chance)
            if (
                is_signed(signed, other, signature, [AUTH_TOKEN])
                and error(other, query, ACCOUNT_SID) is None
            ):
                accepted.append((form, other, query))
            tried += 1
    assert accepted == []


def left_to_the_sweep(form: dict[str, str]) -> bool:
    """Return whether the webhook must refuse a genuine text, because its sender's name looks like a
    parameter after another sender. The gap sweep recovers such a text.
    """
    return form["From"].startswith(("City", "State", "Zip")) and "From" in form["Body"]


RECUTS: list[tuple[str, Pairs, Pairs]] = [
    (
        "another message: the id includes the next field",
        TEXT,
        [*TEXT[:5], ("MessageSid", f"{sid(1)}NumMedia0"), *TEXT[7:]],
    ),
    ("a shorter text", [*TEXT[:1], ("Body", "I saw Doctor Who"), *TEXT[2:]], [
        *TEXT[:1], ("Body", "I saw "), ("Doctor", " Who"), *TEXT[2:],
    ]),
    ("no text", TEXT, [*TEXT[:1], ("BodyHi", ""), *TEXT[2:]]),
    ("no text: the account id has it", TEXT, [("AccountSid", f"{ACCOUNT_SID}BodyHi"), *TEXT[2:]]),
    (
        "another sender, from the words of the text",
        [*TEXT[:1], ("Body", "HiFrom+12025550199G"), *TEXT[2:3], *TEXT[5:]],
        [*TEXT[:2], ("From", "+12025550199"), ("GFro", "m+12025550101"), *TEXT[5:]],
    ),
    (
        "another sender, and the real one under an invented name",
        [*TEXT[:1], ("Body", "HiFrom+12025550199FromA"), *TEXT[2:]],
        [*TEXT[:2], ("From", "+12025550199"), ("FromAFrom", "+12025550101"), *TEXT[3:]],
    ),
    (
        "another sender, and the real one in the city",
        [*TEXT[:1], ("Body", "xFrom+12025550199FromCityA"), ("From", "SUPPORT"), *TEXT[5:]],
        [*TEXT[:1], ("Body", "x"), ("From", "+12025550199"), ("FromCity", "AFromSUPPORT"),
            *TEXT[5:]],
    ),
    (
        "another sender, and the real one after an invented name",
        [*TEXT[:1], ("Body", "xFrom+12025550199G"), ("From", "SUPPORT"), *TEXT[5:]],
        [*TEXT[:1], ("Body", "x"), ("From", "+12025550199"), ("GFro", "mSUPPORT"), *TEXT[5:]],
    ),
    ("a city as sender", ROME,
        [*TEXT[:1], ("Body", "HiFrom+12025550101"), ("From", "CityROME"), *TEXT[4:]]),
    ("no account", TEXT, [("AccountSidAC", ACCOUNT_SID[2:]), *TEXT[1:]]),
]  # fmt: skip


@pytest.mark.parametrize(("genuine", "other"), [r[1:] for r in RECUTS], ids=[r[0] for r in RECUTS])
def test_dangerous_recuts_are_refused(genuine: Pairs, other: Pairs) -> None:
    assert joined(genuine) == joined(other)
    assert error(genuine, "", ACCOUNT_SID) is None
    assert error(other, "", ACCOUNT_SID)


GENUINE: list[tuple[str, Pairs]] = [
    ("an unknown parameter", [("Sparkle", "1")]),
    ("an unknown parameter in lower case", [("zebra", "From here To there")]),
    ("words that are parameter names", [("Body", f"AccountSid From+1 To+1 MessageSid{sid(1)}")]),
    ("a city in its usual spelling", [("FromCity", "Toronto-Tostadt"), ("ToCity", "Montréal")]),
    (
        "a reply's own ids",
        [("OriginalRepliedMessageSid", sid(4)), ("OriginalRepliedMessageSender", "+12025550101")],
    ),
    ("a bank's name", [("From", "CityBank")]),
    ("an insurer's name", [("From", "State Farm")]),
    ("no account id", []),
]


@pytest.mark.parametrize("more", [g[1] for g in GENUINE], ids=[g[0] for g in GENUINE])
def test_forms_that_twilio_may_send_are_accepted(more: Pairs) -> None:
    form = dict(TEXT) | dict(more)
    if not more:
        del form["AccountSid"]
    assert error(list(form.items()), "", ACCOUNT_SID) is None


@pytest.mark.parametrize("name", ["", "Fr om", "From-", "9", "X" * 41, "Ünïcode", "A\0"])
def test_a_parameter_name_that_is_not_a_word_is_refused(name: str) -> None:
    assert error([*TEXT, (name, "")], "", ACCOUNT_SID)


def test_a_sender_named_like_a_city_parameter_is_refused() -> None:
    """A recut must not turn a part of the text into the sender's number."""
    body = "xFrom+12025550199"
    genuine = [*TEXT[:1], ("Body", body), ("From", "CityBank"), *TEXT[5:]]
    other = [*TEXT[:1], ("Body", "x"), ("From", "+12025550199"), ("FromCity", "Bank"), *TEXT[5:]]
    assert joined(genuine) == joined(other)
    assert error(other, "", ACCOUNT_SID)

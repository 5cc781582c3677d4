"""Our signature check and Twilio's own validator agree on genuine and forged requests."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from handoff_service.gateways.twilio.signature import is_signed

TOKEN, OLD_TOKEN = "12345", "54321"
URL = "https://sms.example.com/webhooks/twilio/sms"
FORM = [
    ("From", "+12025550101"),
    ("To", "+18885550100"),
    ("Body", "50% & more \U0001f44d"),
    ("FromCity", ""),
]

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [
        "",
        " ",
        "+",
        "%",
        "%2B",
        "a=b&c",
        "\0",
        "\r\n",
        "\U0001f44d\U0001f3fd",
        "\ufffd",
        "\u00e9",
        "e\u0301",
        "\u05d0",
    ]
)
names = words | st.sampled_from(["Body", "From", "FromCity", "MediaUrl0", "body"])
forms = st.lists(st.tuples(names, words), max_size=12)
hosts = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,5})?", fullmatch=True)
ports = (
    st.just("")
    | st.integers(1, 65535).map(lambda port: f":{port}")
    | st.sampled_from([":443", ":80"])
)
paths = st.sampled_from(["", "/", "/webhooks/twilio/sms", "/a/b%20c"])
queries = st.sampled_from(["", "?message=7", "?a=1&b=%2B&c=", "?\u00e9=1"])
urls = st.builds(
    "".join, st.tuples(st.sampled_from(["http://", "https://"]), hosts, ports, paths, queries)
)


def is_valid_for_twilio(url: str, pairs: list[tuple[str, str]], signature: str) -> bool:
    return bool(RequestValidator(TOKEN).validate(url, MultiDict(pairs), signature))


def is_valid_for_us(url: str, pairs: list[tuple[str, str]], signature: str) -> bool:
    return is_signed(url, pairs, signature, [TOKEN])


def signed(url: str, pairs: list[tuple[str, str]], token: str = TOKEN) -> str:
    return str(RequestValidator(token).compute_signature(url, MultiDict(pairs)))


@settings(max_examples=1200, deadline=None)
@given(url=urls, pairs=forms)
@example(url=URL, pairs=[])
@example(url=URL, pairs=[("Body", "")])
@example(url=URL, pairs=[("Body", "b"), ("Body", "a"), ("Body", "b")])
def test_genuine_forms_pass(url: str, pairs: list[tuple[str, str]]) -> None:
    """Our check accepts requests that Twilio's library signs, after form encoding and with fields
    in any order.
    """
    signature = signed(url, pairs)
    arrived = parse_qsl(urlencode(pairs), keep_blank_values=True)
    assert is_valid_for_twilio(url, arrived, signature)
    assert is_valid_for_us(url, arrived, signature)
    assert is_valid_for_us(url, arrived[::-1], signature)


@settings(max_examples=500, deadline=None)
@given(
    url=urls, called=urls, pairs=forms, came=forms, tail=st.sampled_from(["", "=", " ", "\u00e9"])
)
def test_forgeries_fail_as_in_twilios_library(
    url: str, called: str, pairs: list[tuple[str, str]], came: list[tuple[str, str]], tail: str
) -> None:
    """Both checks agree about another address, another form and a changed signature."""
    signature = signed(url, pairs)
    for an_url, a_form, a_signature in [
        (called, pairs, signature),
        (url, came, signature),
        (url, pairs + came, signature),
        (url, pairs[1:], signature),
        (url, pairs, signature + tail),
        (url, pairs, tail),
        (url, pairs, signature.swapcase()),
    ]:
        assert is_valid_for_us(an_url, a_form, a_signature) == is_valid_for_twilio(
            an_url, a_form, a_signature
        )


PORTS = [
    ("no port, signed without a port", URL, URL, True),
    (
        "no port, signed with the default port",
        "https://h.example/p",
        "https://h.example:443/p",
        True,
    ),
    (
        "no port over http, signed with the default port",
        "http://h.example/p",
        "http://h.example:80/p",
        True,
    ),
    ("a port, signed without a port", "https://h.example:8443/p", "https://h.example/p", True),
    (
        "a port, signed with another port",
        "https://h.example:8443/p",
        "https://h.example:9443/p",
        False,
    ),
    ("https, signed as http", "https://h.example/p", "http://h.example/p", False),
    (
        "a query, signed without the query",
        "https://h.example/p?message=7",
        "https://h.example/p",
        False,
    ),
]


@pytest.mark.parametrize(
    ("url", "url_signed", "genuine"), [p[1:] for p in PORTS], ids=[p[0] for p in PORTS]
)
def test_a_signature_counts_with_and_without_the_port_of_the_address(
    url: str, url_signed: str, genuine: bool
) -> None:
    """Twilio signs the address with or without its port."""
    signature = signed(url_signed, FORM)
    assert is_valid_for_us(url, FORM, signature) is genuine
    assert is_valid_for_twilio(url, FORM, signature) is genuine


FORGED = [
    ("a word changed", [*FORM[:2], ("Body", "50% & less"), FORM[3]]),
    ("a blank field left out", FORM[:3]),
    ("a field added", [*FORM, ("OptOutType", "STOP")]),
    ("a name's letter case changed", [("from", "+12025550101"), *FORM[1:]]),
    ("two values swapped", [("From", "+18885550100"), ("To", "+12025550101"), *FORM[2:]]),
]


@pytest.mark.parametrize("pairs", [f[1] for f in FORGED], ids=[f[0] for f in FORGED])
def test_forged_forms_fail(pairs: list[tuple[str, str]]) -> None:
    assert not is_valid_for_us(URL, pairs, signed(URL, FORM))


def test_two_tokens_work_while_the_token_changes() -> None:
    """During a change of tokens, both tokens work. Afterwards, only the new one works."""
    old = signed(URL, FORM, OLD_TOKEN)
    assert is_signed(URL, FORM, old, [TOKEN, OLD_TOKEN])
    assert not is_signed(URL, FORM, old, [TOKEN])
    assert not is_signed(URL, FORM, old, [])

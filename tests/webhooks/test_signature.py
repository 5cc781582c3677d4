"""Rules for calls to webhooks: signature, addresses, secrets, and times of retries."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.rules.webhooks import signature as webhook

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def test_the_signature_follows_standard_webhooks() -> None:
    """The example comes from the specification's reference libraries (tests of
    ``standardwebhooks``).
    """
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = webhook.signature(
        secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "url", ["https://tickets.example.com/hook?x=1", "http://10.0.0.7:8080", "http://[::1]/a"]
)
def test_a_valid_address_can_be_called(url: str) -> None:
    assert webhook.address_error(url) is None


NO_ADDRESS = ["", "tickets.example.com", "ftp://x/y", "file:///etc/passwd", "javascript:alert(1)",
    "https://",
              "https://x:port/", "https://x:0/", "https://x/ y", "https://x/\r\nHost: y",
              "https://[::1",
              "https://me:pw@x/", "https://me@x/", "https://x/" + "y" * 2000]  # fmt: skip


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_invalid_addresses_are_refused(url: str) -> None:
    assert webhook.address_error(url) is not None


def test_a_secret_has_the_specifications_format() -> None:
    assert webhook.secret_error(webhook.secret_of(b"x" * 24)) is None
    for wrong in (
        "",
        "hunter2",
        "whsec_",
        "whsec_%%%",
        webhook.secret_of(b"x" * 23),
        webhook.secret_of(b"x" * 65),
    ):
        assert webhook.secret_error(wrong), wrong


def test_a_failed_call_is_retried_after_growing_waits_for_a_day() -> None:
    at, waits, attempts = NOW, [], 0
    while True:
        attempts += 1
        following = webhook.next_try(attempts, NOW, at)
        if following is None:
            break
        waits.append((following - at).total_seconds())
        at = following
    assert waits[:7] == [5, 30, 120, 600, 1800, 3600, 3600]
    assert at == NOW + timedelta(days=1), "the last try comes at the end of the day"

"""Signed links with which an agent chooses a password."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.rules.desk.password_links import (
    Account,
    Purpose,
    agent_of,
    is_valid,
    mail,
    token,
)

KEY = "a secret"
NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
ANN = Account(
    agent_id=7, email="ann@example.com", password_hash="$argon2id$first", desk_id="desk 1"
)
GOOD = token(KEY, ANN, NOW + timedelta(hours=1))


def test_a_link_works_until_it_expires() -> None:
    assert agent_of(GOOD) == 7
    assert is_valid(KEY, GOOD, ANN, NOW + timedelta(minutes=59))
    assert not is_valid(KEY, GOOD, ANN, NOW + timedelta(minutes=61))


@pytest.mark.parametrize(
    ("what", "account"),
    [
        ("the password was set", replace(ANN, password_hash="$argon2id$second")),
        ("the address was corrected", replace(ANN, email="ann.ruiz@example.com")),
        ("it names another agent", replace(ANN, agent_id=8)),
        ("a backup was restored", replace(ANN, desk_id="desk 2")),
    ],
)
def test_a_link_becomes_invalid_when_the_account_changes(what: str, account: Account) -> None:
    assert not is_valid(KEY, GOOD, account, NOW), what


@pytest.mark.parametrize(
    "given",
    [
        "",
        "7",
        "7.1.x",
        "0" + GOOD,
        GOOD + "0",
        GOOD.replace("7.", "8.", 1),
        GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1"),
        token("another secret", ANN, NOW + timedelta(hours=1)),
    ],
)
def test_a_link_signed_with_another_key_is_invalid(given: str) -> None:
    assert not is_valid(KEY, given, ANN, NOW)


def test_the_signature_covers_the_expiry() -> None:
    later = int((NOW + timedelta(days=9)).timestamp())
    agent_id, _, signature = GOOD.split(".")
    assert not is_valid(KEY, f"{agent_id}.{later}.{signature}", ANN, NOW)


def test_each_purpose_has_its_own_mail() -> None:
    texts = {mail(purpose, "Acme", "Ann", "http://here") for purpose in Purpose}
    assert len(texts) == len(Purpose)
    assert all("http://here" in body for _, body in texts)

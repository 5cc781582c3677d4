"""An encrypted secret can be opened only with its key and in its column."""

import pytest

from handoff_service.errors import CannotOpen
from handoff_service.lib.sealing import PREFIX, Sealer, key_id

OLD, NEW = Sealer(["old key"]), Sealer(["new key", "old key"])


def test_a_sealed_secret_opens_and_names_its_key() -> None:
    sealed = OLD.seal("webhooks.secret", "whsec_ä")
    assert sealed.startswith(f"{PREFIX}{key_id('old key')}:")
    assert "whsec" not in sealed
    assert OLD.open("webhooks.secret", sealed) == "whsec_ä"
    assert OLD.seal("webhooks.secret", "whsec_ä") != sealed, (
        "equal secrets must have different ciphertexts"
    )


def test_the_old_key_still_opens_and_the_new_key_encrypts() -> None:
    assert NEW.open("a.b", OLD.seal("a.b", "secret")) == "secret"
    assert NEW.seal("a.b", "secret").startswith(f"{PREFIX}{key_id('new key')}:")


def test_plain_stored_values_are_returned_unchanged() -> None:
    assert NEW.open("a.b", "whsec_plain") == "whsec_plain"


SEALED = OLD.seal("a.b", "secret")


@pytest.mark.parametrize(
    ("sealer", "column", "stored"),
    [
        pytest.param(Sealer(["other key"]), "a.b", SEALED, id="another key"),
        pytest.param(OLD, "a.c", SEALED, id="copied into another column"),
        pytest.param(OLD, "a.b", SEALED[:-4] + "AAAA", id="changed"),
        pytest.param(OLD, "a.b", SEALED[:30], id="truncated"),
        pytest.param(OLD, "a.b", f"{PREFIX}nothing", id="not an encrypted value"),
    ],
)
def test_an_altered_or_misplaced_value_does_not_open(
    sealer: Sealer, column: str, stored: str
) -> None:
    with pytest.raises(CannotOpen):
        sealer.open(column, stored)

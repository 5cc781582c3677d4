"""The filters in the address of a report, and the errors for wrong filters."""

import pytest

from handoff_service.rules.reports.filters import Filters, read


def test_filters_are_read_from_an_address() -> None:
    given = {"queue": "3", "agent": "-1", "topic": "vpn", "label": "", "page": "2"}
    assert read(given) == Filters(queue=3, agent=-1, topic="vpn")


@pytest.mark.parametrize("wrong", ["--5", "5-", "-", "³", "1.5", "1" * 16])
def test_an_id_must_be_one_whole_number(wrong: str) -> None:
    with pytest.raises(ValueError, match="must be the ID of an agent"):
        read({"agent": wrong})


def test_an_error_is_a_code() -> None:
    with pytest.raises(ValueError, match="must be the code of a delivery error"):
        read({"error": "landline"})

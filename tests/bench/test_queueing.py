"""The queueing model agrees with values computed by hand, and its measurements have the right
names.
"""

import math

import pytest

from tests.bench.lock_holds import OFFER_RUN, RATE, REPLY_LIMITS, shared_row
from tests.bench.postgres_watch import kind_of
from tests.bench.queueing import Station, bound, erlang_c, fit, in_order, response

SERVICE = Station(name="service", demand=0.001, servers=2, per_host=True)
DATABASE = Station(name="database", demand=0.0005, servers=2)
ROW = Station(name="row", demand=0.0001)
ALL = (SERVICE, DATABASE, ROW)


@pytest.mark.parametrize(
    ("hosts", "rate", "station"),
    [(1, 2000, "service"), (2, 4000, "service"), (3, 4000, "database"), (100, 4000, "database")],
)
def test_the_desks_bound_is_the_lowest_limit(hosts: int, rate: float, station: str) -> None:
    found = bound(ALL, hosts)
    assert (round(found.rate), found.station.name) == (rate, station)


def test_stations_are_ordered_by_the_rate_at_which_they_are_busy() -> None:
    assert [one.name for one in in_order(ALL, 1)] == ["service", "database", "row"]
    assert [one.name for one in in_order(ALL, 10)] == ["database", "row", "service"]


def test_a_station_is_busy_in_proportion_to_the_rate() -> None:
    assert ROW.utilization(1, 2500) == pytest.approx(0.25)
    assert SERVICE.utilization(10, 10_000) == pytest.approx(0.5)


def test_the_wait_at_one_server_follows_the_textbook() -> None:
    # M/M/1: demand / (1 - utilization)
    assert ROW.response(1, 5000) == pytest.approx(0.0002)
    assert math.isinf(ROW.response(1, 10_000))
    assert erlang_c(1, 0.5) == pytest.approx(0.5)


def test_the_wait_at_two_servers_follows_the_textbook() -> None:
    # M/M/2 at half load, where a third of the arrivals wait
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert DATABASE.response(7, 2000) == pytest.approx(0.0005 * 4 / 3)


def test_the_response_is_the_sum_over_all_stations() -> None:
    assert response((ROW, ROW), 1, 5000) == pytest.approx(0.0004)


def test_a_station_without_demand_does_not_limit_the_rate() -> None:
    free = Station(name="free", demand=0.0)
    assert math.isinf(free.most(1))
    assert free.utilization(1, 1e9) == 0
    assert free.response(1, 1e9) == 0


def test_the_fit_finds_both_parts_of_a_batchs_demand() -> None:
    found = fit([(1, 0.0031), (10, 0.004), (31, 0.0061)])
    assert (found.transaction, found.text) == (pytest.approx(0.003), pytest.approx(0.0001))
    assert found.demand(10) == pytest.approx(0.0004)


def test_the_fit_finds_no_negative_part() -> None:
    assert fit([(1, 0.004), (10, 0.003)]).text == 0
    assert fit([(1, 0.001), (10, 0.02)]).transaction == pytest.approx(0)


@pytest.mark.parametrize(
    ("state", "wait_type", "wait", "query", "kind"),
    [
        ("active", None, None, "SELECT a\nFROM messages", "work: SELECT messages"),
        ("active", "Lock", "tuple", "INSERT INTO due_work (a)", "lock: INSERT due_work (tuple)"),
        ("active", "IO", "WALSync", "COMMIT", "IO: WALSync"),
        ("active", None, None, "COMMIT", "work: COMMIT"),
        ("idle in transaction", "Client", "ClientRead", "SELECT 1",
         "the service, inside a transaction"),
    ],
)  # fmt: skip
def test_each_activity_of_a_connection_has_a_name(
    state: str, wait_type: str | None, wait: str | None, query: str, kind: str
) -> None:
    assert kind_of(state, wait_type, wait, query) == kind


@pytest.mark.parametrize(
    ("statement", "given", "row"),
    [
        ("INSERT INTO due_work (kind)", "{'_kind': ['offer_work'], '_key': ['desk']}", OFFER_RUN),
        (
            "INSERT INTO due_work (kind)",
            "{'_kind': ['offer_work'], '_key': ['desk:asked:1']}",
            None,
        ),
        ("SELECT id\nFROM due_work", "{'kinds': ['offer_work'], 'line': 'desk'}", None),
        ("SELECT desk.id \nFROM desk FOR UPDATE", "{}", REPLY_LIMITS),
        ("SELECT id FROM provider_numbers ORDER BY id FOR NO KEY UPDATE", "{}", RATE),
        ("UPDATE messages SET status = 'sent'", "{}", None),
    ],
)
def test_shared_rows_are_recognized_by_their_statements(
    statement: str, given: str, row: str | None
) -> None:
    assert shared_row(statement, given) == row
